"""Covariances in whole numbers: size, ratio of the axes and angle of their ellipses, each in equal steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LEAST = 2.0**-120  # of the larger variance, squared pixels
_NARROWEST = 2.0**-20  # smaller variance over the larger one


def to_whole(covariances: NDArray, octave: int, half_turn: int) -> NDArray[np.int64]:
    """Covariances in steps.

    Args:
        covariances: (N, K, 3) as (xx, xy, yy), finite. A variance that is smaller than the other one times 2**-20, be
            it negative by rounding, is taken as that; where both are zero, the larger one as 2**-120.
        octave: steps in which a standard deviation doubles.
        half_turn: steps of the angle, from 0 to 180 degrees.

    Returns:
        (N, K, 3): the geometric mean of both standard deviations, their ratio, and the angle of the larger one, in
        steps; what lies in between is cut off.
    """
    xx, xy, yy = np.moveaxis(np.asarray(covariances, dtype=np.float64), -1, 0)
    middle, radius = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    major = np.maximum(middle + radius, _LEAST)
    minor = np.maximum(middle - radius, major * _NARROWEST)
    size, ratio = (np.log2(major) + np.log2(minor)) / 4, (np.log2(major) - np.log2(minor)) / 2
    turn = np.arctan2(2 * xy, xx - yy) / (2 * np.pi) % 1
    whole = np.floor(np.stack([octave * size, octave * ratio, half_turn * turn], axis=-1)).astype(np.int64)
    whole[..., 2] %= half_turn
    return whole


def from_whole(whole: NDArray[np.int64], octave: int, half_turn: int) -> NDArray[np.float64]:
    """Covariances, (N, K, 3), from what :func:`to_whole` gives; each number stands for the middle of its step.

    A covariance is thus never round: of one whose axes are nearly equal the angle stays.
    """
    size, ratio, turn = np.moveaxis((whole + 0.5) / (octave, octave, half_turn), -1, 0)
    variance, stretch = 4.0**size, 2.0**ratio
    middle, radius = variance * (stretch + 1 / stretch) / 2, variance * (stretch - 1 / stretch) / 2
    along, across = radius * np.cos(2 * np.pi * turn), radius * np.sin(2 * np.pi * turn)
    return np.stack([middle + along, across, middle - along], axis=-1)
