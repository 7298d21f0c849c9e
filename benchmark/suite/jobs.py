"""Jobs: which experiment runs with which seed, and what is known of it already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from benchmark.datasets.manifest import Manifest, read_manifest
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.suite.experiments import Experiment
from benchmark.suite.places import RECORDED, Places
from benchmark.suite.records import Record, Status, describe_dataset, read_records, write_record

State = Literal['done', 'no-data', 'to-run']


@dataclass(frozen=True)
class Job:
    """One experiment with one seed.

    Attributes:
        experiment: the experiment.
        seed: the seed.
        manifest: manifest of its prepared data, None where nothing is prepared.
        done: whether this clone has its result.
    """

    experiment: Experiment
    seed: int
    manifest: Manifest | None
    done: bool

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return self.experiment.name

    @property
    def state(self) -> State:
        """'done', 'no-data' or 'to-run'."""
        if self.done:
            return 'done'
        return 'to-run' if self.manifest else 'no-data'

    @property
    def drawable(self) -> bool:
        """Whether its data will be drawn by the run itself."""
        return not self.done and get_benchmark(self.experiment.benchmark).synthetic

    def placeholder(self, status: Status, reason: str) -> Record:
        """A record without a result."""
        dataset = self.manifest.fingerprint if self.manifest else 'none'
        return Record(
            name=self.name,
            seed=self.seed,
            benchmark=self.experiment.benchmark,
            status=status,
            reason=reason,
            fingerprint=self.experiment.fingerprint(dataset, self.seed),
            recipe=self.experiment.recipe(dataset),
            loss=self.experiment.loss,
            backbone=self.experiment.backbone,
            input_size=self.experiment.input_size,
            config=self.experiment.config.pretty_text,
            dataset=describe_dataset(self.manifest) if self.manifest else None,
            created=datetime.now(timezone.utc).isoformat(timespec='seconds'),
        )


def select_experiments(
    experiments: Iterable[Experiment],
    datasets: Sequence[str] = (),
    losses: Sequence[str] = (),
    names: Sequence[str] = (),
) -> list[Experiment]:
    """Experiments that match every given criterion; an empty criterion matches all.

    Args:
        experiments: where to select from.
        datasets: names of benchmarks.
        losses: names of losses, without regard to case; 'star' also matches its variants in brackets.
        names: shell patterns of experiment names.

    Raises:
        BenchmarkError: a criterion matches nothing; the message lists what there is.
    """
    experiments = list(experiments)
    for kind, wanted, known in (
        ('dataset', datasets, lambda one: one.benchmark),
        ('loss', losses, lambda one: one.loss),
        ('name', names, lambda one: one.name),
    ):
        for pattern in wanted:
            if not any(_matches(known(one), pattern) for one in experiments):
                values = ', '.join(sorted({known(one) for one in experiments}))
                raise BenchmarkError(f'--{kind} {pattern}: no such configuration (there are: {values})')
        experiments = [one for one in experiments if not wanted or any(_matches(known(one), name) for name in wanted)]
        if not experiments:
            raise BenchmarkError('no configuration matches all of the selection (see --list)')
    return experiments


def plan_jobs(experiments: Iterable[Experiment], seeds: Sequence[int], places: Places) -> list[Job]:
    """Find out what is there for each experiment and seed.

    A job is done when its record and predictions are there and this clone has made them. Records that came with the
    clone, or from somebody else, are shown but do not keep anybody from reproducing them.

    Raises:
        BenchmarkError: a manifest or record is damaged.
    """
    finished = {
        record.fingerprint
        for record in read_records(places.records)
        if record.status == 'done' and (places.records / record.predictions).is_file()
    }
    jobs = []
    for experiment in experiments:
        manifest = _manifest(places.data, experiment.benchmark)
        for seed in seeds:
            done = False
            if manifest is not None:
                fingerprint = experiment.fingerprint(manifest.fingerprint, seed)
                checkpoints = places.checkpoints(experiment.name, seed, fingerprint)
                done = fingerprint in finished and (checkpoints / RECORDED).is_file()
            jobs.append(Job(experiment, seed, manifest, done))
    return jobs


def store_placeholder(job: Job, status: Status, reason: str, records: Path) -> None:
    """Say in the records why a job has no result, unless somebody's result is there; that always stays untouched.

    A failure is noted beside a result as well.

    Raises:
        BenchmarkError: the records folder cannot be written to.
    """
    clear_placeholders(job, records)
    has_result = any((record.name, record.seed) == (job.name, job.seed) for record in read_records(records))
    if has_result and status != 'failed':
        return
    # Records are published; where somebody keeps the files is nobody's business.
    write_record(job.placeholder(status, re.sub(r'(?<![\w.~/])/(?:[^/:,()\n]+/)+', '', reason)), records)


def clear_placeholders(job: Job, records: Path) -> None:
    """Remove the records without a result of a job, after it has got one or before another reason is noted."""
    for record in read_records(records):
        if record.status != 'done' and (record.name, record.seed) == (job.name, job.seed):
            (records / record.file_name).unlink(missing_ok=True)


def missing_data(benchmark: str) -> str:
    """Why there is no data and how to get it, in one line without a path of this machine."""
    return f'no prepared data. {get_benchmark(benchmark).how_to_get}'


def _manifest(data_root: Path, benchmark: str) -> Manifest | None:
    if not (data_root / benchmark / 'manifest.json').exists():
        return None
    return read_manifest(data_root, benchmark)


def _matches(value: str, pattern: str) -> bool:
    value, pattern = value.lower(), pattern.lower()
    return fnmatch(value, pattern) or value.split(' (')[0] == pattern
