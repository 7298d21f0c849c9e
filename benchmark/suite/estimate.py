"""How long jobs will take: from stored records of the same processor, or else from a few steps made here."""

from __future__ import annotations

import heapq
import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.datasets.synthetic import TEST_IMAGES, TRAIN_IMAGES
from benchmark.suite.config_reading import first_line
from benchmark.suite.environment import device_name
from benchmark.suite.experiments import Experiment
from benchmark.suite.paces import Network, Pace, StoredPace, read_paces
from benchmark.suite.planning import Job


@dataclass(frozen=True)
class Figure:
    """How long one job takes.

    Attributes:
        seconds: training with its validations, and the test; without start-up. None where it is not known, or where
            the job is not to be run.
        source: what the seconds were computed from, or why they are not known.
    """

    seconds: float | None
    source: str


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


@dataclass
class _Times:
    """Times on this processor: stored ones, and those measured so far, by network."""

    stored: list[StoredPace]
    name: str
    threads: int | None
    processes: int
    say: Callable[[str], None]
    looked_up: dict[tuple[str, Network], tuple[Pace | None, str]] = field(default_factory=dict)
    measured: dict[Network, Pace | str] = field(default_factory=dict)

    def figure(self, job: Job) -> Figure:
        """How long a job takes."""
        if not _is_run(job):
            return Figure(None, job.obstacle)
        pace, source = self._pace(job)
        return Figure(None if pace is None else _seconds(job, pace), source)

    def _pace(self, job: Job) -> tuple[Pace | None, str]:
        """How fast a job goes, and what that was computed from, or why it is not known; the same for all seeds."""
        recipe, network = job.identity.recipe, _network(job.experiment)
        if (recipe, network) not in self.looked_up:
            self.looked_up[recipe, network] = self._stored(recipe, network, job.device) or self._measured(job)
        return self.looked_up[recipe, network]

    def _stored(self, recipe: str, network: Network, device: str) -> tuple[Pace, str] | None:
        for same, what in (
            ([one for one in self.stored if one.recipe == recipe], 'the same recipe'),
            ([one for one in self.stored if one.network == network], 'the same network, input size and precision'),
        ):
            if same:
                threads = self._nearest(same)
                paces = [one.pace for one in same if one.threads == threads]
                pace = Pace(*(statistics.median(getattr(one, part) for one in paces) for part in ('train', 'test')))
                on = '' if device == 'cuda' else f', {_threads(threads)}'
                return pace, f'from stored records of {what} on this {self.name}{on}'
        return None

    def _measured(self, job: Job) -> tuple[Pace | None, str]:
        if self.processes > 1:
            return None, f'no stored record of a training by {self.processes} processes on this {self.name}'
        network = _network(job.experiment)
        if network not in self.measured:
            self.measured[network] = self._measure(job)
        found = self.measured[network]
        if isinstance(found, str):
            return None, found
        on = '' if job.device == 'cuda' else f' on {_threads(1)}'
        return found, f'from a few steps made here{on}, without loading and augmentation'

    def _nearest(self, paces: Sequence[StoredPace]) -> int:
        """The number of threads among those of records that is closest to that of the trainings to come."""
        counts = Counter(one.threads for one in paces)
        if self.threads is None:
            return counts.most_common(1)[0][0]
        return min(counts, key=lambda count: (abs(count - self.threads), count))

    def _measure(self, job: Job) -> Pace | str:
        """How fast steps are made now, or why none can be made."""
        from benchmark.suite.rehearsal import measure_pace  # takes seconds to import, and is seldom needed

        experiment = job.experiment
        width, height = experiment.input_size
        self.say(f'measuring: {experiment.backbone}, {width} x {height}, {experiment.precision}')
        try:
            return measure_pace(experiment, job.device)
        except Exception as error:  # components of one's own can raise anything; the training will say more
            return f'{experiment.path.name}: no step could be made: {first_line(error)}'


def estimate(
    jobs: Iterable[Job],
    records_folders: Sequence[Path],
    slots: int,
    threads: int | None,
    processes: int = 1,
    say: Callable[[str], None] = lambda line: None,
) -> Estimate:
    """Say how long jobs take that are to be run.

    A job takes what stored trainings of its recipe took on this model of processor or GPU, an image; else those of its
    network, input size and precision; else what a few steps take now. These are made once for each network, input size
    and precision, for some seconds.

    Args:
        jobs: the jobs, in the order in which they are run.
        records_folders: folders of records, own and published.
        slots: jobs that run at once, positive.
        threads: threads of each; records with another number are used where there are none with this one. None for a
            GPU.
        processes: processes that share each training; nothing is measured for more than one.
        say: called with a line before something is measured.
    """
    jobs = list(jobs)
    running = tuple(place for place, job in enumerate(jobs) if _is_run(job))
    if not running:
        return Estimate(tuple(Figure(None, job.obstacle) for job in jobs), slots, ())
    device = jobs[0].device
    name = device_name(device)
    stored, damaged = read_paces(records_folders, device, name, processes)
    times = _Times(stored, f'{"GPU" if device == "cuda" else "processor"} ({name})', threads, processes, say)
    return Estimate(tuple(times.figure(job) for job in jobs), slots, running, tuple(damaged))


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


def _network(experiment: Experiment) -> Network:
    return experiment.backbone, tuple(experiment.input_size), experiment.precision


def _seconds(job: Job, pace: Pace) -> float:
    """Seconds of a job, from those of an image."""
    images = (TRAIN_IMAGES, TEST_IMAGES)
    if job.manifest is not None:
        images = job.manifest.train_images, job.manifest.test_images
    epochs, interval = job.experiment.epochs, job.experiment.config.train_cfg.get('val_interval')
    tests = 1 + (math.ceil(epochs / interval) if interval else 0)
    return pace.train * epochs * images[0] + pace.test * tests * images[1]


def _threads(count: int) -> str:
    return f'{count} thread{"" if count == 1 else "s"}'
