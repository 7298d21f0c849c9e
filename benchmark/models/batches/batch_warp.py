"""Random warps of whole batches of face crops on the training device."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from torch import Tensor, nn

from benchmark.models.targets.codec import normalize_keypoints


class BatchWarp(nn.Module):
    """Warps stored crops and their landmarks to the network input; augmentations also change the pixels.

    Probabilities are per image. All randomness comes from PyTorch's generator of the device, so that seeding that
    generator repeats the batch. On a GPU nothing waits for the device.

    Args:
        input_size: width and height of the network input, pixels.
        crop_margin: side of the stored crop over side of the network's crop.
        flip: probability of mirroring.
        shift: standard deviation of the shift in x and y, fraction of the network's crop.
        rotation: standard deviation of the rotation, degrees.
        scale: standard deviation of the zoom around 1.
        align_corners: where the face box has its centre, in the stored crop and in the network input alike: at half
            their size where False, as in MMPose, or half a pixel less where True, as in the official STAR code (see
            :mod:`benchmark.datasets.boxes`).
        mirror_shift: what is added to x of mirrored landmarks, fraction of the network's crop: a number, or one for
            each landmark. Twice the distance by which annotations lie to the right of what a network trained with
            mirroring predicts, it places them where annotators would have placed them on the mirrored image.
    """

    def __init__(
        self,
        input_size: tuple[int, int],
        crop_margin: float,
        flip: float,
        shift: float,
        rotation: float,
        scale: float,
        align_corners: bool,
        mirror_shift: float | Sequence[float] = 0.0,
    ) -> None:
        super().__init__()
        self.input_size = tuple(input_size)
        self.crop_margin = crop_margin
        self.flip, self.shift, self.rotation, self.scale = flip, shift, rotation, scale
        self.align_corners = align_corners
        shifts = torch.as_tensor(mirror_shift, dtype=torch.float32)
        self.register_buffer('mirror_shift', shifts if shifts.any() else None, persistent=False)
        # As a tensor on the training device: one made in every step would be waited for.
        self.register_buffer('size', torch.tensor(self.input_size).float(), persistent=False)

    def forward(self, data: dict) -> dict:
        """Augment a batch.

        Args:
            data: ``inputs`` (B, 3, S, S) uint8 or a list of (3, S, S), BGR; ``data_samples`` with
                ``gt_instances.keypoints`` (1, K, 2) in pixels of the crop and ``flip_indices``; or all landmarks as
                ``keypoints`` (B, K, 2).

        Returns:
            ``inputs`` (B, 3, H, W) float32 in [0, 255], and ``data_samples`` with ``gt_instance_labels``:
            ``keypoint_labels`` (1, K, 2) in [-1, 1] and ``keypoint_weights`` (1, K), all 1.
        """
        # MMEngine preprocesses inside autocast, whose matrix products would round coordinates to a quarter pixel.
        with torch.autocast(data['inputs'][0].device.type, enabled=False):
            return self._augment(data['inputs'], data['data_samples'], data.get('keypoints'))

    def change_pixels(self, images: Tensor) -> Tensor:
        """Change warped images (B, 3, H, W) float32 in [0, 255], BGR; they may be overwritten."""
        raise NotImplementedError

    def _augment(self, images: Tensor | list[Tensor], samples: list, keypoints: Tensor | None = None) -> dict:
        images = images if isinstance(images, Tensor) else torch.stack(list(images))
        if keypoints is None:
            keypoints = torch.cat([sample.gt_instances.keypoints for sample in samples])
        keypoints = keypoints.to(images.device, non_blocking=True)
        mirrored = _indices(tuple(map(int, samples[0].metainfo['flip_indices'])), images.device)
        flipped = chance(self.flip, images)
        matrices = self._matrices(flipped, images)
        images = self.change_pixels(warp(images, matrices, self.input_size))
        keypoints = keypoints @ matrices[:, :, :2].mT + matrices[:, None, :, 2]
        keypoints = torch.where(flipped[:, None, None], keypoints[:, mirrored], keypoints)
        labels = normalize_keypoints(keypoints, self.size)
        if self.mirror_shift is not None:
            labels[..., 0] += 2 * self.mirror_shift * flipped[:, None]  # labels are from -1 to 1
        weights = torch.ones_like(labels[..., 0])
        for index, sample in enumerate(samples):
            sample.gt_instance_labels = InstanceData(
                keypoint_labels=labels[index : index + 1], keypoint_weights=weights[index : index + 1]
            )
        return {'inputs': images, 'data_samples': samples}

    def _matrices(self, flipped: Tensor, images: Tensor) -> Tensor:
        """Maps (B, 2, 3) from pixels of the stored crop to pixels of the network input."""
        count, size = len(images), images.shape[-1]
        normal = torch.randn(4, count, device=images.device)
        angle = normal[0] * math.radians(self.rotation)
        zoom = (1 + normal[1] * self.scale).clamp(min=0.5) * self.crop_margin / size
        cos, sin = zoom * angle.cos(), zoom * angle.sin()
        corner = 1 if self.align_corners else 0
        rows = []
        # Rows give x and y of the output as fractions of the crop, measured from its centre.
        for side, shift, row in zip(self.input_size, normal[2:], ((cos, -sin), (sin, cos)), strict=True):
            first, second = row[0] * side, row[1] * side
            middle = (side - corner) / 2 + shift * self.shift * side
            rows.append(torch.stack((first, second, middle - (first + second) * ((size - corner) / 2)), dim=-1))
        x, y = rows
        mirror = torch.cat((-x[:, :2], self.input_size[0] - 1 - x[:, 2:]), dim=-1)
        return torch.stack((torch.where(flipped[:, None], mirror, x), y), dim=1)


@lru_cache
def _indices(given: tuple[int, ...], device: torch.device) -> Tensor:
    """Kept on the device: sending them in every step might be waited for."""
    return torch.tensor(given, device=device)


def chance(probability: float, images: Tensor) -> Tensor:
    """(B,) bool, each true with a probability."""
    return torch.rand(len(images), device=images.device) < probability


def warp(images: Tensor, matrices: Tensor, size: tuple[int, int]) -> Tensor:
    """Warp images by bilinear interpolation; black outside.

    Args:
        images: (B, 3, S, S) uint8.
        matrices: (B, 2, 3), from pixels of an image to pixels of its result.
        size: width and height of the results.

    Returns:
        (B, 3, H, W) float32, in [0, 255].
    """
    return (_warp_with_opencv if images.device.type == 'cpu' else _sample)(images, matrices, size)


def _warp_with_opencv(images: Tensor, matrices: Tensor, size: tuple[int, int]) -> Tensor:
    """Four to eight times as fast as ``grid_sample`` on a CPU, and equal to half a grey level."""
    pixels = images.permute(0, 2, 3, 1).contiguous().numpy()
    warped = np.empty((len(pixels), size[1], size[0], pixels.shape[-1]), np.uint8)
    for image, matrix, result in zip(pixels, matrices.numpy(), warped, strict=True):
        cv2.warpAffine(image, matrix, size, dst=result)
    return torch.from_numpy(warped).permute(0, 3, 1, 2).float()


def _sample(images: Tensor, matrices: Tensor, size: tuple[int, int]) -> Tensor:
    width, height = size
    inverse = torch.linalg.inv_ex(matrices[:, :, :2])[0]
    x = torch.arange(width, dtype=torch.float32, device=images.device)
    y = torch.arange(height, dtype=torch.float32, device=images.device)
    output = torch.stack(torch.meshgrid(x, y, indexing='xy'), dim=-1).view(1, -1, 2)
    source = (output - matrices[:, None, :, 2]) @ inverse.mT
    grid = (2 * source / (images.shape[-1] - 1) - 1).view(len(images), height, width, 2)
    return F.grid_sample(images.float(), grid, padding_mode='zeros', align_corners=True)
