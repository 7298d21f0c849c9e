from __future__ import annotations

import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.registry import MODELS


@pytest.fixture
def build():
    def build(**options):
        return MODELS.build({'type': 'FaceDataPreprocessor', 'mean': [127.5] * 3, 'std': [127.5] * 3, **options})

    return build


@pytest.fixture
def make_crops(make_samples):
    def make():
        images = torch.randint(0, 256, (2, 3, 96, 96), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
        samples = make_samples(torch.zeros(2, 5, 2))
        for sample in samples:
            del sample.gt_instance_labels
            sample.gt_instances = InstanceData(keypoints=torch.rand(1, 5, 2) * 96)
        return {'inputs': images, 'data_samples': samples}

    return make


AUGMENTATION = {'type': 'FaceAugmentation', 'input_size': (64, 64), 'crop_margin': 1.5}


def test_normalizes_to_the_official_range(build, make_crops):
    crops = make_crops()
    result = build()(crops, training=True)
    torch.testing.assert_close(result['inputs'], crops['inputs'].float() / 127.5 - 1)


def test_augments_in_training_only(build, make_crops):
    preprocessor = build(augmentation=AUGMENTATION)
    trained = preprocessor(make_crops(), training=True)
    assert trained['inputs'].shape == (2, 3, 64, 64)
    assert trained['inputs'].min() >= -1
    assert trained['inputs'].max() <= 1
    for sample in trained['data_samples']:
        assert sample.gt_instance_labels.keypoint_labels.shape == (1, 5, 2)
        assert sample.metainfo['batch_input_shape'] == (64, 64)
    tested = preprocessor(make_crops(), training=False)
    assert tested['inputs'].shape == (2, 3, 96, 96)
    assert 'gt_instance_labels' not in tested['data_samples'][0]


def test_lists_and_stacked_batches_give_the_same(build, make_crops):
    preprocessor = build(augmentation=AUGMENTATION)
    results = []
    for convert in (list, lambda images: images):
        crops = make_crops()
        torch.manual_seed(0)
        for sample in crops['data_samples']:
            sample.gt_instances.keypoints = torch.ones(1, 5, 2)
        results.append(preprocessor({**crops, 'inputs': convert(crops['inputs'])}, training=True)['inputs'])
    assert torch.equal(*results)


@pytest.mark.parametrize('augmentation', [None, AUGMENTATION])
@pytest.mark.parametrize('training', [False, True])
def test_channels_last_changes_the_layout_alone(build, make_crops, augmentation, training):
    results = []
    for channels_last in (False, True):
        torch.manual_seed(0)
        preprocessor = build(augmentation=augmentation, channels_last=channels_last)
        results.append(preprocessor(make_crops(), training=training)['inputs'])
    assert results[1].is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(*results)


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('bgr_to_rgb', [False, True])
def test_augmented_batches_are_normalized_as_mmpose_does(build, make_crops, monkeypatch, layout, bgr_to_rgb):
    """To the bit, on what the augmentation gives."""
    options = {'mean': [123.675, 116.28, 103.53], 'std': [58.395, 57.12, 57.375], 'bgr_to_rgb': bgr_to_rgb}
    images = (255 * torch.rand(2, 3, 64, 64)).contiguous(memory_format=layout)
    ours = build(augmentation=AUGMENTATION, **options)
    monkeypatch.setattr(ours.augmentation, 'forward', lambda data: {**data, 'inputs': images.clone()})
    result = ours(make_crops(), training=True)
    expected = build(**options)({**make_crops(), 'inputs': list(images.clone())}, training=True)
    assert torch.equal(result['inputs'], expected['inputs'])
    for mine, other in zip(result['data_samples'], expected['data_samples'], strict=True):
        assert mine.metainfo['pad_shape'] == other.metainfo['pad_shape'] == (64, 64)


def test_augmentation_leaves_no_room_for_mmposes_own(build):
    with pytest.raises(ValueError, match='batch_augments: not with augmentation'):
        build(augmentation=AUGMENTATION, batch_augments=[AUGMENTATION])
