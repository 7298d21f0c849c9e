"""Stored crops that lie on the training device, where batches of them are picked by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from benchmark.models.batches.face_dataset import FaceCropDataset

_AT_ONCE = 256


class FacesOnDevice:
    """All crops and landmarks of a dataset on one device: a training step loads, pins and copies no image.

    Args:
        dataset: its crops and landmarks are copied.
        device: where to.
    """

    def __init__(self, dataset: FaceCropDataset, device: torch.device) -> None:
        stored = dataset.crops.images
        self.images = torch.empty(stored.shape, dtype=torch.uint8, device=device)
        for first in range(0, len(stored), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            self.images[some] = torch.from_numpy(np.array(stored[some])).to(device)
        self.keypoints = dataset.keypoints[:, 0].to(device)

    def __deepcopy__(self, memo: dict) -> FacesOnDevice:
        return self  # an average of the network's weights copies the network

    def pick(self, numbers: Tensor) -> dict[str, Tensor]:
        """A batch of faces.

        Args:
            numbers: (B,) int64, on the device: places in the dataset.

        Returns:
            ``inputs`` (B, 3, S, S) uint8, BGR, in channels-last memory format, and ``keypoints`` (B, K, 2) in pixels of
            the crops.
        """
        return {'inputs': self.images[numbers].permute(0, 3, 1, 2), 'keypoints': self.keypoints[numbers]}
