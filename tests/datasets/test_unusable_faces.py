from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmark.errors import BenchmarkError


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'keypoints': np.zeros((67, 2))}, 'landmarks of shape (67, 2), expected (68, 2)'),
        ({'keypoints': np.full((68, 2), np.nan)}, 'a landmark is not finite'),
        ({'keypoints': np.full((68, 2), 5.0)}, 'the landmarks lie on one spot or line'),
        ({'keypoints': np.arange(136).reshape(68, 2) * 100.0}, 'a landmark lies more than 10 image sides outside'),
        ({'occluded': np.zeros(29, dtype=bool)}, 'occlusion flags of shape (29,), expected (68,)'),
        ({'ambiguity': np.zeros((68, 3))}, 'ambiguity of shape (68, 3), expected (68, 2, 2)'),
        ({'ambiguity': np.full((68, 2, 2), np.inf)}, 'the ambiguity is not a finite symmetric matrix'),
        ({'subsets': ('full',)}, 'unknown subset full'),
        ({'subsets': ('pose',)}, 'unknown subset pose'),
        ({'image': 'none.png'}, 'none.png: cannot be read: No such file or directory'),
    ],
)
def test_unusable_face_is_refused_and_nothing_is_written(tmp_path, write, make_faces, changes, message):
    face = make_faces('4')[0]
    with pytest.raises(BenchmarkError) as caught:
        write(test=[replace(face, **changes)])
    assert message in str(caught.value)
    assert not (tmp_path / 'data').exists()


def test_face_without_inter_ocular_distance_is_refused(write, make_faces):
    face = make_faces('4')[0]
    face.keypoints[36] = face.keypoints[45]
    with pytest.raises(BenchmarkError, match='the inter-ocular distance is zero'):
        write(test=[face])


def test_face_without_inter_pupil_distance_is_refused(write, make_faces):
    face = make_faces('4')[0]
    face.keypoints[36:42] = np.arange(12).reshape(6, 2)
    face.keypoints[42:48] = face.keypoints[36:42]
    with pytest.raises(BenchmarkError, match='the inter-pupil distance is zero'):
        write(test=[face])


def test_no_face_at_all_is_refused(write):
    with pytest.raises(BenchmarkError, match='300w: there is no face to prepare'):
        write(train=[], test=[])
