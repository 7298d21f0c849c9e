"""Normalized mean error, failure rate and area under the cumulative error curve.

Errors and thresholds are fractions of the normalizing distance everywhere (0.04 is 4 %). Landmarks are 0-based pixels,
though only differences between them count. Everything is computed in float64.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.protocol.layouts import Layout

NORMALIZERS = ('inter-ocular', 'inter-pupil')


def normalizing_distance(keypoints: ArrayLike, dataset: str, normalizer: str) -> NDArray[np.float64]:
    """Distance that the errors of each face are divided by.

    'inter-ocular' joins the outer eye corners. 'inter-pupil' joins the pupils; 300W has none annotated, and there it
    joins the means of each eye's six landmarks (Sagonas et al., ICCV Workshops 2013).

    Args:
        keypoints: true landmarks of N faces, shape (N, K, 2), pixels, x before y.
        dataset: name of a benchmark, such as 'cofw', '300w' or 'wflw'.
        normalizer: 'inter-ocular' or 'inter-pupil'.

    Returns:
        Shape (N,), pixels, positive.

    Raises:
        ValueError: ``dataset`` or ``normalizer`` is unknown; ``keypoints`` is empty, has another shape or holds a value
            that is not finite; the two ends of a face's normalizing distance coincide.

    >>> face = np.zeros((1, 29, 2))
    >>> face[0, 16], face[0, 17] = (10, 20), (13, 24)
    >>> normalizing_distance(face, 'cofw', 'inter-pupil')
    array([5.])
    """
    layout = _layout(dataset)
    if normalizer not in NORMALIZERS:
        raise ValueError(f"normalizer: expected one of {', '.join(NORMALIZERS)}, got '{normalizer}'")
    points = _landmarks(keypoints, 'keypoints', layout)
    right, left = layout.inter_ocular if normalizer == 'inter-ocular' else layout.inter_pupil
    distance = np.linalg.norm(points[:, right].mean(axis=1) - points[:, left].mean(axis=1), axis=1)
    if (distance == 0).any():
        raise ValueError(f'keypoints: the {normalizer} distance of face {np.argmin(distance)} is zero')
    return distance


def per_image_nme(predicted: ArrayLike, truth: ArrayLike, dataset: str, normalizer: str) -> NDArray[np.float64]:
    """Normalized mean error of each face: the mean landmark distance divided by the normalizing distance of the truth.

    Every landmark counts, the occluded ones too. The NME of a test set is the mean over its faces.

    Args:
        predicted: predicted landmarks of N faces, shape (N, K, 2), pixels of the same image as ``truth``.
        truth: annotated landmarks, same shape.
        dataset: name of a benchmark, such as 'cofw', '300w' or 'wflw'.
        normalizer: 'inter-ocular' or 'inter-pupil'.

    Returns:
        Shape (N,), fractions: 0 for a perfect face, no upper limit.

    Raises:
        ValueError: as :func:`normalizing_distance` for each of the arrays, or their numbers of faces differ.

    >>> truth = np.zeros((1, 29, 2))
    >>> truth[0, 16], truth[0, 17] = (10, 20), (20, 20)
    >>> per_image_nme(truth + [0, 1], truth, 'cofw', 'inter-pupil')
    array([0.1])
    """
    layout = _layout(dataset)
    predicted = _landmarks(predicted, 'predicted', layout)
    truth = _landmarks(truth, 'truth', layout)
    if len(predicted) != len(truth):
        raise ValueError(f'predicted: {len(predicted)} faces, expected {len(truth)} as in truth')
    distances = np.linalg.norm(predicted - truth, axis=2)
    return distances.mean(axis=1) / normalizing_distance(truth, dataset, normalizer)


def failure_rate(nme: ArrayLike, threshold: float) -> float:
    """Share of faces whose error is larger than ``threshold``; an error equal to it is no failure.

    Args:
        nme: per-image normalized mean errors, shape (N,), fractions.
        threshold: largest error that is not a failure, a fraction, positive.

    Returns:
        A fraction in [0, 1].

    Raises:
        ValueError: ``nme`` is empty, has another shape or holds a NaN or a negative value, or ``threshold`` is not
            positive and finite.

    >>> failure_rate(np.array([0.03, 0.10, 0.2, 0.04]), 0.10)
    0.25
    """
    return float(np.mean(_errors(nme) > _positive(threshold)))


def area_under_curve(nme: ArrayLike, threshold: float) -> float:
    """Area under the cumulative error curve up to ``threshold``, as a fraction of the best possible.

    Exact: the empirical curve is a step function, so its integral is ``mean(max(0, 1 - nme / threshold))``, without a
    grid or Simpson's rule.

    Args:
        nme: per-image normalized mean errors, shape (N,), fractions.
        threshold: upper end of the curve, a fraction, positive.

    Returns:
        A fraction in [0, 1]; 1 means that every error is zero.

    Raises:
        ValueError: ``nme`` is empty, has another shape or holds a NaN or a negative value, or ``threshold`` is not
            positive and finite.

    >>> area_under_curve(np.array([0.0, 0.05, 0.2, 0.1]), 0.1)
    0.375
    """
    return float(np.mean(np.maximum(0.0, 1.0 - _errors(nme) / _positive(threshold))))


def _layout(dataset: str) -> Layout:
    if dataset not in BENCHMARKS:
        raise ValueError(f"dataset: expected one of {', '.join(BENCHMARKS)}, got '{dataset}'")
    return BENCHMARKS[dataset].layout


def _landmarks(values: ArrayLike, name: str, layout: Layout) -> NDArray[np.float64]:
    points = _float64(values, name)
    if points.ndim != 3 or points.shape[1:] != (layout.num_landmarks, 2):
        raise ValueError(f'{name}: expected shape (N, {layout.num_landmarks}, 2), got {points.shape}')
    if len(points) == 0:
        raise ValueError(f'{name}: no faces')
    bad = ~np.isfinite(points).all(axis=(1, 2))
    if bad.any():
        raise ValueError(f'{name}: a coordinate of face {np.argmax(bad)} is not finite')
    return points


def _errors(nme: ArrayLike) -> NDArray[np.float64]:
    errors = _float64(nme, 'nme')
    if errors.ndim != 1:
        raise ValueError(f'nme: expected shape (N,), got {errors.shape}')
    if len(errors) == 0:
        raise ValueError('nme: no faces')
    if not (errors >= 0).all():
        raise ValueError(f'nme: the error of face {np.argmin(errors >= 0)} is NaN or negative')
    return errors


def _float64(values: ArrayLike, name: str) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f'{name}: not an array of numbers: {error}') from error


def _positive(threshold: float) -> float:
    if not 0 < threshold < math.inf:
        raise ValueError(f'threshold: expected a positive fraction, got {threshold}')
    return threshold
