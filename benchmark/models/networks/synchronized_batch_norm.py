"""Batch normalization over the batch of all processes, on any device."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.modules.batchnorm import _BatchNorm

from benchmark.losses.precision import at_least_float32


class SynchronizedBatchNorm(_BatchNorm):
    """Batch normalization that shares mean and variance between processes through differentiable sums.

    PyTorch's own ``SyncBatchNorm`` refuses tensors on the CPU. It is faster on a GPU and is used there; this one is for
    training by several processes on CPUs. The variance is computed in two passes, as a single process computes it.

    Attributes:
        process_group: the processes that share, as in ``SyncBatchNorm``; None for all of them.
    """

    process_group: dist.ProcessGroup | None = None

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f'input: {input.dim()} dimensions, expected 2 or more')

    def forward(self, input: Tensor) -> Tensor:
        """Normalize (B, C, ...) over this process' B and everybody else's; in evaluation, with running statistics."""
        if not (self.training and dist.is_available() and dist.is_initialized()):
            return super().forward(input)
        if dist.get_world_size(self.process_group) == 1:
            return super().forward(input)
        self._check_input_dim(input)
        axes = [0, *range(2, input.dim())]
        shape = (1, -1, *(1 for _ in axes[1:]))
        wide = at_least_float32(input)
        count = wide.new_tensor([wide.numel() // wide.shape[1]])
        sums = all_reduce(torch.cat((wide.sum(axes), count)))
        total = sums[-1].detach()
        if total < 2:
            raise ValueError('input: one value per channel in all processes together has no variance')
        mean = sums[:-1] / total
        centred = wide - mean.view(shape)
        variance = all_reduce(centred.square().sum(axes)) / total
        self._track(mean.detach(), variance.detach() * total / (total - 1))
        output = centred * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            output = output * self.weight.view(shape) + self.bias.view(shape)
        return output.to(input.dtype)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor) -> None:
        """Update the running statistics as ``torch.nn.BatchNorm2d`` does."""
        if not self.track_running_stats:
            return
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        share = 1.0 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def synchronize_batch_norm(module: nn.Module, device: str) -> nn.Module:
    """Replace every batch normalization of a module; parameters, statistics and their names stay.

    Args:
        module: the network.
        device: 'cpu' or 'cuda', where it will be trained.

    Returns:
        The network, another object only where it is itself a batch normalization.
    """
    if device == 'cuda':
        return nn.SyncBatchNorm.convert_sync_batchnorm(module)
    if isinstance(module, _BatchNorm):
        synchronized = SynchronizedBatchNorm(
            module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats
        )
        if module.affine:
            synchronized.weight, synchronized.bias = module.weight, module.bias
        for name, buffer in module.named_buffers(recurse=False):
            setattr(synchronized, name, buffer)
        return synchronized.train(module.training)
    for name, child in module.named_children():
        replaced = synchronize_batch_norm(child, device)
        if replaced is not child:
            setattr(module, name, replaced)
    return module
