"""What has one way for CPUs and one for GPUs, or the same code on both, gives the same numbers."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch.overrides import TorchFunctionMode

from benchmark.models import (
    AdaptiveWingMapLoss,
    FaceAugmentation,
    LandmarkDistanceLoss,
    OfficialFaceAugmentation,
    STARLoss,
)
from benchmark.models.batches import official_augmentation
from benchmark.models.networks.separable_upsampling import upsample_bilinear
from benchmark.models.targets.attention_targets import draw_edge_maps, draw_point_maps
from benchmark.protocol.layouts import LAYOUTS
from benchmark.suite.gpu import whole_float32
from tests.gpu.test_kernels import draw, with_gradients

GOLDEN = Path(__file__).parents[1] / 'data' / 'targets.npz'
NAMES = {'cofw': 'COFW', '300w': '300W', 'wflw': 'WFLW'}
CHANGES = ('occlusion', 'blur', 'gamma', 'noise', 'gray')
NOTHING = dict.fromkeys(('flip', 'shift', 'rotation', 'scale', *CHANGES), 0.0)
LAYOUTS_IN_MEMORY = [torch.contiguous_format, torch.channels_last]


class DrawnOnTheCpu(TorchFunctionMode):
    """Random numbers are those of the CPU's generator, wherever they are wanted."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func not in (torch.rand, torch.randn) or 'device' not in kwargs:
            return func(*args, **kwargs)
        return func(*args, **{**kwargs, 'device': 'cpu'}).to(kwargs['device'])


@pytest.fixture(autouse=True)
def precise():
    with whole_float32():
        yield


@pytest.fixture
def images():
    """Sixteen smooth images in colour, 40 x 60, with some black and some white in them."""
    coarse = torch.rand(16, 3, 7, 7, generator=torch.Generator().manual_seed(0)) * 400 - 70
    return F.interpolate(coarse, size=(60, 40), mode='bilinear').clamp(0, 255)


def on_each(run, *devices):
    """What a call gives on each device, on the CPU, with the same numbers drawn."""
    results = []
    for device in devices:
        torch.manual_seed(0)
        with DrawnOnTheCpu():
            results.append(run(device).cpu())
    return results


@pytest.mark.parametrize('kind', [FaceAugmentation, OfficialFaceAugmentation])
def test_warped_images_and_landmarks_are_the_same(images, device, kind):
    crops = F.interpolate(images, size=(96, 96)).to(torch.uint8)
    points = torch.rand(16, 5, 2, generator=torch.Generator().manual_seed(1)) * 96
    labels = []

    def augment(where):
        samples = [PoseDataSample(metainfo={'flip_indices': np.array([1, 0, 2, 3, 4])}) for _ in crops]
        data = {'inputs': crops.to(where), 'data_samples': samples, 'keypoints': points}
        result = kind((64, 48), 1.5, **dict.fromkeys(CHANGES, 0.0)).to(where)(data)['inputs']
        labels.append(torch.cat([sample.gt_instance_labels.keypoint_labels for sample in samples]).cpu())
        return result

    expected, found = on_each(augment, 'cpu', device)
    assert found.shape == expected.shape == (16, 3, 48, 64)
    assert (found - expected).abs().mean() < 0.5
    torch.testing.assert_close(*labels, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ('kind', 'change'),
    [
        *((FaceAugmentation, change) for change in ('blur', 'gamma', 'gray')),
        *((OfficialFaceAugmentation, change) for change in ('occlusion', 'blur', 'gamma', 'gray')),
    ],
)
def test_pixels_change_alike(images, device, kind, change):
    module = kind((40, 60), 1.0, **{**NOTHING, change: 1.0})
    expected, found = on_each(lambda where: module.change_pixels(images.clone().to(where)), 'cpu', device)
    torch.testing.assert_close(found, expected, rtol=0, atol=5e-3)
    assert not torch.allclose(expected, images, atol=1)


def test_blurs_of_any_size_are_the_same(images, device):
    sizes = torch.arange(1, 17)
    expected, found = on_each(
        lambda where: official_augmentation.box_blur(images.clone().to(where), sizes.to(where)), 'cpu', device
    )
    torch.testing.assert_close(found, expected, rtol=0, atol=5e-3)


def test_rectangles_at_the_edges_are_the_same(device):
    numbers = torch.tensor([0.0, 0.3, 0.6, 1.0])
    places = torch.cartesian_prod(numbers[[0, 3]], numbers[[0, 3]], numbers, numbers).T
    expected, found = on_each(
        lambda where: official_augmentation.cover(torch.full((64, 3, 21, 32), 100.0, device=where), *places.to(where)),
        'cpu',
        device,
    )
    assert torch.equal(found, expected)
    assert (expected == 0).any()


@pytest.mark.parametrize('layout', NAMES)
def test_targets_of_maps_are_the_same(device, layout):
    """Faces at three places, the last partly outside the image."""
    with np.load(GOLDEN) as file:
        face = torch.from_numpy(file[f'{NAMES[layout]}/0/landmarks']).float()
    keypoints, curves = torch.stack((face, 0.8 * face + 20.3, face + 61.7)), LAYOUTS[layout].curves
    sizes = (256, 256), (64, 64)
    expected, found = on_each(lambda where: draw_point_maps(keypoints.to(where), *sizes), 'cpu', device)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    expected, found = on_each(lambda where: draw_edge_maps(keypoints.to(where), curves, *sizes), 'cpu', device)
    difference = (found - expected).abs()
    assert difference.max() < 0.02
    assert difference[expected > 0].mean() < 1e-3


@pytest.mark.parametrize(
    'loss',
    [
        STARLoss(),
        STARLoss('l2', 'detach'),
        AdaptiveWingMapLoss(),
        *(LandmarkDistanceLoss(distance) for distance in ('smooth_l1', 'l1', 'l2', 'wing')),
    ],
    ids=lambda loss: f'{type(loss).__name__}-{getattr(loss, "distance", "")}',
)
def test_losses_and_gradients_are_the_same(device, loss):
    heatmaps, keypoints = draw((4, 29, 64, 64), 'cpu')
    if isinstance(loss, AdaptiveWingMapLoss):
        given = (heatmaps / 25, heatmaps.flip(0) / 25)
    elif isinstance(loss, LandmarkDistanceLoss):
        given = (keypoints, keypoints.flip(1) * 0.02 + keypoints)
    else:
        given = (heatmaps, keypoints)
    expected = with_gradients(loss, *given)
    found = with_gradients(loss, *(part.to(device) for part in given))
    for mine, other in zip(found, expected, strict=True):
        if other is None:  # a target without a gradient
            assert mine is None
            continue
        assert (mine.cpu() - other).norm() < 2e-5 * other.norm()


@pytest.mark.parametrize('activation', ['softmax', 'instance_norm_relu'])
def test_heatmaps_become_the_same_landmarks(device, activation):
    torch.manual_seed(0)
    head = MODELS.build(
        {
            'type': 'SoftArgmaxHead',
            'in_channels': 8,
            'out_channels': 5,
            'activation': activation,
            'decoder': {'type': 'SoftArgmaxLabel', 'input_size': (256, 192)},
        }
    )
    pair = [10 * F.interpolate(torch.randn(3, 8, 6, 8), size=(48, 64), mode='bicubic') for _ in range(2)]
    samples = [PoseDataSample(metainfo={'flip_indices': [1, 0, 2, 4, 3]}) for _ in range(3)]

    def predict(where) -> list[InstanceData]:
        feats = [(features.to(where),) for features in pair]
        with torch.no_grad():
            return copy.deepcopy(head).to(where).predict(feats, samples, {'flip_test': True})

    for mine, other in zip(predict(device), predict('cpu'), strict=True):
        np.testing.assert_allclose(mine.keypoints, other.keypoints, rtol=0, atol=1e-3)
        np.testing.assert_allclose(mine.heatmap_covariances, other.heatmap_covariances, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize('layout', LAYOUTS_IN_MEMORY)
@pytest.mark.parametrize(('dtype', 'tolerance'), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@pytest.mark.parametrize('factors', [(2, 2), (8, 8), (3, 1)])
def test_upsampling_is_that_of_pytorch_with_the_same_bits_twice(device, factors, dtype, tolerance, layout):
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(4, 30, 16, 12, generator=generator, dtype=dtype).to(device, memory_format=layout)
    size = [length * factor for length, factor in zip(features.shape[2:], factors, strict=True)]
    weights = torch.randn(4, 30, *size, generator=generator, dtype=dtype).to(device)

    def upsample(function):
        given = features.clone().requires_grad_()
        output = function(given)
        (output * weights).sum().backward()
        return output.detach(), given.grad

    expected = upsample(lambda given: F.interpolate(given, size=size, mode='bilinear', align_corners=False))
    first, second = (upsample(lambda given: upsample_bilinear(given, factors)) for _ in range(2))
    for one, other, of_pytorch in zip(first, second, expected, strict=True):
        assert torch.equal(one, other)
        torch.testing.assert_close(one, of_pytorch, rtol=tolerance, atol=tolerance)
