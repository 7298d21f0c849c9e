from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmpose.registry import DATASETS
from scipy.stats import binomtest, chisquare, ks_2samp, kstest

from benchmark.datasets.boxes import crop_matrix, face_box
from benchmark.datasets.prepared import open_prepared
from benchmark.models.batches import official_augmentation
from benchmark.models.batches.official_augmentation import OfficialFaceAugmentation
from benchmark.models.targets.codec import denormalize_keypoints
from tests.models.other_device import OtherDevice

DEFAULTS = {'occlusion': 0.4, 'blur': 0.3, 'gamma': 0.2, 'noise': 0.2, 'gray': 0.2}
NOTHING = dict.fromkeys(('flip', 'shift', 'rotation', 'scale', *DEFAULTS), 0.0)
devices = pytest.mark.parametrize('device', [nullcontext, OtherDevice], ids=['CPU', 'another device'])


@pytest.fixture
def change_pixels():
    """Images (N, 3, H, W) after one kind of change of the pixels, with its default probability."""

    def make(kind, images, seed=0, device=nullcontext):
        torch.manual_seed(seed)
        size = (images.shape[-1], images.shape[-2])
        module = OfficialFaceAugmentation(size, 1.0, **{**NOTHING, kind: DEFAULTS[kind]})
        with device():
            return module.change_pixels(images.clone())

    return make


def assert_share(changed, probability):
    assert binomtest(int(changed.sum()), len(changed), probability).pvalue > 0.01


def test_without_randomness_equals_a_crop_of_the_original_image(make_data):
    root = make_data()
    crops = DATASETS.build(
        {
            'type': 'FaceCropDataset',
            'benchmark': '300w',
            'split': 'train',
            'data_root': root,
            'size': 96,
            'padding': 1.5,
            'align_corners': True,
        }
    )
    prepared = open_prepared(Path(root), '300w')
    items = [crops[index] for index in range(len(crops))]
    data = OfficialFaceAugmentation((64, 64), 1.5, **NOTHING)(
        {'inputs': [item['inputs'] for item in items], 'data_samples': [item['data_samples'] for item in items]}
    )
    for face, image, sample in zip(prepared.train, data['inputs'], data['data_samples'], strict=True):
        matrix = crop_matrix(face, 1.0, 64, align_corners=True)
        centre, side = face_box(face, 1.0, align_corners=True)
        np.testing.assert_allclose(matrix @ [*centre, 1], [31.5, 31.5])
        assert matrix[0, 0] == pytest.approx(64 / side)
        labels = denormalize_keypoints(sample.gt_instance_labels.keypoint_labels[0].double().numpy(), (64, 64))
        np.testing.assert_allclose(labels, face.keypoints @ matrix[:, :2].T + matrix[:, 2], rtol=0, atol=1e-3)
        original = cv2.imread(str(prepared.image_path(face)))
        expected = cv2.warpAffine(original, matrix, (64, 64)).transpose(2, 0, 1)
        # The store has the network's resolution, and its pixels lie on the network's.
        assert abs(image.numpy() - expected.astype(np.float32)).max() <= 1


def test_rectangles_have_the_official_sizes_and_places(change_pixels):
    size, count = 64, 3000
    images = change_pixels('occlusion', torch.full((count, 3, size, size), 100.0))
    black = (images == 0).all(1).numpy()
    assert ((images == 0) | (images == 100)).all()
    occluded = black.any((1, 2))
    assert_share(occluded, 0.4)
    rng = np.random.default_rng(0)
    expected = []
    for _ in range(count):
        tall = 0.2 + 0.6 * rng.random()
        wide = tall - 0.2 + 0.4 * rng.random()
        x, y = int((size - 1) * rng.random()), int((size - 1) * rng.random())
        half_width, half_height = int(size / 2 * wide) // 2, int(size / 2 * tall) // 2
        rows = slice(max(0, y - half_height), y + half_height + 1)
        mask = np.zeros((size, size), bool)
        mask[rows, max(0, x - half_width) : x + half_width + 1] = True
        expected.append(mask)
    for measure in (
        lambda masks: masks.sum((1, 2)),
        lambda masks: masks.any(1).sum(1),
        lambda masks: masks.any(2).sum(1),
        lambda masks: masks.any(1).argmax(1),
        lambda masks: masks.any(2).argmax(1),
    ):
        assert ks_2samp(measure(black[occluded]), measure(np.stack(expected))).pvalue > 0.01


def test_blur_widths_are_uniform_below_a_twentieth_of_the_image(change_pixels):
    images = torch.zeros(1500, 3, 100, 100)
    images[:, :, 50, 50] = 900
    blurred = change_pixels('blur', images)
    widths = (blurred[:, 0] > 0).any(1).sum(1)
    counts = torch.bincount(widths, minlength=6)[1:]
    # Widths 0 to 4 are equally likely; 0 and 1 change nothing.
    assert_share(widths > 1, 0.3 * 3 / 5)
    assert len(counts) == 5
    assert counts[-1] == 0
    assert chisquare(counts[1:4].numpy()).pvalue > 0.01
    torch.testing.assert_close(blurred.sum((2, 3)), torch.full((1500, 3), 900.0))


def test_gamma_darkens_and_brightens_equally_often(change_pixels):
    images = change_pixels('gamma', torch.full((10000, 3, 2, 2), 100.0))
    exponents = (torch.log(images[:, 0, 0, 0].double() / 255) / np.log(100 / 255)).numpy()
    changed = abs(exponents - 1) > 1e-5
    assert_share(changed, 0.2)
    assert kstest(exponents[changed], lambda e: np.interp(e, [0.25, 1, 4], [0, 0.5, 1])).pvalue > 0.01


def test_gamma_keeps_black_and_white(change_pixels):
    images = torch.tensor([0.0, 255.0]).view(1, 1, 1, 2).expand(200, 3, 1, 2)
    torch.testing.assert_close(change_pixels('gamma', images), images)


@devices
def test_noise_makes_up_to_half_of_the_image(change_pixels, device):
    images = change_pixels('noise', torch.full((3000, 3, 16, 16), 255.0), device=device)
    noise = 255 - images.flatten(1).double()
    shares = noise.mean(1) / 127.5
    changed = shares > 1e-6
    assert_share(changed, 0.2)
    assert kstest(shares[changed].numpy(), 'uniform', (0, 0.5)).pvalue > 0.01
    whole = (noise[changed] / shares[changed, None] / 255).flatten().numpy()
    assert kstest(whole[::50], 'uniform').pvalue > 0.01


def test_grey_weights_colours_as_the_official_code_does(change_pixels):
    images = torch.tensor([10.0, 100.0, 200.0]).view(1, 3, 1, 1).expand(10000, 3, 2, 2)
    result = change_pixels('gray', images)
    grey = (result[:, 0] == result[:, 2]).flatten(1).all(1)
    assert_share(grey, 0.2)
    bgr = np.array([[[10, 100, 200]]], dtype=np.uint8)
    assert result[grey].mean().item() == pytest.approx(int(cv2.cvtColor(bgr, cv2.COLOR_RGB2GRAY)[0, 0]), abs=0.5)
    assert torch.equal(result[~grey], images[~grey])


def test_changes_are_drawn_independently(change_pixels):
    torch.manual_seed(0)
    images = torch.tensor([40.0, 100.0, 200.0]).view(1, 3, 1, 1).expand(6000, 3, 16, 16)
    module = OfficialFaceAugmentation((16, 16), 1.0, **{**NOTHING, 'occlusion': 0.4, 'gray': 0.2, 'gamma': 0.2})
    result = module.change_pixels(images.clone())
    corner = result[:, :, 0, 0]
    occluded = (result == 0).all(1).flatten(1).any(1)
    grey = (result[:, 0] == result[:, 2]).flatten(1).all(1)
    gamma = ~grey & ((corner[:, 0] - 40).abs() > 1e-2) & (corner[:, 0] > 0)
    assert_share(occluded[grey], 0.4)
    assert_share(grey[occluded], 0.2)
    assert_share(occluded[gamma], occluded[~grey & (corner[:, 0] > 0)].double().mean().item())


@devices
def test_only_chosen_images_change(device):
    images = torch.rand(5, 3, 4, 4)
    chosen = torch.tensor([True, False, True, False, False])
    amounts = torch.arange(5.0)
    with device():
        result = official_augmentation.change(
            images.clone(), chosen, lambda part, amount: part + amount[:, None, None, None], amounts
        )
    expected = torch.where(chosen[:, None, None, None], images + amounts[:, None, None, None], images)
    torch.testing.assert_close(result, expected)
