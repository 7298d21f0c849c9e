"""How certain a number is: confidence intervals over images, and a paired test over seeds.

Images are the unit for the uncertainty of one run; seeds are the unit for whether one method beats another.
NME, failure rate and AUC are all means over images (of ``nme``, ``nme > t`` and ``max(0, 1 - nme / t)``), so the
interval of a mean serves all three.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

# Bounds the memory of a bootstrap: resamples are drawn this many values at a time.
_VALUES_PER_BATCH = 1_000_000
# The time doubles with every seed; 2^16 sign patterns take a third of a second.
MOST_SEEDS = 16


class Interval(NamedTuple):
    """A two-sided confidence interval, in the unit of the values that it was computed from."""

    low: float
    high: float


def bootstrap_interval(values: ArrayLike, confidence: float = 0.95, resamples: int = 9999, seed: int = 0) -> Interval:
    """Confidence interval of a mean over images, by the percentile bootstrap (Efron and Tibshirani 1993, chapter 13).

    Args:
        values: one number per image, shape (N,), N >= 2, finite.
        confidence: coverage, a fraction in (0, 1).
        resamples: number of bootstrap resamples.
        seed: seed of the resampling; the same seed gives the same interval.

    Returns:
        The interval, in the unit of ``values``.

    Raises:
        ValueError: ``values`` has another shape, fewer than two images or a value that is not finite, or ``confidence``
            lies outside (0, 1).

    >>> bootstrap_interval(np.array([0.04, 0.04, 0.04]))
    Interval(low=0.04, high=0.04)
    """
    sample = _finite(values, 'values')
    if len(sample) < 2:
        raise ValueError(f'values: {len(sample)} images, expected at least 2')
    if not 0 < confidence < 1:
        raise ValueError(f'confidence: expected a fraction between 0 and 1, got {confidence}')
    interval = stats.bootstrap(
        (sample,),
        np.mean,
        confidence_level=confidence,
        n_resamples=resamples,
        batch=max(1, _VALUES_PER_BATCH // len(sample)),
        method='percentile',
        vectorized=True,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(float(interval.low), float(interval.high))


def paired_bootstrap_interval(
    a: ArrayLike, b: ArrayLike, confidence: float = 0.95, resamples: int = 9999, seed: int = 0
) -> Interval:
    """Confidence interval of ``mean(a) - mean(b)`` for two runs on the same test set.

    Whole images are resampled, so what makes an image hard for both runs cancels; the interval is far narrower than the
    difference of two separate ones.

    Args:
        a: one number per image, shape (N,), N >= 2, finite.
        b: the other run's numbers for the same images in the same order, shape (N,).
        confidence: coverage, a fraction in (0, 1).
        resamples: number of bootstrap resamples.
        seed: seed of the resampling.

    Returns:
        The interval of the difference; it excludes zero where the runs differ at that confidence.

    Raises:
        ValueError: as :func:`bootstrap_interval`, or the numbers of images differ.

    >>> paired_bootstrap_interval([0.5, 0.25, 0.75], [0.25, 0.0, 0.5])
    Interval(low=0.25, high=0.25)
    """
    first, second = _finite(a, 'a'), _finite(b, 'b')
    if len(first) != len(second):
        raise ValueError(f'b: {len(second)} images, expected {len(first)} as in a')
    return bootstrap_interval(first - second, confidence, resamples, seed)


def sign_flip_test(differences: ArrayLike) -> float:
    """Exact two-sided p-value of paired differences, under the hypothesis that each is as likely positive as negative.

    All ``2^n`` sign patterns of the n differences are weighed (Fisher's randomization test of a mean); the smallest
    possible value is therefore ``2 / 2^n``: 0.25 for three seeds, 0.0625 for five.

    Args:
        differences: metric of one method minus metric of the other, one per seed, shape (n,), 1 <= n <= 16.

    Returns:
        A probability in (0, 1].

    Raises:
        ValueError: ``differences`` has another shape, is empty, longer than 16 or holds a value that is not finite.

    >>> sign_flip_test([0.1, 0.2, 0.3])
    0.25
    """
    sample = _finite(differences, 'differences')
    if not 1 <= len(sample) <= MOST_SEEDS:
        raise ValueError(f'differences: {len(sample)} seeds, expected 1 to {MOST_SEEDS}')
    if len(sample) == 1:
        return 1.0
    result = stats.permutation_test(
        (sample,), np.mean, permutation_type='samples', n_resamples=np.inf, batch=2**12, vectorized=True
    )
    return float(result.pvalue)


def _finite(values: ArrayLike, name: str) -> NDArray[np.float64]:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1:
        raise ValueError(f'{name}: expected shape (N,), got {sample.shape}')
    if not np.isfinite(sample).all():
        raise ValueError(f'{name}: value {np.argmin(np.isfinite(sample))} is not finite')
    return sample
