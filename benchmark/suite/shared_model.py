"""One network that several processes train: its gradient is that of the mean over the whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch.distributed as dist
from mmengine.hooks import Hook
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmpose.registry import HOOKS
from torch import Tensor, nn

from benchmark.models.batches.gathered_augmentation import GatheredAugmentation
from benchmark.models.networks.synchronized_batch_norm import SynchronizedBatchNorm


class SharedModel(MMDistributedDataParallel):
    """Averages gradients between processes whose shares of a batch differ in size.

    The loss of a process is the mean over its share, and PyTorch averages over processes: weighted by the share, it is
    the mean over the batch. Every process computes a batch that has fewer faces than processes as a whole, and
    normalizes it alone, so that all find the gradient of a single process.

    A head may use one of several feature maps, which leaves parameters without a gradient. The graph of a step is the
    same in all steps, so that PyTorch looks for these parameters once; they stay without one, as in a single process.

    Args:
        module: the network, whose batch normalization is synchronized.
        device_ids: the GPU of this process; None on a CPU.
    """

    def __init__(self, module: nn.Module, device_ids: Sequence[int] | None = None) -> None:
        super().__init__(module=module, device_ids=device_ids, broadcast_buffers=False, static_graph=True)
        self.weight = 1.0
        self._alone = dist.new_subgroups(1)[0]
        kinds = nn.SyncBatchNorm | SynchronizedBatchNorm
        self._norms = [part for part in module.modules() if isinstance(part, kinds)]
        self._augmentations = [part for part in module.modules() if isinstance(part, GatheredAugmentation)]

    def start_batch(self, faces: int, share: int) -> None:
        """Take the size of the next batch.

        Args:
            faces: its faces, over all processes.
            share: those that this process has.
        """
        processes = dist.get_world_size()
        each_has_all = faces < processes
        self.weight = 1.0 if each_has_all else share * processes / faces
        for norm in self._norms:
            norm.process_group = self._alone if each_has_all else None
        for augmentation in self._augmentations:
            augmentation.faces = faces

    def train_step(self, data: dict, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """One batch, as MMEngine's; of the returned losses the mean over processes is that over the batch."""
        with optim_wrapper.optim_context(self):
            data = self.module.data_preprocessor(data, training=True)
            losses = self._run_forward(data, mode='loss')
        loss, values = self.module.parse_losses(losses)
        optim_wrapper.update_params(loss * self.weight)
        return {name: value * self.weight if 'loss' in name else value for name, value in values.items()}

    def no_sync(self) -> AbstractContextManager:
        """Exchange gradients after every batch, also of those that are added up to a step.

        PyTorch fails, or no longer averages at all, where a static graph is to wait; the sum is the same.
        """
        return nullcontext()


@HOOKS.register_module()
class BatchShareHook(Hook):
    """Tells a :class:`SharedModel` how large each batch is; no message between processes is needed for it."""

    priority = 'VERY_HIGH'

    def before_train_iter(self, runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Before the batch is augmented."""
        faces = runner.train_dataloader.batch_sampler.faces(batch_idx)
        runner.model.start_batch(faces, len(data_batch['inputs']))
