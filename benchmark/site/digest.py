"""What the pages need of a run's predictions: a few numbers per image and per landmark instead of all landmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Digest:
    """Predictions of one run, reduced.

    Attributes:
        content: hash of the arrays in the predictions file, hexadecimal.
        test_set: SHA-256 of image names and subsets in their order; runs of one test set can be paired.
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
        angles: median angle in degrees between the main axes of both, mean absolute cosine, and the number of landmarks
            behind them; None where it cannot be measured.
    """

    content: str
    test_set: str
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
    angles: tuple[float, float, int] | None

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """Number of images of each subset."""
        return dict(zip(self.subset_names, self.subsets.sum(axis=0).tolist(), strict=True))

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
