from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from benchmark.datasets.prepared import Face, open_prepared, write_prepared
from benchmark.models.targets.codec import denormalize_keypoints
from benchmark.protocol.layouts import LAYOUTS
from benchmark.suite.speed.official_style import OfficialStyleSamples

LAYOUT = LAYOUTS['wflw']
SPACING = 24


class Calm(np.random.Generator):
    """A generator that changes nothing but what it is told to: every chance fails unless it is below ``certain``."""

    def __init__(self, turned=0.0, flipped=False):
        super().__init__(np.random.PCG64(0))
        self.chances = iter([0.0 if flipped else 1.0])
        self.turned = turned

    def random(self, size=None):
        return next(self.chances, 1.0)

    def normal(self, size=None):
        return self.turned if size is None else np.full(size, self.turned)


@pytest.fixture
def samples(tmp_path):
    """Build samples of one black image with a white dot at every landmark, on a jittered grid of 10 x 10."""
    grid = np.stack(np.meshgrid(np.arange(10), np.arange(10)), -1).reshape(-1, 2)[:98]
    keypoints = 60 + SPACING * grid + np.random.default_rng(0).uniform(-4, 4, (98, 2))
    pixel = np.arange(400)
    rows, columns = (np.exp(-((pixel - keypoints[:, [axis]]) ** 2) / 4) for axis in (1, 0))
    image = (255 * (rows[:, :, None] * columns[:, None]).max(0)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), np.repeat(image[..., None], 3, axis=2))
    write_prepared(tmp_path / 'data', 'wflw', [Face('a.png', 400, 400, keypoints)], [], tmp_path)
    prepared = open_prepared(tmp_path / 'data', 'wflw')

    def samples(rng):
        return OfficialStyleSamples(prepared, prepared.train, LAYOUT, 256, 64, rng)

    return samples


@pytest.mark.parametrize('turned', [0.0, 0.7, -1.2])
@pytest.mark.parametrize('flipped', [False, True])
def test_image_landmarks_and_maps_show_the_same_places(samples, turned, flipped):
    sample = samples(Calm(turned, flipped))[0]
    assert {name: (tuple(part.shape), part.dtype) for name, part in sample.items()} == {
        'inputs': ((3, 256, 256), torch.float32),
        'labels': ((98, 2), torch.float32),
        'point_maps': ((98, 64, 64), torch.float32),
        'edge_maps': ((9, 64, 64), torch.float32),
    }
    keypoints = denormalize_keypoints(sample['labels'], (256, 256))
    if flipped:
        keypoints = keypoints[list(LAYOUT.flip_indices)]
    inside = ((keypoints > 8) & (keypoints < 247)).all(1)
    assert inside.sum() > 40
    image = (sample['inputs'][0] + 1) / 2
    grid = np.stack(np.meshgrid(np.arange(-4, 5), np.arange(-4, 5)), -1)
    for place in keypoints[inside].numpy():
        x, y = np.round(place).astype(int)
        weights = image[y - 4 : y + 5, x - 4 : x + 5].numpy()
        centre = (weights[..., None] * grid).sum((0, 1)) / weights.sum()
        np.testing.assert_allclose(np.add(centre, (x, y)), place, atol=0.3)
    maps = sample['point_maps'][list(LAYOUT.flip_indices)] if flipped else sample['point_maps']
    peaks = maps[inside].flatten(1).argmax(1)
    found = torch.stack((peaks % 64, peaks // 64), 1) * 4 + 1.5
    assert (found - keypoints[inside]).abs().max() < 4


def test_samples_differ_each_time_and_repeat_for_a_seed(samples):
    runs = [[dataset[0]['inputs'] for _ in range(3)] for dataset in map(samples, map(np.random.default_rng, (0, 0, 1)))]
    assert all(torch.equal(*pair) for pair in zip(runs[0], runs[1], strict=True))
    assert not torch.equal(runs[0][0], runs[0][1])
    assert not torch.equal(runs[0][0], runs[2][0])


def test_shares_of_augmentations_are_the_official_ones(samples):
    dataset = samples(np.random.default_rng(3))
    grey = np.full((256, 256, 3), (90, 120, 150), dtype=np.uint8)
    changed = [dataset._change_pixels(grey.copy()) for _ in range(600)]
    colourless = [np.ptp(image[::8, ::8], axis=2).max() == 0 for image in changed]
    noisy = np.array([(np.diff(image[..., 0], axis=1) != 0).mean() > 0.3 for image in changed])
    occluded = [(image == 0).all(2).any() for image, noise in zip(changed, noisy, strict=True) if not noise]
    np.testing.assert_allclose([np.mean(part) for part in (colourless, noisy, occluded)], (0.2, 0.2, 0.4), atol=0.06)
