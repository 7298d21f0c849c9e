"""Augmentation has a branch for CPUs and one for all other devices: both make the same images."""

from __future__ import annotations

from contextlib import nullcontext

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from benchmark.models import FaceAugmentation, OfficialFaceAugmentation
from benchmark.models.batches import official_augmentation
from tests.models.other_device import OtherDevice

CHANGES = ('occlusion', 'blur', 'gamma', 'noise', 'gray')
NOTHING = dict.fromkeys(('flip', 'shift', 'rotation', 'scale', *CHANGES), 0.0)
both = pytest.mark.parametrize('kind', [FaceAugmentation, OfficialFaceAugmentation])


@pytest.fixture
def images():
    """Sixteen smooth images in colour, 40 x 60, with some black and some white in them."""
    coarse = torch.rand(16, 3, 7, 7, generator=torch.Generator().manual_seed(0)) * 400 - 70
    return F.interpolate(coarse, size=(60, 40), mode='bilinear').clamp(0, 255)


@pytest.fixture
def draw_samples():
    """Data samples with five landmarks each, on the CPU."""

    def make():
        samples = []
        for points in torch.rand(16, 1, 5, 2, generator=torch.Generator().manual_seed(0)) * 96:
            sample = PoseDataSample(metainfo={'flip_indices': np.array([1, 0, 2, 3, 4])})
            sample.gt_instances = InstanceData(keypoints=points)
            samples.append(sample)
        return samples

    return make


def on_both(run):
    """What a call gives on the CPU and what it gives on another device, with the same numbers drawn."""
    torch.manual_seed(0)
    expected = run()
    torch.manual_seed(0)
    with OtherDevice():
        return expected, run()


def test_tensors_say_that_they_are_elsewhere():
    """Otherwise the tests below would compare a branch with itself."""
    with OtherDevice():
        assert torch.rand(2, device=torch.zeros(1).device).device.type != 'cpu'
    assert torch.zeros(1).device.type == 'cpu'


@both
def test_warped_images_and_landmarks_are_the_same(images, draw_samples, kind):
    crops = F.interpolate(images, size=(96, 96)).to(torch.uint8)
    module = kind((64, 48), 1.5, **dict.fromkeys(CHANGES, 0.0))

    def augment():
        samples = draw_samples()
        result = module({'inputs': crops, 'data_samples': samples})['inputs']
        return result, torch.cat([sample.gt_instance_labels.keypoint_labels for sample in samples])

    (expected, labels), (found, other_labels) = on_both(augment)
    assert found.shape == expected.shape == (16, 3, 48, 64)
    assert (found - expected).abs().mean() < 0.5
    assert torch.equal(other_labels, labels)


@pytest.mark.parametrize(
    ('kind', 'change'),
    [
        (FaceAugmentation, 'blur'),
        (FaceAugmentation, 'gamma'),
        (FaceAugmentation, 'gray'),
        (OfficialFaceAugmentation, 'occlusion'),
        (OfficialFaceAugmentation, 'blur'),
        (OfficialFaceAugmentation, 'gamma'),
        (OfficialFaceAugmentation, 'gray'),
    ],
)
def test_pixels_change_alike(images, kind, change):
    module = kind((40, 60), 1.0, **{**NOTHING, change: 1.0})
    expected, found = on_both(lambda: module.change_pixels(images.clone()))
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-3)
    assert not torch.allclose(expected, images, atol=1)


@pytest.mark.parametrize('size', range(1, 13))
def test_blurs_equal_opencv(size):
    images = torch.rand(2, 3, 30, 26, generator=torch.Generator().manual_seed(size)) * 255
    sizes = torch.tensor([size, 1])
    expected = np.stack([cv2.blur(images[0, c].numpy(), (size, size)) for c in range(3)])
    for result in on_both(lambda: official_augmentation.box_blur(images.clone(), sizes)):
        np.testing.assert_allclose(result[0], expected, rtol=0, atol=1e-3)
        torch.testing.assert_close(result[1], images[1])


def test_rectangles_at_the_edges_are_the_same():
    images = torch.full((64, 3, 21, 32), 100.0)
    numbers = torch.tensor([0.0, 0.3, 0.6, 1.0])
    tall, wide, across, down = torch.cartesian_prod(numbers[[0, 3]], numbers[[0, 3]], numbers, numbers).T
    expected, found = on_both(lambda: official_augmentation.cover(images.clone(), tall, wide, across, down))
    assert torch.equal(found, expected)
    assert (expected == 0).any()


@both
def test_chosen_images_alone_change(images, kind):
    """Half of them lose their colours, whatever their places in the batch."""
    colourful = images.repeat(40, 1, 1, 1)
    module = kind((40, 60), 1.0, **{**NOTHING, 'gray': 0.5})
    for result in on_both(lambda: module.change_pixels(colourful.clone())):
        grey = (result[:, 0] == result[:, 2]).flatten(1).all(1)
        assert 0.4 < grey.double().mean() < 0.6
        assert torch.equal(result[~grey], colourful[~grey])


@both
def test_batch_is_augmented_without_reading_values_back(monkeypatch, draw_samples, kind):
    """Reading a value, or a shape that depends on one, fails on PyTorch's meta device; on a GPU it would wait."""
    monkeypatch.setattr(torch, 'autocast', lambda *arguments, **options: nullcontext())  # does not know that device
    samples = draw_samples()
    crops = torch.empty(16, 3, 96, 96, dtype=torch.uint8, device='meta')
    data = kind((64, 48), 1.5).to('meta')({'inputs': crops, 'data_samples': samples})
    assert (data['inputs'].shape, data['inputs'].device.type) == ((16, 3, 48, 64), 'meta')
    assert samples[2].gt_instance_labels.keypoint_labels.device.type == 'meta'
