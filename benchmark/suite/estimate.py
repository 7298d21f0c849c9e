"""How long jobs will take: from what is stored of the same processor or GPU, or else from a few steps made here."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.suite.environment import device_name
from benchmark.suite.job_times import Figure, Times, complete_images
from benchmark.suite.paces import read_paces, read_steps
from benchmark.suite.planning import Job


@dataclass(frozen=True)
class Estimate:
    """How long jobs take.

    Attributes:
        figures: one for each job, in their order.
        slots: jobs that run at once.
        running: places of those jobs that are to be run.
        notes: one line on each record that could not be read.
    """

    figures: tuple[Figure, ...]
    slots: int
    running: tuple[int, ...]
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> list[float | None]:
        """Seconds of each job, None where they are not known."""
        return [figure.seconds for figure in self.figures]

    @property
    def total(self) -> float | None:
        """Seconds until the last job that is known has ended; None where jobs are to be run and none is known."""
        known = [seconds for seconds in self.seconds if seconds is not None]
        if self.running and not known:
            return None
        free = [0.0] * self.slots
        for seconds in known:
            heapq.heapreplace(free, free[0] + seconds)
        return max(free)


def estimate(
    jobs: Iterable[Job],
    records_folders: Sequence[Path],
    slots: int,
    threads: int | None,
    processes: int = 1,
    say: Callable[[str], None] = lambda line: None,
    speeds_folders: Sequence[Path] = (),
    complete: bool = False,
) -> Estimate:
    """Say how long jobs take that are to be run.

    A job takes what stored trainings of its recipe took on this model of processor or GPU, an image; else those of its
    network, input size and precision; else what stored steps of these took; else what a few steps take now. These are
    made once for each network, input size and precision, for some seconds; where they are on the CPU, the seconds that
    one core computes count, whatever else the machine does.

    Args:
        jobs: the jobs, in the order in which they are run.
        records_folders: folders of records, own and published.
        slots: jobs that run at once, positive.
        threads: threads of each; records with another number are used where there are none with this one. None for a
            GPU.
        processes: processes that share each training; nothing is measured for more than one.
        say: called with a line before something is measured.
        speeds_folders: folders of stored speeds, own and published.
        complete: whether all jobs are to be run, in whatever state they are, each on the complete published data set.
    """
    jobs = list(jobs)
    running = tuple(place for place, job in enumerate(jobs) if complete or _is_run(job))
    if not running:
        return Estimate(tuple(Figure(None, job.obstacle) for job in jobs), slots, ())
    device = jobs[0].device
    name = device_name(device)
    stored, damaged = read_paces(records_folders, device, name, processes)
    steps, unread = read_steps(speeds_folders, device, name)
    times = Times(stored, steps, f'{"GPU" if device == "cuda" else "processor"} ({name})', threads, processes, say)
    figures = tuple(
        times.figure(job, complete_images(job.experiment) if complete else _images(job))
        if complete or _is_run(job)
        else Figure(None, job.obstacle)
        for job in jobs
    )
    return Estimate(figures, slots, running, (*damaged, *unread))


def describe(estimate: Estimate) -> list[str]:
    """Lines for people: how long everything takes, and what that was computed from."""
    figures = [estimate.figures[place] for place in estimate.running]
    if not figures:
        return ['nothing to train']
    known = [figure for figure in figures if figure.seconds is not None]
    what = f'{len(figures)} training{"" if len(figures) == 1 else "s"}'
    at_once = min(estimate.slots, len(figures))
    on = '' if at_once == 1 else f' on {at_once} at once'
    sources = Counter(figure.source for figure in known)
    lines = [f'{what}: how long they take is not known']
    if known:
        lines = [f'{what}, about {duration(estimate.total)}{on}, start-up not counted']
    if len(sources) == 1 and len(known) == len(figures):
        lines[0] += f' ({next(iter(sources))})'
    else:
        lines += [f'  {count} {source}' for source, count in sources.items()]
        unknown = Counter(figure.source for figure in figures if figure.seconds is None)
        lines += [f'  {count} not counted: {why}' for why, count in unknown.items()]
    return [*lines, *(f'  passed over: {note}' for note in estimate.notes)]


def duration(seconds: float) -> str:
    """A time in one unit, to two digits where it is short.

    >>> [duration(seconds) for seconds in (0.2, 59, 89.9, 3000, 5400, 200_000)]
    ['1 s', '59 s', '90 s', '50 min', '1.5 h', '2.3 days']
    """
    for unit, least, length in (('days', 1.5 * 86400, 86400), ('h', 5400, 3600), ('min', 100, 60)):
        if seconds >= least:
            return f'{seconds / length:.{0 if seconds >= 10 * length else 1}f} {unit}'
    return f'{max(1, round(seconds))} s'


def _is_run(job: Job) -> bool:
    return job.state == 'to-run' or job.drawable


def _images(job: Job) -> tuple[int, int]:
    if job.manifest is None:
        return complete_images(job.experiment)
    return job.manifest.train_images, job.manifest.test_images
