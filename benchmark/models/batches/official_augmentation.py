"""The augmentation of the official STAR code, for whole batches on the training device."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from mmpose.registry import MODELS
from torch import Tensor

from benchmark.models.batches.batch_warp import BatchWarp, chance


@MODELS.register_module()
class OfficialFaceAugmentation(BatchWarp):
    """Augmentation as in the official code of `STAR loss, Zhou et al., CVPR 2023 <https://arxiv.org/abs/2306.02763>`_.

    Warps stored crops of the official convention, with the centre of the face box at ``(side - 1) / 2``; then, each
    with its own probability and in this order:

    - a black rectangle is laid over the image, centred anywhere on it. Its height is uniform in 0.1 to 0.4 of the
      image's, its width that fraction plus a number uniform in -0.1 to 0.1.
    - a box blur, its width uniform in 0 to 0.05 of the image's and rounded down; widths below 2 change nothing.
    - a gamma change, its exponent uniform in 0.25 to 1 or, as often, in 1 to 4.
    - blending with uniform noise, whose share is uniform in 0 to 0.5.
    - removal of colour. The weights of red and blue are exchanged, because the official code takes BGR for RGB.

    Values stay real numbers, where the official code rounds them down to whole grey levels after each change.

    Args:
        input_size: width and height of the network input, pixels.
        crop_margin: side of the stored crop over side of the network's crop.
        flip: probability of mirroring.
        shift: standard deviation of the shift in x and y, fraction of the network's crop.
        rotation: standard deviation of the rotation, degrees.
        scale: standard deviation of the zoom around 1.
        occlusion: probability of a rectangle.
        blur: probability of a blur.
        gamma: probability of a gamma change.
        noise: probability of noise.
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
        super().__init__(input_size, crop_margin, flip, shift, rotation, scale, True, mirror_shift)
        self.occlusion, self.blur, self.gamma, self.noise, self.gray = occlusion, blur, gamma, noise, gray

    def change_pixels(self, images: Tensor) -> Tensor:
        """Cover a part, blur, change brightness, add noise and remove colour, each in some images."""
        height, width = images.shape[-2:]
        uniform = torch.rand(8, len(images), device=images.device)
        images = change(images, chance(self.occlusion, images), cover, *uniform[:4])
        sizes = ((width + height) / 2 * 0.05 * uniform[4]).long().clamp(min=1)
        images = change(images, chance(self.blur, images) & (sizes > 1), box_blur, sizes)
        exponents = torch.where(uniform[6] < 0.5, 0.25 + 0.75 * uniform[5], 1 + 3 * uniform[5])
        images = change(images, chance(self.gamma, images), change_gamma, exponents)
        images = change(images, chance(self.noise, images), add_noise, 0.5 * uniform[7])
        return change(images, chance(self.gray, images), remove_colour)


def change(images: Tensor, chosen: Tensor, function: Callable[..., Tensor], *parameters: Tensor) -> Tensor:
    """Apply a function to some images.

    Args:
        images: (B, 3, H, W) float32; may be overwritten.
        chosen: (B,) bool.
        function: called as ``function(images, *parameters)``; on a CPU it may overwrite the images.
        parameters: (B,) each.

    Returns:
        (B, 3, H, W).
    """
    if images.device.type == 'cpu':
        for index in chosen.nonzero()[:, 0].tolist():
            one = slice(index, index + 1)
            before = images[one]
            after = function(before, *(values[one] for values in parameters))
            if after.data_ptr() != before.data_ptr():
                images[one] = after
        return images
    # Which images are chosen is known to the device alone, and asking it would make the step wait.
    return torch.where(_per_image(chosen), function(images, *parameters), images)


def cover(images: Tensor, tall: Tensor, wide: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """Lay a black rectangle over each image; its size and centre from numbers (B,) uniform in [0, 1]."""
    height, width = images.shape[-2:]
    share = 0.2 + 0.6 * tall
    half_height = ((height / 2 * share).floor() / 2).floor()
    half_width = ((width / 2 * (share - 0.2 + 0.4 * wide)).floor() / 2).floor()
    x, y = ((width - 1) * across).floor(), ((height - 1) * down).floor()
    if images.device.type == 'cpu':
        for image, *place in zip(images, x.int(), y.int(), half_width.int(), half_height.int(), strict=True):
            x, y, half_width, half_height = (value.item() for value in place)
            top, left = max(y - half_height, 0), max(x - half_width, 0)
            image[:, top : max(y + half_height + 1, 0), left : max(x + half_width + 1, 0)] = 0
        return images
    columns = (torch.arange(width, device=images.device) - x[:, None]).abs() <= half_width[:, None]
    rows = (torch.arange(height, device=images.device) - y[:, None]).abs() <= half_height[:, None]
    return images.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0)


def box_blur(images: Tensor, sizes: Tensor) -> Tensor:
    """Blur each image with a box of its own size (B,) int64, at least 1; edges are mirrored without repetition."""
    return (_blur_with_opencv if images.device.type == 'cpu' else _blur_with_matrices)(images, sizes)


def _blur_with_opencv(images: Tensor, sizes: Tensor) -> Tensor:
    pixels = images.permute(0, 2, 3, 1).contiguous()
    for image, size in zip(pixels.numpy(), sizes.tolist(), strict=True):
        cv2.blur(image, (size, size), image)
    return pixels.permute(0, 3, 1, 2)


def _blur_with_matrices(images: Tensor, sizes: Tensor) -> Tensor:
    return _box_rows(sizes, images.shape[2]) @ images @ _box_rows(sizes, images.shape[3]).mT


def _box_rows(sizes: Tensor, length: int) -> Tensor:
    """Matrices (B, 1, length, length) that average windows of a column; OpenCV's anchor and border."""
    pixel = torch.arange(length, device=sizes.device)
    sizes = sizes[:, None, None]
    first = pixel[:, None] - sizes // 2
    last = first + sizes - 1
    beyond = 2 * (length - 1) - pixel
    weights = ((first <= pixel) & (pixel <= last)).float()
    weights += (first <= -pixel) & (-pixel <= last) & (pixel > 0)
    weights += (first <= beyond) & (beyond <= last) & (pixel < length - 1)
    return (weights / sizes)[:, None]


def change_gamma(images: Tensor, exponents: Tensor) -> Tensor:
    """Raise brightness, as a fraction of 255, to a power (B,)."""
    if images.device.type != 'cpu':
        return 255 * (images / 255).clamp(0, 1) ** _per_image(exponents)
    pixels = images.div_(255).clamp_(0, 1).permute(0, 2, 3, 1).contiguous()
    for image, exponent in zip(pixels.numpy(), exponents.tolist(), strict=True):
        cv2.pow(image, exponent, image)
    return pixels.permute(0, 3, 1, 2).mul_(255)


def add_noise(images: Tensor, shares: Tensor) -> Tensor:
    """Blend with noise uniform in [0, 255], on a CPU in whole grey levels, whose share is (B,)."""
    if images.device.type != 'cpu':
        return images.lerp(torch.rand_like(images) * 255, _per_image(shares))
    count, channels, height, width = images.shape
    # Eight grey levels at once: drawing them one by one takes longer than everything else that is done to an image.
    drawn = torch.empty(-(-images.numel() // 8), dtype=torch.int64).random_(-(2**63), None).view(torch.uint8)
    noise = drawn[: images.numel()].view(count, height, width, channels).permute(0, 3, 1, 2)
    return images.lerp_(noise.float(), _per_image(shares))


def remove_colour(images: Tensor) -> Tensor:
    """Replace BGR by its grey level, as the official code weights it."""
    if images.device.type != 'cpu':
        blue, green, red = images.split(1, dim=1)
        return (0.299 * blue + 0.587 * green + 0.114 * red).expand_as(images)
    pixels = images.permute(0, 2, 3, 1).contiguous()
    for image in pixels.numpy():
        cv2.cvtColor(cv2.transform(image, np.array([[0.299, 0.587, 0.114]])), cv2.COLOR_GRAY2BGR, image)
    return pixels.permute(0, 3, 1, 2)


def _per_image(values: Tensor) -> Tensor:
    return values[:, None, None, None]
