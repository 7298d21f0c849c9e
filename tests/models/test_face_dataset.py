from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS

from benchmark.datasets.prepared import open_prepared
from benchmark.errors import BenchmarkError
from benchmark.models.face_dataset import face_metainfo
from benchmark.protocol.benchmarks import get_benchmark

LAYOUTS = [('cofw', 29), ('300w', 68), ('wflw', 98)]


@pytest.fixture
def build():
    def build(kind, root, name='300w', split='train', **options):
        return DATASETS.build({'type': kind, 'benchmark': name, 'split': split, 'data_root': root, **options})

    return build


@pytest.mark.filterwarnings('ignore:The metainfo config file:UserWarning')
@pytest.mark.parametrize(('name', 'count'), LAYOUTS)
def test_flip_indices_equal_those_of_mmpose(name, count):
    expected = parse_pose_metainfo({'from_file': f'configs/_base_/datasets/{name}.py'})
    metainfo = parse_pose_metainfo(face_metainfo(name))
    assert metainfo['flip_indices'] == expected['flip_indices']
    assert metainfo['num_keypoints'] == expected['num_keypoints'] == count
    assert len(metainfo['skeleton_links']) > count // 2


@pytest.mark.parametrize('split', ['train', 'test'])
@pytest.mark.parametrize(('name', 'count'), [*LAYOUTS, ('synthetic-29', 29)])
def test_plain_dataset_gives_every_face_in_order(make_data, build, pipeline, name, count, split):
    root = make_data(name)
    dataset = build('FaceDataset', root, name, split, pipeline=pipeline())
    faces = getattr(open_prepared(Path(root), name), split)
    assert len(dataset) == len(faces)
    assert tuple(dataset.metainfo['flip_indices']) == get_benchmark(name).layout.flip_indices
    for index, face in enumerate(faces):
        item = dataset[index]
        sample = item['data_samples']
        assert (item['inputs'].shape, item['inputs'].dtype) == ((3, 64, 64), torch.uint8)
        assert sample.metainfo['id'] == index
        assert Path(sample.metainfo['img_path']).name == face.image
        assert sample.gt_instances.keypoints.shape == (1, count, 2)
        np.testing.assert_allclose(sample.gt_instances.keypoints[0], face.keypoints, atol=1e-4)
        side = 1.25 * np.ptp(face.keypoints, axis=0).max()
        np.testing.assert_allclose(sample.metainfo['input_scale'], [side, side], rtol=1e-5)


def test_plain_dataset_trains_with_the_codec(make_data, build, pipeline):
    encoder = {'type': 'GenerateTarget', 'encoder': {'type': 'SoftArgmaxLabel', 'input_size': (64, 64)}}
    sample = build('FaceDataset', make_data(), pipeline=pipeline(64, encoder))[0]['data_samples']
    assert sample.gt_instance_labels.keypoint_labels.shape == (1, 68, 2)
    assert sample.gt_instance_labels.keypoint_labels.abs().max() == pytest.approx(0.8, abs=0.02)  # padding 1.25
    assert (sample.gt_instance_labels.keypoint_weights == 1).all()


@pytest.mark.parametrize('split', ['train', 'test'])
@pytest.mark.parametrize(('name', 'count'), LAYOUTS)
def test_crop_dataset_gives_every_face_in_order(make_data, build, name, count, split):
    root = make_data(name)
    dataset = build('FaceCropDataset', root, name, split, size=96, padding=1.875)
    faces = getattr(open_prepared(Path(root), name), split)
    assert len(dataset) == len(faces)
    assert tuple(dataset.metainfo['flip_indices']) == get_benchmark(name).layout.flip_indices
    for index, face in enumerate(faces):
        item = dataset[index]
        sample = item['data_samples']
        assert (item['inputs'].shape, item['inputs'].dtype) == ((3, 96, 96), torch.uint8)
        assert sample.id == index
        assert list(sample.flip_indices) == dataset.metainfo['flip_indices']
        assert sample.gt_instances.keypoints.shape == (1, count, 2)
        low, high = face.keypoints.min(0), face.keypoints.max(0)
        expected = (face.keypoints - (low + high) / 2) * 96 / (1.875 * (high - low).max()) + 48
        np.testing.assert_allclose(sample.gt_instances.keypoints[0], expected, atol=1e-4)


def test_crop_and_landmarks_show_the_same_place(make_data, build):
    root = make_data()
    dataset = build('FaceCropDataset', root, size=192, padding=1.875)
    prepared = open_prepared(Path(root), '300w')
    for index, face in enumerate(prepared.train):
        image = cv2.imread(str(prepared.image_path(face)))
        item = dataset[index]
        crop = item['inputs'].permute(1, 2, 0).numpy()
        for source, place in zip(face.keypoints, item['data_samples'].gt_instances.keypoints[0], strict=True):
            if (source < 3).any() or (source > (206, 176)).any():
                continue
            colours = [
                cv2.getRectSubPix(picture, (1, 1), tuple(map(float, point)))[0, 0].astype(int)
                for picture, point in ((image, source), (crop, place))
            ]
            assert np.abs(colours[0] - colours[1]).max() <= 8


def test_batches_can_be_changed_without_changing_the_store(make_data, build):
    dataset = build('FaceCropDataset', make_data(), size=32, padding=1.5)
    batch = default_collate([dataset[0], dataset[1]])
    assert batch['inputs'].shape == (2, 3, 32, 32)
    kept = batch['inputs'].clone()
    batch['inputs'].zero_()
    dataset[0]['inputs'].zero_()
    assert torch.equal(dataset[0]['inputs'], kept[0])


@pytest.mark.parametrize(
    ('kind', 'options'), [('FaceDataset', {'pipeline': []}), ('FaceCropDataset', {'size': 32, 'padding': 1.5})]
)
def test_missing_data_and_missing_images_are_named(make_data, build, tmp_path, kind, options):
    with pytest.raises(BenchmarkError, match=r'300w: no prepared data in .*benchmark\.prepare 300w'):
        build(kind, str(tmp_path / 'nowhere'), **options)
    root = make_data()
    (tmp_path / 'source' / '2.png').unlink()
    with pytest.raises(BenchmarkError, match=r'2\.png is absent'):
        build(kind, root, **options)


def test_damaged_image_is_named(make_data, build, pipeline, tmp_path):
    root = make_data()
    (tmp_path / 'source' / '1.png').write_bytes(b'not an image')
    with pytest.raises(BenchmarkError, match=r'1\.png: not a JPEG or PNG image'):
        build('FaceCropDataset', root, size=32, padding=1.5)
    with pytest.raises(Exception, match=r'1\.png'):
        build('FaceDataset', root, pipeline=pipeline())[1]
