"""A whole run: prepare what is drawn, train what is missing, say what could not be done."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from benchmark.datasets.synthetic import prepare_synthetic, settings_to_draw
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.suite.beginnings import abandoned
from benchmark.suite.conditions import Places, Setup
from benchmark.suite.display import Display
from benchmark.suite.experiments import Experiment
from benchmark.suite.launcher import run_job
from benchmark.suite.planning import (
    Job,
    State,
    clear_placeholders,
    finished_fingerprints,
    plan_jobs,
    store_placeholders,
)

_NEEDED = 2**20  # bytes; what a record and its predictions take, about


@dataclass
class Outcome:
    """What became of a run.

    Attributes:
        done: jobs finished now.
        skipped: jobs finished by an earlier run.
        failed: jobs that failed, with one line on why.
        no_data: jobs without prepared data.
        needs_gpu: jobs that a GPU is needed for and none was used.
        interrupted: whether Ctrl-C ended the run.
    """

    done: list[Job] = field(default_factory=list)
    skipped: list[Job] = field(default_factory=list)
    failed: list[tuple[Job, str]] = field(default_factory=list)
    no_data: list[Job] = field(default_factory=list)
    needs_gpu: list[Job] = field(default_factory=list)
    interrupted: bool = False


def prepare_drawn(experiments: Sequence[Experiment], data_root: Path, display: Display) -> None:
    """Draw the synthetic benchmarks that experiments need and that are not prepared yet, or by an older version.

    Raises:
        BenchmarkError: the data folder cannot be written to, or a manifest is damaged.
    """
    for name in dict.fromkeys(one.benchmark for one in experiments if get_benchmark(one.benchmark).synthetic):
        settings = settings_to_draw(data_root, name)
        if settings is not None:
            display.say(f'{name}: drawing synthetic faces {"again " if settings else ""}into {data_root / name}')
            prepare_synthetic(data_root, name, **settings)


def run_jobs(
    experiments: Sequence[Experiment], seeds: Sequence[int], places: Places, setup: Setup, display: Display
) -> Outcome:
    """Run every experiment with every seed that has no result yet, one after the other.

    A job that fails does not stop the others. Ctrl-C ends the run after the running process has been stopped.

    Raises:
        BenchmarkError: a folder cannot be written to, or a stored record or manifest is damaged.
    """
    _check_writable(places.records, '--results')
    _check_writable(places.work, '--work-dir')
    jobs = plan_jobs(experiments, seeds, places, setup)
    by_state = {state: [job for job in jobs if job.state == state] for state in get_args(State)}
    outcome = Outcome(
        skipped=by_state['done'],
        no_data=by_state['no-data'],
        needs_gpu=by_state['needs-gpu'],
        failed=[(job, job.obstacle) for job in by_state['no-weights']],
    )
    store_placeholders(
        [
            *((job, 'no-data', 'no prepared data') for job in outcome.no_data),
            *((job, 'not-run', job.obstacle) for job in outcome.needs_gpu),
            *((job, 'failed', why) for job, why in outcome.failed),
        ],
        places.records,
    )
    _run_one_by_one(by_state['to-run'], places, setup, display, outcome)
    return outcome


def run_evaluation(job: Job, places: Places, setup: Setup, display: Display) -> Outcome:
    """Test given weights; see :func:`run_jobs`."""
    _check_writable(places.records, '--results')
    _check_writable(places.work, '--work-dir')
    outcome = Outcome()
    _run_one_by_one([job], places, setup, display, outcome)
    return outcome


def _run_one_by_one(jobs: Sequence[Job], places: Places, setup: Setup, display: Display, outcome: Outcome) -> None:
    finished = finished_fingerprints(places.records)
    with display.showing(len(jobs)):
        for index, job in enumerate(jobs):
            display.start(job)
            if line := _abandoned(job, places, finished):
                display.say(line)
            try:
                failure = run_job(job, places, setup, display.progress)
            except KeyboardInterrupt:
                outcome.interrupted = True
                reason = 'interrupted; the same command goes on from here'
                store_placeholders([(rest, 'not-run', reason) for rest in jobs[index:]], places.records)
                break
            except OSError as error:
                failure = (
                    f'{error.filename or places.work}: {error.strerror} (free space, or choose another --work-dir)'
                )
            display.finish(failure)
            if failure:
                outcome.failed.append((job, failure))
                store_placeholders([(job, 'failed', failure.split(' (log: ')[0])], places.records)
            else:
                outcome.done.append(job)
                clear_placeholders(job, places.records)


def _abandoned(job: Job, places: Places, finished: Collection[str]) -> str | None:
    """One line on the unfinished training of a job that does not go on, and why; None where there is none."""
    if job.seed is None:
        return None
    found = list(abandoned(job.name, job.seed, job.identity, places, finished))
    if not found:
        return None
    (folder, what), *older = found
    more = f' ({len(older)} older beside it)' if older else ''
    return (
        f'{job.title}: begins anew: the unfinished training in {folder}{more} is of another {what} '
        '(restore that to go on with it, or remove the folder)'
    )


def _check_writable(folder: Path, option: str) -> None:
    """Refuse a folder before hours of training, not after them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_NEEDED))
            file.flush()
    except OSError as error:
        raise BenchmarkError(
            f'{folder}: {error.strerror} (free space, or choose another folder with {option})'
        ) from error
