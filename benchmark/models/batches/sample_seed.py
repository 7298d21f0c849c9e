"""Randomness of a loading pipeline as a function of seed, epoch and sample."""

from __future__ import annotations

import random

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SampleSeed(BaseTransform):
    """Seeds Python and NumPy before the transforms that follow it; comes first in a pipeline that augments.

    What they draw then depends on seed, epoch and face only: not on the number of loading or training processes, and
    not on whether the run was interrupted. :class:`benchmark.models.hooks.IterationSeedHook` starts each epoch; loading
    processes learn of it through shared memory, also those that live on from one epoch to the next. Until then seed and
    epoch are 0.
    """

    def __init__(self) -> None:
        self._state = torch.zeros(2, dtype=torch.int64).share_memory_()

    def start_epoch(self, seed: int, epoch: int) -> None:
        """Take the seed of the run and the number of the epoch, before the epoch's first sample is asked for."""
        self._state[0], self._state[1] = seed, epoch

    def transform(self, results: dict) -> dict:
        """Seed from ``results['id']``, the face's place in its split; the results stay as they are."""
        sequence = np.random.SeedSequence([*self._state.tolist(), results['id']])
        python_seed, numpy_seed = (int(word) for word in sequence.generate_state(2))
        random.seed(python_seed)
        np.random.seed(numpy_seed)
        return results
