"""What a camera does to a picture: blur, noise and loss of colour."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.parameters import Nuisance


def photograph(
    channels: Sequence[NDArray[np.float32]], nuisance: Nuisance, exposure: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The picture as a camera records it.

    Args:
        channels: red, green and blue, each (H, W), in [0, 1].
        nuisance: blur, noise and saturation.
        exposure: factor on the brightness.
        rng: source of the noise.

    Returns:
        (H, W, 3) BGR, 8 bits.
    """
    picture = cv2.merge([channels[2], channels[1], channels[0]])
    if nuisance.motion > 1:
        kernel = _motion_kernel(nuisance.motion, nuisance.motion_direction)
        picture = cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT)
    if nuisance.blur > 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), nuisance.blur)
    # Saturation, exposure and the range of 8 bits in one linear map of the colours.
    grey = np.tile([0.114, 0.587, 0.299], (3, 1))
    colours = (grey + nuisance.saturation * (np.eye(3) - grey)) * 255 * np.sqrt(exposure)
    picture = cv2.transform(picture, colours)
    picture += np.float32(255 * nuisance.noise) * rng.standard_normal(picture.shape, dtype=np.float32)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def _motion_kernel(length: float, degrees: float) -> NDArray[np.float32]:
    side = 2 * int(np.ceil(length / 2)) + 3
    reach = 0.5 * length * np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
    middle = (side - 1) / 2
    kernel = np.zeros((side, side), dtype=np.uint8)
    ends = np.round((middle + np.array([-reach, reach])) * 16).astype(int)
    cv2.line(kernel, ends[0].tolist(), ends[1].tolist(), 255, 1, cv2.LINE_AA, 4)
    return kernel.astype(np.float32) / kernel.sum()
