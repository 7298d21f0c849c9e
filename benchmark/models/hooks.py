"""Training as a function of seed and iteration, so that a continued or shared run equals an uninterrupted one."""

from __future__ import annotations

import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import EMAHook, Hook
from mmpose.registry import HOOKS

from benchmark.models.weight_average import JointMovingAverage


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Seeds Python, NumPy and PyTorch before each epoch and each iteration.

    MMEngine seeds once, at the start, and does not store the generators' states in a checkpoint; after a continuation
    the augmentation would differ. With this hook the state at any iteration depends on nothing that came before it.

    What loads images is seeded from (seed, iteration, process), and a loading pipeline that draws by sample (see
    :class:`benchmark.models.batches.sample_seed.SampleSeed`) is told the epoch. What augments batches and what the
    network draws is seeded from (seed, iteration) alone: processes that share a training draw for the whole batch, and
    each takes its share.
    """

    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner) -> None:
        """Seed what loads the epoch's images."""
        self._seed(runner, get_rank(), stream=0)
        pipeline = getattr(runner.train_dataloader.dataset, 'pipeline', None)
        for transform in getattr(pipeline, 'transforms', ()):
            if hasattr(transform, 'start_epoch'):
                transform.start_epoch(runner.seed, runner.epoch)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Seed what augments the batch and what the network draws."""
        self._seed(runner, 0, stream=1)

    @staticmethod
    def _seed(runner, rank: int, stream: int) -> None:
        sequence = np.random.SeedSequence([runner.seed, runner.iter, rank, stream])
        python_seed, numpy_seed, torch_seed = (int(word) for word in sequence.generate_state(3))
        random.seed(python_seed)
        np.random.seed(numpy_seed)
        # torch.manual_seed writes down a stack trace in every step where there is no GPU.
        torch.default_generator.manual_seed(torch_seed)
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(torch_seed)


@HOOKS.register_module()
class EpochAccumulationHook(Hook):
    """Lets gradient accumulation begin anew with every epoch; the batches left over at its end make a step too.

    MMEngine accumulates across epochs. A checkpoint holds no gradients, so that a run continued after an epoch whose
    batches do not divide evenly would miss some.
    """

    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner) -> None:
        """Count the batches of this epoch alone."""
        runner.optim_wrapper.initialize_count_status(runner.model, 0, len(runner.train_dataloader))


@HOOKS.register_module()
class StepEMAHook(EMAHook):
    """MMEngine's average of weights, taken after every step of the optimizer instead of after every batch.

    The two differ under gradient accumulation, where weights change once in several batches.

    Args:
        ema_type: as in ``EMAHook``; 'ExponentialMovingAverage' is computed by :class:`JointMovingAverage`.
        half_life: images after which half of an average is forgotten. The average's ``momentum`` then follows from the
            images that a step has, however many these are; None for a ``momentum`` that is given.
        **kwargs: arguments of ``EMAHook``, and of the average.
    """

    def __init__(self, ema_type: str = 'ExponentialMovingAverage', half_life: float | None = None, **kwargs) -> None:
        if half_life is not None and ('momentum' in kwargs or not half_life > 0):
            raise ValueError(
                f'half_life: {half_life!r}, expected a positive number of images, and no momentum beside it'
            )
        if ema_type == 'ExponentialMovingAverage' and kwargs.get('device') is None:
            ema_type = JointMovingAverage.__name__
        super().__init__(ema_type, **kwargs)
        self.half_life = half_life

    def before_train(self, runner) -> None:
        """Take the momentum from the number of images in a step."""
        super().before_train(runner)
        if self.half_life is not None:
            images = runner.train_dataloader.batch_sampler.batch_size * runner.optim_wrapper._accumulative_counts
            self.ema_model.momentum = 1 - 0.5 ** (images / self.half_life)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Average if the weights have just changed."""
        if runner.optim_wrapper.should_update():
            super().after_train_iter(runner, batch_idx, data_batch, outputs)
