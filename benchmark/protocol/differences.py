"""What a difference of two methods shows: over images, over seeds, and over both at once.

The values are paired: ``differences[s, i]`` is one method's value of image i after training with seed s, minus the
other's. Images say how the difference of these trained networks would move on other images, seeds how it moves from
training to training. Whether a loss helps is a question about both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from benchmark.protocol.statistics import LEAST_IMAGES, Interval

LEAST_SEEDS = 3  # of a claim: two show next to nothing of how seeds vary
CONFIDENCE = 0.95
_SAME = 1e-6  # what differences of seeds that are the same may seem to differ by
_FAILURES = (-100.0, 0.0, 100.0)
# The time doubles with every seed; 2^16 sign patterns take a third of a second.
MOST_SEEDS = 16


@dataclass(frozen=True)
class PairedDifference:
    """A paired difference and how certain it is, percentage points.

    Attributes:
        mean: mean over seeds and images.
        over_images: 95 % interval over images of the mean over seeds, which holds for these trained networks; None for
            fewer than :data:`LEAST_IMAGES` images.
        over_seeds: 95 % interval over seeds, by Student's t, which holds for this test set; None for one seed, and
            where all seeds give the same difference.
        over_both: 95 % interval over seeds and images, the only one that speaks about methods; None for fewer than
            :data:`LEAST_SEEDS` seeds and where one of the others lacks.
        p_value: two-sided p-value that belongs to ``over_both``; for rates the larger one of this and ``exact_p``.
        exact_p: for rates, two-sided p-value of the exact paired test over images; None for other measures.
    """

    mean: float
    over_images: Interval | None
    over_seeds: Interval | None
    over_both: Interval | None
    p_value: float | None
    exact_p: float | None


def paired_difference(differences: ArrayLike, rate: bool = False) -> PairedDifference:
    """Weigh paired differences over seeds and images.

    Over images and over seeds alike the interval is Student's. Over both, the two half widths add as squares (Zou and
    Donner, Statistics in Medicine 2008): that is the interval over seeds where images hardly count, the one over images
    where seeds hardly do, and too wide rather than too narrow in between.

    The images' part of a difference of rates is that of Bonett and Price (Statistical Methods in Medical Research
    2012): one image more that only the first method fails, and one that only the second does. So it has a width where
    the methods fail on the same images.

    Args:
        differences: shape (S, N): S seeds, N images; percentage points. For rates each is 100 (an image that the first
            method alone fails), -100 (the second alone) or 0; where they are means over runs there is no exact test.
        rate: whether the values are differences of failures.

    Returns:
        What they show.

    Raises:
        ValueError: ``differences`` has another shape, is empty or holds another value.

    >>> paired_difference(np.full((1, 100), 0.5)).mean
    0.5
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 2 or not values.size:
        raise ValueError(f'differences: expected shape (S, N), got {values.shape}')
    if not np.isfinite(values).all():
        raise ValueError('differences: not finite')
    seeds, images = values.shape
    mean = float(values.mean())
    exact_p = paired_rate_test(values) if rate and np.isin(values, _FAILURES).all() else None
    over_images = _over_images(values.mean(axis=0), rate) if images >= LEAST_IMAGES else None
    over_seeds = _over_seeds(values.mean(axis=1))
    parts = [part for part in (over_images, over_seeds) if part is not None]
    both = p_value = None
    if len(parts) == 2 and seeds >= LEAST_SEEDS:
        both, p_value = _bounds(mean, parts, CONFIDENCE), _p_value(mean, parts)
        p_value = p_value if exact_p is None else max(p_value, exact_p)
    return PairedDifference(
        mean,
        over_images and over_images.bounds(CONFIDENCE),
        over_seeds and over_seeds.bounds(CONFIDENCE),
        both,
        p_value,
        exact_p,
    )


def over_seeds(values: ArrayLike) -> tuple[Interval | None, float | None]:
    """What seeds say of a paired difference, for one test set.

    Args:
        values: (S,), the difference of each seed.

    Returns:
        95 % interval by Student's t, and the two-sided p-value; both None for fewer than :data:`LEAST_SEEDS` seeds, and
        where all give the same difference.
    """
    values = np.asarray(values, dtype=np.float64)
    if len(values) < LEAST_SEEDS or np.ptp(values) <= _SAME:
        return None, None
    test = stats.ttest_1samp(values, 0)
    return Interval(*map(float, test.confidence_interval(CONFIDENCE))), float(test.pvalue)


@dataclass(frozen=True)
class _Mean:
    """A mean with its standard error and degrees of freedom."""

    value: float
    error: float
    freedom: int

    def bounds(self, confidence: float) -> Interval:
        half = float(special.stdtrit(self.freedom, (1 + confidence) / 2)) * self.error
        return Interval(self.value - half, self.value + half)


def _over_images(values: NDArray[np.float64], rate: bool) -> _Mean:
    if rate:
        values = np.append(values, [100.0, -100.0])
    return _Mean(float(values.mean()), float(stats.sem(values)), len(values) - 1)


def _over_seeds(values: NDArray[np.float64]) -> _Mean | None:
    # Means over images differ in their last digits where the seeds do not differ.
    if len(values) < 2 or np.ptp(values) <= 1e-9 * np.abs(values).max():
        return None
    return _Mean(float(values.mean()), float(stats.sem(values)), len(values) - 1)


def _bounds(mean: float, parts: Sequence[_Mean], confidence: float) -> Interval:
    lows, highs = zip(*(part.bounds(confidence) for part in parts), strict=True)
    low = mean - math.hypot(*(mean - low for low in lows))
    high = mean + math.hypot(*(high - mean for high in highs))
    return Interval(low, high)


def _p_value(mean: float, parts: Sequence[_Mean]) -> float:
    """One minus the confidence at which the interval reaches 0."""
    if mean == 0:
        return 1.0

    def reach(p_value: float) -> float:
        low, high = _bounds(mean, parts, 1 - p_value)
        return low if mean > 0 else -high

    smallest = 1e-12
    return smallest if reach(smallest) > 0 else float(optimize.brentq(reach, smallest, 1))


def paired_rate_test(differences: ArrayLike) -> float:
    """Exact two-sided p-value of a difference of failure rates: could each image as well differ the other way?

    All signs of the images' differences are weighed. For one seed this is McNemar's test in its exact form; for several
    an image counts as often as it differs.

    Args:
        differences: shape (S, N): 100 (an image that the first method alone fails), -100 or 0.

    Returns:
        A probability in (0, 1]; 1 where the methods fail on the same images.

    Raises:
        ValueError: a value is none of the three.

    >>> paired_rate_test([[100, 100, 100, -100, 0]])
    0.625
    """
    values = np.asarray(differences, dtype=np.float64)
    if not np.isin(values, _FAILURES).all():
        raise ValueError('differences: of failures, expected -100, 0 or 100')
    counts = np.rint(values.sum(axis=0) / 100).astype(np.int64)
    total = abs(int(counts.sum()))
    probabilities, reach = np.ones(1), 0
    for size, images in zip(*np.unique(np.abs(counts[counts != 0]), return_counts=True), strict=True):
        steps = np.zeros(2 * size * images + 1)
        steps[:: 2 * size] = stats.binom.pmf(np.arange(images + 1), images, 0.5)
        probabilities, reach = np.convolve(probabilities, steps), reach + size * images
    sums = np.abs(np.arange(-reach, reach + 1))
    return min(1.0, float(probabilities[sums >= total].sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number, in the order given (Holm, Scandinavian Journal of Statistics 1979).

    Rejecting those below 0.05 errs in at most 5 % of families, whatever depends on what.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind='stable')
    corrected = np.empty(len(order))
    scaled = np.asarray(p_values, dtype=np.float64)[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1, np.maximum.accumulate(scaled))
    return corrected.tolist()


def sign_flip_test(differences: ArrayLike) -> float | NDArray[np.float64]:
    """Exact two-sided p-value of paired differences, under the hypothesis that each is as likely positive as negative.

    All ``2^n`` sign patterns of the n differences are weighed (Fisher's randomization test of a mean); the smallest
    possible value is therefore ``2 / 2^n``: 0.25 for three seeds, 0.0625 for five.

    Args:
        differences: metric of one method minus metric of the other, one per seed, shape (n,), 1 <= n <= 16, or several
            such sets, shape (C, n).

    Returns:
        A probability in (0, 1]; for several sets (C,) of them.

    Raises:
        ValueError: ``differences`` has another shape, is empty, longer than 16 or holds a value that is not finite.

    >>> sign_flip_test([0.1, 0.2, 0.3])
    0.25
    """
    sample = np.asarray(differences, dtype=np.float64)
    if sample.ndim != 2:
        sample = _finite(sample, 'differences')
    elif not np.isfinite(sample).all():
        raise ValueError('differences: not finite')
    if not 1 <= sample.shape[-1] <= MOST_SEEDS:
        raise ValueError(f'differences: {sample.shape[-1]} seeds, expected 1 to {MOST_SEEDS}')
    if sample.shape[-1] == 1:
        p_values = np.ones(sample.shape[:-1])
    else:
        p_values = stats.permutation_test(
            (sample,), np.mean, permutation_type='samples', n_resamples=np.inf, batch=2**8, vectorized=True, axis=-1
        ).pvalue
    return p_values if sample.ndim == 2 else float(p_values)


def _finite(values: ArrayLike, name: str) -> NDArray[np.float64]:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1:
        raise ValueError(f'{name}: expected shape (N,), got {sample.shape}')
    if not np.isfinite(sample).all():
        raise ValueError(f'{name}: value {np.argmin(np.isfinite(sample))} is not finite')
    return sample
