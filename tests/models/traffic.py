"""What a step moves to and from memory."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class _Traffic(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.moved = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if not func.is_view:
            leaves = tree_leaves((args, kwargs, result))
            self.moved += sum(one.nbytes for one in leaves if isinstance(one, torch.Tensor))
        return result


def traffic(run: Callable[[], object]) -> int:
    """Bytes that the operations of a call, backward pass included, read and write, as if there were no cache."""
    with _Traffic() as counted:
        run()
    return counted.moved
