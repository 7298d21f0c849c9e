from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.registry import KEYPOINT_CODECS

from benchmark.models.heads.decoding import predict_from_heatmaps

FLIP_INDICES = [1, 0, 2]
SIZE = (48, 64)  # width and height of the input
EPS = 1e-5


class Head:
    """What decoding needs of a head."""

    decoder = KEYPOINT_CODECS.build({'type': 'SoftArgmaxLabel', 'input_size': SIZE})

    def decode(self, encoded):
        decoded = [self.decoder.decode(one) for one in encoded]
        return [InstanceData(keypoints=keypoints, keypoint_scores=scores) for keypoints, scores in decoded]


@pytest.fixture
def heatmaps():
    return torch.rand(2, 3, 16, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64) ** 6


def statistics_one_by_one(heatmap):
    """Mean and covariance of one heatmap in pixels of the input, by the definition."""
    height, width = heatmap.shape
    weights, points = [], []
    for row in range(height):
        for column in range(width):
            weights.append(heatmap[row, column].item())
            x, y = 2 * column / (width - 1) - 1, 2 * row / (height - 1) - 1
            points.append([((x + 1) * SIZE[0] - 1) / 2, ((y + 1) * SIZE[1] - 1) / 2])
    weights, points = np.array(weights) / sum(weights), np.array(points)
    mean = weights @ points
    first, second = weights.sum() + EPS, (weights**2).sum() + EPS
    covariance = (weights[:, None] * (points - mean)).T @ (points - mean) / (first - second / first)
    return mean, covariance[[0, 0, 1], [0, 1, 1]]


def test_landmarks_and_covariances_are_in_pixels_of_the_input(heatmaps, make_samples):
    instances = predict_from_heatmaps(Head(), [heatmaps], make_samples(torch.zeros(2, 3, 2), FLIP_INDICES))
    assert len(instances) == 2
    for instance, maps in zip(instances, heatmaps, strict=True):
        expected = [statistics_one_by_one(heatmap) for heatmap in maps]
        np.testing.assert_allclose(instance.keypoints, [[mean for mean, _ in expected]], rtol=1e-9)
        np.testing.assert_allclose(instance.heatmap_covariances, [[one for _, one in expected]], rtol=1e-9)
        np.testing.assert_array_equal(instance.keypoint_scores, np.ones((1, 3)))


def test_mirrored_heatmaps_of_a_symmetric_network_change_nothing(heatmaps, make_samples):
    samples = make_samples(torch.zeros(2, 3, 2), FLIP_INDICES)
    mirrored = heatmaps[:, FLIP_INDICES].flip(-1)
    plain = predict_from_heatmaps(Head(), [heatmaps], samples)
    both = predict_from_heatmaps(Head(), [heatmaps, mirrored], samples)
    for one, two in zip(plain, both, strict=True):
        np.testing.assert_allclose(two.keypoints, one.keypoints, rtol=1e-12)
        np.testing.assert_allclose(two.heatmap_covariances, one.heatmap_covariances, rtol=1e-9, atol=1e-9)


def test_flip_test_is_the_mean_of_both(heatmaps, make_samples):
    samples = make_samples(torch.zeros(2, 3, 2), FLIP_INDICES)
    other = heatmaps.flip(0)
    both = predict_from_heatmaps(Head(), [heatmaps, other], samples)
    for instance, maps, mirrored in zip(both, heatmaps, other, strict=True):
        for landmark, twin in enumerate(FLIP_INDICES):
            mean, covariance = statistics_one_by_one(maps[landmark])
            turned, turned_covariance = statistics_one_by_one(mirrored[twin].flip(-1))
            np.testing.assert_allclose(instance.keypoints[0, landmark], (mean + turned) / 2, rtol=1e-9)
            expected = (covariance + turned_covariance) / 2
            np.testing.assert_allclose(instance.heatmap_covariances[0, landmark], expected, rtol=1e-9)


def test_landmarks_of_mirrored_images_are_shifted_back(heatmaps, make_samples):
    samples = make_samples(torch.zeros(2, 3, 2), FLIP_INDICES)
    other = heatmaps.flip(0)
    plain = predict_from_heatmaps(Head(), [heatmaps, other], samples)
    shifts = [0.125, -0.25, -0.25]  # of the width
    shifted = predict_from_heatmaps(Head(), [heatmaps, other], samples, {'mirror_shift': shifts})
    width = Head().decoder.input_size[0]
    for one, two in zip(plain, shifted, strict=True):
        moved = two.keypoints[0] - one.keypoints[0]
        np.testing.assert_allclose(moved[:, 0], np.array(shifts) * width / 2, rtol=1e-6)
        np.testing.assert_array_equal(moved[:, 1], 0)
        np.testing.assert_array_equal(two.heatmap_covariances, one.heatmap_covariances)
