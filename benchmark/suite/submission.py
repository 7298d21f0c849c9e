"""Workers on a cluster: each runs the same command for as long as it may stay, and shares the work by claims."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from submitit import AutoExecutor
from submitit.core.utils import DelayedSubmission, FailedJobError, FailedSubmissionError

from benchmark.errors import BenchmarkError, cannot_write
from benchmark.suite.cluster import Resources
from benchmark.suite.shift import Shift

ROOT = Path(__file__).resolve().parents[2]
# Slurm may give its signal a minute early.
_EARLY_SECONDS = 60
# Share of the margin that trainings are waited for; queueing again takes some seconds.
_GRACE = 0.75
# A worker that gets nowhere ends itself, so that nobody has to count.
_TIME_OUTS = 10**6

Command = Callable[[argparse.Namespace, Shift], int]


@dataclass(frozen=True)
class Submitted:
    """What a cluster has taken.

    Attributes:
        name: name of the job, e.g. 'Slurm job 17'.
        number: its number there.
        workers: number of workers.
        logs: pattern of the workers' logs.
    """

    name: str
    number: str
    workers: int
    logs: str


class Worker:
    """What the cluster starts, by the means of submitit, on one of its machines.

    Args:
        command: carries out the command line in this process; returns its exit status.
        options: the command line.
        folder: where it was given.
        minutes: limit of its stay.
        since: when it was submitted, seconds since the epoch.
    """

    def __init__(self, command: Command, options: argparse.Namespace, folder: Path, minutes: int, since: float) -> None:
        self._given = command, options, folder, minutes, since

    def __call__(self) -> int:
        """Do what is left to do, and ask to be queued again where time ran out before that; returns the exit status."""
        command, options, folder, minutes, since = self._given
        os.chdir(folder)
        end = float(os.environ.get('SLURM_JOB_END_TIME') or time.time() + 60 * minutes)
        self._shift = Shift(end - margin(minutes), since)
        self._queue_again = signal.getsignal(signal.SIGUSR2)
        signal.signal(signal.SIGTERM, lambda number, frame: self._shift.leave())
        signal.signal(signal.SIGUSR2, self._time_is_up)
        status = command(options, self._shift)
        if self._shift.unfinished and not self._shift.leaving:
            self._go_on_later(self._shift.progressed)
        return status

    def checkpoint(self) -> DelayedSubmission:
        """End what runs, after its epoch if that comes soon enough; returns what is queued again."""
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        self._shift.pause(_GRACE * margin(self._given[3]))
        return DelayedSubmission(Worker(*self._given))

    def _time_is_up(self, number: int, frame: object) -> None:
        """The cluster needs the machine, or the time of the stay has come to its end."""
        if self._shift.unfinished:
            self._go_on_later(self._shift.progressed or time.time() < self._shift.until - _EARLY_SECONDS)

    def _go_on_later(self, worth_it: bool) -> NoReturn:
        if not worth_it:
            minutes = self._given[3]
            sys.exit(f'error: no epoch came to its end in {minutes} min (submit again with a longer --time)')
        self._queue_again(signal.SIGUSR2, None)


def margin(minutes: int) -> float:
    """Seconds at the end of a stay, in which what runs is ended and the worker is queued again."""
    return min(120.0, 60 * minutes / 3)


def submit(
    command: Command, options: argparse.Namespace, resources: Resources, workers: int, folder: Path, executor: str
) -> Submitted:
    """Submit workers, as one array.

    Args:
        command: carries out the command line; found by its name, so it has to be in a module that can be imported.
        options: the command line, with absolute paths.
        resources: what each worker gets.
        workers: number of workers.
        folder: where logs, and what submitit needs, are kept; every machine of the cluster has to see it.
        executor: 'slurm', or 'local' for this machine, where each worker is a process that nobody counts cores for.

    Raises:
        BenchmarkError: there is no Slurm, it refuses, or the folder cannot be written to.
    """
    if executor == 'slurm' and (absent := [name for name in ('sbatch', 'srun', 'scontrol') if not shutil.which(name)]):
        raise BenchmarkError(f'--executor slurm: no {absent[0]} on the PATH (submit from a machine of the cluster)')
    worker = Worker(command, options, Path.cwd(), resources.time, time.time())
    try:
        scheduler = _scheduler(resources, folder, executor)
        jobs = scheduler.submit_array([worker] * workers)
    except (FailedJobError, FailedSubmissionError) as error:
        raise BenchmarkError(f'{" ".join(str(error).split())} (see --partition, --account, --time)') from error
    except OSError as error:
        raise BenchmarkError(cannot_write(str(folder), error, '--work-dir')) from error
    numbers = dict.fromkeys(job.job_id.split('_')[0] for job in jobs)
    number = ', '.join(numbers)
    name = f'Slurm job {number}' if executor == 'slurm' else f'process {number}'
    pattern = number if len(numbers) == 1 else '*'
    return Submitted(name, number, workers, str(folder / f'{pattern}_*log.out'))


def _scheduler(resources: Resources, folder: Path, executor: str) -> AutoExecutor:
    seconds = round(margin(resources.time))
    cores = resources.cpus_per_worker
    # The modules of this checkout, wherever the command was given; unlike variables, a line is always handed on.
    setup = [*resources.setup, f'export PYTHONPATH={shlex.quote(str(ROOT))}"${{PYTHONPATH:+:$PYTHONPATH}}"']
    scheduler = AutoExecutor(
        folder, cluster=executor, slurm_max_num_timeout=_TIME_OUTS, local_max_num_timeout=_TIME_OUTS
    )
    scheduler.update_parameters(
        name='star-loss-benchmark',
        timeout_min=resources.time,
        cpus_per_task=cores,
        gpus_per_node=resources.gpus_per_worker,
        mem_gb=resources.memory,
        stderr_to_stdout=True,
        local_setup=setup,
        slurm_setup=setup,
        slurm_partition=resources.partition,
        slurm_account=resources.account,
        slurm_signal_delay_s=seconds,
        # Steps of Slurm 22.05 and later do not take over the cores of their job.
        slurm_srun_args=[f'--cpus-per-task={cores}'] if cores else [],
        slurm_additional_parameters={
            'requeue': True,
            **{key.lstrip('-'): value or True for key, value in resources.sbatch.items()},
        },
    )
    return scheduler
