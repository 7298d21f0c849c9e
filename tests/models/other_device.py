"""The branch of another device, taken on the CPU."""

from __future__ import annotations

import torch
from torch.overrides import TorchFunctionMode

CPU = torch.device('cpu')
# A kind that no code here knows, so that none of the kernels written for one kind is taken.
OTHER = torch.device('xpu')


class OtherDevice(TorchFunctionMode):
    """While this lasts, tensors say that they are on another device, and code takes the branch that it has for one.

    They stay where they are, so that values can be compared. What PyTorch itself calls is not told: a backward pass
    takes the branch of the CPU.
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func == torch.Tensor.device.__get__:
            return OTHER
        args = [CPU if isinstance(one, torch.device) else one for one in args]
        kwargs = kwargs or {}
        return func(*args, **({**kwargs, 'device': CPU} if 'device' in kwargs else kwargs))
