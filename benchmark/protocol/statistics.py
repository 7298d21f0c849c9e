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
    if not 0 < confidence < 1:
        raise ValueError(f'confidence: expected a fraction between 0 and 1, got {confidence}')
    low, high = percentile_interval(bootstrap_means(sample, resamples, seed), confidence)
    return Interval(float(low), float(high))


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
