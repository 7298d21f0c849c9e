"""How well predicted heatmaps show the true direction of ambiguity, which only synthetic faces know.

STAR loss (Zhou et al., CVPR 2023, section 3) rests on heatmaps that stretch along the contour on which annotators
disagree. The synthetic annotations are drawn with a known covariance, so the claim can be measured: the angle between
the main axis of the predicted heatmap and that of the true covariance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.site.measures import Summary, summarize
from benchmark.site.rows import Row
from benchmark.suite.predictions import Predictions

MINIMUM_RATIO = 4.0
CHANCE_DEGREES = 45.0


@dataclass(frozen=True)
class Agreement:
    """Agreement of a row's heatmaps with the true ambiguity.

    Attributes:
        angle: median angle in degrees, over seeds; 45 is chance.
        cosine: mean absolute cosine of the angle, over seeds; 2 / pi = 0.64 is chance.
        landmarks: number of landmarks, over all test images, whose true covariance has a direction.
    """

    angle: Summary
    cosine: Summary
    landmarks: int


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
    truth = predictions.ambiguity.astype(np.float64)
    major, minor = _eigenvalues(truth)
    elongated = major > MINIMUM_RATIO * np.maximum(minor, 0)
    if not elongated.any():
        return None
    predicted = predictions.covariances.astype(np.float64)
    turn = np.abs(_orientation(predicted[elongated]) - _orientation(truth[elongated])) % np.pi
    return np.degrees(np.minimum(turn, np.pi - turn))


def _eigenvalues(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    xx, xy, yy = np.moveaxis(covariance, -1, 0)
    middle, radius = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    return middle + radius, middle - radius


def _orientation(covariance: np.ndarray) -> np.ndarray:
    """Angle of the eigenvector of the larger eigenvalue, radians, modulo pi."""
    xx, xy, yy = np.moveaxis(covariance, -1, 0)
    return np.arctan2(2 * xy, xx - yy) / 2


def agreement(row: Row) -> Agreement | None:
    """Agreement of a row over its finished seeds; None where it cannot be measured."""
    angles = [axis_angles(run.predictions) for run in row.done]
    if not angles or any(a is None for a in angles):
        return None
    landmarks = angles[0].size
    return Agreement(
        summarize([float(np.median(a)) for a in angles], landmarks),
        summarize([float(np.cos(np.radians(a)).mean()) for a in angles], landmarks),
        landmarks,
    )
