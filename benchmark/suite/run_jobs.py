"""A whole run: prepare what is drawn, train what is missing, say what could not be done."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.suite.display import Display
from benchmark.suite.experiments import Experiment
from benchmark.suite.jobs import Job, clear_placeholders, missing_data, plan_jobs, store_placeholder
from benchmark.suite.places import Places
from benchmark.suite.scheduler import run_job

_NEEDED = 2**20  # bytes; what a record and its predictions take, about


@dataclass
class Outcome:
    """What became of a run.

    Attributes:
        done: jobs finished now.
        skipped: jobs finished by an earlier run.
        failed: jobs that failed, with one line on why.
        no_data: jobs without prepared data.
        interrupted: whether Ctrl-C ended the run.
    """

    done: list[Job] = field(default_factory=list)
    skipped: list[Job] = field(default_factory=list)
    failed: list[tuple[Job, str]] = field(default_factory=list)
    no_data: list[Job] = field(default_factory=list)
    interrupted: bool = False


def prepare_drawn(experiments: Sequence[Experiment], data_root: Path, display: Display) -> None:
    """Draw the synthetic benchmarks that experiments need and that are not prepared yet.

    Raises:
        BenchmarkError: the data folder cannot be written to.
    """
    for name in dict.fromkeys(one.benchmark for one in experiments):
        if get_benchmark(name).synthetic and not (data_root / name / 'manifest.json').exists():
            display.say(f'{name}: drawing synthetic faces into {data_root / name}')
            prepare_synthetic(data_root, name)


def run_jobs(
    experiments: Sequence[Experiment], seeds: Sequence[int], device: str, places: Places, display: Display
) -> Outcome:
    """Run every experiment with every seed that has no result yet, one after the other.

    A job that fails does not stop the others. Ctrl-C ends the run after the running process has been stopped.

    Raises:
        BenchmarkError: a folder cannot be written to, or a stored record or manifest is damaged.
    """
    _check_writable(places.records, '--reports')
    _check_writable(places.work, '--work-dir')
    outcome = Outcome()
    jobs = plan_jobs(experiments, seeds, places)
    outcome.skipped = [job for job in jobs if job.state == 'done']
    outcome.no_data = [job for job in jobs if job.state == 'no-data']
    waiting = [job for job in jobs if job.state == 'to-run']
    for job in outcome.no_data:
        store_placeholder(job, 'no-data', missing_data(job.experiment.benchmark), places.records)
    with display.showing(len(waiting)):
        for index, job in enumerate(waiting):
            display.start(job)
            try:
                failure = run_job(job, device, places, display.progress)
            except KeyboardInterrupt:
                outcome.interrupted = True
                for rest in waiting[index:]:
                    store_placeholder(
                        rest, 'not-run', 'interrupted; the same command goes on from here', places.records
                    )
                break
            except OSError as error:
                failure = (
                    f'{error.filename or places.work}: {error.strerror} (free space, or choose another --work-dir)'
                )
            display.finish(failure)
            if failure:
                outcome.failed.append((job, failure))
                store_placeholder(job, 'failed', failure.split(' (log: ')[0], places.records)
            else:
                outcome.done.append(job)
                clear_placeholders(job, places.records)
    return outcome


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
