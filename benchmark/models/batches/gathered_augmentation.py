"""Augmentation of a batch that several processes share."""

from __future__ import annotations

import torch
import torch.distributed as dist
from mmengine.dist import get_dist_info
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor, nn


@MODELS.register_module()
class GatheredAugmentation(nn.Module):
    """Lets every process augment the whole batch and take its share: any augmentation then draws as one process does.

    Processes must draw from generators in the same state, as :class:`IterationSeedHook` leaves them, and hold what
    :class:`SharedBatchSampler` deals out. It costs each process the augmentation of the whole batch, and a message with
    all crops.

    Args:
        augmentation: config of an augmentation such as :class:`FaceAugmentation`.

    Attributes:
        faces: number of faces in the next batch, over all processes; None where all have equally many.
    """

    def __init__(self, augmentation: dict) -> None:
        super().__init__()
        self.augmentation = MODELS.build(augmentation)
        self.faces: int | None = None

    def forward(self, data: dict) -> dict:
        """Augment this process' share of a batch; the same in and out as the augmentation that is wrapped.

        Sample i of process r is sample i * processes + r of the whole batch; of a batch with fewer faces than processes
        each has the whole.
        """
        rank, processes = get_dist_info()
        samples = data['data_samples']
        faces = self.faces or len(samples) * processes
        if processes == 1 or faces < processes:
            return self.augmentation(data)
        images = data['inputs'] if isinstance(data['inputs'], Tensor) else torch.stack(list(data['inputs']))
        keypoints = torch.cat([sample.gt_instances.keypoints for sample in samples])
        keypoints = keypoints.to(images.device, non_blocking=True)
        images, keypoints = _gather(images, faces, processes), _gather(keypoints, faces, processes)
        whole = []
        for points in keypoints:
            sample = PoseDataSample(metainfo={'flip_indices': samples[0].metainfo['flip_indices']})
            sample.gt_instances = InstanceData(keypoints=points[None])
            whole.append(sample)
        augmented = self.augmentation({'inputs': images, 'data_samples': whole})
        for sample, other in zip(samples, augmented['data_samples'][rank::processes], strict=True):
            sample.gt_instance_labels = other.gt_instance_labels
        return {'inputs': augmented['inputs'][rank::processes], 'data_samples': samples}


def _gather(share: Tensor, faces: int, processes: int) -> Tensor:
    """Put the shares (b, ...) of all processes together, in the order (faces, ...) of the whole batch."""
    share = share.contiguous()  # channels-last images cannot be sent
    # Messages are of one length: who has a face less than others repeats its first, which then comes last of all.
    missing = -(-faces // processes) - len(share)
    if missing:
        share = torch.cat((share, share[:missing]))
    shares = [torch.empty_like(share) for _ in range(processes)]
    dist.all_gather(shares, share)
    return torch.stack(shares, dim=1).flatten(0, 1)[:faces]
