"""Moments of the errors over groups of images, so chosen that they tell nothing of a single image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.protocol.benchmarks import Benchmark
from benchmark.protocol.contours import tangents
from benchmark.protocol.metrics import normalizing_distance
from benchmark.records.predictions import Predictions
from benchmark.records.residuals import LEAST_IMAGES, LEAST_REMAINDER, Group, Heatmaps

ALL = 'all'
_FOLDERS = ('afw', 'helen/trainset', 'helen/testset', 'lfpw/trainset', 'lfpw/testset', 'ibug')


class _Errors(NamedTuple):
    """What is averaged, of N images; NaN where a landmark has no contour.

    Attributes:
        residuals: (N, K, 2) x and y, percent of the inter-ocular distance.
        contour: (N, K, 2) the same along and across the contour.
        variances: (N, K, 2) of the heatmaps along and across it, squared percent; None where there is no heatmap.
        cosines: (N, K) squared, between the heatmaps' main axis and the contour; None as above.
    """

    residuals: NDArray[np.float64]
    contour: NDArray[np.float64]
    variances: NDArray[np.float64] | None
    cosines: NDArray[np.float64] | None


def measure(
    predictions: Predictions, truth: NDArray[np.float64], benchmark: Benchmark
) -> tuple[list[Group], list[str]]:
    """Moments of the errors over groups of images.

    Args:
        predictions: of N images.
        truth: (N, K, 2) true landmarks of the same images, pixels.
        benchmark: its rules.

    Returns:
        The groups that are listed, and the names of those that have images and are not: they are too few, or one could
        tell from their sums and those of others what fewer than ``LEAST_REMAINDER`` images sum up to.
    """
    errors = _errors(predictions, truth, benchmark)
    groups, omitted, listed = [], [], []
    for name, member in _members(predictions, benchmark):
        if not member.any():
            continue
        if member.sum() < LEAST_IMAGES or _remainder([*listed, member]) < LEAST_REMAINDER - 1e-6:
            omitted.append(name)
            continue
        listed.append(member)
        groups.append(_moments(name, _Errors(*(None if one is None else one[member] for one in errors))))
    return groups, omitted


def _members(predictions: Predictions, benchmark: Benchmark) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Names of groups, and which of the N images are in each."""
    yield ALL, np.ones(len(predictions.image_ids), dtype=bool)
    for name, member in zip(predictions.subset_names.tolist(), predictions.subsets.T, strict=True):
        if name != 'full':
            yield name, member
    if benchmark.name == '300w':
        folders = [f'/{PurePosixPath(name).parent}'.lower() for name in predictions.image_ids.tolist()]
        for name in _FOLDERS:
            yield name, np.array([folder.endswith(f'/{name}') for folder in folders])


def _remainder(members: Sequence[NDArray[np.bool_]]) -> float:
    """Of how many images any sum is at least that the sums of groups give when they are added and subtracted.

    Such a sum weighs each image. Scaled to unit length, no weight exceeds the root of the largest leverage h that an
    image has in the span of the groups, but of S weights one is at least 1 / sqrt(S): S is 1 / h or more.
    """
    vectors, sizes, _ = np.linalg.svd(np.stack(members, axis=1).astype(np.float64), full_matrices=False)
    basis = vectors[:, sizes > 1e-9 * sizes[0]]
    return 1 / float((basis * basis).sum(axis=1).max())


def _errors(predictions: Predictions, truth: NDArray[np.float64], benchmark: Benchmark) -> _Errors:
    unit = normalizing_distance(truth, benchmark.name, 'inter-ocular')[:, None, None] / 100
    residuals = (predictions.keypoints.astype(np.float64) - truth) / unit
    along = tangents(truth, benchmark.layout)
    across = along[..., ::-1] * (-1, 1)
    contour = np.stack([(residuals * along).sum(axis=-1), (residuals * across).sum(axis=-1)], axis=-1)
    if predictions.covariances is None:
        return _Errors(residuals, contour, None, None)
    xx, xy, yy = np.moveaxis(predictions.covariances.astype(np.float64) / unit**2, -1, 0)
    x, y = np.moveaxis(along, -1, 0)
    middle, half, radius = (xx + yy) / 2, (xx - yy) / 2, np.hypot((xx - yy) / 2, xy)
    # Half of what the variance along the contour exceeds that across it by: radius times cosine of twice the angle.
    excess = half * (x * x - y * y) + 2 * xy * x * y
    cosines = 0.5 + 0.5 * np.divide(excess, radius, out=0 * excess, where=radius > 0)
    return _Errors(residuals, contour, np.stack([middle + excess, middle - excess], axis=-1), cosines)


def _moments(name: str, errors: _Errors) -> Group:
    mean = errors.residuals.mean(axis=0)
    x, y = np.moveaxis(errors.residuals - mean, -1, 0)
    images = errors.residuals.mean(axis=1)
    heatmaps = None
    if errors.variances is not None:
        heatmaps = Heatmaps(
            variance=_on_contour(errors.variances, _digits), squared_cosine=_on_contour(errors.cosines, _hundredths)
        )
    return Group(
        name=name,
        images=len(images),
        mean=_hundredths(mean),
        covariance=_digits(np.stack([(x * x).mean(axis=0), (x * y).mean(axis=0), (y * y).mean(axis=0)], axis=-1)),
        mean_square=_on_contour(errors.contour**2, _digits),
        mean_absolute=_on_contour(np.abs(errors.contour), _hundredths),
        image_mean=(images.mean(axis=0).round(3) + 0.0).tolist(),
        image_deviation=images.std(axis=0, ddof=1).round(3).tolist(),
        nme=_mean_length(errors.residuals),
        nme_centred=_mean_length(errors.residuals - mean * (1, 0)),
        heatmaps=heatmaps,
    )


def _mean_length(residuals: NDArray[np.float64]) -> float:
    return round(float(np.linalg.norm(residuals, axis=-1).mean()), 3)


def _on_contour(values: NDArray[np.float64], rounded: Callable[[NDArray[np.float64]], list]) -> list:
    """Means over the images that have a contour, (N, K, ...) to K; None where they are too few."""
    known = np.isfinite(values).reshape(*values.shape[:2], -1).all(axis=-1)
    enough = known.sum(axis=0) >= LEAST_IMAGES
    means = np.full(values.shape[1:], 0.0)
    means[enough] = np.nanmean(values[:, enough], axis=0)
    return [mean if there else None for mean, there in zip(rounded(means), enough, strict=True)]


def _hundredths(values: NDArray[np.float64]) -> list:
    return (values.round(2) + 0.0).tolist()


def _digits(values: NDArray[np.float64]) -> list:
    """Four significant digits: squares may be of any size."""
    return np.vectorize(lambda value: float(f'{value:.4g}') + 0.0, otypes=[float])(values).tolist()
