from __future__ import annotations

import errno
import os

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmark.datasets import crops
from benchmark.datasets.crops import crop_matrix, face_box, open_crops, read_image
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


def test_box_is_the_padded_square_around_the_landmarks():
    keypoints = np.full((68, 2), 30.0)
    keypoints[0], keypoints[1] = (10, 20), (50, 100)
    centre, side = face_box(Face('a.png', 200, 200, keypoints), 1.25)
    np.testing.assert_array_equal(centre, [30, 60])
    assert side == 100


@pytest.mark.parametrize('padding', [1.0, 1.25, 1.875])
def test_box_centre_comes_to_the_middle_and_its_side_fills_the_crop(prepare, padding):
    face = prepare().train[0]
    matrix = crop_matrix(face, padding, 96)
    centre, side = face_box(face, padding)
    np.testing.assert_allclose(matrix @ [*centre, 1], [48, 48])
    np.testing.assert_allclose(matrix @ [*(centre - side / 2), 1], [0, 0], atol=1e-9)
    np.testing.assert_allclose(matrix @ [*(centre + side / 2), 1], [96, 96])


@pytest.mark.parametrize('split', ['train', 'test'])
def test_crops_hold_what_the_matrices_say(prepare, split):
    prepared = prepare()
    store = open_crops(prepared, split, 1.875, 64)
    faces = getattr(prepared, split)
    assert (store.images.shape, store.images.dtype) == ((len(faces), 64, 64, 3), np.uint8)
    assert store.matrices.shape == (len(faces), 2, 3)
    for face, matrix, crop in zip(faces, store.matrices, store.images, strict=True):
        np.testing.assert_array_equal(matrix, crop_matrix(face, 1.875, 64))
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
    assert len(_files(prepared)) == 4
    changed = prepare(seed=1)
    assert not np.array_equal(
        open_crops(changed, 'train', 1.5, 32).images, open_crops(prepared, 'train', 1.5, 32).images
    )
    assert len(_files(prepared)) == 5


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
    with pytest.raises(BenchmarkError, match=r'crops.*cannot write the face crops.*--data-root'):
        open_crops(prepared, 'train', 1.5, 32)


def test_full_disk_leaves_no_store_and_no_temporary_file(prepare, monkeypatch):
    prepared = prepare()

    def refuse(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(crops.os, 'replace', refuse)
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
