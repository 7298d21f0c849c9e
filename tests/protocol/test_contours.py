from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from benchmark.protocol.contours import tangents
from benchmark.protocol.layouts import LAYOUTS, Curve, Layout


def layout_of(*curves: Curve, landmarks: int) -> Layout:
    return Layout('made up', landmarks, tuple(range(landmarks)), curves, ((0,), (1,)), ((0,), (1,)))


def on_circle(angles: np.ndarray) -> np.ndarray:
    return np.stack([30 + 7 * np.cos(angles), -4 + 7 * np.sin(angles)], axis=-1)


def apart(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Angles between unit vectors whose sign has no meaning, radians."""
    return np.abs(found[..., 0] * expected[..., 1] - found[..., 1] * expected[..., 0])


@pytest.mark.parametrize('closed', [False, True])
def test_tangents_of_unevenly_spaced_points_on_a_circle_are_its_tangents(closed):
    angles = np.sort(np.random.default_rng(0).uniform(0, 2 * np.pi, (5, 9)), axis=1)
    found = tangents(on_circle(angles), layout_of(Curve('circle', tuple(range(9)), closed), landmarks=9))
    expected = np.stack([-np.sin(angles), np.cos(angles)], axis=-1)
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1)
    assert apart(found, expected).max() < 1e-9


def test_tangents_of_points_on_a_line_are_the_line():
    steps = np.array([0, 1, 5, 6, 13])
    points = np.array([2, 3]) + steps[:, None] * np.array([3, 4])
    (found,) = tangents(points[None], layout_of(Curve('line', (0, 1, 2, 3, 4), False), landmarks=5))
    np.testing.assert_allclose(apart(found, np.array([0.6, 0.8])), 0, atol=1e-12)


def test_landmarks_on_no_curve_have_no_tangent_and_those_on_two_that_of_the_first():
    points = np.array([[[0, 0], [1, 0], [2, 0], [0, 1], [0, 2], [9, 9]]])
    curves = Curve('flat', (0, 1, 2), False), Curve('steep', (0, 3, 4), False)
    (found,) = tangents(points, layout_of(*curves, landmarks=6))
    np.testing.assert_allclose(np.abs(found[:5]), [[1, 0], [1, 0], [1, 0], [0, 1], [0, 1]])
    assert np.isnan(found[5]).all()


def test_corner_between_coinciding_neighbours_is_crossed_at_a_right_angle():
    points = np.array([[[0, 0], [2, 1], [4, 0], [2, 1]]])
    (found,) = tangents(points, layout_of(Curve('closed mouth', (0, 1, 2, 3), True), landmarks=4))
    np.testing.assert_allclose(apart(found[0], np.array([-1, 2]) / 5**0.5), 0, atol=1e-12)


def test_landmark_that_coincides_with_a_neighbour_has_the_line_to_the_other_one():
    points = np.array([[[0, 0], [0, 0], [3, 4], [3, 4], [3, 4]]])
    (found,) = tangents(points, layout_of(Curve('line', (0, 1, 2, 3, 4), False), landmarks=5))
    np.testing.assert_allclose(apart(found[1:3], np.array([0.6, 0.8])), 0, atol=1e-12)
    assert np.isnan(found[3:]).all()


@pytest.mark.parametrize('name', sorted(LAYOUTS))
def test_mirrored_face_has_mirrored_tangents(name):
    layout = LAYOUTS[name]
    face = np.random.default_rng(1).normal(size=(1, layout.num_landmarks, 2))
    mirrored = (face * (-1, 1))[:, layout.flip_indices]
    expected = (tangents(face, layout) * (-1, 1))[:, layout.flip_indices]
    turned = apart(tangents(mirrored, layout), expected)
    assert np.nanmax(turned) < 1e-9
    on_curves = {index for curve in layout.curves for index in curve.indices}
    assert set(np.flatnonzero(np.isfinite(turned[0])).tolist()) == on_curves


def test_tangents_of_dense_points_are_those_of_the_spline_through_them():
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    points = np.stack([5 * np.cos(angles), 2 * np.sin(angles)], axis=-1)
    (found,) = tangents(points[None], layout_of(Curve('ellipse', tuple(range(60)), True), landmarks=60))
    around = np.vstack([points, points[:1]])
    length = np.r_[0, np.linalg.norm(np.diff(around, axis=0), axis=1).cumsum()]
    slope = CubicSpline(length, around, bc_type='periodic')(length[:-1], 1)
    assert apart(found, slope / np.linalg.norm(slope, axis=-1, keepdims=True)).max() < 0.01


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r'keypoints: expected shape \(N, 68, 2\), got \(68, 2\)'):
        tangents(np.zeros((68, 2)), LAYOUTS['300w'])
