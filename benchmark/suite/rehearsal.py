"""How fast a configuration trains and tests on this machine, from a few steps on random images."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from mmengine.registry import DefaultScope
from mmengine.utils import import_modules_from_strings

from benchmark.suite.experiments import Experiment
from benchmark.suite.paces import Pace
from benchmark.suite.speed.networks import build, random_batch
from benchmark.suite.speed.step import training_step
from benchmark.suite.speed.timing import single_thread, wall_clock

SECONDS = 5.0
SHARES = 0.8, 0.2  # of the time, for training and test
_FEWEST = 2  # normalization in training needs more than one image


@dataclass(frozen=True)
class Way:
    """Training or test of a configuration.

    Attributes:
        prepare: takes a number of images, and returns what makes a step with so many, again and again.
        most: images in a batch of the configuration.
    """

    prepare: Callable[[int], Callable[[], object]]
    most: int


@contextmanager
def stepping(experiment: Experiment, device: str) -> Iterator[tuple[Way, Way]]:
    """Training and test of a configuration, each with a network of its own, on one thread where they are on the CPU.

    Loading, augmentation and averaging of weights are left out. The components of the configuration are imported.

    Args:
        experiment: the configuration.
        device: 'cpu' or 'cuda'.
    """

    def train(images: int) -> Callable[[], object]:
        return training_step(experiment, images, device, build(experiment, device))

    def test(images: int) -> Callable[[], object]:
        model = build(experiment, device).eval()
        return torch.no_grad()(partial(model.test_step, random_batch(experiment, images)))

    import_modules_from_strings(**(experiment.config.get('custom_imports') or {'imports': []}))
    loaders = experiment.config.train_dataloader, experiment.config.test_dataloader
    most = [max(_FEWEST, loader.get('batch_size', 1)) for loader in loaders]
    with single_thread(), DefaultScope.overwrite_default_scope('mmpose'):
        yield Way(train, most[0]), Way(test, most[1])


def clock_of(device: str) -> Callable[[], float]:
    """Seconds that one core computes, whatever else the machine does; on a GPU those that pass."""
    return time.process_time if device == 'cpu' else wall_clock(device)


def measure_pace(experiment: Experiment, device: str, seconds: float = SECONDS) -> Pace:
    """Make a few steps of training and of the test.

    A step of two images is made even if it takes longer than it should.

    Args:
        experiment: the configuration.
        device: 'cpu' or 'cuda'.
        seconds: about how long to measure.
    """
    clock = clock_of(device)
    with stepping(experiment, device) as ways:
        return Pace(*(_per_image(way, clock, share * seconds) for way, share in zip(ways, SHARES, strict=True)))


def fitting_step(way: Way, clock: Callable[[], float], seconds: float) -> tuple[Callable[[], object], int, float]:
    """A step of as many images as the time allows.

    Args:
        way: training or test.
        clock: returns seconds.
        seconds: for how long steps will be made.

    Returns:
        The step, its number of images, and the seconds that its last call took.
    """
    images, run = _FEWEST, way.prepare(_FEWEST)
    taken = timed(run, clock)
    if 3 * taken < seconds:  # otherwise it has to do, although the first call takes longer than any other
        images = int(min(way.most, max(_FEWEST, seconds / 4 * _FEWEST / timed(run, clock))))
        run = way.prepare(images)
        run()
        taken = timed(run, clock)
    return run, images, taken


def timed(run: Callable[[], object], clock: Callable[[], float]) -> float:
    """Seconds that a call takes."""
    before = clock()
    run()
    return clock() - before


def _per_image(way: Way, clock: Callable[[], float], seconds: float) -> float:
    """Seconds an image."""
    started = time.monotonic()
    run, images, taken = fitting_step(way, clock, seconds)
    times = [taken]
    while time.monotonic() - started < seconds:
        times.append(timed(run, clock))
    return statistics.median(times) / images
