"""Which parts of a network are compiled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import nn

# Of code that many blocks share, for inputs of different shapes: PyTorch gives up compiling at 8.
FORMS = 64


def compile_parts(model: nn.Module, options: Mapping[str, object]) -> None:
    """Have backbone, neck, head and losses go through ``torch.compile`` when they are first called.

    Each of them is compiled for itself: MMEngine's own ``compile`` would trace through the whole training step, whose
    data samples are no tensors. Of a backbone that says what its ``repeated_blocks`` are these are compiled, once for
    each shape; all of it at once takes several minutes. Names and values of weights stay as they are.

    Args:
        model: an estimator of MMPose, with any head; it is changed.
        options: arguments of ``torch.compile``; without ``dynamic`` each shape is compiled for itself.
    """
    options = {'dynamic': False, **options}
    settings = torch._dynamo.config
    limit = 'recompile_limit' if hasattr(settings, 'recompile_limit') else 'cache_size_limit'  # until PyTorch 2.6
    setattr(settings, limit, max(getattr(settings, limit), FORMS))
    for part in _parts(model):
        part.compile(**options)
    # Heads call their own ``forward`` and not themselves.
    model.head.forward = torch.compile(model.head.forward, **options)


def _parts(model: nn.Module) -> Iterator[nn.Module]:
    yield from getattr(model.backbone, 'repeated_blocks', lambda: [model.backbone])()
    if model.with_neck:
        yield model.neck
    yield from (part for name, part in model.head.named_children() if name in ('loss_module', 'map_loss'))
