"""Augmentation of whole batches of face crops on the training device."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmpose.registry import MODELS
from torch import Tensor

from benchmark.models.batches.batch_warp import BatchWarp, chance


@MODELS.register_module()
class FaceAugmentation(BatchWarp):
    """Random warp from stored crops to network input, then random changes of the pixels.

    The kinds and their probabilities are those of the official STAR code, whose changes of the pixels are stronger:
    :class:`OfficialFaceAugmentation` has these. Crops are those of MMPose's convention, with the centre of the face box
    at half their size.

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
        super().__init__(input_size, crop_margin, flip, shift, rotation, scale, align_corners=False)
        self.occlusion, self.blur, self.gamma, self.noise, self.gray = occlusion, blur, gamma, noise, gray

    def change_pixels(self, images: Tensor) -> Tensor:
        """Blur, change brightness, add noise, remove colour and cover a part, each in some images."""
        blurred, wide = chance(self.blur, images), chance(0.5, images)
        for radius, chosen in ((1, blurred & ~wide), (2, blurred & wide)):
            chosen = chosen.nonzero()[:, 0]
            images[chosen] = F.avg_pool2d(images[chosen], 2 * radius + 1, 1, radius, count_include_pad=False)
        exponent = torch.exp2(torch.rand(len(images), device=images.device) * 2 - 1)
        chosen = chance(self.gamma, images).nonzero()[:, 0]
        images[chosen] = 255 * (images[chosen] / 255).clamp(0, 1) ** exponent[chosen, None, None, None]
        chosen = chance(self.noise, images).nonzero()[:, 0]
        images[chosen] = images[chosen].lerp(
            torch.rand_like(images[chosen]) * 255, 0.3 * torch.rand(len(chosen), 1, 1, 1, device=images.device)
        )
        chosen = chance(self.gray, images).nonzero()[:, 0]
        luma = images.new_tensor([0.114, 0.587, 0.299])[:, None, None]
        images[chosen] = (images[chosen] * luma).sum(1, keepdim=True).expand_as(images[chosen])
        return images.masked_fill(self._rectangles(images), 0)

    def _rectangles(self, images: Tensor) -> Tensor:
        """Mask (B, 1, H, W) of one rectangle in each image that gets one."""
        width, height = self.input_size
        centre, side = torch.rand(2, len(images), 2, 1, device=images.device)
        half = (0.1 + 0.4 * side) / 2
        present = chance(self.occlusion, images)[:, None]
        x = (torch.arange(width, device=images.device) + 0.5) / width
        y = (torch.arange(height, device=images.device) + 0.5) / height
        columns = ((x - centre[:, 0]).abs() < half[:, 0]) & present
        rows = (y - centre[:, 1]).abs() < half[:, 1]
        return (rows[:, :, None] & columns[:, None, :])[:, None]
