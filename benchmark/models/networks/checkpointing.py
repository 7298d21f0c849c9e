"""Gradient checkpointing that leaves batch normalization as it is without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


# torch.compile cannot look into a checkpoint with contexts; what is called here stays as it is, all else is compiled.
@torch.compiler.disable
def checkpointed(function: Callable[..., Tensor], module: nn.Module, *inputs: Tensor | None) -> Tensor:
    """Call a function of a module, keep its inputs only, and call it again when the gradient needs what it computed.

    The second call gives the same numbers, but does not count in the running statistics of batch normalization, which
    would otherwise see every batch twice. Nothing in the function may draw random numbers.

    Args:
        function: called with ``inputs``; uses ``module``.
        module: holds every normalization layer that the function uses.
        inputs: its arguments.

    Returns:
        What the function returns.
    """
    return checkpoint(
        function,
        *inputs,
        use_reentrant=False,
        preserve_rng_state=False,
        context_fn=lambda: (nullcontext(), running_statistics_kept(module)),
    )


@contextmanager
def running_statistics_kept(module: nn.Module) -> Iterator[None]:
    """While this lasts, batch normalization (also the synchronized one) in training does not update its statistics."""
    layers = [layer for layer in module.modules() if isinstance(layer, _BatchNorm)]
    before = [(layer.momentum, layer.num_batches_tracked) for layer in layers]
    for layer in layers:
        layer.momentum, layer.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for layer, (momentum, count) in zip(layers, before, strict=True):
            layer.momentum, layer.num_batches_tracked = momentum, count
