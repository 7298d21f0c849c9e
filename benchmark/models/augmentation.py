"""Augmentation of whole batches of face crops on the training device."""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from torch import Tensor, nn

from benchmark.models.codec import normalize_keypoints


@MODELS.register_module()
class FaceAugmentation(nn.Module):
    """Random warp from stored crops to network input, then random changes of the pixels.

    The kinds and their defaults are those of the official STAR code; probabilities are per image. All randomness comes
    from PyTorch's generator of the device, so that seeding that generator repeats the batch.

    Args:
        input_size: width and height of the network input, pixels.
        crop_margin: side of the stored crop over side of the network's crop.
        flip: probability of mirroring.
        shift: standard deviation of the shift in x and y, fraction of the network's crop.
        rotation: standard deviation of the rotation, degrees.
        scale: standard deviation of the zoom around 1.
        occlusion: probability of a black rectangle, sides uniform in 0.1 to 0.5 of the input.
        blur: probability of a box blur of 3 or 5 pixels.
        gamma: probability of a gamma change, exponent log-uniform in 0.5 to 2.
        noise: probability of blending with uniform noise, share of the noise uniform in 0 to 0.3.
        gray: probability of removing colour.
    """

    def __init__(
        self,
        input_size: tuple[int, int],
        crop_margin: float,
        flip: float = 0.5,
        shift: float = 0.05,
        rotation: float = 18.0,
        scale: float = 0.1,
        occlusion: float = 0.4,
        blur: float = 0.3,
        gamma: float = 0.2,
        noise: float = 0.2,
        gray: float = 0.2,
    ) -> None:
        super().__init__()
        self.input_size = tuple(input_size)
        self.crop_margin = crop_margin
        self.flip, self.shift, self.rotation, self.scale = flip, shift, rotation, scale
        self.occlusion, self.blur, self.gamma, self.noise, self.gray = occlusion, blur, gamma, noise, gray

    def forward(self, data: dict) -> dict:
        """Augment a batch.

        Args:
            data: ``inputs`` (B, 3, S, S) uint8 or a list of (3, S, S); ``data_samples`` with
                ``gt_instances.keypoints`` (1, K, 2) in pixels of the crop and ``flip_indices``.

        Returns:
            ``inputs`` (B, 3, H, W) float32 in [0, 255], and ``data_samples`` with ``gt_instance_labels``:
            ``keypoint_labels`` (1, K, 2) in [-1, 1] and ``keypoint_weights`` (1, K), all 1.
        """
        # MMEngine preprocesses inside autocast, whose matrix products would round coordinates to a quarter pixel.
        with torch.autocast(data['inputs'][0].device.type, enabled=False):
            return self._augment(data['inputs'], data['data_samples'])

    def _augment(self, images: Tensor | list[Tensor], samples: list) -> dict:
        images = images if isinstance(images, Tensor) else torch.stack(list(images))
        keypoints = torch.cat([sample.gt_instances.keypoints for sample in samples]).to(images.device)
        flipped = self._chance(self.flip, images)
        matrices = self._matrices(flipped, images)
        images = self._change_pixels(self._warp(images, matrices))
        keypoints = keypoints @ matrices[:, :, :2].mT + matrices[:, None, :, 2]
        mirrored = keypoints[:, list(samples[0].metainfo['flip_indices'])]
        keypoints = torch.where(flipped[:, None, None], mirrored, keypoints)
        labels = normalize_keypoints(keypoints, self.input_size)
        weights = torch.ones_like(labels[..., 0])
        for index, sample in enumerate(samples):
            sample.gt_instance_labels = InstanceData(
                keypoint_labels=labels[index : index + 1], keypoint_weights=weights[index : index + 1]
            )
        return {'inputs': images, 'data_samples': samples}

    def _matrices(self, flipped: Tensor, images: Tensor) -> Tensor:
        """Maps (B, 2, 3) from pixels of the stored crop to pixels of the network input."""
        count, size = len(images), images.shape[-1]
        width, height = self.input_size
        normal = torch.randn(4, count, device=images.device)
        angle = normal[0] * math.radians(self.rotation)
        zoom = (1 + normal[1] * self.scale).clamp(min=0.5) * self.crop_margin / size
        shift = normal[2:].T * self.shift
        cos, sin = (zoom * angle.cos())[:, None], (zoom * angle.sin())[:, None]
        # Rows give x and y of the output as fractions of the crop, measured from its centre.
        x_row, y_row = torch.cat((cos, -sin), 1), torch.cat((sin, cos), 1)
        linear = torch.stack((x_row * width, y_row * height), dim=1)
        middle = linear.new_tensor([width / 2, height / 2])
        offset = middle + shift * middle * 2 - linear.sum(-1) * size / 2
        matrices = torch.cat((linear, offset[..., None]), dim=-1)
        mirror = matrices.new_tensor([-1, 1])[:, None] * matrices
        mirror[:, 0, 2] += width - 1
        return torch.where(flipped[:, None, None], mirror, matrices)

    def _warp(self, images: Tensor, matrices: Tensor) -> Tensor:
        return (self._warp_on_cpu if images.device.type == 'cpu' else self._sample)(images, matrices)

    def _sample(self, images: Tensor, matrices: Tensor) -> Tensor:
        width, height = self.input_size
        inverse = torch.linalg.inv(matrices[:, :, :2])
        x = torch.arange(width, dtype=torch.float32, device=images.device)
        y = torch.arange(height, dtype=torch.float32, device=images.device)
        output = torch.stack(torch.meshgrid(x, y, indexing='xy'), dim=-1).view(1, -1, 2)
        source = (output - matrices[:, None, :, 2]) @ inverse.mT
        grid = (2 * source / (images.shape[-1] - 1) - 1).view(len(images), height, width, 2)
        return F.grid_sample(images.float(), grid, padding_mode='zeros', align_corners=True)

    def _warp_on_cpu(self, images: Tensor, matrices: Tensor) -> Tensor:
        """The same warp through OpenCV, ten times as fast as ``grid_sample`` there and equal to half a grey level."""
        pixels = images.permute(0, 2, 3, 1).contiguous().numpy()
        warped = [cv2.warpAffine(*pair, self.input_size) for pair in zip(pixels, matrices.numpy(), strict=True)]
        return torch.from_numpy(np.stack(warped)).permute(0, 3, 1, 2).float()

    def _change_pixels(self, images: Tensor) -> Tensor:
        blurred, wide = self._chance(self.blur, images), self._chance(0.5, images)
        for radius, chosen in ((1, blurred & ~wide), (2, blurred & wide)):
            chosen = chosen.nonzero()[:, 0]
            images[chosen] = F.avg_pool2d(images[chosen], 2 * radius + 1, 1, radius, count_include_pad=False)
        exponent = torch.exp2(torch.rand(len(images), device=images.device) * 2 - 1)
        chosen = self._chance(self.gamma, images).nonzero()[:, 0]
        images[chosen] = 255 * (images[chosen] / 255).clamp(0, 1) ** exponent[chosen, None, None, None]
        chosen = self._chance(self.noise, images).nonzero()[:, 0]
        images[chosen] = images[chosen].lerp(
            torch.rand_like(images[chosen]) * 255, 0.3 * torch.rand(len(chosen), 1, 1, 1, device=images.device)
        )
        chosen = self._chance(self.gray, images).nonzero()[:, 0]
        luma = images.new_tensor([0.114, 0.587, 0.299])[:, None, None]
        images[chosen] = (images[chosen] * luma).sum(1, keepdim=True).expand_as(images[chosen])
        return images.masked_fill(self._rectangles(images), 0)

    def _rectangles(self, images: Tensor) -> Tensor:
        """Mask (B, 1, H, W) of one rectangle in each image that gets one."""
        width, height = self.input_size
        centre, side = torch.rand(2, len(images), 2, 1, device=images.device)
        half = (0.1 + 0.4 * side) / 2
        present = self._chance(self.occlusion, images)[:, None]
        x = (torch.arange(width, device=images.device) + 0.5) / width
        y = (torch.arange(height, device=images.device) + 0.5) / height
        columns = ((x - centre[:, 0]).abs() < half[:, 0]) & present
        rows = (y - centre[:, 1]).abs() < half[:, 1]
        return (rows[:, :, None] & columns[:, None, :])[:, None]

    @staticmethod
    def _chance(probability: float, images: Tensor) -> Tensor:
        return torch.rand(len(images), device=images.device) < probability
