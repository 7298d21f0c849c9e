"""Randomness of training as a function of seed and iteration, so that a continued run equals an uninterrupted one."""

from __future__ import annotations

import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmpose.registry import HOOKS


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Seeds Python, NumPy and PyTorch before each epoch and each iteration from (seed, iteration, rank).

    MMEngine seeds once, at the start, and does not store the generators' states in a checkpoint; after a continuation
    the augmentation would differ. With this hook the state at any iteration depends on nothing that came before it.
    """

    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner) -> None:
        """Seed what loads the first batch of the epoch."""
        self._seed(runner, stream=0)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Seed what augments the batch and what the network draws."""
        self._seed(runner, stream=1)

    @staticmethod
    def _seed(runner, stream: int) -> None:
        sequence = np.random.SeedSequence([runner.seed, runner.iter, get_rank(), stream])
        python_seed, numpy_seed, torch_seed = (int(word) for word in sequence.generate_state(3))
        random.seed(python_seed)
        np.random.seed(numpy_seed)
        torch.manual_seed(torch_seed)
