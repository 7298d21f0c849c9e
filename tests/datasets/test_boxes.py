from __future__ import annotations

import numpy as np
import pytest

from benchmark.datasets.annotations import Face
from benchmark.datasets.boxes import crop_matrix, face_box, perturbed_box


@pytest.fixture
def make_face():
    """A face whose landmarks lie in (10, 20) to (50, 100)."""

    def make(box=None):
        keypoints = np.full((68, 2), 30.0)
        keypoints[0], keypoints[1] = (10, 20), (50, 100)
        return Face('a.png', 200, 200, keypoints, box=box)

    return make


@pytest.mark.parametrize(
    ('box', 'align_corners', 'centre', 'side'),
    [
        (None, False, (30, 60), 80),
        (None, True, (30, 60), 80),
        ((33.5, 64.25, 90.0), True, (33.5, 64.25), 90),
        ((33.5, 64.25, 90.0), False, (30, 60), 80),
    ],
)
@pytest.mark.parametrize('padding', [1.0, 1.25, 1.875])
def test_box_is_that_of_the_official_table_in_the_official_convention_alone(
    make_face, box, align_corners, centre, side, padding
):
    found, found_side = face_box(make_face(box), padding, align_corners)
    np.testing.assert_array_equal(found, centre)
    assert found_side == pytest.approx(side * padding, rel=1e-15)


def test_matrices_of_both_conventions_equal_those_written_by_hand(make_face):
    # Box of the landmarks: centre (30, 60), side 80; 160 pixels for 80 is a zoom of 2.
    np.testing.assert_allclose(crop_matrix(make_face(), 1.0, 160), [[2, 0, 80 - 60], [0, 2, 80 - 120]])
    np.testing.assert_allclose(crop_matrix(make_face(), 1.0, 160, True), [[2, 0, 79.5 - 60], [0, 2, 79.5 - 120]])
    # Table: centre (40, 70), side 64, enlarged by 1.5 to 96; 384 pixels for 96 is a zoom of 4.
    face = make_face((40.0, 70.0, 64.0))
    np.testing.assert_allclose(crop_matrix(face, 1.5, 384, True), [[4, 0, 191.5 - 160], [0, 4, 191.5 - 280]])


@pytest.mark.parametrize('padding', [1.0, 1.25, 1.875])
def test_box_centre_comes_to_the_middle_and_its_side_fills_the_crop(make_face, padding):
    face = make_face()
    matrix = crop_matrix(face, padding, 96)
    centre, side = face_box(face, padding)
    np.testing.assert_allclose(matrix @ [*centre, 1], [48, 48])
    np.testing.assert_allclose(matrix @ [*(centre - side / 2), 1], [0, 0], atol=1e-9)
    np.testing.assert_allclose(matrix @ [*(centre + side / 2), 1], [96, 96])


@pytest.mark.parametrize('padding', [1.0, 1.6])
def test_conventions_differ_by_half_a_pixel_of_the_crop(make_face, padding):
    matrices = [crop_matrix(make_face(), padding, 128, align_corners) for align_corners in (False, True)]
    np.testing.assert_allclose(matrices[0] - matrices[1], [[0, 0, 0.5], [0, 0, 0.5]], atol=1e-12)


@pytest.mark.parametrize('number', [0, 1, 77])
def test_box_that_is_not_perturbed_is_that_of_the_landmarks_to_the_bit(number):
    keypoints = np.random.default_rng(number).uniform(-30, 900, (68, 2))
    box = perturbed_box(Face('a.png', 900, 900, keypoints), number, 1.0, 0.0)
    np.testing.assert_array_equal(box, [*keypoints.min(axis=0), *keypoints.max(axis=0)])


def test_scaled_box_keeps_its_centre_and_shape(make_face):
    # Box of the landmarks: (10, 20) to (50, 100).
    np.testing.assert_allclose(perturbed_box(make_face(), 3, 1.5, 0.0), [0, 0, 60, 120])
    np.testing.assert_allclose(perturbed_box(make_face(), 3, 0.5, 0.0), [20, 40, 40, 80])


@pytest.mark.parametrize('shift', [0.05, 0.2])
def test_moved_boxes_lie_at_one_distance_all_around(make_face, shift):
    moves = np.array([perturbed_box(make_face(), number, 1.0, shift) - [10, 20, 50, 100] for number in range(200)])
    np.testing.assert_allclose(moves[:, :2], moves[:, 2:])
    np.testing.assert_allclose(moves[0], [80 * shift, 0, 80 * shift, 0])
    np.testing.assert_allclose(np.hypot(*moves[:, :2].T), 80 * shift)
    directions = np.sort(np.arctan2(moves[:, 1], moves[:, 0]))
    assert np.diff(directions).max() < 3 * 2 * np.pi / 200
