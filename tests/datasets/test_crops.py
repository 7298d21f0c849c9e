from __future__ import annotations

import dataclasses
import errno
import fcntl
import io
import multiprocessing
import os
import pickle
import re
import time
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmark import files
from benchmark.datasets import crops
from benchmark.datasets.boxes import crop_matrix
from benchmark.datasets.crops import open_crops, read_image
from benchmark.datasets.prepared import Face, open_prepared, write_prepared
from benchmark.errors import BenchmarkError


@pytest.fixture
def folder(tmp_path):
    return tmp_path / 'source'


@pytest.fixture
def prepare(tmp_path, folder):
    """Prepare four training and two test faces on smooth random images."""

    def prepare(seed=0):
        rng = np.random.default_rng(seed)
        folder.mkdir(exist_ok=True)
        faces = []
        for index in range(6):
            coarse = rng.integers(0, 256, (5, 6, 3)).astype(np.uint8)
            cv2.imwrite(str(folder / f'{index}.png'), cv2.resize(coarse, (120, 100), interpolation=cv2.INTER_CUBIC))
            faces.append(Face(f'{index}.png', 120, 100, rng.uniform((-5, 20), (80, 110), (68, 2))))
        write_prepared(tmp_path / 'data', '300w', faces[:4], faces[4:], folder)
        return open_prepared(tmp_path / 'data', '300w')

    return prepare


def _files(prepared):
    return sorted(path.name for path in (prepared.folder / 'crops').iterdir())


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('split', ['train', 'test'])
def test_crops_hold_what_the_matrices_say(prepare, split, align_corners):
    prepared = prepare()
    store = open_crops(prepared, split, 1.875, 64, align_corners)
    faces = getattr(prepared, split)
    assert (store.images.shape, store.images.dtype) == ((len(faces), 64, 64, 3), np.uint8)
    assert store.matrices.shape == (len(faces), 2, 3)
    for face, matrix, crop in zip(faces, store.matrices, store.images, strict=True):
        np.testing.assert_array_equal(matrix, crop_matrix(face, 1.875, 64, align_corners))
        image = cv2.imread(str(prepared.image_path(face)))
        np.testing.assert_array_equal(crop, cv2.warpAffine(image, matrix, (64, 64), flags=cv2.INTER_LINEAR))
        assert (crop == 0).all(-1).any()  # black outside the image


def test_finished_store_is_not_made_again(prepare, monkeypatch):
    prepared = prepare()
    first = open_crops(prepared, 'train', 1.875, 32)
    monkeypatch.setattr(crops, 'read_image', lambda path: pytest.fail(f'{path} was read again'))
    np.testing.assert_array_equal(open_crops(prepared, 'train', 1.875, 32).images, first.images)
    assert len(_files(prepared)) == 1


def test_split_size_padding_and_content_have_stores_of_their_own(prepare):
    prepared = prepare()
    for split, padding, size in (
        ('train', 1.5, 32),
        ('test', 1.5, 32),
        ('train', 1.875, 32),
        ('train', 1.5, 40),
    ):
        assert open_crops(prepared, split, padding, size).images.shape[1] == size
    aligned = open_crops(prepared, 'train', 1.5, 32, align_corners=True)
    assert not np.array_equal(aligned.images, open_crops(prepared, 'train', 1.5, 32).images)
    assert len(_files(prepared)) == 5
    changed = prepare(seed=1)
    assert not np.array_equal(
        open_crops(changed, 'train', 1.5, 32).images, open_crops(prepared, 'train', 1.5, 32).images
    )
    assert len(_files(prepared)) == 6


def test_bytes_and_name_of_a_store_stay_what_they_were(prepare):
    """Published results were trained on stores like this one."""
    prepared = prepare()
    open_crops(prepared, 'train', 1.25 * 1.5, 192)
    (path,) = (prepared.folder / 'crops').iterdir()
    content = f'{prepared.manifest.fingerprint[:16]}-{prepared.manifest.pixels[:8]}'
    assert path.name == f'train-192px-1.875-v1-{content}.npy'
    expected = []
    for face in prepared.train:
        low, high = face.keypoints.min(0), face.keypoints.max(0)
        zoom = 192 / (float((high - low).max()) * (1.25 * 1.5))
        x, y = (low + high) / 2
        matrix = np.array([[zoom, 0, 96 - zoom * x], [0, zoom, 96 - zoom * y]])
        expected.append(cv2.warpAffine(cv2.imread(str(prepared.image_path(face))), matrix, (192, 192)))
    content = io.BytesIO()
    np.save(content, np.stack(expected))
    assert path.read_bytes() == content.getvalue()


@pytest.mark.parametrize('cores', [1, 2, 7])
def test_store_has_the_same_bytes_on_any_number_of_cores(prepare, monkeypatch, cores):
    prepared = prepare()
    path = open_crops(prepared, 'train', 1.5, 40).path
    expected = path.read_bytes()
    path.unlink()
    monkeypatch.setattr(crops, 'available_cores', lambda: cores)
    assert open_crops(prepared, 'train', 1.5, 40).path.read_bytes() == expected


def test_few_crops_are_held_at_a_time_however_slowly_they_are_written(prepare, monkeypatch):
    prepared = prepare()
    faces, made, most = prepared.train * 25, [], []
    many = dataclasses.replace(prepared, train=faces)
    monkeypatch.setattr(crops, 'available_cores', lambda: 2)
    read = crops.read_image
    monkeypatch.setattr(crops, 'read_image', lambda path: made.append(path) or read(path))
    in_order = crops._in_order

    def slowly(*arguments):
        for written, crop in enumerate(in_order(*arguments)):
            time.sleep(0.002)
            most.append(len(made) - written)
            yield crop

    monkeypatch.setattr(crops, '_in_order', slowly)
    assert len(open_crops(many, 'train', 1.5, 8).images) == len(most) == 100
    assert max(most) <= 6


def test_copy_in_another_process_maps_the_store_and_does_not_carry_it(prepare):
    store = open_crops(prepare(), 'train', 1.5, 128)
    content = pickle.dumps(store)
    assert len(content) < 2000 < store.images.nbytes
    copy = pickle.loads(content)
    assert isinstance(copy.images, np.memmap)
    np.testing.assert_array_equal(copy.images, store.images)
    np.testing.assert_array_equal(copy.matrices, store.matrices)


def _open(root, made):
    crops.read_image = lambda path, read=crops.read_image: (made.append(path.name), time.sleep(0.02), read(path))[2]
    open_crops(open_prepared(root, '300w'), 'train', 1.5, 32)


def test_trainings_that_start_together_make_the_store_once(prepare):
    prepared = prepare()
    context = multiprocessing.get_context('fork')
    with context.Manager() as manager:
        made = manager.list()
        processes = [context.Process(target=_open, args=(prepared.folder.parent, made)) for _ in range(3)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0, 0, 0]
        assert sorted(made) == [f'{index}.png' for index in range(4)]
    assert len(_files(prepared)) == 1


def test_what_a_killed_process_left_is_replaced(prepare):
    prepared = prepare()
    store = open_crops(prepared, 'train', 1.5, 32)
    expected = store.path.read_bytes()
    store.path.rename(store.path.with_name(f'.{store.path.name}.partial'))
    assert open_crops(prepared, 'train', 1.5, 32).path.read_bytes() == expected
    assert len(_files(prepared)) == 1


@pytest.mark.parametrize('content', [b'', b'text', 'cut', 'other'])
def test_damaged_store_is_named(prepare, content):
    prepared = prepare()
    path = open_crops(prepared, 'train', 1.5, 32).path
    if content == 'cut':
        content = path.read_bytes()[:-1]
    if content == 'other':
        content = open_crops(prepared, 'test', 1.5, 32).path.read_bytes()
    path.write_bytes(content)
    with pytest.raises(BenchmarkError, match=rf'{path.name}: .*face crops.*\(remove the file; it is made again\)'):
        open_crops(prepared, 'train', 1.5, 32)


def test_split_without_faces_is_named(prepare):
    empty = dataclasses.replace(prepare(), train=[])
    with pytest.raises(BenchmarkError, match=r'300w: no train faces in .*prepare the train part'):
        open_crops(empty, 'train', 1.5, 32)


def test_store_is_mapped_and_read_only(prepare):
    images = open_crops(prepare(), 'train', 1.5, 32).images
    assert isinstance(images, np.memmap)
    with pytest.raises(ValueError, match='read-only'):
        images[0] = 0


def test_store_can_be_read_by_everybody(prepare):
    prepared = prepare()
    open_crops(prepared, 'train', 1.5, 32)
    (path,) = (prepared.folder / 'crops').iterdir()
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ('content', 'problem'),
    [(b'', 'empty'), (b'text', 'not a JPEG or PNG image'), (None, 'damaged image')],
)
def test_damaged_image_is_named_and_nothing_is_left_behind(prepare, folder, content, problem):
    prepared = prepare()
    path = folder / '2.png'
    path.write_bytes(path.read_bytes()[:500] if content is None else content)
    with pytest.raises(BenchmarkError, match=rf'2\.png: .*{problem}.*\(put an intact copy there\)'):
        open_crops(prepared, 'train', 1.5, 32)
    assert _files(prepared) == []


def test_missing_image_is_named(prepare, folder):
    prepared = prepare()
    (folder / '1.png').unlink()
    with pytest.raises(BenchmarkError, match=r'1\.png: cannot read the image: No such file'):
        open_crops(prepared, 'train', 1.5, 32)
    assert _files(prepared) == []


def test_folder_that_cannot_be_made_is_named(prepare):
    prepared = prepare()
    (prepared.folder / 'crops').write_text('in the way')
    with pytest.raises(
        BenchmarkError, match=r'crops.*cannot write the face crops.*\(choose another folder with --cache\)'
    ):
        open_crops(prepared, 'train', 1.5, 32)


def test_store_beside_read_only_data_is_made_among_the_caches_and_found_again(prepare, monkeypatch, tmp_path):
    prepared = prepare()
    expected = open_crops(prepared, 'train', 1.5, 32).path
    content = expected.read_bytes()
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'xdg'))
    monkeypatch.setattr(crops, 'is_read_only', lambda folder: True)
    assert open_crops(prepared, 'train', 1.5, 32).path == expected  # what is there can be read
    expected.unlink()
    made = open_crops(prepared, 'train', 1.5, 32).path
    assert made == tmp_path / 'xdg' / 'star-loss-benchmark' / '300w' / expected.name
    assert made.read_bytes() == content
    monkeypatch.setattr(crops, 'read_image', lambda path: pytest.fail(f'{path} was read again'))
    assert open_crops(prepared, 'train', 1.5, 32).path == made
    assert [path.name for path in made.parent.iterdir()] == [made.name]


def test_named_cache_is_always_used_and_open_to_everybody(prepare, tmp_path):
    prepared = prepare()
    beside = open_crops(prepared, 'train', 1.5, 32).path
    before = os.umask(0o077)
    try:
        made = open_crops(prepared, 'train', 1.5, 32, cache=tmp_path / 'cache').path
    finally:
        os.umask(before)
    assert made == tmp_path / 'cache' / '300w' / beside.name
    assert made.read_bytes() == beside.read_bytes()
    assert (made.stat().st_mode & 0o777, made.parent.stat().st_mode & 0o777) == (0o644, 0o755)


def test_store_that_has_no_room_is_not_begun(prepare, monkeypatch):
    prepared = prepare()
    monkeypatch.setattr(crops, 'read_image', lambda path: pytest.fail('a face was cut out'))
    monkeypatch.setattr(crops.shutil, 'disk_usage', lambda folder: SimpleNamespace(free=4 * 2**30))
    folder = re.escape(str(prepared.folder / 'crops'))
    with pytest.raises(
        BenchmarkError, match=rf'^{folder}: no room .*: 4,800\.0 MiB are needed, 4,096\.0 MiB are free \(.*--cache\)$'
    ):
        open_crops(prepared, 'train', 1.5, 20480)
    assert _files(prepared) == []


def test_file_system_without_locks_holds_stores(prepare, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, 'flock', refuse)
    monkeypatch.setattr(fcntl, 'lockf', refuse)
    prepared = prepare()
    assert len(open_crops(prepared, 'train', 1.5, 32).images) == 4
    monkeypatch.setattr(files.os, 'fsync', refuse)
    with pytest.raises(BenchmarkError) as caught:
        open_crops(prepared, 'test', 1.5, 32)
    assert str(caught.value).endswith('Function not implemented (choose another folder with --cache)')
    assert len(_files(prepared)) == 1


def test_full_disk_leaves_no_store_and_no_temporary_file(prepare, monkeypatch):
    prepared = prepare()

    def refuse(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, 'replace', refuse)
        with pytest.raises(BenchmarkError, match='No space left on device'):
            open_crops(prepared, 'train', 1.5, 32)
    assert _files(prepared) == []
    assert len(open_crops(prepared, 'train', 1.5, 32).images) == 4


def test_interruption_leaves_nothing_that_passes_for_a_store(prepare, monkeypatch):
    prepared = prepare()
    read = crops.read_image

    def interrupt(path):
        if path.name == '3.png':
            raise KeyboardInterrupt
        return read(path)

    with monkeypatch.context() as patch:
        patch.setattr(crops, 'read_image', interrupt)
        with pytest.raises(KeyboardInterrupt):
            open_crops(prepared, 'train', 1.5, 32)
    assert _files(prepared) == []
    assert len(open_crops(prepared, 'train', 1.5, 32).images) == 4


def test_images_are_read_as_stored(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90 degrees"
    Image.new('RGB', (40, 20), (200, 100, 50)).save(tmp_path / 'turned.jpg', exif=exif, quality=95)
    Image.new('L', (40, 20), 90).save(tmp_path / 'grey.png')
    Image.new('RGBA', (40, 20), (10, 20, 30, 128)).save(tmp_path / 'transparent.png')
    turned, grey, transparent = (read_image(tmp_path / f'{n}') for n in ('turned.jpg', 'grey.png', 'transparent.png'))
    assert turned.shape == grey.shape == transparent.shape == (20, 40, 3)
    np.testing.assert_allclose(turned[10, 20], [50, 100, 200], atol=4)
    assert (grey == 90).all()
    assert (transparent == [30, 20, 10]).all()
