"""Bilinear interpolation that gives the same values with every version of OpenCV.

Given places as floating-point numbers, or an affine map, one version interpolates at the nearest 1/32 of a cell and
another one exactly, which differ by tens of grey levels at edges. Given places in 1/32 of a cell, all do the same.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_BITS = 5  # OpenCV's fixed places divide a cell by 2 to the power of 5
_STEPS = 1 << _BITS


def interpolate(
    picture: NDArray, columns: NDArray, rows: NDArray, border: int, value: tuple[float, ...] = (0.0,)
) -> NDArray:
    """Values of a picture between its cells.

    Args:
        picture: (rows, columns) or (rows, columns, channels), float32 or float64.
        columns: place of each value, cells, the centre of the first column being 0, below 2**15; broadcast against
            ``rows``.
        rows: likewise.
        border: OpenCV's name for what lies beyond the picture.
        value: of each channel, beyond the picture where ``border`` is ``cv2.BORDER_CONSTANT``.

    Returns:
        One value, or one for each channel, at each place, of the picture's type.
    """
    steps = np.empty((2, *np.broadcast_shapes(columns.shape, rows.shape)))
    for axis, place in enumerate((columns, rows)):
        np.multiply(place, _STEPS, out=steps[axis])
    steps = np.rint(steps, out=steps).astype(np.int32)
    whole = cv2.merge((steps >> _BITS).astype(np.int16))
    steps &= _STEPS - 1
    part = steps[0] | steps[1] << _BITS
    return cv2.remap(picture, whole, part.astype(np.uint16), cv2.INTER_LINEAR, borderMode=border, borderValue=value)
