from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark.site.axes import axis_angles


def _covariance(degrees, ratio):
    angle = np.radians(degrees)
    axis = np.stack([np.cos(angle), np.sin(angle)], -1)
    full = np.eye(2) + (ratio - 1) * axis[..., :, None] * axis[..., None, :]
    return np.stack([full[..., 0, 0], full[..., 0, 1], full[..., 1, 1]], -1).astype(np.float32)


@pytest.fixture
def predictions(factory):
    return factory.predictions('synthetic-29', 'STAR', 0, {'full': 3}, 0.04)


@pytest.mark.parametrize(('true', 'predicted', 'angle'), [(10, 40, 30), (5, 175, 10), (0, 90, 90), (-80, 95, 5)])
def test_angle_is_between_undirected_axes(predictions, true, predicted, angle):
    made = dataclasses.replace(
        predictions,
        ambiguity=_covariance(np.full((3, 29), true), 9.0),
        covariances=_covariance(np.full((3, 29), predicted), 3.0),
    )
    assert axis_angles(made) == pytest.approx(np.full(3 * 29, angle), abs=1e-3)


def test_landmarks_without_a_direction_are_left_out(predictions):
    ratio = np.full((3, 29, 1), 9.0)
    ratio[:, 5:] = 3.9
    made = dataclasses.replace(predictions, ambiguity=_covariance(np.zeros((3, 29)), ratio[..., None]))
    assert axis_angles(made).shape == (15,)


def test_agrees_with_an_eigendecomposition(predictions):
    def main_axis(covariance):
        xx, xy, yy = covariance
        return np.linalg.eigh([[xx, xy], [xy, yy]])[1][:, 1]

    pairs = zip(predictions.covariances.reshape(-1, 3), predictions.ambiguity.reshape(-1, 3), strict=True)
    cosines = [abs(main_axis(a) @ main_axis(b)) for a, b in pairs]
    assert np.cos(np.radians(axis_angles(predictions))) == pytest.approx(np.array(cosines), abs=1e-4)


@pytest.mark.parametrize('missing', ['covariances', 'ambiguity'])
def test_nothing_is_measured_without_heatmaps_or_truth(predictions, missing):
    assert axis_angles(dataclasses.replace(predictions, **{missing: None})) is None
