"""Whether predictions are off by one and the same number of pixels in every image, as 1-based coordinates are.

A network is never quite unbiased: on 300W those of this benchmark lie 0.5 to 1.5 % of the inter-ocular distance beside
the annotations, horizontally more than vertically. Such a bias grows with the face and is another one in x than in y;
a mistake in counting pixels does not grow, and is the same in both. So what is looked for is the part of the mean
residual that does not depend on the size of the face, in both coordinates half a pixel or a whole one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STEPS = (-1.0, -0.5, 0.5, 1.0)
_LEAST_IMAGES = 100
_LEAST_Z = 5.0  # standard errors from none
_MOST_OFF = 0.2  # of the step, that either coordinate may be away from it
_OUTLIER = 4.0  # robust standard deviations
_MOST_BIAS = 0.02  # of the inter-ocular distance: what networks are off by


class _Part(NamedTuple):
    value: float
    error: float
    bias: float = 0.0


def pixel_step(residuals: NDArray[np.float64], distance: NDArray[np.float64]) -> float | None:
    """The half or whole pixel that predictions are off by in both coordinates; None where nothing says so.

    Args:
        residuals: (N, 2) mean over an image's landmarks of prediction minus truth, pixels.
        distance: (N,) normalizing distance, pixels.
    """
    if len(distance) < _LEAST_IMAGES:
        return None
    parts = [_constant_part(residuals[:, axis], distance) for axis in (0, 1)]
    for step in STEPS:
        near = all(abs(part.value - step) <= _MOST_OFF * abs(step) for part in parts)
        unbiased = all(abs(part.bias) <= _MOST_BIAS / 2 for part in parts)
        if near and unbiased and all(abs(part.value) >= _LEAST_Z * part.error for part in parts):
            return step
    # Where faces are all of one size a bias looks the same; then only what no network's is counts.
    means = [_mean(residuals[:, axis], distance) for axis in (0, 1)]
    for step in STEPS:
        large = abs(step) >= _MOST_BIAS * np.median(distance)
        near = all(abs(part.value - step) <= _MOST_OFF * abs(step) for part in means)
        fits = all(abs(part.value - step) <= 2 * part.error for part in parts)
        if large and near and fits and all(abs(part.value) >= _LEAST_Z * part.error for part in means):
            return step
    return None


def _constant_part(residuals: NDArray[np.float64], distance: NDArray[np.float64]) -> _Part:
    """Intercept of the residual over the size of the face, where an image's scatter grows with its face."""
    kept = _kept(residuals / distance)
    design = np.stack([1 / distance, np.ones_like(distance)], axis=1)[kept]
    values = (residuals / distance)[kept]
    inverse = np.linalg.pinv(design.T @ design)
    found = inverse @ design.T @ values
    rest = values - design @ found
    covariance = inverse @ (design.T * rest**2) @ design @ inverse
    return _Part(float(found[0]), float(np.sqrt(max(covariance[0, 0], 0)) + 1e-12), float(found[1]))


def _mean(residuals: NDArray[np.float64], distance: NDArray[np.float64]) -> _Part:
    values = residuals[_kept(residuals / distance)]
    return _Part(float(values.mean()), float(values.std() / np.sqrt(len(values)) + 1e-12))


def _kept(relative: NDArray[np.float64]) -> NDArray[np.bool_]:
    middle = np.median(relative)
    spread = 1.4826 * np.median(np.abs(relative - middle))
    return np.abs(relative - middle) <= _OUTLIER * max(spread, 1e-12)
