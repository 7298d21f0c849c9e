from __future__ import annotations

import numpy as np
import pytest
import torch
from mmpose.registry import KEYPOINT_CODECS

from benchmark.models import SoftArgmaxLabel
from benchmark.models.targets.codec import denormalize_keypoints, normalize_keypoints


@pytest.fixture
def keypoints():
    return np.random.default_rng(0).uniform(-40, 300, (3, 29, 2))


@pytest.mark.parametrize('size', [(256, 256), (64, 64), (192, 256)])
def test_decoding_inverts_encoding(keypoints, size):
    codec = SoftArgmaxLabel(size)
    encoded = codec.encode(keypoints)
    decoded, scores = codec.decode(encoded['keypoint_labels'])
    np.testing.assert_allclose(decoded, keypoints, atol=1e-4)
    assert encoded['keypoint_labels'].dtype == np.float32
    assert (scores.shape, set(scores.flat)) == ((3, 29), {1.0})


@pytest.mark.parametrize('kind', [np.asarray, torch.as_tensor])
def test_normalizing_is_inverted_in_double_precision(keypoints, kind):
    values = kind(keypoints)
    result = denormalize_keypoints(normalize_keypoints(values, (192, 256)), (192, 256))
    assert type(result) is type(values)
    assert result.dtype == values.dtype
    np.testing.assert_allclose(np.asarray(result), keypoints, rtol=0, atol=1e-12)


def test_edges_of_the_image_lie_at_the_ends_of_the_range():
    corners = np.array([[-0.5, -0.5], [255.5, 127.5], [127.5, 63.5]])
    np.testing.assert_array_equal(normalize_keypoints(corners, (256, 128)), [[-1, -1], [1, 1], [0, 0]])


def test_mirroring_pixels_negates_x(keypoints):
    mirrored = keypoints * [-1, 1] + [255, 0]
    np.testing.assert_allclose(
        normalize_keypoints(mirrored, (256, 256)), normalize_keypoints(keypoints, (256, 256)) * [-1, 1], atol=1e-12
    )


@pytest.mark.parametrize('layout', ['COFW', '300W', 'WFLW'])
@pytest.mark.parametrize('index', [0, 1])
def test_equals_the_official_normalization(shared, layout, index):
    with np.load(shared / 'golden' / 'targets.npz') as golden:
        landmarks, expected = (golden[f'{layout}/{index}/{name}'] for name in ('landmarks', 'normalised'))
    encoded = SoftArgmaxLabel((256, 256)).encode(landmarks[None])
    np.testing.assert_allclose(encoded['keypoint_labels'][0], expected, rtol=0, atol=2e-7)


def test_every_landmark_counts_whatever_its_visibility(keypoints):
    encoded = SoftArgmaxLabel((256, 256)).encode(keypoints, np.zeros((3, 29)))
    assert (encoded['keypoint_weights'] == 1).all()
    assert encoded['keypoint_weights'].shape == (3, 29)


def test_is_built_by_the_registry_of_mmpose():
    codec = KEYPOINT_CODECS.build({'type': 'SoftArgmaxLabel', 'input_size': [64, 48]})
    assert isinstance(codec, SoftArgmaxLabel)
    assert codec.input_size == (64, 48)
