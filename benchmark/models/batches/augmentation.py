"""Augmentation of whole batches of face crops on the training device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

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
        mirror_shift: what is added to x of mirrored landmarks (see :class:`BatchWarp`).
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
        mirror_shift: float | Sequence[float] = 0.0,
    ) -> None:
        super().__init__(input_size, crop_margin, flip, shift, rotation, scale, False, mirror_shift)
        self.occlusion, self.blur, self.gamma, self.noise, self.gray = occlusion, blur, gamma, noise, gray

    def change_pixels(self, images: Tensor) -> Tensor:
        """Blur, change brightness, add noise, remove colour and cover a part, each in some images."""
        blurred, wide = chance(self.blur, images), chance(0.5, images)
        images = change(images, blurred & ~wide, partial(box_blur, radius=1))
        images = change(images, blurred & wide, partial(box_blur, radius=2))
        exponent = torch.exp2(torch.rand(len(images), device=images.device) * 2 - 1)
        images = change(images, chance(self.gamma, images), change_gamma, exponent)
        images = change(images, chance(self.noise, images), add_noise)
        images = change(images, chance(self.gray, images), remove_colour)
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


def change(images: Tensor, chosen: Tensor, function: Callable[..., Tensor], *parameters: Tensor) -> Tensor:
    """Apply a function to some images.

    Args:
        images: (B, 3, H, W) float32; overwritten on a CPU.
        chosen: (B,) bool.
        function: called as ``function(images, *parameters)`` with those chosen; on a GPU with all, since which ones are
            chosen is known to the device alone, and asking it would make the step wait.
        parameters: (B,) each.

    Returns:
        (B, 3, H, W).
    """
    if images.device.type != 'cpu':
        return torch.where(chosen[:, None, None, None], function(images, *parameters), images)
    chosen = chosen.nonzero()[:, 0]
    images[chosen] = function(images[chosen], *(values[chosen] for values in parameters))
    return images


def box_blur(images: Tensor, radius: int) -> Tensor:
    """Average windows of ``2 radius + 1`` pixels, as far as they lie in the image."""
    return F.avg_pool2d(images, 2 * radius + 1, 1, radius, count_include_pad=False)


def change_gamma(images: Tensor, exponents: Tensor) -> Tensor:
    """Raise brightness, as a fraction of 255, to a power (B,)."""
    return 255 * (images / 255).clamp(0, 1) ** exponents[:, None, None, None]


def add_noise(images: Tensor) -> Tensor:
    """Blend with noise uniform in [0, 255], whose share is uniform in 0 to 0.3."""
    noise = torch.rand_like(images) * 255
    return images.lerp(noise, 0.3 * torch.rand(len(images), 1, 1, 1, device=images.device))


def remove_colour(images: Tensor) -> Tensor:
    """Replace BGR by its grey level."""
    blue, green, red = images.split(1, dim=1)
    return (0.114 * blue + 0.587 * green + 0.299 * red).expand_as(images)
