from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from PIL import Image

from benchmark.datasets.annotations import decode_faces, encode_faces
from benchmark.datasets.prepared import (
    find_prepared,
    open_prepared,
    read_manifest,
)
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.layouts import LAYOUTS


def _tree(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()}


def test_faces_come_back_to_the_bit(tmp_path, write, make_faces):
    test = make_faces(
        '45',
        ('challenge',),
        occluded=np.arange(68) % 3 == 0,
        ambiguity=np.random.default_rng(1).normal(size=(68, 1, 1)) * np.array([[2.0, 0.1], [0.1, 1 / 3]]),
    )
    write(test=test)
    for written, read in zip(test, open_prepared(tmp_path / 'data', '300w').test, strict=True):
        assert (read.image, read.width, read.height, read.subsets) == (written.image, 80, 60, ('challenge',))
        for name in ('keypoints', 'occluded', 'ambiguity'):
            assert getattr(read, name).dtype == getattr(written, name).dtype
            np.testing.assert_array_equal(getattr(read, name), getattr(written, name))


def test_absent_occlusion_and_ambiguity_come_back_as_none(tmp_path, write):
    write()
    face = open_prepared(tmp_path / 'data', '300w').train[0]
    assert face.occluded is None
    assert face.ambiguity is None


def test_open_prepared_gives_everything_that_a_training_needs(tmp_path, write, images):
    manifest = write()
    prepared = open_prepared(tmp_path / 'data', '300w')
    assert prepared.manifest == manifest == read_manifest(tmp_path / 'data', '300w')
    assert [prepared.image_path(face) for face in prepared.train] == [images / f'{name}.png' for name in '0123']
    assert len(prepared.test) == 2
    annotations = prepared.folder / 'annotations' / 'test.json'
    assert json.loads(annotations.read_text())['images'][0]['file_name'] == '4.png'


def test_manifest_counts(write):
    manifest = write()
    assert (manifest.train_images, manifest.test_images) == (4, 2)
    assert manifest.subset_images == {'full': 2, 'common': 2, 'challenge': 0}
    assert manifest.missing_images == 3148 + 689 - 6
    assert manifest.missing == ('most of it',)
    assert not manifest.complete


def test_synthetic_data_is_always_complete_and_its_images_move_with_it(tmp_path, images, write):
    folder = tmp_path / 'data' / 'synthetic-68'
    folder.mkdir(parents=True)
    images.rename(folder / 'images')
    for image_root in (folder / 'images', folder.relative_to(folder) / 'images'):
        manifest = write(benchmark='synthetic-68', image_root=image_root, missing=())
        assert manifest.complete
        assert str(manifest.image_root) == 'images'
    (tmp_path / 'data').rename(tmp_path / 'elsewhere')
    prepared = open_prepared(tmp_path / 'elsewhere', 'synthetic-68')
    assert prepared.image_path(prepared.test[0]) == tmp_path / 'elsewhere' / 'synthetic-68' / 'images' / '4.png'


def test_absent_images_are_never_complete_even_if_nobody_says_so(write):
    assert not write(missing=()).complete


def test_more_images_than_published_are_refused(write, make_faces):
    with pytest.raises(BenchmarkError, match='cofw: 508 test images, published 507'):
        write(benchmark='cofw', test=make_faces(['4'] * 508, count=29), train=make_faces('0', count=29))


def test_fingerprint_ignores_names_paths_and_times(tmp_path, images, write, make_faces):
    fingerprint = write().fingerprint
    images.rename(tmp_path / 'moved')
    for path in sorted((tmp_path / 'moved').iterdir()):
        path.rename(path.with_name(f'new {path.name}'))
        os.utime(path.with_name(f'new {path.name}'), (0, 0))
    renamed = {
        'train': [replace(face, image=f'new {face.image}') for face in make_faces('0123')],
        'test': [replace(face, image=f'new {face.image}') for face in make_faces('45', ('common',))],
    }
    assert write(**renamed, image_root=tmp_path / 'moved', data_root=tmp_path / 'other').fingerprint == fingerprint


@pytest.mark.parametrize('change', ['pixels', 'landmark', 'subset', 'split', 'order', 'occlusion', 'ambiguity'])
def test_fingerprint_sees_every_change_of_content(change, images, write, make_faces):
    before = write().fingerprint
    train, test = make_faces('0123'), make_faces('45', ('common',))
    if change == 'pixels':
        Image.new('RGB', (80, 60), (1, 2, 3)).save(images / '5.png')
    elif change == 'landmark':
        test[1].keypoints[67, 1] = np.nextafter(test[1].keypoints[67, 1], 100)
    elif change == 'subset':
        test[1] = replace(test[1], subsets=('challenge',))
    elif change == 'split':
        test = [replace(train.pop(), subsets=('common',)), *test]
    elif change == 'order':
        train.reverse()
    elif change == 'occlusion':
        test[0] = replace(test[0], occluded=np.zeros(68, dtype=bool))
    else:
        test[0] = replace(test[0], ambiguity=np.zeros((68, 2, 2)))
    assert write(train=train, test=test).fingerprint != before


def test_same_content_is_not_rewritten(tmp_path, write):
    first = write()
    manifest = tmp_path / 'data' / '300w' / 'manifest.json'
    before = {path: path.stat().st_ino for path in _tree(manifest.parent)}
    assert write() == first
    assert {path: path.stat().st_ino for path in _tree(manifest.parent)} == before
    write(missing=('another reason',))
    assert manifest.stat().st_ino != before[manifest]


def test_damaged_preparation_is_written_anew(tmp_path, write):
    manifest = write()
    annotations = tmp_path / 'data' / '300w' / 'annotations' / 'test.json'
    annotations.write_text('{}')
    assert find_prepared(tmp_path / 'data', '300w') is None
    assert write() == manifest == find_prepared(tmp_path / 'data', '300w')
    assert len(open_prepared(tmp_path / 'data', '300w').test) == 2


def test_full_disk_leaves_the_old_preparation_untouched(tmp_path, write, make_faces, monkeypatch):
    write()
    before = _tree(tmp_path / 'data')

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(BenchmarkError, match=r'300w: cannot write .*300w: No space left on device \(free space or'):
        write(train=make_faces('012'))
    assert _tree(tmp_path / 'data') == before


@pytest.mark.parametrize('renamings', [0, 1, 2])
def test_interrupted_preparation_is_not_taken_for_a_finished_one(tmp_path, write, make_faces, monkeypatch, renamings):
    write()
    rename, done = os.replace, []

    def interrupted(source, target):
        if len(done) == renamings:
            raise KeyboardInterrupt
        done.append(target)
        rename(source, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, 'replace', interrupted)
        write(train=make_faces('012'))
    with pytest.raises(BenchmarkError, match='no prepared data'):
        open_prepared(tmp_path / 'data', '300w')
    write(train=make_faces('012'))
    assert len(open_prepared(tmp_path / 'data', '300w').train) == 3
    assert not [path for path in _tree(tmp_path / 'data') if path.name.startswith('.')]


@pytest.mark.parametrize('change', ['removed', 'cut', 'edited'])
def test_damaged_annotations_are_refused(tmp_path, write, change):
    write()
    path = tmp_path / 'data' / '300w' / 'annotations' / 'train.json'
    content = path.read_bytes()
    path.unlink()
    if change != 'removed':
        path.write_bytes(content[:-100] if change == 'cut' else content.replace(b'"iscrowd":0', b'"iscrowd":1'))
    with pytest.raises(BenchmarkError) as caught:
        open_prepared(tmp_path / 'data', '300w')
    assert str(caught.value).startswith(f'{path}: ')
    assert str(caught.value).endswith('(prepare 300w again)')


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        (b'"images"', b'"pictures"', 'images: Field required'),
        (b'"width":80', b'"width":"wide"', 'images.0.width: Input should be a valid integer'),
        (b'"image_id":1', b'"image_id":2', 'annotations.1: image_id 2, expected 1'),
        (b'"keypoints":[', b'"keypoints":[1.0,', 'annotations.0: 205 keypoint numbers, expected three per landmark'),
        (b'"keypoints":[', b'"keypoints":[1.0,1.0,2,', 'annotations.0: landmarks of shape (69, 2), expected (68, 2)'),
        (b'"keypoints":[', b'"keypoints":[NaN,1.0,2,', 'annotations.0.keypoints.0: Input should be a finite number'),
        (b'{"id":0,"file_name":"0.png","width":80,"height":60},', b'', '1 images but 2 annotations'),
    ],
)
def test_annotations_of_another_form_are_refused(make_faces, old, new, message):
    content = encode_faces(make_faces('01'))
    assert old in content
    with pytest.raises(ValueError) as caught:
        decode_faces(content.replace(old, new), LAYOUTS['300w'])
    assert message in str(caught.value)


def test_absent_image_is_named(tmp_path, write, images):
    write()
    (images / '3.png').unlink()
    with pytest.raises(BenchmarkError, match=r'^300w: image .*source/3\.png is absent'):
        open_prepared(tmp_path / 'data', '300w')
    images.rename(tmp_path / 'moved')
    with pytest.raises(BenchmarkError, match=r'^300w: image .*source/0\.png is absent'):
        open_prepared(tmp_path / 'data', '300w')


def test_boxes_are_tight_and_scaled_by_200(make_faces):
    face = make_faces('0')[0]
    annotation = json.loads(encode_faces([face]))['annotations'][0]
    low, high = face.keypoints.min(axis=0), face.keypoints.max(axis=0)
    np.testing.assert_allclose(annotation['bbox'], [*low, *(high - low)])
    np.testing.assert_allclose(annotation['center'], (low + high) / 2)
    assert annotation['scale'] == max(high - low) / 200
    assert annotation['keypoints'][2::3] == [2] * 68


@pytest.mark.parametrize(
    ('benchmark', 'dataset'),
    [('cofw', 'COFWDataset'), ('300w', 'Face300WDataset'), ('wflw', 'WFLWDataset'), ('synthetic-98', 'WFLWDataset')],
)
def test_mmpose_reads_every_face(tmp_path, images, write, make_faces, benchmark, dataset):
    import_module('benchmark.models')  # lets MMPose import
    mmpose_datasets = import_module('mmpose.datasets.datasets')
    count = get_benchmark(benchmark).layout.num_landmarks
    train = make_faces('0123', count=count)
    train[2].keypoints[:] -= [50, 40]
    write(benchmark=benchmark, train=train, test=make_faces('45', count=count))
    prepared = open_prepared(tmp_path / 'data', benchmark)
    loaded = getattr(mmpose_datasets, dataset)(
        ann_file=str(prepared.folder / 'annotations' / 'train.json'), data_prefix={'img': f'{images}/'}
    )
    assert len(loaded) == 4
    for index, face in enumerate(prepared.train):
        sample = loaded.get_data_info(index)
        assert sample['img_path'] == str(prepared.image_path(face))
        np.testing.assert_array_equal(sample['keypoints'][0], face.keypoints.astype(np.float32))
        assert (sample['keypoints_visible'] == 1).all()
