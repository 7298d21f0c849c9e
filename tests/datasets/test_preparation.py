from __future__ import annotations

import io
import os
import shutil
import tarfile
import zipfile
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from benchmark.datasets.preparation import READERS, prepare_original
from benchmark.datasets.prepared import find_prepared, open_prepared
from benchmark.datasets.source import SourceError
from benchmark.errors import BenchmarkError
from tests.datasets.packing import REPEAT, as_authors_do, pack_zip, packed_as, tops

NAMES = tuple(READERS)


def _several_paths(benchmark, folder, target):
    return [folder / name for name in tops(folder)]


def _mixed(benchmark, folder, target):
    """One part unpacked, the other part packed."""
    first, *others = tops(folder)
    target.mkdir()
    pack_zip(target / 'rest.zip', folder, others)
    return [folder / first, target / 'rest.zip']


def _in_upper_case(benchmark, folder, target):
    for path in sorted(folder.rglob('*'), reverse=True):
        if path.name.lower() not in ('train_0.jpg',) and 'event' not in str(path).lower():
            path.rename(path.with_name(path.name.upper()))
    return [folder]


def _linked(benchmark, folder, target):
    target.symlink_to(folder)
    return [target]


FORMS = {
    'authors-archives': as_authors_do,
    'zip': packed_as('.zip'),
    'tar': packed_as('.tar'),
    'tar.gz': packed_as('.tar.gz'),
    'zip-with-a-folder-around': packed_as('.zip', 'Data Set'),
    'several-paths': _several_paths,
    'mixed': _mixed,
    'upper-case': _in_upper_case,
    'linked-folder': _linked,
}


@pytest.mark.parametrize('benchmark', NAMES)
def test_faces_come_out_as_they_went_in(small, prepare, equals_truth, benchmark):
    folder, truth = small.write(benchmark)
    manifest = prepare(benchmark, folder)
    assert equals_truth(benchmark, truth)
    assert (manifest.complete, manifest.missing, manifest.missing_images) == (True, (), 0)
    assert (manifest.train_images, manifest.test_images) == (len(truth['train']), len(truth['test']))
    assert manifest.subset_images == small.sizes[benchmark][1]


@pytest.mark.parametrize('benchmark', NAMES)
@pytest.mark.parametrize('form', FORMS)
def test_every_form_of_source_gives_the_same_fingerprint(
    tmp_path, small, prepare, equals_truth, data_root, benchmark, form
):
    folder, truth = small.write(benchmark)
    fingerprint = prepare_original(benchmark, [folder], tmp_path / 'from folder')[0].fingerprint
    manifest = prepare(benchmark, *FORMS[form](benchmark, folder, tmp_path / 'packed'))
    assert manifest.fingerprint == fingerprint
    assert equals_truth(benchmark, truth)


@pytest.mark.parametrize('benchmark', NAMES)
def test_prepared_folder_from_archives_can_be_moved(tmp_path, small, prepare, data_root, benchmark):
    folder, _ = small.write(benchmark)
    prepare(benchmark, *as_authors_do(benchmark, folder, tmp_path / 'packed'))
    shutil.rmtree(folder)
    shutil.rmtree(tmp_path / 'packed')
    data_root.rename(tmp_path / 'moved')
    prepared = open_prepared(tmp_path / 'moved', benchmark)
    assert all(prepared.image_path(face).is_file() for face in (*prepared.train, *prepared.test))


def _state(folder):
    """Every file; a folder changes while somebody claims it."""
    files = [path for path in sorted(folder.rglob('*')) if path.is_file()]
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


@pytest.mark.parametrize('benchmark', NAMES)
@pytest.mark.parametrize('form', ['folder', 'archives'])
def test_preparing_again_does_nothing(tmp_path, small, data_root, benchmark, form):
    folder, _ = small.write(benchmark)
    sources = [folder] if form == 'folder' else as_authors_do(benchmark, folder, tmp_path / 'packed')
    first, _ = prepare_original(benchmark, sources, data_root)
    before, said = _state(data_root), []
    again, _ = prepare_original(benchmark, sources, data_root, report=said.append)
    assert (again, said, _state(data_root)) == (first, [], before)


@pytest.mark.parametrize('benchmark', NAMES)
def test_changed_unpacked_file_is_unpacked_again(tmp_path, small, prepare, equals_truth, data_root, benchmark):
    folder, truth = small.write(benchmark)
    sources = as_authors_do(benchmark, folder, tmp_path / 'packed')
    manifest = prepare(benchmark, *sources)
    for path in data_root.rglob('*.[pj][np]g'):
        path.write_bytes(path.read_bytes()[:-1] + b'x')
    assert prepare(benchmark, *sources) == manifest
    assert equals_truth(benchmark, truth)


def test_new_archives_replace_what_the_old_ones_were_unpacked_to(tmp_path, small, prepare, data_root):
    folder, _ = small.write('wflw')
    prepare('wflw', *as_authors_do('wflw', folder, tmp_path / 'packed'))
    old = set(os.listdir(data_root / 'wflw' / 'unpacked'))
    prepare('wflw', *packed_as('.zip')('wflw', folder, tmp_path / 'packed anew'))
    assert len(os.listdir(data_root / 'wflw' / 'unpacked')) == 1
    assert not old & set(os.listdir(data_root / 'wflw' / 'unpacked'))
    prepare('wflw', folder)
    assert sorted(os.listdir(data_root / 'wflw')) == ['annotations', 'manifest.json']


def test_folder_goes_before_the_archive_beside_it(tmp_path, small, data_root):
    folder, _ = small.write('300w')
    (folder / 'afw.zip').write_bytes(b'not even an archive')
    manifest, reading = prepare_original('300w', [folder], data_root)
    assert manifest.complete
    assert reading.notes == [f'did not read {folder / "afw.zip"}, since the folder afw is beside it']


@pytest.mark.parametrize('benchmark', NAMES)
def test_refused_archives_leave_nothing_behind(tmp_path, small, prepare, data_root, benchmark):
    folder, _ = small.write(benchmark)
    sources = as_authors_do(benchmark, folder, tmp_path / 'packed')
    small.write(benchmark, tmp_path / 'again')
    lacking = next(path for path in sorted((tmp_path / 'again').rglob('*')) if path.is_file())
    lacking.unlink()
    packed = packed_as('.zip')(benchmark, tmp_path / 'again', tmp_path / 'packed again')
    with pytest.raises(SourceError):
        prepare(benchmark, *packed)
    assert not data_root.exists()
    manifest = prepare(benchmark, *sources)
    before = _state(data_root / benchmark / 'unpacked')
    with pytest.raises(SourceError):
        prepare(benchmark, *packed)
    assert find_prepared(data_root, benchmark) == manifest
    assert _state(data_root / benchmark / 'unpacked') == before


@pytest.mark.parametrize('benchmark', NAMES)
def test_other_datasets_are_recognized(tmp_path, small, prepare, data_root, benchmark):
    for other in set(NAMES) - {benchmark}:
        folder, _ = small.write(other, tmp_path / other)
        with pytest.raises(
            BenchmarkError, match=rf'^{benchmark}: found {other.upper()} there \(run: python -m .* {other}'
        ):
            prepare(benchmark, folder, allow_incomplete=True)
    assert not data_root.exists()


@pytest.mark.parametrize('benchmark', NAMES)
def test_source_that_is_nothing_is_one_line(tmp_path, prepare, data_root, benchmark):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'file.txt').write_text('x')
    (tmp_path / 'empty.zip').write_bytes(b'')
    with zipfile.ZipFile(tmp_path / 'other.zip', 'w') as file:
        file.writestr('readme.txt', 'nothing')
    for name in ('empty', 'nowhere', 'file.txt', 'empty.zip', 'other.zip'):
        with pytest.raises(BenchmarkError) as caught:
            prepare(benchmark, tmp_path / name, allow_incomplete=True)
        assert str(caught.value).isprintable()
        assert not isinstance(caught.value, SourceError)
    assert not data_root.exists()


@pytest.mark.parametrize('benchmark', NAMES)
def test_repeated_face_is_left_out_and_named(tmp_path, small, prepare, benchmark):
    folder, _ = small.write(benchmark)
    REPEAT[benchmark](folder)
    with pytest.raises(SourceError) as caught:
        prepare(benchmark, folder)
    (problem,) = [problem for problem in caught.value.problems if 'the same image and landmarks as' in problem]
    assert problem.endswith('(remove one of them, or leave it out with --allow-incomplete)')
    manifest = prepare(benchmark, folder, allow_incomplete=True)
    assert not manifest.complete
    assert manifest.missing_images == 1


@pytest.mark.parametrize(
    ('benchmark', 'dataset'), [('cofw', 'COFWDataset'), ('300w', 'Face300WDataset'), ('wflw', 'WFLWDataset')]
)
def test_mmpose_reads_every_face(small, prepare, data_root, benchmark, dataset):
    import_module('benchmark.models')  # lets MMPose import
    mmpose_datasets = import_module('mmpose.datasets.datasets')
    folder, truth = small.write(benchmark)
    prepare(benchmark, folder)
    prepared = open_prepared(data_root, benchmark)
    for split, faces in truth.items():
        loaded = getattr(mmpose_datasets, dataset)(
            ann_file=str(prepared.folder / 'annotations' / f'{split}.json'),
            data_prefix={'img': f'{prepared.image_root}/'},
        )
        assert len(loaded) == len(faces)
        for index, face in enumerate(faces):
            sample = loaded.get_data_info(index)
            np.testing.assert_array_equal(sample['keypoints'][0], face.keypoints.astype(np.float32))
            assert Path(sample['img_path']).is_file()


def test_two_preparations_of_one_folder_do_not_mix(small, prepare, data_root):
    folder, _ = small.write('300w')
    inner = []

    def second(line):
        with pytest.raises(BenchmarkError, match='another preparation is at work there'):
            prepare_original('300w', [folder], data_root)
        inner.append(line)

    packed = packed_as('.zip')('300w', folder, folder.parent / 'packed')
    prepare_original('300w', packed, data_root, report=second)
    assert len(inner) == 1
    assert find_prepared(data_root, '300w').complete


def test_archive_that_cannot_be_read_is_one_line(tmp_path, small, prepare, data_root):
    folder, _ = small.write('300w')
    (archive,) = packed_as('.tar.gz')('300w', folder, tmp_path / 'packed')
    archive.write_bytes(archive.read_bytes()[:-20])
    with pytest.raises(BenchmarkError) as caught:
        prepare('300w', archive, allow_incomplete=True)
    assert str(caught.value).startswith(f'{archive}: ')
    assert not data_root.exists()


def test_unpacked_files_are_read_only_from_their_own_archive(tmp_path, small, prepare):
    folder, _ = small.write('300w')
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode='w') as file:
        for path in sorted(folder.rglob('*')):
            file.add(path, str(path.relative_to(folder)), recursive=False)
        link = tarfile.TarInfo('ibug/face 2.jpg')
        link.type, link.linkname = tarfile.SYMTYPE, '/etc/passwd'
        file.addfile(link)
    (tmp_path / 'all.tar').write_bytes(packed.getvalue())
    with pytest.raises(BenchmarkError, match='is a link'):
        prepare('300w', tmp_path / 'all.tar', allow_incomplete=True)
