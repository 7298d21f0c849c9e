"""Half precision is computed in float32."""

from __future__ import annotations

import torch
from torch import Tensor


def at_least_float32(values: Tensor) -> Tensor:
    """The same values as float32; float64 stays as it is."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
