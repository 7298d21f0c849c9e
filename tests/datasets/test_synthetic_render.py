from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmark.datasets.synthetic import render_face
from benchmark.datasets.synthetic.camera import build_camera
from benchmark.datasets.synthetic.contours import build_contours
from benchmark.datasets.synthetic.landmarks import PLACES
from benchmark.datasets.synthetic.parameters import Expression, FaceParameters, Identity, Pose
from benchmark.datasets.synthetic.raycast import cast_rays
from benchmark.datasets.synthetic.sampling import CONDITIONS, sample_parameters
from benchmark.datasets.synthetic.surface import SOLID_SHAPE, build_solid, build_surface
from benchmark.datasets.synthetic.visible import visible_jaw
from benchmark.protocol.layouts import LAYOUTS

SIZE = 128


def render(layout: str, parameters: FaceParameters | None = None, seed: int = 0):
    return render_face(parameters or FaceParameters(), layout, np.random.default_rng(seed))


@pytest.fixture(params=list(LAYOUTS))
def layout(request) -> str:
    return request.param


def mirrored(points: np.ndarray, layout: str) -> np.ndarray:
    flipped = points[list(LAYOUTS[layout].flip_indices)]
    return np.stack([SIZE - 1 - flipped[:, 0], flipped[:, 1]], axis=1)


def test_every_layout_has_its_number_of_landmarks(layout):
    assert len(PLACES[layout]) == LAYOUTS[layout].num_landmarks
    assert render(layout).landmarks.exact.shape == (LAYOUTS[layout].num_landmarks, 2)


def test_mirroring_a_symmetric_frontal_face_permutes_its_landmarks_by_the_flip_indices(layout):
    exact = render(layout).landmarks.exact
    np.testing.assert_allclose(mirrored(exact, layout), exact, atol=1e-6)


@pytest.mark.parametrize('expression', [Expression(), Expression(mouth_open=0.6, smile=0.5, brow_raise=(0.3, 0.3))])
def test_turning_the_head_the_other_way_mirrors_the_landmarks(layout, expression):
    one = FaceParameters(expression=expression, pose=Pose(yaw=30, pitch=8, roll=-12, shift=(2.0, 1.0)))
    other = replace(one, pose=Pose(yaw=-30, pitch=8, roll=12, shift=(-2.0, 1.0)))
    np.testing.assert_allclose(
        mirrored(render(layout, one).landmarks.exact, layout), render(layout, other).landmarks.exact, atol=1e-6
    )


def test_the_covariances_of_a_symmetric_face_are_mirrored_too(layout):
    ambiguity = render(layout).landmarks.ambiguity
    flipped = ambiguity[list(LAYOUTS[layout].flip_indices)] * np.array([[1, -1], [-1, 1]])
    np.testing.assert_allclose(flipped, ambiguity, atol=1e-6)


def test_the_image_of_a_symmetric_frontal_face_is_symmetric():
    image = render('wflw').image[30:110, 35:93].astype(float)
    assert np.abs(cv2.GaussianBlur(image - image[:, ::-1], (0, 0), 2)).mean() < 4


@pytest.mark.parametrize(
    ('layout', 'brows', 'eyes', 'nose', 'mouth', 'chin'),
    [
        ('cofw', (0, 1, 2, 3, 4, 5, 6, 7), tuple(range(8, 18)), (18, 19, 20, 21), tuple(range(22, 28)), 28),
        ('300w', tuple(range(17, 27)), tuple(range(36, 48)), tuple(range(31, 36)), tuple(range(48, 68)), 8),
        ('wflw', tuple(range(33, 51)), (*range(60, 76), 96, 97), tuple(range(55, 60)), tuple(range(76, 96)), 16),
    ],
)
def test_brows_eyes_nose_mouth_and_chin_follow_each_other_downwards(layout, brows, eyes, nose, mouth, chin):
    y = render(layout).landmarks.exact[:, 1]
    for above, below in ((brows, eyes), (eyes, nose), (nose, mouth), (mouth, (chin,))):
        assert y[list(above)].max() < y[list(below)].min()


@pytest.mark.parametrize(
    ('layout', 'rows'),
    [
        ('cofw', [(0, 4, 2, 3, 6, 1), (8, 12, 10, 11, 14, 9), (18, 20, 19), (22, 25, 23)]),
        (
            '300w',
            [
                range(0, 17),
                range(17, 27),
                (36, 37, 38, 39, 42, 43, 44, 45),
                range(31, 36),
                range(48, 55),
                range(60, 65),
            ],
        ),
        (
            'wflw',
            [range(0, 33), (*range(33, 38), *range(42, 47)), (*range(60, 65), *range(68, 73)), range(76, 83), (96, 97)],
        ),
    ],
)
def test_landmarks_of_a_row_run_from_the_left_of_the_image_to_its_right(layout, rows):
    x = render(layout).landmarks.exact[:, 0]
    for row in rows:
        assert (np.diff(x[list(row)]) > 0).all(), row


@pytest.mark.parametrize(
    ('layout', 'pairs'),
    [
        ('cofw', [(4, 5), (6, 7), (12, 13), (14, 15), (20, 21), (24, 27), (25, 27), (24, 26)]),
        ('300w', [(27, 28), (28, 29), (29, 30), (37, 41), (38, 40), (43, 47), (44, 46), (51, 57), (51, 62), (66, 57)]),
        ('wflw', [(34, 41), (36, 39), (37, 38), (42, 50), (45, 48), (61, 67), (63, 65), (69, 75), (79, 85), (79, 90)]),
    ],
)
def test_upper_landmarks_lie_above_the_lower_ones_of_the_same_part(layout, pairs):
    y = render(layout).landmarks.exact[:, 1]
    for upper, lower in pairs:
        assert y[upper] < y[lower], (upper, lower)


def test_cofw_orders_the_two_sides_of_both_lips_downwards():
    parameters = FaceParameters(expression=Expression(mouth_open=0.5))
    assert (np.diff(render('cofw', parameters).landmarks.exact[24:29, 1]) > 0).all()


def test_pupils_are_dark_and_the_whites_beside_them_are_bright():
    image = render('wflw').image.astype(int).sum(axis=2)
    points = np.round(render('wflw').landmarks.exact).astype(int)
    for pupil, corner in ((96, 60), (97, 72)):
        white = np.round(0.3 * points[pupil] + 0.7 * points[corner]).astype(int)
        assert image[points[pupil][1] + 1, points[pupil][0] - 1] < image[white[1], white[0]]


def test_the_face_contour_lies_on_the_edge_of_the_rendered_face():
    scale = 4
    contours = build_contours(Identity(), Expression())
    surface = build_surface(contours, Identity(), Expression())
    solid = build_solid(surface, np.zeros(SOLID_SHAPE, np.float32), volume=0.1, ear_size=0.05)
    for yaw, pitch in ((0, 0), (20, 0), (-40, 0), (25, 10)):
        camera = build_camera(Pose(yaw=yaw, pitch=pitch, size=36 * scale), SIZE * scale)
        *_, seen = cast_rays(solid, camera, SIZE * scale)
        outlines, _ = cv2.findContours(seen.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        outline = max(outlines, key=len).astype(np.float32)
        jaw = visible_jaw(contours, surface, camera)
        middle = jaw[len(jaw) // 5 : -len(jaw) // 5]  # beyond it the ears begin
        distance = [abs(cv2.pointPolygonTest(outline, tuple(map(float, point)), True)) / scale for point in middle]
        assert np.mean(distance) < 0.5 and max(distance) < 1.3, (yaw, pitch)


def test_an_extreme_face_of_every_condition_is_rendered_within_its_image(layout):
    for index, condition in enumerate(CONDITIONS):
        rng = np.random.default_rng([index, 5])
        face = render_face(sample_parameters(rng, frozenset([condition])), layout, rng)
        box = np.ptp(face.landmarks.exact, axis=0)
        assert face.image.shape == (SIZE, SIZE, 3) and face.image.dtype == np.uint8
        assert 55 < box.max() < 100
        assert (face.landmarks.exact > -8).all() and (face.landmarks.exact < SIZE + 8).all()


def test_a_face_behind_an_object_says_which_landmarks_are_occluded():
    parameters = FaceParameters()
    hidden = replace(parameters, nuisance=replace(parameters.nuisance, occluders=('hand', 'object')))
    clear, covered = render('cofw', parameters), render('cofw', hidden)
    assert not clear.occluded.any()
    assert 0 < covered.occluded.sum() < 29


def test_dark_glasses_occlude_the_eyes_alone():
    parameters = FaceParameters()
    face = render('cofw', replace(parameters, appearance=replace(parameters.appearance, glasses='dark')))
    assert face.occluded[8:18].all()
    assert not face.occluded[18:].any()
