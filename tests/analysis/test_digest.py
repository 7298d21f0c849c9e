from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark.analysis.digest import axis_angles, make_digest
from benchmark.protocol import metrics
from benchmark.protocol.benchmarks import BENCHMARKS

LAYOUT = BENCHMARKS['300w'].layout


@pytest.fixture
def predictions(factory):
    return factory.predictions('300w', 'STAR', 0, {'full': 40, 'common': 30, 'challenge': 10}, 0.05)


def _turned(points, angle, scale, offset):
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    return points @ np.array([[c, s], [-s, c]]) + offset


@pytest.fixture
def turned_faces(predictions, factory):
    """The same upright face (inter-pupil distance 1) under known similarities, and that face."""
    rng = np.random.default_rng(5)
    face = rng.normal(size=(68, 2))
    right, left = (face[list(indices)].mean(axis=0) for indices in LAYOUT.inter_pupil)
    x, y = left - right
    face = (face - (right + left) / 2) @ np.array([[x, -y], [y, x]]) / (x * x + y * y)
    angles, scales = rng.uniform(-1, 1, 40), rng.uniform(20, 80, 40)
    points = np.stack([_turned(face, a, s, rng.uniform(50, 90, 2)) for a, s in zip(angles, scales, strict=True)])
    return dataclasses.replace(predictions, keypoints=points.astype(np.float32)), face, angles, scales


def test_every_figure_is_that_of_the_metrics(predictions):
    digest = make_digest(predictions, BENCHMARKS['300w'], 'f' * 64)
    distances = predictions.distances.astype(float).mean(axis=1)
    for normalizer, distance in (('inter-ocular', predictions.inter_ocular), ('inter-pupil', predictions.inter_pupil)):
        for column, subset in enumerate(predictions.subset_names):
            nme = (distances / distance)[predictions.subsets[:, column]]
            assert digest.values[f'nme.{subset}.{normalizer}'] == pytest.approx(100 * nme.mean())
            for t in (8, 10):
                failures = 100 * metrics.failure_rate(nme, t / 100)
                area = 100 * metrics.area_under_curve(nme, t / 100)
                assert digest.values[f'fr{t}.{subset}.{normalizer}'] == pytest.approx(failures)
                assert digest.values[f'auc{t}.{subset}.{normalizer}'] == pytest.approx(area)
    assert len(digest.values) == 2 * 3 * 5


def test_subset_without_an_image_has_no_figure(predictions):
    subsets = predictions.subsets.copy()
    subsets[:, 2] = False
    digest = make_digest(dataclasses.replace(predictions, subsets=subsets), BENCHMARKS['300w'], '')
    assert not [key for key in digest.values if 'challenge' in key]
    assert 'nme.common.inter-pupil' in digest.values


def test_mean_face_is_upright_and_one_inter_pupil_distance_wide(turned_faces):
    predictions, face, _, _ = turned_faces
    np.testing.assert_allclose(make_digest(predictions, BENCHMARKS['300w'], '').shape, face, atol=1e-4)


def test_covariances_turn_and_shrink_with_the_face(turned_faces):
    predictions, _, angles, scales = turned_faces
    upright = np.array([[0.02, 0.005], [0.005, 0.01]])
    covariances = np.empty((40, 68, 3), np.float32)
    for index, (angle, scale) in enumerate(zip(angles, scales, strict=True)):
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        covariances[index] = (turn @ upright @ turn.T)[[0, 0, 1], [0, 1, 1]]
    digest = make_digest(dataclasses.replace(predictions, covariances=covariances), BENCHMARKS['300w'], '')
    np.testing.assert_allclose(digest.covariances, np.tile([0.02, 0.005, 0.01], (68, 1)), atol=1e-5)


def test_error_of_each_landmark_is_over_the_headline_normalizer(predictions):
    digest = make_digest(predictions, BENCHMARKS['300w'], '')
    expected = [(predictions.distances[:, k] / predictions.inter_ocular).mean() for k in range(68)]
    np.testing.assert_allclose(digest.landmark_errors, expected, rtol=1e-5)


def test_angles_are_kept_where_the_truth_is_known(factory):
    predictions = factory.predictions('synthetic-29', 'STAR', 0, {'full': 5}, 0.05)
    angles = axis_angles(predictions)
    digest = make_digest(predictions, BENCHMARKS['synthetic-29'], '')
    assert digest.axes.angle == pytest.approx(np.median(angles)) and digest.axes.landmarks == len(angles)
    assert digest.axes.cosine == pytest.approx(np.cos(np.radians(angles)).mean())
    assert make_digest(dataclasses.replace(predictions, ambiguity=None), BENCHMARKS['synthetic-29'], '').axes is None


def test_anisotropy_is_the_ratio_of_deviations_over_landmarks_with_a_direction(ambiguous):
    predicted, true = np.full((3, 29, 1, 1), 4.0), np.full((3, 29, 1, 1), 9.0)
    predicted[:, 20:], true[:, 20:] = 100.0, 1.0
    turned = np.full((3, 29), 70)
    made = dataclasses.replace(
        ambiguous, covariances=_covariance(turned, predicted), ambiguity=_covariance(turned, true)
    )
    axes = make_digest(made, BENCHMARKS['synthetic-29'], '').axes
    assert (axes.anisotropy, axes.true_anisotropy) == pytest.approx((2, 3), rel=1e-5)


def test_stretched_and_round_heatmaps_are_counted_apart(ambiguous):
    ratio, degrees = np.full((3, 29, 1, 1), 1.4), np.full((3, 29), 50.0)
    ratio[:, :10], degrees[:, :10] = 1.8, 12.0  # standard deviations in a ratio of 1.34
    ratio[:, 20:24], degrees[:, 20:24] = 1.1, 80.0
    made = dataclasses.replace(
        ambiguous,
        covariances=_covariance(degrees, ratio),
        ambiguity=_covariance(np.zeros((3, 29)), np.full((3, 29, 1, 1), 9.0)),
    )
    axes = make_digest(made, BENCHMARKS['synthetic-29'], '').axes
    assert (axes.stretched, axes.stretched_angle) == pytest.approx((10 / 29, 12), rel=1e-5)
    assert (axes.round, axes.round_angle) == pytest.approx((4 / 29, 80), rel=1e-5)


def _covariance(degrees, ratio):
    angle = np.radians(degrees)
    axis = np.stack([np.cos(angle), np.sin(angle)], -1)
    full = np.eye(2) + (ratio - 1) * axis[..., :, None] * axis[..., None, :]
    return np.stack([full[..., 0, 0], full[..., 0, 1], full[..., 1, 1]], -1).astype(np.float32)


@pytest.fixture
def ambiguous(factory):
    return factory.predictions('synthetic-29', 'STAR', 0, {'full': 3}, 0.04)


@pytest.mark.parametrize(('true', 'predicted', 'angle'), [(10, 40, 30), (5, 175, 10), (0, 90, 90), (-80, 95, 5)])
def test_angle_is_between_undirected_axes(ambiguous, true, predicted, angle):
    made = dataclasses.replace(
        ambiguous,
        ambiguity=_covariance(np.full((3, 29), true), 9.0),
        covariances=_covariance(np.full((3, 29), predicted), 3.0),
    )
    assert axis_angles(made) == pytest.approx(np.full(3 * 29, angle), abs=1e-3)


def test_landmarks_without_a_direction_are_left_out(ambiguous):
    ratio = np.full((3, 29, 1), 9.0)
    ratio[:, 5:] = 3.9
    made = dataclasses.replace(ambiguous, ambiguity=_covariance(np.zeros((3, 29)), ratio[..., None]))
    assert axis_angles(made).shape == (15,)


def test_agrees_with_an_eigendecomposition(ambiguous):
    def main_axis(covariance):
        xx, xy, yy = covariance
        return np.linalg.eigh([[xx, xy], [xy, yy]])[1][:, 1]

    pairs = zip(ambiguous.covariances.reshape(-1, 3), ambiguous.ambiguity.reshape(-1, 3), strict=True)
    cosines = [abs(main_axis(a) @ main_axis(b)) for a, b in pairs]
    assert np.cos(np.radians(axis_angles(ambiguous))) == pytest.approx(np.array(cosines), abs=1e-4)


@pytest.mark.parametrize('missing', ['covariances', 'ambiguity'])
def test_nothing_is_measured_without_heatmaps_or_truth(ambiguous, missing):
    assert axis_angles(dataclasses.replace(ambiguous, **{missing: None})) is None
