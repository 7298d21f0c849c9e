"""Faces that occur twice."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmark.datasets.check.duplicates import detail_correlation, overlap
from benchmark.protocol.layouts import LAYOUTS


def unchanged(image, keypoints):
    return image, keypoints


def scale(image, keypoints):
    return cv2.resize(image, (96, 96), interpolation=cv2.INTER_AREA), (keypoints + 0.5) * 0.75 - 0.5


def mirror(image, keypoints):
    flipped = keypoints[list(LAYOUTS['300w'].flip_indices)] * [-1, 1] + [image.shape[1] - 1, 0]
    return np.ascontiguousarray(image[:, ::-1]), flipped


def cut_out(image, keypoints):
    return image[10:, 6:120], keypoints - [6, 10]


def darken(image, keypoints):
    return image // 2 + 20, keypoints


def copy_face(data, face, change, name, quality=70):
    """Write a changed copy of a face's image; returns the face on it."""
    image, keypoints = change(cv2.imread(str(data.images / face.image)), face.keypoints)
    cv2.imwrite(str(data.images / name), image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    height, width = image.shape[:2]
    return replace(face, image=name, width=width, height=height, keypoints=keypoints, subsets=())


@pytest.mark.parametrize('change', [unchanged, scale, mirror, cut_out, darken])
def test_test_faces_in_the_training_split_are_found(prepared, change):
    data = prepared()
    faces = data.faces()['test']
    data.plant(*(copy_face(data, face, change, f'train/copy{place}.jpg') for place, face in enumerate(faces)))
    findings = data.check().findings
    assert [(finding.kind, finding.split, finding.face) for finding in findings] == [
        ('train-test-duplicate', 'test', index) for index in range(len(faces))
    ]
    for place, finding in enumerate(findings):
        assert f'train {14 + place}, train/copy{place}.jpg' in finding.detail
        assert ('mirrored' in finding.detail) == (change is mirror)
        assert float(finding.detail.split()[-1].rstrip(')')) >= 0.88


def test_same_file_under_another_name_is_found(prepared):
    data = prepared()
    face = data.faces()['test'][1]
    (data.images / 'train/same.jpg').write_bytes((data.images / face.image).read_bytes())
    data.plant(replace(face, image='train/same.jpg', subsets=()))
    assert data.check().lines() == [
        '300w: test 1: test/1.jpg: train-test-duplicate: the same face as train 14, train/same.jpg (the same file)'
    ]


def test_copy_within_a_split_is_reported_once(prepared):
    data = prepared()
    data.plant(copy_face(data, data.faces()['train'][4], scale, 'train/copy.jpg'))
    (finding,) = data.check().findings
    assert (finding.kind, finding.split, finding.face) == ('duplicate', 'train', 14)
    assert 'train 4, train/4.jpg' in finding.detail


def test_face_that_is_annotated_twice_is_found(prepared):
    data = prepared()
    face = data.faces()['train'][4]
    data.plant(replace(face, keypoints=face.keypoints + 1))
    assert data.check().counts == {'repeated-annotation': 1}


def test_other_face_of_a_test_image_in_the_training_split_is_found(prepared):
    data = prepared()
    faces = data.faces()
    one = faces['test'][3]
    both = np.concatenate([cv2.imread(str(data.images / face.image)) for face in (one, faces['train'][0])], axis=1)
    cv2.imwrite(str(data.images / 'both.png'), both)
    on_left = replace(one, image='both.png', width=256)
    on_right = replace(faces['train'][0], image='both.png', width=256)
    on_right = replace(on_right, keypoints=on_right.keypoints + np.array([128, 0]))
    data.plant(train_0=lambda _: on_right, test_3=lambda _: on_left)
    assert data.check().lines() == [
        '300w: test 3: both.png: shared-image: other faces of the image are in the training split: train 0, both.png'
    ]


def test_correlation_survives_a_shift_and_a_change_of_brightness():
    rng = np.random.default_rng(0)
    large = cv2.GaussianBlur(rng.normal(size=(80, 80)), (0, 0), 2)
    large = cv2.normalize(large, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    other = cv2.normalize(rng.normal(size=(64, 64)), None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    tile, shifted = large[8:72, 8:72], large[6:70, 9:73] // 2 + 30
    assert detail_correlation(tile, shifted) > 0.9
    assert abs(detail_correlation(tile, other)) < 0.4
    assert detail_correlation(tile, np.zeros_like(tile)) == 0


def test_overlap_is_the_share_of_common_cells(prepared):
    face = prepared().faces()['train'][0]
    corners = np.zeros_like(face.keypoints)
    corners[:34], corners[34:] = (2, 3), (12, 9)
    other = corners + np.array([4, 2])
    grid = np.mgrid[0:20, 0:20].reshape(2, -1).T + 0.5
    first, second = ((grid > box.min(0)).all(1) & (grid < box.max(0)).all(1) for box in (corners, other))
    expected = (first & second).sum() / (first | second).sum()
    assert overlap(replace(face, keypoints=corners), replace(face, keypoints=other)) == pytest.approx(expected)
    assert overlap(replace(face, keypoints=corners), replace(face, keypoints=corners + 50)) == 0
