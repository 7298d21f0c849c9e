from __future__ import annotations

import math
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.registry import DATASETS, MODELS
from mmpose.structures import PoseDataSample
from scipy.stats import kstest

from benchmark.models import FaceAugmentation, OfficialFaceAugmentation
from benchmark.models.targets.codec import denormalize_keypoints
from benchmark.protocol.layouts import LAYOUTS
from tests.models.other_device import OtherDevice

NOTHING = {name: 0.0 for name in ('flip', 'shift', 'rotation', 'scale', 'occlusion', 'blur', 'gamma', 'noise', 'gray')}
GEOMETRY = {name: 0.0 for name in ('occlusion', 'blur', 'gamma', 'noise', 'gray')}
both = pytest.mark.parametrize('kind', [FaceAugmentation, OfficialFaceAugmentation])


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
def plain_batch(make_batch):
    """Five thousand grey 8-pixel crops with the landmarks (0, 0), (1, 0) and (0, 1)."""
    images = torch.full((1, 3, 8, 8), 100, dtype=torch.uint8).expand(5000, 3, 8, 8)
    return make_batch(images, torch.tensor([[0.0, 0], [1, 0], [0, 1]]).expand(5000, 3, 2))


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


@both
@pytest.mark.parametrize('autocast', [False, True])
def test_warped_pixels_and_labels_agree(make_batch, kind, autocast):
    flip_indices = LAYOUTS['cofw'].flip_indices
    images, keypoints = _dots(24, 29, 192)
    torch.manual_seed(0)
    augmentation = kind((128, 128), 1.5, **GEOMETRY)
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


@both
def test_geometry_follows_the_official_distributions(plain_batch, kind):
    torch.manual_seed(0)
    points = _labels(kind((8, 8), 1.0, **GEOMETRY)(plain_batch), (8, 8)).double()
    linear = torch.stack((points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]), -1)
    determinant = torch.linalg.det(linear)
    assert (determinant < 0).double().mean() == pytest.approx(0.5, abs=0.02)
    straight = determinant > 0
    zoom = determinant.abs().sqrt()
    angle = torch.rad2deg(torch.atan2(linear[straight, 1, 0], linear[straight, 0, 0]))
    # Where the centre of the face box comes to lie.
    middle = 4.0 if kind is FaceAugmentation else 3.5
    centre = points[straight, 0] + (linear[straight] @ torch.full((2,), middle, dtype=torch.float64))
    shift = (centre - middle) / 8
    for values, mean, deviation in ((zoom, 1, 0.1), (angle, 0, 18), (shift[:, 0], 0, 0.05), (shift[:, 1], 0, 0.05)):
        assert kstest(values.numpy(), 'norm', (mean, deviation)).pvalue > 0.01
    correlation = torch.corrcoef(torch.stack((shift[:, 0], shift[:, 1], angle, zoom[straight])))
    assert correlation.fill_diagonal_(0).abs().max() < 0.06


@both
def test_shift_is_a_fraction_of_the_networks_crop(make_batch, kind):
    torch.manual_seed(0)
    options = {**NOTHING, 'shift': 0.05}
    images = torch.zeros(1, 3, 96, 96, dtype=torch.uint8).expand(4000, 3, 96, 96)
    data = kind((8, 4), 1.5, **options)(make_batch(images, torch.full((4000, 1, 2), 40.0)))
    points = _labels(data, (8, 4))[:, 0]
    assert points.std(0).tolist() == pytest.approx([0.05 * 8, 0.05 * 4], rel=0.05)


@both
def test_mirroring_alone_reverses_columns_and_labels(make_batch, kind):
    images = torch.randint(0, 256, (3, 3, 12, 12), dtype=torch.uint8)
    keypoints = torch.rand(3, 4, 2) * 12
    data = kind((12, 12), 1.0, **{**NOTHING, 'flip': 1.0})(make_batch(images, keypoints, [1, 0, 2, 3]))
    torch.testing.assert_close(data['inputs'], images.float().flip(-1), rtol=0, atol=2e-3)
    expected = keypoints[:, [1, 0, 2, 3]] * torch.tensor([-1, 1]) + torch.tensor([11, 0])
    torch.testing.assert_close(_labels(data, (12, 12)), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize('device', [nullcontext, OtherDevice], ids=['CPU', 'another device'])
def test_pixels_change_with_the_official_probabilities(device):
    def share(changed):
        return changed.double().mean().item()

    def augment(name, value=(100, 100, 100)):
        torch.manual_seed(0)
        defaults = {'occlusion': 0.4, 'blur': 0.3, 'gamma': 0.2, 'noise': 0.2, 'gray': 0.2}
        options = {**NOTHING, name: defaults[name]}
        images = torch.tensor(value).float().view(1, 3, 1, 1).repeat(10000, 1, 8, 8)
        with device():
            return FaceAugmentation((8, 8), 1.0, **options).change_pixels(images)

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


@both
def test_seed_decides(make_batch, kind):
    images = torch.randint(0, 256, (8, 3, 24, 24), dtype=torch.uint8)
    keypoints = torch.rand(8, 4, 2) * 24

    def augment(seed):
        torch.manual_seed(seed)
        data = kind((16, 16), 1.5)(make_batch(images, keypoints))
        return data['inputs'], _labels(data, (16, 16))

    first, again, other = augment(3), augment(3), augment(4)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])
    assert not torch.equal(first[1], other[1])


@both
def test_every_image_gets_draws_of_its_own(make_batch, kind):
    images = torch.randint(0, 256, (1, 3, 24, 24), dtype=torch.uint8).expand(8, 3, 24, 24)
    data = kind((16, 16), 1.5)(make_batch(images, torch.full((8, 4, 2), 5.0)))
    assert len({image.numpy().tobytes() for image in data['inputs'].contiguous()}) == 8
    assert len(set(_labels(data, (16, 16))[:, 0, 0].tolist())) == 8


@both
def test_stored_crops_and_landmarks_stay_as_they_are(make_batch, kind):
    images = torch.randint(0, 256, (4, 3, 24, 24), dtype=torch.uint8)
    keypoints = torch.rand(4, 4, 2) * 24
    kept = images.clone(), keypoints.clone()
    data = make_batch(images, keypoints)
    result = kind((24, 24), 1.0)(data)
    assert torch.equal(images, kept[0])
    for sample, points in zip(data['data_samples'], kept[1], strict=True):
        assert torch.equal(sample.gt_instances.keypoints[0], points)
    assert 0 <= result['inputs'].min() <= result['inputs'].max() <= 255


@both
def test_autocast_changes_nothing(make_batch, kind):
    """MMEngine preprocesses a batch inside autocast, whose products would round coordinates to a quarter pixel."""
    images = torch.randint(0, 256, (4, 3, 96, 96), dtype=torch.uint8)
    keypoints = torch.rand(4, 20, 2) * 96
    results = []
    for enabled in (False, True):
        torch.manual_seed(0)
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=enabled):
            data = kind((64, 64), 1.5)(make_batch(images, keypoints))
        results.append((data['inputs'], _labels(data, (64, 64))))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])


@both
def test_images_may_come_as_a_list_or_interleaved(make_batch, kind):
    images = torch.randint(0, 256, (4, 3, 24, 24), dtype=torch.uint8)
    keypoints = torch.rand(4, 4, 2) * 24
    results = []
    for form in (images, list(images), images.contiguous(memory_format=torch.channels_last)):
        torch.manual_seed(0)
        data = kind((16, 16), 1.5)(make_batch(form, keypoints))
        results.append((data['inputs'], _labels(data, (16, 16))))
    for inputs, labels in results[1:]:
        assert torch.equal(inputs, results[0][0])
        assert torch.equal(labels, results[0][1])


@both
def test_is_built_by_the_registry_of_mmpose(kind):
    module = MODELS.build({'type': kind.__name__, 'input_size': [64, 48], 'crop_margin': 1.5, 'flip': 0.25})
    assert isinstance(module, kind)
    assert (module.input_size, module.flip) == ((64, 48), 0.25)
    assert not module.state_dict()


@both
def test_mirror_shift_moves_landmarks_of_mirrored_images_alone(make_batch, kind):
    images, keypoints = _dots(24, 3, 96)
    shifts = [0.02, -0.01, -0.01]

    def labels(**options):
        torch.manual_seed(0)
        augmented = kind((64, 64), 1.5, **{**NOTHING, 'flip': 0.5}, **options)
        return _labels(augmented(make_batch(images, keypoints, [0, 2, 1])), (64, 64))

    moved = labels(mirror_shift=shifts) - labels()
    torch.manual_seed(0)
    flipped = torch.rand(24) < 0.5
    assert 0 < flipped.sum() < 24
    torch.testing.assert_close(
        moved[flipped],
        torch.tensor([[64 * shift, 0] for shift in shifts]).expand(moved[flipped].shape),
        atol=1e-4,
        rtol=0,
    )
    assert not moved[~flipped].any()
    assert torch.equal(labels(mirror_shift=[0.0, 0.0, 0.0]), labels())
