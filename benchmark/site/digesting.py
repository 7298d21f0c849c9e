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


def make_digest(predictions: Predictions, benchmark: Benchmark, content: str) -> Digest:
    """Reduce predictions that are known to be valid.

    Args:
        predictions: the predictions.
        benchmark: the benchmark that they were made on.
        content: hash of the arrays in their file, hexadecimal.
    """
    layout = benchmark.layout
    distance = predictions.inter_ocular if benchmark.headline_normalizer == 'inter-ocular' else predictions.inter_pupil
    # Points as complex numbers: a similarity is then a product and a sum.
    points = predictions.keypoints[..., 0] + 1j * predictions.keypoints[..., 1].astype(np.float64)
    right, left = (points[:, list(indices)].mean(axis=1) for indices in layout.inter_pupil)
    turn = _to_upright(left - right)
    shape = (turn @ points - turn @ (left + right) / 2) / len(turn)
    digest = Digest(
        content=content,
        test_set=_test_set(predictions),
        subset_names=tuple(map(str, predictions.subset_names)),
        subsets=predictions.subsets,
        mean_distance=predictions.distances.mean(axis=1, dtype=np.float64),
        inter_ocular=predictions.inter_ocular,
        inter_pupil=predictions.inter_pupil,
        landmark_errors=(1 / distance.astype(np.float64)) @ predictions.distances / len(distance),
        shape=np.stack([shape.real, shape.imag], axis=-1),
        covariances=_mean_covariance(predictions.covariances, turn),
        ambiguity=_mean_covariance(predictions.ambiguity, turn),
        values={},
        angles=_agreement(predictions),
    )
    values = {measure.key: value(digest, measure) for measure in all_measures(benchmark)}
    return replace(digest, values={key: number for key, number in values.items() if number is not None})


def _test_set(predictions: Predictions) -> str:
    names = [*predictions.image_ids, '', *predictions.subset_names]
    members = np.packbits(predictions.subsets).tobytes()
    return hashlib.sha256('\n'.join(names).encode() + members).hexdigest()


def _agreement(predictions: Predictions) -> tuple[float, float, int] | None:
    angles = axis_angles(predictions)
    if angles is None:
        return None
    return float(np.median(angles)), float(np.cos(np.radians(angles)).mean()), len(angles)


def _to_upright(eyes: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """(N,) rotations with scaling that bring vectors from the right to the left eye onto 1."""
    return eyes.conj() / np.maximum(np.abs(eyes) ** 2, 1e-12)


def _mean_covariance(
    covariances: NDArray[np.float32] | None, turn: NDArray[np.complex128]
) -> NDArray[np.float64] | None:
    """Mean of covariances (N, K, 3) after faces are turned and scaled, (K, 3)."""
    if covariances is None:
        return None
    xx, xy, yy = np.moveaxis(covariances, -1, 0)
    # A turn by an angle leaves the trace and turns the rest by twice the angle.
    trace = np.abs(turn) ** 2 @ (xx + yy) / len(turn)
    rest = turn**2 @ (xx - yy + 2j * xy) / len(turn)
    return np.stack([trace + rest.real, rest.imag, trace - rest.real], axis=-1) / 2
