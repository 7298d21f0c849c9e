from __future__ import annotations

import numpy as np
import pytest

from benchmark.suite.prediction.pictures import BOX, POINT, RADIUS, draw_faces, ellipse_axes
from benchmark.suite.prediction.predictor import Faces


def faces_at(points, covariances, box) -> Faces:
    boxes = np.array([box], dtype=np.float64)
    covariances = None if covariances is None else np.array([covariances], np.float32)
    return Faces(boxes, boxes, np.array([points], np.float32), covariances, np.ones(1))


@pytest.mark.parametrize('angle', [0.0, 30.0, 89.0, -45.0])
def test_axes_are_those_of_the_covariance(angle):
    along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    across = along[::-1] * [-1, 1]
    (xx, xy), (_, yy) = 9 * np.outer(along, along) + 4 * np.outer(across, across)
    (major, minor), found = ellipse_axes(np.array([xx, xy, yy]))
    assert (major, minor) == (pytest.approx(3), pytest.approx(2)) and found == pytest.approx(angle)


def test_covariance_that_rounding_has_made_flat_is_a_line():
    assert ellipse_axes(np.array([1.0, 1.0 + 1e-9, 1.0]))[0][1] == 0


@pytest.mark.parametrize('side', [60, 200, 2000])
def test_dots_and_lines_grow_with_the_face(side):
    image = np.zeros((2 * side, 2 * side, 3), np.uint8)
    drawn = draw_faces(image, faces_at([[side, side]], None, [side / 2, side / 2, side, side]))
    across = (drawn[side] == POINT).all(axis=-1).sum()
    assert 0.01 * side < across < 0.03 * side + 2
    edge = (drawn[side, : side // 2 + side // 10] > 0).any(axis=-1).sum()
    assert 1 <= edge <= side / 100 + 3
    assert not image.any() and max(BOX) == 255


def test_ellipse_lies_along_its_main_axis():
    side, deviation = 400, 100.0
    image = np.zeros((side, side, 3), np.uint8)
    covariance = [deviation**2, 0.0, (deviation / 4) ** 2]
    drawn = draw_faces(image, faces_at([[200, 200]], [covariance], [-300, -300, 1200, 1200]))
    lit = (drawn[..., 2] > 60) & (drawn[..., 1] < 250)
    columns, rows = np.nonzero(lit.any(axis=0))[0], np.nonzero(lit.any(axis=1))[0]
    assert np.ptp(columns) == pytest.approx(2 * RADIUS * deviation, abs=6)
    assert np.ptp(rows) < np.ptp(columns)


def test_landmarks_far_outside_are_left_out():
    image = np.zeros((50, 50, 3), np.uint8)
    covariances = [[1e20, 0, 1e20], [1, 0, 1]]
    drawn = draw_faces(image, faces_at([[10, 10], [1e30, -1e30]], covariances, [5, 5, 20, 20]))
    assert (drawn[10, 10] == POINT).all()
