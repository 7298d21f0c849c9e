"""Predictions to digests."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmark.protocol.benchmarks import Benchmark
from benchmark.site.axes import axis_angles
from benchmark.site.digest import Digest
from benchmark.site.measures import all_measures, value
from benchmark.suite.predictions import Predictions


def make_digest(predictions: Predictions, benchmark: Benchmark, sha256: str) -> Digest:
    """Reduce predictions that are known to be valid.

    Args:
        predictions: the predictions.
        benchmark: the benchmark that they were made on.
        sha256: of their file.
    """
    layout = benchmark.layout
    distance = predictions.inter_ocular if benchmark.headline_normalizer == 'inter-ocular' else predictions.inter_pupil
    keypoints = predictions.keypoints.astype(np.float64)
    right, left = (keypoints[:, list(indices)].mean(axis=1) for indices in layout.inter_pupil)
    turn = _to_upright(left - right)
    centred = keypoints - ((left + right) / 2)[:, None]
    digest = Digest(
        sha256=sha256,
        test_set=hashlib.sha256('\n'.join(predictions.image_ids).encode()).hexdigest(),
        subset_names=tuple(map(str, predictions.subset_names)),
        subsets=predictions.subsets,
        mean_distance=predictions.distances.mean(axis=1, dtype=np.float64),
        inter_ocular=predictions.inter_ocular,
        inter_pupil=predictions.inter_pupil,
        landmark_errors=(predictions.distances / distance[:, None]).mean(axis=0, dtype=np.float64),
        shape=np.einsum('nij,nkj->ki', turn, centred, optimize=True) / len(turn),
        covariances=_mean_covariance(predictions.covariances, turn),
        ambiguity=_mean_covariance(predictions.ambiguity, turn),
        values={},
        angles=_agreement(predictions),
    )
    values = {measure.key: value(digest, measure) for measure in all_measures(benchmark)}
    return replace(digest, values={key: number for key, number in values.items() if number is not None})


def _agreement(predictions: Predictions) -> tuple[float, float, int] | None:
    angles = axis_angles(predictions)
    if angles is None:
        return None
    return float(np.median(angles)), float(np.cos(np.radians(angles)).mean()), len(angles)


def _to_upright(eyes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 2, 2) rotations with scaling that bring vectors (N, 2) from the right to the left eye onto (1, 0)."""
    squared = np.maximum((eyes**2).sum(axis=1), 1e-12)
    x, y = (eyes / squared[:, None]).T
    return np.stack([np.stack([x, y], axis=-1), np.stack([-y, x], axis=-1)], axis=1)


def _mean_covariance(covariances: NDArray[np.float32] | None, turn: NDArray[np.float64]) -> NDArray[np.float64] | None:
    if covariances is None:
        return None
    # (xx, xy, yy) of R C R^T as a linear map of those of C.
    (a, b), (c, d) = np.moveaxis(turn, 0, -1)
    rows = [[a * a, 2 * a * b, b * b], [a * c, a * d + b * c, b * d], [c * c, 2 * c * d, d * d]]
    mapping = np.array(rows).transpose(2, 0, 1)
    return np.einsum('nij,nkj->ki', mapping, covariances.astype(np.float64), optimize=True) / len(turn)
