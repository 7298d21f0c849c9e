"""How long one job takes: from what is stored of the same processor or GPU, or else from a few steps made here."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmark.datasets.synthetic import TEST_IMAGES, TRAIN_IMAGES
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.suite.config_reading import first_line
from benchmark.suite.experiments import Experiment
from benchmark.suite.paces import Network, Pace, StoredPace, network_name
from benchmark.suite.planning import Job

_LEFT_OUT = 'without loading and augmentation'


@dataclass(frozen=True)
class Figure:
    """How long one job takes.

    Attributes:
        seconds: training with its validations, and the test; without start-up. None where it is not known, or where
            the job is not to be run.
        source: what the seconds were computed from, or why they are not known.
        basis: the same in a word or two; empty where they are not known.
        pace: how fast it goes; None where that is not known.
        images: training and test images of its data.
        devices: threads of a processor, or GPUs, that it keeps busy.
    """

    seconds: float | None
    source: str
    basis: str = ''
    pace: Pace | None = None
    images: tuple[int, int] = (0, 0)
    devices: int = 1

    @property
    def device_hours(self) -> float | None:
        """Hours of one thread of a processor, or of one GPU; None where they are not known."""
        return None if self.seconds is None else self.seconds * self.devices / 3600


@dataclass(frozen=True)
class _Found:
    """How fast a network goes, or why that is not known; as in :class:`Figure`."""

    source: str
    basis: str = ''
    pace: Pace | None = None
    devices: int = 1


@dataclass
class Times:
    """Times on this processor: stored ones, and those measured so far, by network."""

    stored: list[StoredPace]
    steps: dict[str, Pace]
    name: str
    threads: int | None
    processes: int
    say: Callable[[str], None]
    looked_up: dict[tuple[str, Network], _Found] = field(default_factory=dict)
    measured: dict[Network, Pace | str] = field(default_factory=dict)

    def figure(self, job: Job, images: tuple[int, int]) -> Figure:
        """How long a job takes that has so many training and test images."""
        found = self._find(job)
        if found.pace is None:
            return Figure(None, found.source)
        seconds = seconds_of(job.experiment, images, found.pace)
        return Figure(seconds, found.source, found.basis, found.pace, images, found.devices)

    def _find(self, job: Job) -> _Found:
        """How fast a job goes; the same for all seeds."""
        recipe, network = job.identity.recipe, network_of(job.experiment)
        if (recipe, network) not in self.looked_up:
            found = self._stored(recipe, network, job.device) or self._stored_steps(network, job.device)
            self.looked_up[recipe, network] = found or self._measured(job)
        return self.looked_up[recipe, network]

    def _stored(self, recipe: str, network: Network, device: str) -> _Found | None:
        for same, what in (
            ([one for one in self.stored if one.recipe == recipe], 'the same recipe'),
            ([one for one in self.stored if one.network == network], 'the same network, input size and precision'),
        ):
            if same:
                threads = self._nearest(same)
                paces = [one.pace for one in same if one.threads == threads]
                pace = Pace(*(statistics.median(getattr(one, part) for one in paces) for part in ('train', 'test')))
                on = '' if device == 'cuda' else f', {_threads(threads)}'
                source = f'from stored records of {what} on this {self.name}{on}'
                devices = self.processes * (1 if device == 'cuda' else threads)
                return _Found(source, 'stored records', pace, devices)
        return None

    def _stored_steps(self, network: Network, device: str) -> _Found | None:
        pace = self.steps.get(network_name(network))
        if pace is None or self.processes > 1:
            return None
        on = '' if device == 'cuda' else f', {_threads(1)}'
        return _Found(f'from stored steps on this {self.name}{on}, {_LEFT_OUT}', 'stored steps', pace)

    def _measured(self, job: Job) -> _Found:
        if self.processes > 1:
            return _Found(f'no stored record of a training by {self.processes} processes on this {self.name}')
        network = network_of(job.experiment)
        if network not in self.measured:
            self.measured[network] = self._measure(job)
        found = self.measured[network]
        if isinstance(found, str):
            return _Found(found)
        on = '' if job.device == 'cuda' else f' on {_threads(1)}'
        return _Found(f'from a few steps made here{on}, {_LEFT_OUT}', 'steps made now', found)

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


def network_of(experiment: Experiment) -> Network:
    """What paces are known by."""
    return experiment.backbone, tuple(experiment.input_size), experiment.precision


def complete_images(experiment: Experiment) -> tuple[int, int]:
    """Training and test images of its complete published data set; of drawn faces, those that a run draws."""
    benchmark = get_benchmark(experiment.benchmark)
    return benchmark.train_size or TRAIN_IMAGES, benchmark.subset_sizes.get('full', TEST_IMAGES)


def seconds_of(experiment: Experiment, images: tuple[int, int], pace: Pace) -> float:
    """Seconds of one training with its validations, and of the test.

    Args:
        experiment: the configuration.
        images: training and test images.
        pace: seconds that an image takes.
    """
    epochs, interval = experiment.epochs, experiment.config.train_cfg.get('val_interval')
    tests = 1 + (math.ceil(epochs / interval) if interval else 0)
    return pace.train * epochs * images[0] + pace.test * tests * images[1]


def _threads(count: int) -> str:
    return f'{count} thread{"" if count == 1 else "s"}'
