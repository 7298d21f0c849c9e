from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from mmpose.registry import DATASETS, MODELS
from mmpose.structures import PoseDataSample

from benchmark.models import FaceAugmentation
from benchmark.models.codec import denormalize_keypoints
from benchmark.protocol.layouts import LAYOUTS

NOTHING = {name: 0.0 for name in ('flip', 'shift', 'rotation', 'scale', 'occlusion', 'blur', 'gamma', 'noise', 'gray')}
GEOMETRY = {name: 0.0 for name in ('occlusion', 'blur', 'gamma', 'noise', 'gray')}
PIXELS = {name: 0.0 for name in ('flip', 'shift', 'rotation', 'scale')}


@pytest.fixture
def make_batch():
    """Crops and landmarks (B, K, 2) in pixels of the crop as a batch."""

    def make(images, keypoints, flip_indices=None):
        samples = []
        for points in keypoints:
            sample = PoseDataSample(metainfo={'flip_indices': flip_indices or list(range(keypoints.shape[1]))})
            sample.gt_instances = InstanceData(keypoints=points[None])
            samples.append(sample)
        return {'inputs': images, 'data_samples': samples}

    return make


@pytest.fixture
def plain_images(make_batch):
    """Ten thousand grey 8-pixel crops with the landmarks (0, 0), (1, 0) and (0, 1)."""

    def make(value=(100, 100, 100), count=10000):
        images = torch.tensor(value, dtype=torch.uint8).view(1, 3, 1, 1).expand(count, 3, 8, 8)
        return make_batch(images, torch.tensor([[0.0, 0], [1, 0], [0, 1]]).expand(count, 3, 2))

    return make


def _labels(data, size):
    labels = torch.cat([sample.gt_instance_labels.keypoint_labels for sample in data['data_samples']])
    return denormalize_keypoints(labels, size)


def _dots(batch, landmarks, size):
    """Black crops with a dot at each landmark; blue is its shape, green over blue tells which landmark it is."""
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.arange(6), np.arange(5)), -1).reshape(-1, 2)[:landmarks]
    keypoints = size / 2 + (grid - [2.5, 2]) * 20 + rng.uniform(-4, 4, (batch, landmarks, 2))
    pixel = np.arange(size)
    rows = np.exp(-((pixel - keypoints[..., 1:]) ** 2) / 6)
    columns = np.exp(-((pixel - keypoints[..., :1]) ** 2) / 6)
    dots = 255 * rows[..., :, None] * columns[..., None, :]
    share = (np.arange(landmarks) + 1) / (landmarks + 1)
    images = np.stack((dots.sum(1), (dots * share[:, None, None]).sum(1), np.zeros((batch, size, size))), 1)
    return torch.from_numpy(images.round().clip(0, 255).astype(np.uint8)), torch.from_numpy(keypoints).float()


@pytest.mark.parametrize(('size', 'tolerance'), [(96, 0.1), (120, 1.5)])
def test_without_augmentation_equals_the_plain_pipeline(make_data, pipeline, size, tolerance):
    root = make_data()
    common = {'benchmark': '300w', 'split': 'train', 'data_root': root}
    encoder = {'type': 'GenerateTarget', 'encoder': {'type': 'SoftArgmaxLabel', 'input_size': (64, 64)}}
    plain = DATASETS.build({'type': 'FaceDataset', **common, 'pipeline': pipeline(64, encoder)})
    crops = DATASETS.build({'type': 'FaceCropDataset', **common, 'size': size, 'padding': 1.25 * 1.5})
    expected = [plain[index] for index in range(len(plain))]
    items = [crops[index] for index in range(len(crops))]
    data = FaceAugmentation((64, 64), 1.5, **NOTHING)(
        {'inputs': [item['inputs'] for item in items], 'data_samples': [item['data_samples'] for item in items]}
    )
    assert data['inputs'].dtype == torch.float32
    for image, sample, other in zip(data['inputs'], data['data_samples'], expected, strict=True):
        labels = sample.gt_instance_labels
        expected_labels = other['data_samples'].gt_instance_labels
        difference = labels.keypoint_labels - expected_labels.keypoint_labels
        assert difference.abs().max() * 32 < 1e-3
        assert torch.equal(labels.keypoint_weights, expected_labels.keypoint_weights)
        assert (image - other['inputs']).abs().mean() < tolerance


@pytest.mark.parametrize('autocast', [False, True])
def test_warped_pixels_and_labels_agree(make_batch, autocast):
    flip_indices = LAYOUTS['cofw'].flip_indices
    images, keypoints = _dots(24, 29, 192)
    torch.manual_seed(0)
    augmentation = FaceAugmentation((128, 128), 1.5, **GEOMETRY)
    with torch.autocast('cpu', dtype=torch.bfloat16, enabled=autocast):
        data = augmentation(make_batch(images, keypoints, list(flip_indices)))
    labels = _labels(data, (128, 128))
    y, x = torch.meshgrid(torch.arange(128.0), torch.arange(128.0), indexing='ij')
    checked = mirrored = 0
    for image, sample, points in zip(data['inputs'], range(24), labels, strict=True):
        names = []
        for place in points:
            if ((place < 8) | (place > 119)).any():
                continue
            window = ((x - place[0]) ** 2 + (y - place[1]) ** 2 < 49).float()
            mass = (image[0] * window).sum()
            centroid = torch.stack(((image[0] * window * x).sum(), (image[0] * window * y).sum())) / mass
            assert (centroid - place).abs().max() < 0.15
            names.append(round(30 * float((image[1] * window).sum() / mass)) - 1)
            checked += 1
        inside = [k for k, place in enumerate(points) if not ((place < 8) | (place > 119)).any()]
        flipped = names == [flip_indices[k] for k in inside]
        assert flipped or names == inside, sample
        mirrored += flipped
    assert checked > 400
    assert 4 < mirrored < 20


def test_geometry_follows_the_official_distributions(plain_images):
    torch.manual_seed(0)
    points = _labels(FaceAugmentation((8, 8), 1.0, **GEOMETRY)(plain_images()), (8, 8)).double()
    linear = torch.stack((points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]), -1)
    determinant = torch.linalg.det(linear)
    assert (determinant < 0).double().mean() == pytest.approx(0.5, abs=0.02)
    straight = determinant > 0
    zoom = determinant.abs().sqrt()
    assert (zoom.mean(), zoom.std()) == (pytest.approx(1, abs=0.005), pytest.approx(0.1, rel=0.05))
    angle = torch.rad2deg(torch.atan2(linear[straight, 1, 0], linear[straight, 0, 0]))
    assert (angle.mean(), angle.std()) == (pytest.approx(0, abs=1), pytest.approx(18, rel=0.05))
    # Where the centre of the crop (pixel 4 = size / 2) comes to lie.
    centre = points[straight, 0] + (linear[straight] @ torch.tensor([4.0, 4.0], dtype=torch.float64))
    shift = (centre - 4) / 8
    assert shift.mean(0).tolist() == pytest.approx([0, 0], abs=0.003)
    assert shift.std(0).tolist() == pytest.approx([0.05, 0.05], rel=0.05)
    correlation = torch.corrcoef(torch.stack((shift[:, 0], shift[:, 1], angle, zoom[straight])))
    assert correlation.fill_diagonal_(0).abs().max() < 0.06


def test_both_warps_give_the_same_image(make_batch, monkeypatch):
    coarse = torch.rand(8, 3, 7, 7, generator=torch.Generator().manual_seed(0)) * 255
    images = F.interpolate(coarse, size=(96, 96), mode='bilinear').to(torch.uint8)
    augmentation = FaceAugmentation((64, 64), 1.5, **GEOMETRY)
    results = []
    for warp in (augmentation._warp_on_cpu, augmentation._sample):
        monkeypatch.setattr(augmentation, '_warp_on_cpu', warp)
        torch.manual_seed(0)
        results.append(augmentation(make_batch(images, torch.rand(8, 4, 2) * 96))['inputs'])
    assert (results[0] - results[1]).abs().mean() < 0.5
    assert not torch.equal(*results)


def test_mirroring_alone_reverses_columns_and_labels(make_batch):
    images = torch.randint(0, 256, (3, 3, 12, 12), dtype=torch.uint8)
    keypoints = torch.rand(3, 4, 2) * 12
    data = FaceAugmentation((12, 12), 1.0, **{**NOTHING, 'flip': 1.0})(make_batch(images, keypoints, [1, 0, 2, 3]))
    torch.testing.assert_close(data['inputs'], images.float().flip(-1), rtol=0, atol=2e-3)
    expected = keypoints[:, [1, 0, 2, 3]] * torch.tensor([-1, 1]) + torch.tensor([11, 0])
    torch.testing.assert_close(_labels(data, (12, 12)), expected, rtol=0, atol=1e-4)


def test_pixels_change_with_the_official_probabilities(plain_images):
    def share(changed):
        return changed.double().mean().item()

    def augment(name, value=(100, 100, 100)):
        torch.manual_seed(0)
        defaults = {'occlusion': 0.4, 'blur': 0.3, 'gamma': 0.2, 'noise': 0.2, 'gray': 0.2}
        options = {**NOTHING, name: defaults[name]}
        return FaceAugmentation((8, 8), 1.0, **options)(plain_images(value))['inputs']

    images = augment('occlusion')
    occluded = (images == 0).all(1)
    assert share(occluded.flatten(1).any(1)) == pytest.approx(0.4, abs=0.03)
    assert ((images == 0) | ((images - 100).abs() < 1e-3)).all()
    images = augment('gamma')
    exponent = torch.log(images[:, 0, 4, 4] / 255) / math.log(100 / 255)
    changed = (exponent - 1).abs() > 1e-3
    assert share(changed) == pytest.approx(0.2, abs=0.015)
    assert 0.5 <= exponent.min() < 0.51
    assert 1.96 < exponent.max() <= 2.0
    assert exponent[changed].log2().mean() == pytest.approx(0, abs=0.05)
    images = augment('noise')
    spread = images.flatten(1).std(1)
    assert share(spread > 0.01) == pytest.approx(0.2, abs=0.015)
    assert spread.max() < 0.3 * 255 / 12**0.5 * 1.3
    images = augment('gray', (10, 100, 200))
    gray = (images[:, 0] - images[:, 2]).abs().amax((1, 2)) < 1e-3
    assert share(gray) == pytest.approx(0.2, abs=0.015)
    torch.testing.assert_close(
        images[gray], torch.full_like(images[gray], 0.114 * 10 + 0.587 * 100 + 0.299 * 200), rtol=1e-4, atol=0
    )


def test_blur_spreads_a_pixel_over_three_or_five(make_batch):
    images = torch.zeros(1000, 3, 15, 15, dtype=torch.uint8)
    images[:, :, 7, 7] = 225
    torch.manual_seed(0)
    data = FaceAugmentation((15, 15), 1.0, **{**NOTHING, 'blur': 0.3})(make_batch(images, torch.zeros(1000, 2, 2)))
    touched = (data['inputs'][:, 0] > 1).flatten(1).sum(1)
    counts = dict(zip(*(part.tolist() for part in touched.unique(return_counts=True)), strict=True))
    assert set(counts) == {1, 9, 25}
    assert counts[9] + counts[25] == pytest.approx(300, abs=50)
    assert counts[9] == pytest.approx(counts[25], abs=50)
    torch.testing.assert_close(data['inputs'].sum((2, 3)), torch.full((1000, 3), 225.0))


def test_seed_decides(make_batch):
    images = torch.randint(0, 256, (8, 3, 24, 24), dtype=torch.uint8)
    keypoints = torch.rand(8, 4, 2) * 24

    def augment(seed):
        torch.manual_seed(seed)
        data = FaceAugmentation((16, 16), 1.5)(make_batch(images, keypoints))
        return data['inputs'], _labels(data, (16, 16))

    first, again, other = augment(3), augment(3), augment(4)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])
    assert not torch.equal(first[1], other[1])


def test_stored_crops_and_landmarks_stay_as_they_are(make_batch):
    images = torch.randint(0, 256, (4, 3, 24, 24), dtype=torch.uint8)
    keypoints = torch.rand(4, 4, 2) * 24
    kept = images.clone(), keypoints.clone()
    data = make_batch(images, keypoints)
    result = FaceAugmentation((24, 24), 1.0)(data)
    assert torch.equal(images, kept[0])
    for sample, points in zip(data['data_samples'], kept[1], strict=True):
        assert torch.equal(sample.gt_instances.keypoints[0], points)
    assert 0 <= result['inputs'].min() <= result['inputs'].max() <= 255


def test_autocast_changes_nothing(make_batch):
    """MMEngine preprocesses a batch inside autocast, whose products would round coordinates to a quarter pixel."""
    images = torch.randint(0, 256, (4, 3, 96, 96), dtype=torch.uint8)
    keypoints = torch.rand(4, 20, 2) * 96
    results = []
    for enabled in (False, True):
        torch.manual_seed(0)
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=enabled):
            data = FaceAugmentation((64, 64), 1.5)(make_batch(images, keypoints))
        results.append((data['inputs'], _labels(data, (64, 64))))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])


def test_is_built_by_the_registry_of_mmpose():
    module = MODELS.build({'type': 'FaceAugmentation', 'input_size': [64, 48], 'crop_margin': 1.5, 'flip': 0.25})
    assert isinstance(module, FaceAugmentation)
    assert (module.input_size, module.flip) == ((64, 48), 0.25)
