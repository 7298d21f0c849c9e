"""Jobs and their outcome as lists, for people and for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.suite.campaign import Outcome
from benchmark.suite.planning import Job
from benchmark.suite.stored import result_of


def print_jobs(
    jobs: Sequence[Job], everything: bool, as_json: bool, numbers: Sequence[Mapping[str, object]] | None = None
) -> None:
    """Print jobs with their state on stdout, and why some lack data on stderr.

    Args:
        jobs: the jobs.
        everything: whether those that are done are listed, too.
        as_json: print JSON instead of lines.
        numbers: what JSON says of each job besides, e.g. how long it takes.
    """
    rows = [
        {
            'name': job.name,
            'seed': job.seed,
            'benchmark': job.experiment.benchmark,
            'loss': job.experiment.loss,
            'backbone': job.experiment.backbone,
            'input_size': list(job.experiment.input_size),
            'epochs': job.experiment.epochs,
            'state': 'to-run' if job.drawable else job.state,
            'obstacle': '' if job.drawable else job.obstacle,
            **more,
        }
        for job, more in zip(jobs, numbers or [{}] * len(jobs), strict=True)
        if everything or job.state != 'done'
    ]
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        width, height = row['input_size']
        what = f'{row["loss"]}, {row["backbone"]}, {width} x {height}, {row["epochs"]} epochs'
        print(f'{row["state"]:10} {row["benchmark"]:13} {row["name"]} seed {row["seed"]} ({what})')
    lacking = {job.experiment.benchmark: job.obstacle for job in jobs if job.state == 'no-data' and not job.drawable}
    for benchmark, obstacle in lacking.items():
        print(f'{benchmark}: {obstacle}', file=sys.stderr)


def results_of(outcome: Outcome, records: Path) -> list[dict]:
    """What became of a run, for JSON: the records of what is done, and name, seed, status and reason of the rest.

    Args:
        outcome: of the run.
        records: folder of the records.

    Raises:
        BenchmarkError: the record of one of them is damaged.
    """
    stored = filter(None, (result_of(job, records) for job in outcome.done + outcome.skipped))
    stored = sorted(stored, key=lambda record: record.file_name)
    results = [record.model_dump(mode='json', exclude={'config', 'curve'}) for record in stored]
    results += [{'name': job.name, 'seed': job.seed, 'status': 'failed', 'reason': why} for job, why in outcome.failed]
    results += [
        {'name': job.name, 'seed': job.seed, 'status': status, 'reason': job.obstacle}
        for status, jobs in (('no-data', outcome.no_data), ('not-run', outcome.needs_gpu + outcome.no_weights))
        for job in jobs
    ]
    return results
