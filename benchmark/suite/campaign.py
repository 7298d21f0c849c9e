"""A whole run: prepare what is drawn, train what is missing, say what could not be done."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from benchmark.console import exit_status
from benchmark.datasets.synthetic import prepare_synthetic, settings_to_draw
from benchmark.errors import BenchmarkError, cannot_write
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.suite.conditions import Places, Setup
from benchmark.suite.crew import BEFORE, BY_ANOTHER, Crew
from benchmark.suite.display import Display
from benchmark.suite.experiments import Experiment
from benchmark.suite.launcher import check_processes
from benchmark.suite.orders import Ending
from benchmark.suite.planning import Job, State, in_order, plan_jobs
from benchmark.suite.queue import queued
from benchmark.suite.stored import clear_placeholders, store_placeholders

_NEEDED = 2**20  # bytes; what a record and its predictions take, about


@dataclass
class Outcome:
    """What became of a run.

    Attributes:
        done: jobs finished now.
        skipped: jobs finished by an earlier run.
        by_others: jobs that another command has finished meanwhile.
        failed: jobs that failed, with one line on why.
        no_data: jobs without prepared data.
        needs_gpu: jobs that a GPU is needed for and none was used.
        no_weights: jobs whose pretrained weights are missing.
        unfinished: jobs that have not been finished, since time ran out or another command is at them.
        interrupted: exit status of the signal that ended the run, 130 for Ctrl-C; None where none did.
    """

    done: list[Job] = field(default_factory=list)
    skipped: list[Job] = field(default_factory=list)
    by_others: list[Job] = field(default_factory=list)
    failed: list[tuple[Job, str]] = field(default_factory=list)
    no_data: list[Job] = field(default_factory=list)
    needs_gpu: list[Job] = field(default_factory=list)
    no_weights: list[Job] = field(default_factory=list)
    unfinished: list[Job] = field(default_factory=list)
    interrupted: int | None = None


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
    """Run every experiment with every seed that has no result yet, as many at once as there is room for.

    A job that fails does not stop the others. Ctrl-C, or a signal that is to end this process, ends the run after what
    runs has been stopped.

    Raises:
        BenchmarkError: a folder cannot be written to, a stored record or manifest is damaged, or a training cannot be
            shared by so many processes.
    """
    _check_writable(places.records, '--results')
    _check_writable(places.work, '--work-dir')
    jobs = plan_jobs(experiments, seeds, places, setup)
    check_processes(setup, (job for job in jobs if job.state == 'to-run'))
    by_state = {state: [job for job in jobs if job.state == state] for state in get_args(State)}
    outcome = Outcome(
        skipped=by_state['done'],
        no_data=by_state['no-data'],
        needs_gpu=by_state['needs-gpu'],
        no_weights=by_state['no-weights'],
    )
    clear_placeholders(outcome.skipped, places.records)  # a command that was killed may have left some
    store_placeholders(
        [
            *((job, 'no-data', 'no prepared data') for job in outcome.no_data),
            *((job, 'not-run', job.obstacle) for job in outcome.needs_gpu + outcome.no_weights),
        ],
        places.records,
    )
    with queued(by_state['to-run'], places):
        _carry_out(in_order(by_state['to-run']), places, setup, display, outcome)
    return outcome


def run_evaluation(job: Job, places: Places, setup: Setup, display: Display) -> Outcome:
    """Test given weights; see :func:`run_jobs`."""
    _check_writable(places.records, '--results')
    _check_writable(places.work, '--work-dir')
    outcome = Outcome()
    _carry_out([job], places, setup, display, outcome)
    return outcome


def _carry_out(jobs: Sequence[Job], places: Places, setup: Setup, display: Display, outcome: Outcome) -> None:
    crew, planned = Crew(places, setup, display), {job.fingerprint for job in jobs}
    if setup.shift:
        setup.shift.begin(crew)
    with display.showing(len(jobs)):
        try:
            for job, ending in crew.run(jobs):
                _take_down(job, ending, places, outcome)
                if ending.outcome == 'done' and job.fingerprint in planned:
                    clear_placeholders([job], places.records)
        except KeyboardInterrupt as error:
            outcome.interrupted = exit_status(error)
            reason = 'interrupted; the same command goes on from here'
            store_placeholders([(job, 'not-run', reason) for job in crew.left()], places.records)


def _take_down(job: Job, ending: Ending, places: Places, outcome: Outcome) -> None:
    if ending.outcome == 'done':
        how = {BY_ANOTHER: outcome.by_others, BEFORE: outcome.skipped}
        how.get(ending.reason, outcome.done).append(job)
    elif ending.outcome == 'failed':
        outcome.failed.append((job, ending.reason))
        store_placeholders([(job, 'failed', ending.reason.split(' (log: ')[0])], places.records)
    else:
        outcome.unfinished.append(job)


def _check_writable(folder: Path, option: str) -> None:
    """Refuse a folder before hours of training, not after them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_NEEDED))
            file.flush()
    except OSError as error:
        raise BenchmarkError(cannot_write(str(folder), error, option)) from error
