from __future__ import annotations

import gc
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from mmengine.registry import FUNCTIONS
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS
from torch.utils.data import DataLoader

from benchmark.datasets.prepared import Face, open_prepared, write_prepared
from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.errors import BenchmarkError
from benchmark.models.batches.face_dataset import face_metainfo
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


@pytest.fixture(scope='session')
def drawn_faces(tmp_path_factory):
    """Data root with drawn faces."""
    root = tmp_path_factory.mktemp('drawn')
    prepare_synthetic(root, 'synthetic-98', train_images=6, test_images=6)
    return root, 'synthetic-98'


@pytest.fixture(scope='session')
def real_faces(shared, tmp_path_factory):
    """Data root with a few real faces, some in the box of a table."""
    folder = shared / 'data' / '300w' / 'lfpw' / 'testset'
    if not folder.is_dir():
        pytest.skip('no real faces are beside this clone')
    faces = []
    for index, path in enumerate(sorted(folder.glob('*.pts'))[:8]):
        image = next(path.parent.glob(f'{path.stem}.[jp][pn]g'))
        height, width = cv2.imread(str(image)).shape[:2]
        keypoints = np.array([line.split() for line in path.read_text().splitlines()[3:71]], dtype=float) - 1
        box = (*(keypoints.mean(0) + 2.25), 1.1 * np.ptp(keypoints, axis=0).max()) if index % 2 else None
        faces.append(Face(image.name, width, height, keypoints, box=box))
    root = tmp_path_factory.mktemp('real')
    write_prepared(root, '300w', faces, faces, folder)
    return root, '300w'


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize(
    ('size', 'margin', 'tolerance'),
    # Stores with one pixel for each of the network, where both paths interpolate once, and with more, where the store's
    # pixels are interpolated again.
    [(384, 1.5, 0.02), (512, 1.6, 1.0)],
)
@pytest.mark.parametrize('faces', ['drawn_faces', 'real_faces'])
def test_store_and_original_images_give_the_same_input(request, build, faces, size, margin, tolerance, align_corners):
    root, name = request.getfixturevalue(faces)
    padding = 1.0 if align_corners else 1.25
    placed = {'type': 'FaceBox', 'padding': padding, 'align_corners': align_corners, 'input_size': (256, 256)}
    pipeline = [
        {'type': 'LoadImage', 'color_type': 'color_ignore_orientation'},
        placed if align_corners else {'type': 'GetBBoxCenterScale', 'padding': padding},
        {'type': 'TopdownAffine', 'input_size': (256, 256)},
    ]
    plain = build('FaceDataset', str(root), name, pipeline=pipeline)
    stored = build('FaceCropDataset', str(root), name, size=size, padding=padding * margin, align_corners=align_corners)
    zoom = 256 * margin / size
    middles = (127.5, (size - 1) / 2) if align_corners else (128, size / 2)
    matrix = np.array([[zoom, 0, middles[0] - zoom * middles[1]], [0, zoom, middles[0] - zoom * middles[1]]])
    for index in range(len(plain)):
        expected, item = plain[index], stored[index]
        landmarks = item['data_samples'].gt_instances.keypoints[0].numpy() @ matrix[:, :2].T + matrix[:, 2]
        np.testing.assert_allclose(landmarks, expected['transformed_keypoints'][0], atol=1e-3)
        crop = np.ascontiguousarray(item['inputs'].permute(1, 2, 0).numpy())
        image = cv2.warpAffine(crop, matrix, (256, 256))
        assert np.abs(image.astype(int) - expected['img']).mean() < tolerance


def test_loading_process_hands_over_a_batch_of_landmarks_in_one_piece(make_data, build):
    dataset = build('FaceCropDataset', make_data(), size=32, padding=1.5)
    dataset.share_memory()
    keypoints = [dataset[index]['data_samples'].gt_instances.keypoints for index in range(len(dataset))]
    assert all(points.is_shared() for points in keypoints)
    assert len({points.untyped_storage().data_ptr() for points in keypoints}) == 1


def test_copy_of_the_dataset_in_another_process_maps_the_same_store(make_data, build):
    dataset = build('FaceCropDataset', make_data(), size=128, padding=1.5)
    content = pickle.dumps(dataset.crops)
    assert len(content) < dataset.crops.images.nbytes / 20
    np.testing.assert_array_equal(pickle.loads(content).images, dataset.crops.images)


def test_batches_can_be_changed_without_changing_the_store(make_data, build):
    dataset = build('FaceCropDataset', make_data(), size=32, padding=1.5)
    batch = default_collate([dataset[0], dataset[1]])
    assert batch['inputs'].shape == (2, 3, 32, 32)
    kept = batch['inputs'].clone()
    batch['inputs'].zero_()
    dataset[0]['inputs'].zero_()
    assert torch.equal(dataset[0]['inputs'], kept[0])


@pytest.mark.parametrize('workers', [0, 1])
def test_batches_with_interleaved_colours_hold_what_others_do(make_data, build, workers):
    dataset = build('FaceCropDataset', make_data(), size=32, padding=1.5)
    (expected,) = DataLoader(dataset, 4, collate_fn=default_collate)
    (batch,) = DataLoader(dataset, 4, num_workers=workers, collate_fn=FUNCTIONS.get('collate_crops'))
    assert batch.keys() == expected.keys()
    assert torch.equal(batch['inputs'], expected['inputs'])
    assert batch['inputs'].is_contiguous(memory_format=torch.channels_last)
    for one, other in zip(batch['data_samples'], expected['data_samples'], strict=True):
        assert one.id == other.id
        assert torch.equal(one.gt_instances.keypoints, other.gt_instances.keypoints)


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


@pytest.mark.skipif(not Path('/proc/self/status').exists(), reason='memory is read from /proc')
def test_reading_a_store_takes_no_memory_of_its_own(make_data, build):
    dataset = build('FaceCropDataset', make_data(train=60), size=512, padding=1.5)
    assert dataset.crops.images.nbytes > 45e6

    def private_bytes():
        gc.collect()
        (line,) = (line for line in Path('/proc/self/status').read_text().splitlines() if line.startswith('RssAnon'))
        return int(line.split()[1]) * 1024

    dataset[0]
    before = private_bytes()
    for index in range(len(dataset)):
        assert dataset[index]['inputs'].shape == (3, 512, 512)
    assert private_bytes() - before < 10e6


def test_boxes_of_a_file_take_the_place_of_the_landmarks(make_data, build, tmp_path):
    root = make_data('wflw')
    faces = open_prepared(Path(root), 'wflw').test
    boxes = [(10 + index, 20, 50, 70) for index, _ in enumerate(faces)]
    lines = [
        ' '.join(map(str, [*face.keypoints.ravel().tolist(), *box, *[0] * 6, face.image]))
        for face, box in zip(faces, boxes, strict=True)
    ]
    (tmp_path / 'list.txt').write_text('\n'.join(lines))
    dataset = build('FaceDataset', root, 'wflw', 'test', boxes=str(tmp_path / 'list.txt'))
    entries = dataset.load_data_list()
    np.testing.assert_array_equal([entry['bbox'][0] for entry in entries], boxes)
    assert not any('official_box' in entry for entry in entries)


def test_table_of_official_crops_is_cropped_as_it_says(make_data, build, tmp_path):
    root = make_data('300w')
    faces = open_prepared(Path(root), '300w').test
    rows = []
    for face in faces:
        low, high = face.keypoints.min(axis=0), face.keypoints.max(axis=0)
        crop = 1.1 * (high - low).max() / 200, *((low + high) / 2 + 1)
        rows.append('\t'.join([face.image, ','.join(map(str, face.keypoints.ravel())), *map(str, crop)]))
    (tmp_path / 'test.tsv').write_text('\n'.join(rows))
    placed = {'type': 'FaceBox', 'padding': 1.0, 'align_corners': True, 'input_size': (64, 64)}
    plain, given = (
        build('FaceDataset', root, '300w', 'test', pipeline=[placed], **boxes)
        for boxes in ({}, {'boxes': str(tmp_path / 'test.tsv')})
    )
    for one, other in zip(plain, given, strict=True):
        np.testing.assert_allclose(other['bbox_scale'], 1.1 * one['bbox_scale'], rtol=1e-5)
        half_a_pixel = (other['bbox_scale'] - one['bbox_scale']) / 128
        np.testing.assert_allclose(other['bbox_center'], one['bbox_center'] + half_a_pixel + 1, rtol=1e-5)


def test_perturbed_boxes_are_of_the_landmarks(make_data, build):
    root = make_data('300w')
    usual, same, larger = (
        [entry['bbox'][0] for entry in build('FaceDataset', root, split='test', **options).load_data_list()]
        for options in ({}, {'perturbation': (1.0, 0.0)}, {'perturbation': (1.2, 0.0)})
    )
    np.testing.assert_array_equal(same, usual)
    np.testing.assert_allclose(
        np.array(larger)[:, 2:] - np.array(larger)[:, :2],
        1.2 * np.diff(np.reshape(usual, (-1, 2, 2)), axis=1)[:, 0],
        rtol=1e-5,
    )
