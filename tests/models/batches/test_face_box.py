from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmpose.registry import TRANSFORMS

from benchmark.datasets.annotations import Face
from benchmark.datasets.boxes import crop_matrix
from benchmark.datasets.prepared import write_prepared
from benchmark.models.batches.face_dataset import FaceDataset

OFFICIAL = {'type': 'FaceBox', 'padding': 1.0, 'align_corners': True}


@pytest.fixture
def image():
    coarse = np.random.default_rng(3).integers(0, 256, (12, 14, 3)).astype(np.uint8)
    return cv2.resize(coarse, (420, 360), interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def faces():
    rng = np.random.default_rng(2)
    boxes = (None, (201.25, 170.5, 143.75), (90.0, 300.0, 412.5))
    return [Face('a.png', 420, 360, rng.uniform((60, 40), (350, 330), (68, 2)), box=box) for box in boxes]


@pytest.fixture
def warp():
    """The warp of MMPose after a transform that places the box."""

    def warp(image, face, placed, size):
        results = {
            'img': image,
            'bbox': np.concatenate((face.keypoints.min(0), face.keypoints.max(0)))[None].astype(np.float32),
            'keypoints': face.keypoints[None].astype(np.float32),
        }
        if face.box is not None:
            results['official_box'] = np.array(face.box, dtype=np.float32)
        for transform in (placed, {'type': 'TopdownAffine', 'input_size': (size, size)}):
            results = TRANSFORMS.build(transform).transform(results)
        return results

    return warp


@pytest.mark.parametrize('size', [64, 256])
def test_warp_equals_that_of_the_official_code(image, faces, warp, size):
    for face in faces:
        results = warp(image, face, {**OFFICIAL, 'input_size': (size, size)}, size)
        if face.box is None:
            low, high = face.keypoints.min(0), face.keypoints.max(0)
            (x, y), side = (low + high) / 2, max(high - low)
        else:
            x, y, side = face.box
        zoom = size / side
        matrix = np.array([[zoom, 0, (size - 1) / 2 - zoom * x], [0, zoom, (size - 1) / 2 - zoom * y]])
        expected = face.keypoints @ matrix[:, :2].T + matrix[:, 2]
        np.testing.assert_allclose(results['transformed_keypoints'][0], expected, atol=1e-3)
        difference = np.abs(results['img'].astype(int) - cv2.warpAffine(image, matrix, (size, size)))
        # OpenCV rounds places to 1/32 pixel, here from two matrices that differ in the sixth digit.
        assert difference.mean() < 0.05 and difference.max() <= 8
        half_a_pixel_off = cv2.warpAffine(image, matrix + [[0, 0, 0.5]] * 2, (size, size))
        assert np.abs(results['img'].astype(int) - half_a_pixel_off).mean() > 4 * difference.mean()


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('padding', [1.0, 1.25])
@pytest.mark.parametrize('size', [(256, 256), (192, 128)])
def test_landmarks_come_to_where_a_crop_of_the_convention_has_them(image, faces, warp, padding, align_corners, size):
    for face in faces:
        placed = {'type': 'FaceBox', 'padding': padding, 'align_corners': align_corners, 'input_size': size}
        transforms = [TRANSFORMS.build(placed), TRANSFORMS.build({'type': 'TopdownAffine', 'input_size': size})]
        results = {
            'img': image,
            'bbox': np.concatenate((face.keypoints.min(0), face.keypoints.max(0)))[None].astype(np.float32),
            'official_box': face.box and np.array(face.box, dtype=np.float32),
            'keypoints': face.keypoints[None].astype(np.float32),
        }
        for transform in transforms:
            results = transform.transform(results)
        matrix = crop_matrix(face, padding, min(size), align_corners)
        margin = (np.array(size) - min(size)) / 2  # on both sides of the square in a wide input
        expected = face.keypoints @ matrix[:, :2].T + matrix[:, 2] + margin
        np.testing.assert_allclose(results['transformed_keypoints'][0], expected, atol=1e-3)


def test_mmpose_convention_equals_that_of_mmpose(image, faces, warp):
    own = {'type': 'FaceBox', 'padding': 1.25, 'align_corners': False, 'input_size': (64, 64)}
    for face in faces:
        results = warp(image, face, own, 64)
        expected = warp(image, face, {'type': 'GetBBoxCenterScale', 'padding': 1.25}, 64)
        np.testing.assert_allclose(results['bbox_center'], expected['bbox_center'], rtol=1e-6)
        np.testing.assert_allclose(results['bbox_scale'], expected['bbox_scale'], rtol=1e-6)
        np.testing.assert_allclose(results['img'].astype(int), expected['img'], atol=1)


def test_predictions_come_back_to_where_they_were_in_the_image(image, faces, warp):
    for face in faces:
        results = warp(image, face, {**OFFICIAL, 'input_size': (128, 128)}, 128)
        predicted = results['transformed_keypoints'][0]
        # As MMPose's TopdownPoseEstimator does.
        centre, scale = results['input_center'], results['input_scale']
        np.testing.assert_allclose(predicted / 128 * scale + centre - 0.5 * scale, face.keypoints, atol=1e-3)


def test_dataset_hands_the_box_of_a_table_over(image, faces, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    write_prepared(tmp_path / 'data', '300w', faces, faces, Path(tmp_path))
    pipeline = [
        {'type': 'LoadImage'},
        {**OFFICIAL, 'input_size': (64, 64)},
        {'type': 'TopdownAffine', 'input_size': (64, 64)},
    ]
    dataset = FaceDataset('300w', 'train', str(tmp_path / 'data'), pipeline=pipeline)
    for index, face in enumerate(faces):
        matrix = crop_matrix(face, 1.0, 64, align_corners=True)
        expected = face.keypoints @ matrix[:, :2].T + matrix[:, 2]
        np.testing.assert_allclose(dataset[index]['transformed_keypoints'][0], expected, atol=1e-3)
