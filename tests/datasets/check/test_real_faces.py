"""Faults planted into a part of the real 300W, and mistakes that it has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmark.datasets.annotations import Face
from benchmark.datasets.check import check_prepared
from benchmark.datasets.prepared import write_prepared
from benchmark.protocol.layouts import LAYOUTS

FLIP = np.array(LAYOUTS['300w'].flip_indices)
PAIRS = [(k, int(other)) for k, other in enumerate(FLIP) if k < other]


def read_face(root: Path, name: str) -> Face:
    height, width = cv2.imread(str(root / name), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION).shape[:2]
    lines = (root / name).with_suffix('.pts').read_text().split('{')[1].split('}')[0].split()
    return Face(name, width, height, np.array(lines, dtype=float).reshape(68, 2) - 1)


@pytest.fixture
def real(shared, tmp_path):
    """A folder for images, 60 training and 60 test faces to plant faults into, and a function that checks faces."""
    root = tmp_path / 'images'
    root.mkdir()
    (root / 'real').symlink_to(shared / 'data' / '300w')

    def first(folder):
        names = sorted(path.name for path in (shared / 'data' / '300w' / folder).glob('*.jpg'))
        return [read_face(root, f'real/{folder}/{name}') for name in names[:60]]

    def check(train, test):
        write_prepared(tmp_path / 'data', '300w', train, test, root, missing=('most of it',))
        return check_prepared(tmp_path / 'data', '300w')

    return root, first('afw'), first('lfpw/testset'), check


def found(report):
    return [(finding.kind, finding.split, finding.face) for finding in report.findings]


def test_planted_faults_are_found_among_real_faces(real):
    root, train, test, check = real
    rng = np.random.default_rng(0)
    expected = []
    for index in range(0, 20):
        train[index] = replace(train[index], keypoints=train[index].keypoints[FLIP])
        expected.append(('mirrored', 'train', index))
    for index in range(20, 40):
        keypoints = train[index].keypoints.copy()
        ocular = np.linalg.norm(keypoints[36] - keypoints[45])
        apart = [pair for pair in PAIRS if np.linalg.norm(keypoints[pair[0]] - keypoints[pair[1]]) > ocular / 3]
        first, second = apart[rng.integers(len(apart))]
        keypoints[[first, second]] = keypoints[[second, first]]
        train[index] = replace(train[index], keypoints=keypoints)
        expected.append(('swapped', 'train', index))
    for index in range(0, 12):
        face = test[index]
        image = cv2.imread(str(root / face.image))
        image, keypoints, quality = (
            (image, face.keypoints, 40),
            (cv2.resize(image, None, fx=0.5, fy=0.5), face.keypoints / 2, 90),
            (image[:, ::-1], face.keypoints[FLIP] * (-1, 1) + (face.width - 1, 0), 90),
        )[index % 3]
        cv2.imwrite(str(root / f'{index}.jpg'), image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        height, width = image.shape[:2]
        train.append(replace(face, image=f'{index}.jpg', width=width, height=height, keypoints=keypoints))
        expected.append(('train-test-duplicate', 'test', index))
    report = check(train, test)
    assert [place for place in found(report) if place[0] != 'unusual-shape'] == expected
    assert not report.damaged


def test_truncated_image_is_found_among_real_faces(real):
    root, train, test, check = real
    content = (root / test[3].image).read_bytes()
    path = root / 'short.jpg'
    path.write_bytes(content)
    test[3] = replace(test[3], image='short.jpg')
    assert found(check(train, test)) == []
    path.write_bytes(content[: len(content) * 9 // 10])
    report = check_prepared(path.parents[1] / 'data', '300w')
    assert found(report) == [('corrupt-image', 'test', 3)]
    assert report.damaged


def test_mistakes_that_300w_has_are_found(real):
    root, train, test, check = real
    train[0] = read_face(root, 'real/lfpw/trainset/image_0862.jpg')  # the photograph of test face 6
    test.append(read_face(root, 'real/helen/testset/2983130985_1.jpg'))
    report = check(train[:3], test)
    assert found(report) == [('train-test-duplicate', 'test', 6), ('swapped', 'test', 60)]
    assert report.findings[1].landmarks == (17, 18)
