"""How fast a configuration trains and tests on this machine, from a few steps on random images."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
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
_FEWEST = 2  # normalization in training needs more than one image


def measure_pace(experiment: Experiment, device: str, seconds: float = SECONDS) -> Pace:
    """Make a few steps of training and of the test, on one thread where they are on the CPU.

    Loading, augmentation and averaging of weights are left out. The components of the configuration are imported. A
    step of two images is made even if it takes longer than it should.

    Args:
        experiment: the configuration.
        device: 'cpu' or 'cuda'.
        seconds: about how long to measure.
    """
    import_modules_from_strings(**(experiment.config.get('custom_imports') or {'imports': []}))
    with single_thread(), DefaultScope.overwrite_default_scope('mmpose'):
        model = build(experiment, device)

        def test(images: int) -> Callable[[], object]:
            model.eval()
            batch = random_batch(experiment, images)
            return torch.no_grad()(partial(model.test_step, batch))

        def train(images: int) -> Callable[[], object]:
            return training_step(experiment, images, device, model)

        clock = wall_clock(device)
        loaders = experiment.config.train_dataloader, experiment.config.test_dataloader
        most = [max(_FEWEST, loader.get('batch_size', 1)) for loader in loaders]
        return Pace(_per_image(train, most[0], clock, 0.8 * seconds), _per_image(test, most[1], clock, 0.2 * seconds))


def _per_image(
    prepare: Callable[[int], Callable[[], object]], most: int, clock: Callable[[], float], seconds: float
) -> float:
    """Seconds an image, in batches as large as the time allows."""

    def timed(run: Callable[[], object]) -> float:
        before = clock()
        run()
        return clock() - before

    started = time.monotonic()
    images, run = _FEWEST, prepare(_FEWEST)
    taken = timed(run)
    if 3 * taken < seconds:  # otherwise it has to do, although the first call takes longer than any other
        images = int(min(most, max(_FEWEST, seconds / 4 * _FEWEST / timed(run))))
        run = prepare(images)
        run()
        times = [timed(run)]
        while time.monotonic() - started < seconds:
            times.append(timed(run))
        taken = statistics.median(times)
    return taken / images
