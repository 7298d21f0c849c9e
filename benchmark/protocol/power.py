"""How many seeds it takes to show a difference: the power of the interval over seeds and images.

A paired difference of seed s on image i is taken as the true difference plus what the seed adds on all images, what the
image adds with all seeds, and a rest. More seeds average out the first and the last of these, but not the second.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from benchmark.protocol.differences import CONFIDENCE, LEAST_SEEDS

POWER = 0.8
MOST_NEEDED = 10_000  # seeds, beyond which nobody looks
_POINTS = 400  # quantiles that stand for the distribution of a standard deviation


class Variation(NamedTuple):
    """How paired differences of two methods vary, as standard deviations in the unit of the differences.

    Attributes:
        over_seeds: of a seed's mean over the images.
        over_images: of what an image adds with all seeds.
        rest: of what is neither the seed's nor the image's.
        images: number of images.
    """

    over_seeds: float
    over_images: float
    rest: float
    images: int


def variation(differences: ArrayLike) -> Variation:
    """Split the variance of paired differences (two-way analysis of variance, one value a cell).

    Args:
        differences: shape (S, N): S seeds, N images, two of both at least.

    Raises:
        ValueError: ``differences`` has another shape.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 2 or min(values.shape) < 2:
        raise ValueError(f'differences: expected shape (S, N) with at least two of both, got {values.shape}')
    seeds, images = values.shape
    of_seeds, of_images = values.mean(axis=1), values.mean(axis=0)
    residual = values - of_seeds[:, None] - of_images + values.mean()
    rest = float((residual**2).sum()) / ((seeds - 1) * (images - 1))
    of_image = max(0.0, float(of_images.var(ddof=1)) - rest / seeds)
    return Variation(float(of_seeds.std(ddof=1)), math.sqrt(of_image), math.sqrt(rest), images)


def power(effect: float, found: Variation, seeds: int) -> float:
    """Probability that a difference is shown: that its 95 % interval over seeds and images lacks 0.

    The interval is that of :func:`benchmark.protocol.differences.paired_difference`, for a single comparison. All parts
    are taken as normal, and that of the images as known, since there are many.

    Args:
        effect: the true difference.
        found: how paired differences vary, in the same unit.
        seeds: number of seeds that both methods have, at least 2.

    Returns:
        A probability.
    """
    tail = (1 + CONFIDENCE) / 2
    middles = (np.arange(_POINTS) + 0.5) / _POINTS
    measured = found.over_seeds * np.sqrt(special.chdtri(seeds - 1, middles) / (seeds - 1) / seeds)
    error = math.sqrt((found.over_images**2 + found.rest**2 / seeds) / found.images)
    halves = np.hypot(special.stdtrit(seeds - 1, tail) * measured, special.stdtrit(found.images - 1, tail) * error)
    scale = math.sqrt(found.over_seeds**2 / seeds + found.over_images**2 / found.images)
    if scale == 0:
        return float(np.mean(abs(effect) > halves))
    beyond = special.ndtr((abs(effect) - halves) / scale) + special.ndtr((-abs(effect) - halves) / scale)
    return float(beyond.mean())


def seeds_needed(effect: float, found: Variation, wanted: float = POWER) -> int | None:
    """Number of seeds with which a difference is shown with some probability.

    Args:
        effect: the true difference.
        found: how paired differences vary, in the same unit.
        wanted: that probability, a fraction in (0, 1).

    Returns:
        The smallest number that suffices, :data:`LEAST_SEEDS` at least; None where no number of seeds does on so many
        images, or only more than :data:`MOST_NEEDED`.

    >>> seeds_needed(0.1, Variation(over_seeds=0.1, over_images=0.0, rest=0.0, images=400))
    10
    """

    def suffices(seeds: int) -> bool:
        return power(effect, found, seeds) >= wanted

    high = LEAST_SEEDS
    while not suffices(high):
        if high >= MOST_NEEDED:
            return None
        high = min(2 * high, MOST_NEEDED)
    low = max(LEAST_SEEDS - 1, high // 2)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


def deviation_factors(freedom: int) -> tuple[float, float]:
    """Between which multiples of a sample standard deviation the true one lies, with 95 % confidence.

    Args:
        freedom: degrees of freedom of the sample standard deviation, at least 1.

    >>> [round(factor, 2) for factor in deviation_factors(2)]
    [0.52, 6.28]
    """
    tail = (1 - CONFIDENCE) / 2
    low, high = (math.sqrt(freedom / special.chdtri(freedom, p)) for p in (tail, 1 - tail))
    return low, high
