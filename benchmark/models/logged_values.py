"""Losses in the log, without waiting for them in every step."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmpose.registry import HOOKS
from torch import Tensor

Value = Tensor | float


@HOOKS.register_module()
class LoggedValuesHook(RuntimeInfoHook):
    """MMEngine's ``RuntimeInfoHook`` that reads losses only when they are to be logged.

    MMEngine asks for the value of each in every step, and a GPU is waited for as often. Here they stay on the device
    until the log wants them, or the epoch ends, and are read together: the log is the same. So it is with the norm of
    the gradients that :class:`FaceOptimWrapper` clips.
    """

    def __init__(self) -> None:
        self._kept: list[dict[str, Value]] = []

    def before_train_epoch(self, runner) -> None:
        """Forget what an exception has left."""
        super().before_train_epoch(runner)
        self._kept.clear()

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Keep the losses of a batch; hand all that are kept over when it is time."""
        values = dict(outputs or {})
        norm = getattr(runner.optim_wrapper, 'take_gradient_norm', lambda: None)()
        if norm is not None:
            values[runner.optim_wrapper.grad_name] = norm
        # Not with what their gradients are made of.
        self._kept.append({name: one.detach() if isinstance(one, Tensor) else one for name, one in values.items()})
        intervals = [hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)]
        due = any(self.every_n_inner_iters(batch_idx, interval) for interval in intervals)
        if due or self.end_of_epoch(runner.train_dataloader, batch_idx):
            for values in read(self._kept):
                for name, value in values.items():
                    runner.message_hub.update_scalar(f'train/{name}', value)
            self._kept.clear()


def read(kept: list[dict[str, Value]]) -> list[Mapping[str, float]]:
    """The values of tensors with one element each, asked for once a device; numbers stay as they are."""
    tensors: dict[torch.device, list[Tensor]] = {}
    for values in kept:
        for value in values.values():
            if isinstance(value, Tensor):
                tensors.setdefault(value.device, []).append(value.reshape(1))
    found = {device: iter(torch.cat(some).tolist()) for device, some in tensors.items()}
    return [
        {name: next(found[value.device]) if isinstance(value, Tensor) else value for name, value in values.items()}
        for values in kept
    ]
