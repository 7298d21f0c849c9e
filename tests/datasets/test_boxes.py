from __future__ import annotations

import numpy as np
import pytest

from benchmark.datasets.annotations import Face
from benchmark.datasets.boxes import crop_matrix, face_box


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
