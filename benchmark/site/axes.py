"""Angles between the main axes of predicted heatmaps and those of the true ambiguity."""

from __future__ import annotations

import numpy as np

from benchmark.suite.predictions import Predictions

MINIMUM_RATIO = 4.0


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
