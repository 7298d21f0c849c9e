"""Steps of the optimizer that never make the host wait, in any precision and on every device."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Literal

import torch
from mmengine.optim import OptimWrapper
from mmpose.registry import OPTIM_WRAPPERS
from torch import Tensor

DTYPES = {'bfloat16': torch.bfloat16, 'float16': torch.float16}


@OPTIM_WRAPPERS.register_module()
class FaceOptimWrapper(OptimWrapper):
    """MMEngine's ``OptimWrapper`` that leaves the norm of clipped gradients where it was computed.

    MMEngine reads it in every step, for the log; a GPU would be waited for. Here :class:`LoggedValuesHook` takes it for
    the log; other runners than this benchmark's name it in ``default_hooks``, as ``runtime_info``.

    Attributes:
        gradient_norm: of the last step, before clipping, a scalar on the device; None where nothing was clipped since
            it was last taken.
    """

    gradient_norm: Tensor | None = None

    def take_gradient_norm(self) -> Tensor | None:
        """The norm of the gradients of the last step, once."""
        norm, self.gradient_norm = self.gradient_norm, None
        return norm

    def _clip_grad(self) -> None:
        groups = self.optimizer.param_groups
        parameters = [one for group in groups for one in group['params'] if one.requires_grad and one.grad is not None]
        if parameters:
            self.gradient_norm = self.clip_func(parameters, **self.clip_grad_kwargs)


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(FaceOptimWrapper):
    """Runs the forward pass in half precision, on the CPU as well as on a GPU; weights and optimizer stay float32.

    MMEngine's ``AmpOptimWrapper`` refuses to work without a GPU. Gradients of float16 are scaled so that small ones do
    not vanish, and a step whose gradients overflow is left out; bfloat16 has the range of float32 and needs neither.

    Args:
        dtype: 'bfloat16' or 'float16'.
        **kwargs: arguments of MMEngine's ``OptimWrapper``.
    """

    def __init__(self, dtype: Literal['bfloat16', 'float16'] = 'bfloat16', **kwargs) -> None:
        super().__init__(**kwargs)
        if dtype not in DTYPES:
            raise ValueError(f'dtype: {dtype!r} is not one of {", ".join(map(repr, DTYPES))}')
        self.dtype = DTYPES[dtype]
        device = self.optimizer.param_groups[0]['params'][0].device.type
        self.loss_scaler = torch.amp.GradScaler(device, enabled=dtype == 'float16')

    @contextmanager
    def optim_context(self, model: torch.nn.Module):
        """Autocast on the device that the model is on, with gradient accumulation as in the parent class."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, dtype=self.dtype):
            yield

    def backward(self, loss: Tensor, **kwargs) -> None:
        """Gradients of the scaled loss."""
        super().backward(self.loss_scaler.scale(loss), **kwargs)

    def step(self, **kwargs) -> None:
        """Step with unscaled, clipped gradients."""
        if self.clip_grad_kwargs:
            self.loss_scaler.unscale_(self.optimizer)
            self._clip_grad()
        self.loss_scaler.step(self.optimizer, **kwargs)
        self.loss_scaler.update()

    def state_dict(self) -> dict:
        """State of the optimizer and, for float16, of the scaling."""
        scaling = self.loss_scaler.state_dict()
        return super().state_dict() | ({'loss_scaler': scaling} if scaling else {})

    def load_state_dict(self, state_dict: dict) -> None:
        """Take the state of :meth:`state_dict`."""
        scaling = state_dict.pop('loss_scaler', None)
        if scaling:
            self.loss_scaler.load_state_dict(scaling)
        super().load_state_dict(state_dict)
