"""How certain the number of trained networks is: confidence intervals over images, and how far seeds lie apart.

NME and AUC are means over images (of ``nme`` and ``max(0, 1 - nme / t)``) and have the bootstrap's interval of a mean;
a failure rate has the exact one of a share. Differences of two methods are in :mod:`benchmark.protocol.differences`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

# Bounds the memory of a bootstrap: resamples are drawn this many values at a time.
_VALUES_PER_BATCH = 1_000_000
# Below it an interval over images covers too seldom; the definitions say how often (tests/coverage.py measures it).
LEAST_IMAGES = 30


class Interval(NamedTuple):
    """A two-sided confidence interval, in the unit of the values that it was computed from."""

    low: float
    high: float


def bootstrap_means(values: ArrayLike, resamples: int = 9999, seed: int = 0) -> NDArray[np.float64]:
    """Bootstrap distribution of means over images, of one set of numbers or of several at once.

    Every column is resampled with the same images: the difference of two columns' distributions is that of their paired
    difference.

    Args:
        values: one number per image, shape (N,) or (N, C), N >= 2, finite.
        resamples: number of bootstrap resamples, R.
        seed: seed of the resampling.

    Returns:
        (R,) or (C, R), float64: means of the resampled images.

    Raises:
        ValueError: ``values`` has another shape, fewer than two images or a value that is not finite.
    """
    columns = np.asarray(values, dtype=np.float64)
    if columns.ndim not in (1, 2):
        raise ValueError(f'values: expected shape (N,) or (N, C), got {columns.shape}')
    images = len(columns)
    if images < 2:
        raise ValueError(f'values: {images} images, expected at least 2')
    if not np.isfinite(columns).all():
        raise ValueError('values: not finite')

    def means(indices: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
        # How often each image was drawn turns the means of all columns into one product of matrices.
        rows = indices.reshape(-1, images)
        starts = images * np.arange(len(rows))[:, None]
        counts = np.bincount((rows + starts).ravel(), minlength=rows.size).reshape(rows.shape)
        return np.moveaxis(counts @ columns / images, 0, -1).reshape(*columns.shape[1:], *indices.shape[:-1])

    return stats.bootstrap(
        (np.arange(images),),
        means,
        n_resamples=resamples,
        batch=max(1, _VALUES_PER_BATCH // images),
        method='percentile',
        vectorized=True,
        rng=np.random.default_rng(seed),
    ).bootstrap_distribution


def percentile_interval(
    distribution: ArrayLike, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper bound between which the middle ``confidence`` of a bootstrap distribution lies.

    Args:
        distribution: shape (..., R).
        confidence: a fraction in (0, 1).

    Returns:
        Two arrays of shape (...).
    """
    tail = (1 - confidence) / 2
    low, high = np.quantile(distribution, (tail, 1 - tail), axis=-1)
    return low, high


def rate_interval(rate: float, images: int, confidence: float = 0.95) -> Interval:
    """Confidence interval of a failure rate, by the exact binomial test (Clopper and Pearson, Biometrika 1934).

    It has a width where nothing or everything fails: without a failure on N images the upper end is 1 - 0.025^(1 / N),
    some 3.7 / N. For the mean rate of several seeds the number of failures need not be whole; the interval is then too
    wide rather than too narrow, since no share between 0 and 1 varies more than a failure of the same mean.

    Args:
        rate: share of failures, a fraction in [0, 1].
        images: number of images, N >= 1.
        confidence: coverage that is reached at least, a fraction in (0, 1).

    Returns:
        The interval, fractions.

    Raises:
        ValueError: ``rate`` or ``confidence`` is no such fraction, or there is no image.

    >>> low, high = rate_interval(0, 562)
    >>> low, round(high, 4)
    (0.0, 0.0065)
    """
    if not 0 <= rate <= 1:
        raise ValueError(f'rate: expected a fraction from 0 to 1, got {rate}')
    if not 0 < confidence < 1:
        raise ValueError(f'confidence: expected a fraction between 0 and 1, got {confidence}')
    if images < 1:
        raise ValueError(f'images: {images}, expected at least 1')
    failures, tail = rate * images, (1 - confidence) / 2
    low = special.betaincinv(failures, images - failures + 1, tail) if rate > 0 else 0.0
    high = special.betaincinv(failures + 1, images - failures, 1 - tail) if rate < 1 else 1.0
    return Interval(float(low), float(high))


class Spread(NamedTuple):
    """How a number varies from seed to seed.

    Attributes:
        deviation: sample standard deviation, in the unit of the numbers.
        freedom: degrees of freedom that it rests on.
    """

    deviation: float
    freedom: int


def pooled_spread(groups: Iterable[Sequence[float]]) -> Spread | None:
    """Standard deviation within groups: of one group the sample standard deviation, of several that of all together.

    Args:
        groups: numbers of the seeds of each of some rows; rows of one seed say nothing.

    Returns:
        The spread; None where no group has two numbers.

    >>> pooled_spread([[4.0, 5.0, 6.0], [9.0]])
    Spread(deviation=1.0, freedom=2)
    """
    several = [np.asarray(group, dtype=np.float64) for group in groups if len(group) > 1]
    freedom = sum(len(group) - 1 for group in several)
    if not freedom:
        return None
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in several)
    return Spread(math.sqrt(squares / freedom), freedom)


def prediction_bound(spread: Spread, seeds: int, others: int, confidence: float = 0.95) -> float:
    """How far the mean over some seeds may lie from that over others, if only seeds make the difference.

    Half the width of Student's prediction interval of a difference of two means. Where the spread is that of the other
    seeds, of which only some are compared, it holds the difference at least as often as it says.

    Args:
        spread: how single seeds vary; of no degree of freedom where nothing varies.
        seeds: number of seeds of one mean, at least 1.
        others: number of seeds of the other mean, at least 1.
        confidence: a fraction in (0, 1).

    Returns:
        A bound of the absolute difference, in the unit of the spread.

    >>> round(prediction_bound(Spread(0.16, 2), 3, 3), 3)
    0.562
    """
    if not spread.freedom:
        return 0.0
    quantile = float(special.stdtrit(spread.freedom, (1 + confidence) / 2))
    return quantile * spread.deviation * math.sqrt(1 / seeds + 1 / others)
