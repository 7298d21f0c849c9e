"""The average of weights, all of them in one operation."""

from __future__ import annotations

import torch
from mmengine.model import ExponentialMovingAverage
from mmpose.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class JointMovingAverage(ExponentialMovingAverage):
    """MMEngine's ``ExponentialMovingAverage`` with the same numbers, without an operation for each of the weights.

    The weights of the averaged network and of its source are looked up once. Both have to stay the objects that they
    are, as they do when a checkpoint is loaded.
    """

    _pairs: tuple[list[Tensor], list[Tensor]] | None = None

    def update_parameters(self, model: nn.Module) -> None:
        """Average; the first time, copy.

        Args:
            model: the source, always the same one.
        """
        if self.steps == 0 or self.steps % self.interval:
            super().update_parameters(model)
            return
        if self._pairs is None:
            sources = model.state_dict(keep_vars=True)
            names = [name for name, value in self.avg_parameters.items() if value.dtype.is_floating_point]
            self._pairs = [self.avg_parameters[name] for name in names], [sources[name] for name in names]
        with torch.no_grad():
            torch._foreach_lerp_(*self._pairs, self.momentum)
            buffers = [] if self.update_buffers else list(self.module.buffers())
            if buffers:
                torch._foreach_copy_(buffers, list(model.buffers()))
        self.steps += 1
