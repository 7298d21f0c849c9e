"""Digests: a few numbers per image and per landmark instead of a run's predictions, and how they are computed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.protocol.benchmarks import Benchmark
from benchmark.protocol.measures import all_measures, value
from benchmark.protocol.published_sets import is_published
from benchmark.records.predictions import Predictions

MINIMUM_RATIO = 4.0  # of eigenvalues, from which a covariance has a direction
STRETCHED, ROUND = 1.3, 1.1  # ratios of a heatmap's standard deviations
_SMALLEST = 1e-12


class Axes(NamedTuple):
    """Axes of predicted heatmaps beside those of the annotations' true covariance.

    Over the landmarks of all test images whose true covariance has an eigenvalue ratio above :data:`MINIMUM_RATIO`.

    Attributes:
        angle: median angle between the main axes, degrees, 0 to 90.
        cosine: mean absolute cosine of that angle.
        anisotropy: median ratio of the heatmap's standard deviations along its main and its other axis, at least 1.
        true_anisotropy: the same of the true covariance.
        landmarks: number of landmarks.
        stretched: share of these whose heatmap has a ratio of standard deviations above :data:`STRETCHED`.
        stretched_angle: median angle of these; None where there is none.
        round: share of those whose heatmap has one below :data:`ROUND`.
        round_angle: median angle of these; None where there is none.
    """

    angle: float
    cosine: float
    anisotropy: float
    true_anisotropy: float
    landmarks: int
    stretched: float
    stretched_angle: float | None
    round: float
    round_angle: float | None


@dataclass(frozen=True)
class Digest:
    """Predictions of one run, reduced.

    Attributes:
        content: hash of the arrays in the predictions file, hexadecimal.
        test_set: SHA-256 of image names and subsets in their order; runs of one test set can be paired.
        published: whether names and subsets are those of the published test set; false where none is published.
        subset_names: subsets of the benchmark, 'full' first.
        subsets: (N, S) bool, membership of each image.
        mean_distance: (N,) float64, mean over an image's landmarks of the distance to the truth, pixels.
        inter_ocular: (N,) float32, normalizing distance, pixels.
        inter_pupil: (N,) float32, normalizing distance, pixels.
        landmark_errors: (K,) float64, mean distance of each landmark over the headline normalizer, fractions.
        shape: (K, 2) float64, mean of the predicted faces, turned upright and scaled to an inter-pupil distance of 1.
        covariances: (K, 3) float64 or None, mean covariance (xx, xy, yy) of the heatmaps in the frame of ``shape``.
        ambiguity: (K, 3) float64 or None, likewise the true covariance of the annotations.
        values: every figure of the benchmark by its key, percent; without those of subsets that have no image.
        axes: how the heatmaps' axes agree with the true ones; None where it cannot be measured.
        file_sha256: SHA-256 of the predictions file, hexadecimal.
        faults: what the predictions contradict by themselves, by the code of the finding.
        signature_keys: (2, S) uint64, images of the signature (see :mod:`benchmark.analysis.audit.signature`).
        signature: (2, S, L, 3) float32, some of their landmarks.
        rows: (N,) uint64, a hash of each image's landmarks.
    """

    content: str
    test_set: str
    published: bool
    subset_names: tuple[str, ...]
    subsets: NDArray[np.bool_]
    mean_distance: NDArray[np.float64]
    inter_ocular: NDArray[np.float32]
    inter_pupil: NDArray[np.float32]
    landmark_errors: NDArray[np.float64]
    shape: NDArray[np.float64]
    covariances: NDArray[np.float64] | None
    ambiguity: NDArray[np.float64] | None
    values: Mapping[str, float]
    axes: Axes | None
    file_sha256: str = ''
    faults: Mapping[str, str] = field(default_factory=dict)
    signature_keys: NDArray[np.uint64] | None = None
    signature: NDArray[np.float32] | None = None
    rows: NDArray[np.uint64] | None = None

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """Number of images of each subset."""
        return dict(zip(self.subset_names, self.subsets.sum(axis=0).tolist(), strict=True))

    def differs_from(self, other: Digest) -> str | None:
        """What keeps two runs from being paired or averaged image by image; None: they were tested on the same."""
        if self.test_set != other.test_set:
            return 'other test images, subsets or order of them'
        for name in ('inter_ocular', 'inter_pupil'):
            if not np.allclose(getattr(self, name), getattr(other, name), rtol=1e-4, atol=0):
                return f'other normalizing distances ({name})'
        return None

    def member(self, subset: str) -> NDArray[np.bool_]:
        """(N,) bool, which images belong to a subset; none where it is unknown."""
        if subset not in self.subset_names:
            return np.zeros(len(self.subsets), dtype=bool)
        return self.subsets[:, self.subset_names.index(subset)]

    def nme(self, normalizer: str, subset: str = 'full') -> NDArray[np.float64]:
        """Per-image normalized mean error.

        Args:
            normalizer: 'inter-ocular' or 'inter-pupil'.
            subset: one of ``subset_names``.

        Returns:
            (M,) float64, fractions, one per image of the subset in the file's order.
        """
        distance = {'inter-ocular': self.inter_ocular, 'inter-pupil': self.inter_pupil}[normalizer]
        member = self.member(subset)
        return self.mean_distance[member] / distance[member]


def mean_shape(digests: Sequence[Digest]) -> NDArray[np.float64]:
    """(K, 2) mean face over runs, in the frame of :attr:`Digest.shape`."""
    return np.mean([digest.shape for digest in digests], axis=0)


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
        published=is_published(benchmark, predictions.image_ids, predictions.subset_names, predictions.subsets),
        subset_names=tuple(map(str, predictions.subset_names)),
        subsets=predictions.subsets,
        mean_distance=predictions.mean_distance,
        inter_ocular=predictions.inter_ocular,
        inter_pupil=predictions.inter_pupil,
        landmark_errors=(1 / distance.astype(np.float64)) @ predictions.distances / len(distance),
        shape=np.stack([shape.real, shape.imag], axis=-1),
        covariances=_mean_covariance(predictions.covariances, turn),
        ambiguity=_mean_covariance(predictions.ambiguity, turn),
        values={},
        axes=measure_axes(predictions),
    )
    values = {
        measure.key: value(digest.nme(measure.normalizer, measure.subset), measure)
        for measure in all_measures(benchmark)
    }
    return replace(digest, values={key: number for key, number in values.items() if number is not None})


def _test_set(predictions: Predictions) -> str:
    names = [*predictions.image_ids, '', *predictions.subset_names]
    members = np.packbits(predictions.subsets).tobytes()
    return hashlib.sha256('\n'.join(names).encode() + members).hexdigest()


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


def measure_axes(predictions: Predictions) -> Axes | None:
    """Compare the axes of predicted and true covariances; None where :func:`axis_angles` is."""
    angles = axis_angles(predictions)
    if angles is None:
        return None
    predicted, truth = (_anisotropy(covariances) for covariances in _elongated(predictions))
    return Axes(
        float(np.median(angles)),
        float(np.cos(np.radians(angles)).mean()),
        float(np.median(predicted)),
        float(np.median(truth)),
        len(angles),
        *_share(angles, predicted > STRETCHED),
        *_share(angles, predicted < ROUND),
    )


def _share(angles: np.ndarray, chosen: np.ndarray) -> tuple[float, float | None]:
    """Share of the landmarks that are chosen, and the median of their angles."""
    return float(chosen.mean()), float(np.median(angles[chosen])) if chosen.any() else None


def axis_angles(predictions: Predictions) -> np.ndarray | None:
    """Angles between the main axes of predicted and true covariance.

    Args:
        predictions: ``covariances`` and ``ambiguity`` hold (xx, xy, yy) of each landmark.

    Returns:
        (M,) float64 in degrees, 0 to 90, one for each landmark of each image whose true covariance has an eigenvalue
        ratio above 4; None where the method has no heatmap, the truth is unknown or no landmark is that elongated.
    """
    if predictions.covariances is None or predictions.ambiguity is None:
        return None
    predicted, truth = _elongated(predictions)
    if not len(truth):
        return None
    turn = np.abs(_orientation(predicted) - _orientation(truth)) % np.pi
    return np.degrees(np.minimum(turn, np.pi - turn))


def _elongated(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """(M, 3) predicted and true covariances of the landmarks whose true one has a direction."""
    truth = predictions.ambiguity.astype(np.float64)
    major, minor = _eigenvalues(truth)
    elongated = major > MINIMUM_RATIO * np.maximum(minor, 0)
    return predictions.covariances.astype(np.float64)[elongated], truth[elongated]


def _anisotropy(covariance: np.ndarray) -> np.ndarray:
    """(M,) ratios of the standard deviations along both axes, at least 1."""
    major, minor = _eigenvalues(covariance)
    # A heatmap of a single cell has no extent, and is round.
    return np.sqrt(np.maximum(major, _SMALLEST) / np.maximum(minor, np.maximum(1e-6 * major, _SMALLEST)))


def _eigenvalues(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    xx, xy, yy = np.moveaxis(covariance, -1, 0)
    middle, radius = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    return middle + radius, middle - radius


def _orientation(covariance: np.ndarray) -> np.ndarray:
    """Angle of the eigenvector of the larger eigenvalue, radians, modulo pi."""
    xx, xy, yy = np.moveaxis(covariance, -1, 0)
    return np.arctan2(2 * xy, xx - yy) / 2
