from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from mmengine.config import Config

from benchmark.protocol.layouts import LAYOUTS

EXPECTED_CURVES = {'cofw': 7, '300w': 9, 'wflw': 9}
OPEN_CURVES = {
    'cofw': {'left eye'},
    '300w': {'face contour', 'right brow', 'left brow', 'nose line', 'nose'},
    'wflw': {'face contour', 'nose line', 'nose'},
}


@pytest.fixture(params=['cofw', '300w', 'wflw'])
def layout(request):
    return LAYOUTS[request.param]


def test_landmark_counts_are_those_of_the_datasets():
    assert {name: layout.num_landmarks for name, layout in LAYOUTS.items()} == {'cofw': 29, '300w': 68, 'wflw': 98}


def test_flip_indices_are_those_of_mmpose(layout):
    package = Path(importlib.util.find_spec('mmpose').origin).parent
    config = Config.fromfile(package / '.mim' / 'configs' / '_base_' / 'datasets' / f'{layout.name}.py')
    keypoints = config.dataset_info.keypoint_info
    index = {keypoint.name: keypoint.id for keypoint in keypoints.values()}
    expected = [index[keypoints[i].swap] if keypoints[i].swap else i for i in range(len(keypoints))]
    assert list(layout.flip_indices) == expected


def test_layouts_serve_as_dictionary_keys():
    assert {layout: name for name, layout in LAYOUTS.items()}[LAYOUTS['wflw']] == 'wflw'


def test_pupils_of_300w_are_the_six_landmarks_of_each_eye():
    assert LAYOUTS['300w'].inter_pupil == ((36, 37, 38, 39, 40, 41), (42, 43, 44, 45, 46, 47))


def test_mirroring_twice_is_no_change(layout):
    flip = layout.flip_indices
    assert [flip[flip[i]] for i in range(layout.num_landmarks)] == list(range(layout.num_landmarks))


def test_normalizing_ends_mirror_each_other(layout):
    for right, left in (layout.inter_ocular, layout.inter_pupil):
        assert sorted(layout.flip_indices[i] for i in right) == sorted(left)


def test_mirrored_curves_are_curves(layout):
    curves = {frozenset(curve.indices): curve.name for curve in layout.curves}
    for curve in layout.curves:
        mirrored = curves[frozenset(layout.flip_indices[i] for i in curve.indices)]
        assert mirrored == curve.name.replace('right', '?').replace('left', 'right').replace('?', 'left')


def test_curves_are_the_boundaries_of_the_official_networks(layout):
    assert len(layout.curves) == EXPECTED_CURVES[layout.name]
    assert {curve.name for curve in layout.curves if not curve.closed} == OPEN_CURVES[layout.name]
    assert all(len(set(curve.indices)) == len(curve.indices) for curve in layout.curves)


@pytest.mark.parametrize(
    ('name', 'on_no_curve'),
    [('cofw', {16, 17, 28}), ('300w', set()), ('wflw', {96, 97})],
)
def test_only_pupils_and_the_chin_of_cofw_lie_on_no_curve(name, on_no_curve):
    layout = LAYOUTS[name]
    assert set(range(layout.num_landmarks)) - {i for curve in layout.curves for i in curve.indices} == on_no_curve


def test_right_is_the_left_side_of_a_real_image(shared):
    lines = (shared / 'data' / 'wflw' / 'WFLW_annotations' / 'list_98pt_rect_attr_train_test').glob('*test.txt')
    faces = [[float(x) for x in line.split()[:196]] for path in lines for line in path.read_text().splitlines()]
    (right,), (left,) = LAYOUTS['wflw'].inter_ocular
    assert faces
    assert sum(face[2 * right] < face[2 * left] for face in faces) > 0.95 * len(faces)
