"""Labels of a batch."""

from __future__ import annotations

import torch
from torch import Tensor


def gather_labels(batch_data_samples: list) -> tuple[Tensor, Tensor]:
    """True positions (B, K, 2) in [-1, 1] and weights (B, K) of samples with ``gt_instance_labels`` of the codec."""
    labels = [sample.gt_instance_labels for sample in batch_data_samples]
    keypoints = torch.cat([label.keypoint_labels for label in labels])
    return keypoints, torch.cat([label.keypoint_weights for label in labels])
