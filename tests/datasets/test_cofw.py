from __future__ import annotations

import shutil

import h5py
import numpy as np
import pytest
from PIL import Image

from benchmark.datasets.prepared import open_prepared
from benchmark.datasets.source import SourceError
from benchmark.errors import BenchmarkError

TEST = 'COFW_test_color.mat'


@pytest.fixture
def edit(small):
    """COFW with a changed test file; returns the folder and the truth."""

    def edit(change):
        folder, truth = small.write('cofw')
        with h5py.File(folder / TEST, 'r+') as file:
            change(file)
        return folder, truth

    return edit


def _replace(name, content, **options):
    def change(file):
        old = file[name][()]
        del file[name]
        file.create_dataset(name, data=content(old), **options)

    return change


def _link(kind):
    def change(file):
        del file['phisT']
        file['phisT'] = (
            h5py.SoftLink('/bboxesT') if kind == 'soft' else h5py.ExternalLink('COFW_train_color.mat', 'phisTr')
        )

    return change


def _virtual(file):
    layout = h5py.VirtualLayout((87, 3), 'f8')
    layout[:] = h5py.VirtualSource('/etc/passwd', 'x', (87, 3))
    del file['phisT']
    file.create_virtual_dataset('phisT', layout)


def _external(file):
    del file['phisT']
    file.create_dataset('phisT', (87, 3), 'f8', external=[('/etc/passwd', 0, 87 * 3 * 8)])


def _delete(name):
    def change(file):
        del file[name]

    return change


BAD_FILES = {
    'no-landmarks': (_delete('phisT'), 'no variable phisT'),
    'no-images': (_delete('IsT'), 'no variable IsT'),
    'no-boxes': (_delete('bboxesT'), 'no variable bboxesT'),
    'transposed': (
        _replace('phisT', lambda old: old.T),
        'phisT is float64 of shape (3, 87), expected float64 of shape (87, N)',
    ),
    'single-precision': (_replace('phisT', np.float32), 'phisT is float32 of shape (87, 3), expected float64'),
    'integers': (_replace('phisT', np.int64), 'phisT is int64 of shape (87, 3), expected float64'),
    'text': (
        _replace('bboxesT', lambda old: [b'x']),
        'bboxesT is object of shape (1,), expected float64 of shape (4, N)',
    ),
    'one-landmark-less': (_replace('phisT', lambda old: old[3:]), 'phisT is float64 of shape (84, 3)'),
    'images-in-place-of-references': (
        _replace('IsT', lambda old: np.zeros((1, 3))),
        'IsT is float64 of shape (1, 3), expected references of shape (1, N)',
    ),
    'references-in-place-of-boxes': (
        lambda file: _replace('bboxesT', lambda old: np.repeat(file['IsT'][()], 4, 0), dtype=h5py.ref_dtype)(file),
        'bboxesT is references of shape (4, 3), expected float64',
    ),
    'fewer-boxes': (
        _replace('bboxesT', lambda old: old[:, :2]),
        'holds images of 3 faces, landmarks of 3 faces, boxes of 2 faces',
    ),
    'soft-link': (_link('soft'), 'no variable phisT'),
    'external-link': (_link('external'), 'no variable phisT'),
    'virtual': (_virtual, 'phisT is no array'),
    'external-storage': (_external, 'phisT is no array'),
    'group': (lambda file: (_delete('phisT')(file), file.create_group('phisT')), 'phisT is no array'),
}


@pytest.mark.parametrize('case', BAD_FILES)
def test_bad_file_is_named_and_refused(edit, prepare, data_root, case):
    change, message = BAD_FILES[case]
    folder, _ = edit(change)
    with pytest.raises(SourceError) as caught:
        prepare('cofw', folder)
    assert caught.value.problems[0] == f'{TEST} has 0 usable faces, published 3 (3 missing)'
    assert caught.value.problems[1].startswith(f'{TEST}: {message}')
    assert not data_root.exists()
    manifest = prepare('cofw', folder, allow_incomplete=True)
    assert (manifest.complete, manifest.train_images, manifest.test_images) == (False, 4, 0)
    assert any(message in sentence for sentence in manifest.missing)


def _image(content):
    def change(file):
        stored = file.create_dataset('#refs#/new', data=content)
        file['IsT'][0, 1] = stored.ref

    return change


def _reference(reference):
    def change(file):
        file['IsT'][0, 1] = reference(file)

    return change


def _set(name, row, value):
    def change(file):
        file[name][row, 1] = value

    return change


BAD_FACES = {
    'null-reference': (_reference(lambda file: h5py.Reference()), 'the reference to the image is empty'),
    'reference-to-a-group': (_reference(lambda file: file['#refs#'].ref), 'does not lead to an image in the file'),
    'reference-to-numbers': (_reference(lambda file: file['phisT'].ref), 'the image is float64 of shape (87, 3)'),
    'shared-photograph': (_reference(lambda file: file['IsT'][0, 0]), 'its photograph is that of another face too'),
    'height-first': (
        _image(np.zeros((30, 30, 3), np.uint8)),
        'the image is uint8 of shape (30, 30, 3), expected uint8',
    ),
    'wide-integers': (_image(np.zeros((3, 30, 30), np.uint16)), 'the image is uint16 of shape (3, 30, 30)'),
    'fractions': (_image(np.zeros((3, 30, 30))), 'the image is float64 of shape (3, 30, 30)'),
    'no-pixels': (_image(np.zeros((3, 0, 30), np.uint8)), 'the image has shape (3, 0, 30)'),
    'one-dimension': (_image(np.zeros(30, np.uint8)), 'the image is uint8 of shape (30,)'),
    'text': (_image(b'image'), 'the image is object of shape ()'),
    'half-occluded': (_set('phisT', 60, 0.5), 'an occlusion flag is neither 0 nor 1'),
    'nan-occluded': (_set('phisT', 60, np.nan), 'an occlusion flag is neither 0 nor 1'),
    'nan': (_set('phisT', 5, np.nan), 'a landmark is not finite'),
    'infinite': (_set('phisT', 40, -np.inf), 'a landmark is not finite'),
    'far': (_set('phisT', 5, 1e5), 'a landmark lies more than 10 image sides outside the image'),
    'flat-box': (_set('bboxesT', 2, 0), 'the face box has no area'),
    'nan-box': (_set('bboxesT', 0, np.nan), 'the face box has no area'),
}


@pytest.mark.parametrize('case', BAD_FACES)
def test_bad_face_is_named_and_left_out_only_where_that_is_allowed(edit, prepare, equals_truth, data_root, case):
    change, message = BAD_FACES[case]
    folder, truth = edit(change)
    with pytest.raises(SourceError) as caught:
        prepare('cofw', folder)
    shared = case == 'shared-photograph'
    named = [f'{TEST}: face {number}: ' for number in ((1, 2) if shared else (2,))]
    assert len(caught.value.problems) == len(named)
    for problem, start in zip(caught.value.problems, named, strict=True):
        assert problem.startswith(start)
        assert message in problem
    assert not data_root.exists()
    for _ in range(2):  # the second time the photographs have been taken out already
        manifest = prepare('cofw', folder, allow_incomplete=True)
        assert (manifest.complete, manifest.missing_images) == (False, len(named))
        assert message in manifest.missing[0]
        left = [truth['test'][2]] if shared else [truth['test'][0], truth['test'][2]]
        assert equals_truth('cofw', {**truth, 'test': left})


@pytest.mark.parametrize('change', ['landmarks', 'boxes', 'rows'])
def test_mixed_up_columns_are_refused_also_with_allow_incomplete(small, prepare, change):
    folder, _ = small.write('cofw')
    with h5py.File(folder / 'COFW_train_color.mat', 'r+') as file:
        landmarks, boxes = file['phisTr'], file['bboxesTr']
        # Faces that lie apart, as those of real photographs do.
        landmarks[:29] += 25 * np.arange(4)
        boxes[0] += 25 * np.arange(4)
        if change == 'landmarks':
            landmarks[:] = landmarks[:][:, [1, 2, 3, 0]]
        elif change == 'boxes':
            boxes[:] = boxes[:][:, [3, 0, 1, 2]]
        else:
            landmarks[:58] = np.concatenate((landmarks[29:58], landmarks[:29]))
    with pytest.raises(SourceError) as caught:
        prepare('cofw', folder, allow_incomplete=True)
    assert caught.value.problems[0].startswith(
        'COFW_train_color.mat: most landmarks do not lie in the box of their face'
    )


def test_exchanged_files_are_recognized(small, prepare):
    folder, _ = small.write('cofw')
    (folder / TEST).rename(folder / 'x')
    (folder / 'COFW_train_color.mat').rename(folder / TEST)
    (folder / 'x').rename(folder / 'COFW_train_color.mat')
    with pytest.raises(SourceError) as caught:
        prepare('cofw', folder)
    assert sum('were the files exchanged?' in problem for problem in caught.value.problems) == 2


def test_old_matlab_format_and_other_files_are_refused(small, prepare):
    for content in (b'MATLAB 5.0 MAT-file' + bytes(2000), b'', b'<html>'):
        folder, _ = small.write('cofw', None)
        (folder / TEST).write_bytes(content)
        with pytest.raises(SourceError) as caught:
            prepare('cofw', folder)
        assert f'{TEST}: not a MATLAB v7.3 (HDF5) file' in caught.value.problems[1]
        shutil.rmtree(folder)


def test_file_that_is_given_twice_is_refused(tmp_path, small, prepare):
    folder, _ = small.write('cofw')
    shutil.copytree(folder, tmp_path / 'copy')
    with pytest.raises(BenchmarkError, match='are the same part of COFW'):
        prepare('cofw', folder, tmp_path / 'copy')
    assert prepare('cofw', folder, folder / TEST).complete


def test_photographs_are_kept_without_loss_and_grey_ones_grey(small, prepare, data_root):
    folder, truth = small.write('cofw')
    prepare('cofw', folder)
    prepared = open_prepared(data_root, 'cofw')
    with Image.open(prepared.image_path(prepared.train[1])) as image:
        assert image.mode == 'L'
        np.testing.assert_array_equal(np.asarray(image), truth['train'][1].pixels)


def test_fingerprint_does_not_depend_on_the_encoder(tmp_path, small, prepare, data_root, monkeypatch):
    folder, _ = small.write('cofw')
    manifest = prepare('cofw', folder)
    save, levels = Image.Image.save, []

    def another_encoder(self, *arguments, compress_level, **more):
        levels.append(compress_level)
        save(self, *arguments, compress_level=0, **more)

    monkeypatch.setattr(Image.Image, 'save', another_encoder)
    contents = {path.read_bytes() for path in data_root.rglob('*.png')}
    shutil.rmtree(data_root)
    assert prepare('cofw', folder) == manifest
    assert levels
    assert not contents & {path.read_bytes() for path in data_root.rglob('*.png')}


def test_fingerprint_sees_a_changed_pixel(tmp_path, small, prepare):
    folder, _ = small.write('cofw')
    fingerprint = prepare('cofw', folder).fingerprint
    with h5py.File(folder / TEST, 'r+') as file:
        file[file['IsT'][0, 0]][0, 0, 0] ^= 1
    assert prepare('cofw', folder).fingerprint != fingerprint


def test_real_faces(shared, prepare, data_root):
    manifest = prepare('cofw', shared / 'data' / 'cofw', allow_incomplete=True)
    assert manifest.missing == (
        'COFW_train_color.mat is absent, published 1345 faces (1345 missing)',
        'COFW_test_color.mat has 2 faces, published 507 (505 missing)',
    )
    prepared = open_prepared(data_root, 'cofw')
    with h5py.File(shared / 'data' / 'cofw' / TEST) as file:
        for index, face in enumerate(prepared.test):
            column = file['phisT'][:, index]
            assert [tuple(point) for point in face.keypoints] == [
                (column[k] - 1, column[29 + k] - 1) for k in range(29)
            ]
            assert [bool(flag) for flag in face.occluded] == [column[58 + k] == 1 for k in range(29)]
            pixels = file[file['IsT'][0, index]][()]
            with Image.open(prepared.image_path(face)) as image:
                for channel, plane in enumerate(image.split()):
                    np.testing.assert_array_equal(np.asarray(plane), pixels[channel].T)
