"""Mixed precision on every device."""

from __future__ import annotations

from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmpose.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Runs the forward pass in bfloat16, on the CPU as well as on a GPU; weights and optimizer stay float32.

    MMEngine's ``AmpOptimWrapper`` refuses to work without a GPU. It remains the one for float16, whose gradients need
    scaling; bfloat16 has the range of float32 and needs none.

    Args:
        **kwargs: arguments of MMEngine's ``OptimWrapper``.
    """

    @contextmanager
    def optim_context(self, model: torch.nn.Module):
        """Autocast on the device that the model is on, with gradient accumulation as in the parent class."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, dtype=torch.bfloat16):
            yield
