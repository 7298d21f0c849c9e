from __future__ import annotations

import json
import resource
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from benchmark.datasets.prepared import open_prepared
from benchmark.protocol import test_sets
from benchmark.protocol.metrics import normalizing_distance
from tests.datasets.conftest import write_300w

REPOSITORY = Path(__file__).resolve().parents[1]
ORIGINAL = ('cofw', '300w', 'wflw')
FOLDERS = ('afw', 'helen/trainset', 'helen/testset', 'lfpw/trainset', 'lfpw/testset', 'ibug')


def test_what_a_file_manager_left_in_an_archive_is_named_and_left_out(prepare, tmp_path):
    write_300w(tmp_path / 'original')
    shutil.make_archive('whole', 'zip', tmp_path / 'original')
    with zipfile.ZipFile('whole.zip', 'a') as file:
        file.writestr(r'afw\Thumbs.db', b'thumbs')
    _, lines = prepare('300w', '--source', 'whole.zip', '--allow-incomplete')
    left_out = 'left out afw\\Thumbs.db, which has a backslash in its name and is not part of the dataset'
    assert f'300w: whole.zip: {left_out}' in lines
    assert not list((tmp_path / 'data').rglob('*Thumbs*'))


def test_incomplete_300w_is_refused_and_nothing_is_written(tmp_path, prepare_process, source):
    stdout, lines = prepare_process('300w', '--source', source, '--json', status=1)
    assert stdout == ''
    assert lines[0] == 'error: 300w: afw has 2 images, published 337 (335 missing)'
    assert 'error: 300w: helen/trainset has 2 images, published 2000 (1998 missing)' in lines
    assert lines[-1] == (
        f'error: 300w: nothing was written: 6 problems in {source} '
        '(mend it, or accept what is there with --allow-incomplete)'
    )
    assert len(lines) == 7
    assert not (tmp_path / 'data').exists()


def test_incomplete_300w_is_prepared_in_data_when_accepted(tmp_path, prepare, source):
    (source / 'afw' / 'face 1.pts').write_text('nonsense')
    stdout, lines = prepare('300w', '--source', 'source', '--allow-incomplete', '--json')
    manifest = json.loads(stdout)
    assert manifest == json.loads((tmp_path / 'data' / '300w' / 'manifest.json').read_text())
    assert manifest['image_root'] == str(source)
    assert (manifest['complete'], manifest['missing_images']) == (False, 3826)
    assert lines[:7] == [f'warning: 300w: {sentence}' for sentence in manifest['missing']]
    assert "warning: 300w: afw/face 1.pts: line 1: 'nonsense' is not a number" in lines
    assert lines[-1] == (
        '300w: prepared in data/300w: 5 training images, 6 test images (full 6, common 4, challenge 2), '
        f'3826 published images missing, fingerprint {manifest["fingerprint"]}'
    )


def test_preparing_again_says_so_and_rewrites_nothing(tmp_path, prepare, source):
    command = ('300w', '--source', source, '--data-root', 'elsewhere', '--allow-incomplete')
    stdout, lines = prepare(*command)
    assert stdout == ''
    manifest = tmp_path / 'elsewhere' / '300w' / 'manifest.json'
    before = {path: path.stat().st_ino for path in manifest.parent.rglob('*')}
    fingerprint = json.loads(manifest.read_text())['fingerprint']
    _, lines = prepare(*command)
    assert lines[-1] == f'300w: already prepared in elsewhere/300w, fingerprint {fingerprint}'
    assert {path: path.stat().st_ino for path in manifest.parent.rglob('*')} == before


def test_first_twenty_problems_are_listed_then_a_count(prepare, source):
    for index in range(100):
        (source / 'ibug' / f'{index:03}.pts').write_text('')
    _, lines = prepare('300w', '--source', source, status=1)
    assert len(lines) == 22
    assert lines[6] == (
        'error: 300w: ibug/000.pts: no image beside it (add the image, or leave it out with --allow-incomplete)'
    )
    assert lines[20] == 'error: 300w: and 86 more problems'
    assert lines[21].startswith('error: 300w: nothing was written: 106 problems in ')


def test_mirrored_copies_are_counted(prepare, source):
    for suffix in ('jpg', 'pts'):
        (source / 'afw' / f'face 0_mirror.{suffix}').write_bytes((source / 'afw' / f'face 0.{suffix}').read_bytes())
    _, lines = prepare('300w', '--source', source, '--allow-incomplete')
    assert '300w: ignored 1 mirrored copies (*_mirror) in afw' in lines
    assert lines[-1].startswith('300w: prepared in data/300w: 6 training images')


def test_output_folder_that_cannot_be_written_to_is_one_line(tmp_path, prepare, source):
    (tmp_path / 'file').touch()
    _, lines = prepare('300w', '--source', source, '--allow-incomplete', '--data-root', 'file', status=1)
    why = 'Not a directory (choose another folder with --data-root)'
    assert lines == [f'error: 300w: cannot write file/300w: {why}']


def test_full_disk_leaves_the_old_preparation_untouched(tmp_path, prepare, prepare_process, source):
    command = ('300w', '--source', source, '--allow-incomplete')
    prepare(*command)
    before = {path: path.read_bytes() for path in (tmp_path / 'data').rglob('*') if path.is_file()}
    (source / 'afw' / 'face 1.jpg').unlink()
    limit = (4096, 4096)
    _, lines = prepare_process(*command, status=1, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    why = 'File too large (choose another folder with --data-root)'
    assert lines == [f'error: 300w: cannot write data/300w: {why}']
    assert {path: path.read_bytes() for path in (tmp_path / 'data').rglob('*') if path.is_file()} == before


def test_source_that_is_no_300w_is_one_line(tmp_path, prepare):
    _, lines = prepare('300w', '--source', 'nowhere', status=2)
    assert lines == [
        'error: 300w: nowhere does not exist (give the folder that holds afw, helen, lfpw and ibug, or their archives)'
    ]


@pytest.mark.parametrize('command', ['check', 'list'])
def test_prepared_data_that_are_named_and_absent_are_a_usage_error(prepare, command):
    _, lines = prepare(command, '300w', '--data-root', 'nowhere', status=2)
    assert lines == ['error: --data-root nowhere: no such folder (name the folder of prepared data)']


@pytest.mark.parametrize('benchmark', ORIGINAL)
def test_folder_without_the_dataset_is_one_line(tmp_path, prepare, benchmark):
    _, lines = prepare(benchmark, '--source', tmp_path, status=1)
    assert len(lines) == 1
    assert lines[0].startswith(f'error: {benchmark}: found n')
    assert not (tmp_path / 'data').exists()


def test_dataset_given_to_another_one_is_recognized(prepare, source):
    for benchmark in ('cofw', 'wflw'):
        _, lines = prepare(benchmark, '--source', source, '--allow-incomplete', status=1)
        (line,) = lines
        assert line.startswith(f'error: {benchmark}: found 300W there (run: python -m benchmark.prepare 300w, or give ')


def test_cofw_and_wflw_are_prepared_too(tmp_path, prepare):
    rng = np.random.default_rng(0)
    with h5py.File(tmp_path / 'COFW_test_color.mat', 'w') as file:
        image = file.create_dataset('#refs#/a', data=rng.integers(0, 255, (3, 90, 80), dtype=np.uint8))
        file.create_dataset('IsT', data=np.array([[image.ref]], dtype=object), dtype=h5py.ref_dtype)
        points = rng.uniform(1, 60, 58)
        file['phisT'] = np.concatenate((points, np.zeros(29)))[:, None]
        file['bboxesT'] = np.array([[1.0], [1.0], [60.0], [60.0]])
    stdout, lines = prepare('cofw', '--source', 'COFW_test_color.mat', '--allow-incomplete', '--json')
    assert (json.loads(stdout)['test_images'], json.loads(stdout)['complete']) == (1, False)
    assert lines[0].startswith(f'cofw: unpacking {tmp_path / "COFW_test_color.mat"} into data/cofw/unpacked/')
    assert lines[1:3] == [
        'warning: cofw: COFW_train_color.mat is absent, published 1345 faces (1345 missing)',
        'warning: cofw: COFW_test_color.mat has 1 faces, published 507 (506 missing)',
    ]
    images, lists = tmp_path / 'WFLW_images', tmp_path / 'elsewhere/WFLW_annotations/list_98pt_rect_attr_train_test'
    images.mkdir()
    lists.mkdir(parents=True)
    Image.new('RGB', (80, 90)).save(images / '1.jpg')
    line = ' '.join(map(str, (*rng.uniform(0, 60, 196), 0, 0, 60, 60, 1, 0, 0, 0, 0, 1, '1.jpg')))
    (lists / 'list_98pt_rect_attr_test.txt').write_text(line)
    stdout, lines = prepare('wflw', '--source', 'WFLW_images', 'elsewhere', '--allow-incomplete', '--json')
    assert json.loads(stdout)['subset_images'] == {
        'full': 1, 'pose': 1, 'expression': 0, 'illumination': 0, 'make-up': 0, 'occlusion': 0, 'blur': 1
    }  # fmt: skip
    for benchmark in ('cofw', 'wflw'):
        _, lines = prepare('check', benchmark)
        assert lines[-1].startswith(f'{benchmark}: looked at 1 faces in 1 images: ')


def test_landmarks_outside_the_image_are_kept_and_named(prepare, source):
    path = source / 'ibug' / 'face 0.pts'
    text = '\n'.join(f'{x} {y}' for x, y in np.random.default_rng(0).uniform(10, 50, (68, 2)))
    for index, points in enumerate((f'-20 5\n{text}', f'500 500\n300 80\n{text}')):
        (source / 'ibug' / f'face {index}.pts').write_text('\n'.join(points.splitlines()[:68]))
    path = source / 'afw' / 'face 0.pts'
    path.write_text('\n'.join(f'{x} {y}' for x, y in np.random.default_rng(0).uniform(100, 150, (68, 2))))
    for other in source.rglob('*.pts'):
        if other != path and other.parent.name != 'ibug':
            other.write_text('\n'.join(f'{x} {y}' for x, y in np.random.default_rng(0).uniform(10, 50, (68, 2))))
    _, lines = prepare('300w', '--source', source, '--allow-incomplete')
    assert [line for line in lines if 'outside' in line] == [
        'warning: 300w: afw/face 0.jpg: the whole face: 68 of 68 landmarks outside the image, kept',
        'warning: 300w: ibug/face 1.jpg: 2 of 68 landmarks outside the image, kept',
        'warning: 300w: ibug/face 0.jpg: 1 of 68 landmarks outside the image, kept',
    ]


@pytest.mark.parametrize('benchmark', ORIGINAL)
def test_download_says_where_and_under_which_terms_and_fetches_nothing(tmp_path, prepare, benchmark):
    stdout, lines = prepare(benchmark, '--download')
    assert lines == []
    for start in ('paper: ', 'page: ', 'files: ', 'terms: '):
        assert f'\n{start}' in stdout
    assert f'python -m benchmark.prepare {benchmark} --source' in stdout
    stdout, _ = prepare(benchmark, '--download', '--json')
    assert set(json.loads(stdout)) == {'paper', 'pages', 'files', 'terms'}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    'arguments',
    [
        (),
        ('helen',),
        ('300w',),
        ('300w', '--source'),
        ('300w', '--allow-incomplete'),
        ('300w', '--source', '.', '--download'),
        ('check',),
        ('check', 'helen'),
        ('check', '300w', '--source', '.'),
        ('synthetic', '--train-images', '0'),
        ('synthetic', '--test-images', 'many'),
        ('synthetic', '--source', '.'),
    ],
)
def test_wrong_usage_exits_2(prepare, arguments):
    stdout, lines = prepare(*arguments, status=2)
    assert stdout == ''
    assert lines[0].startswith('usage: python -m benchmark.prepare')


def test_help_names_every_dataset(prepare_process):
    stdout, _ = prepare_process('--help')
    for name in ('300w', 'cofw', 'wflw', 'synthetic', 'check'):
        assert name in stdout


def test_synthetic_makes_three_benchmarks_and_the_second_time_nothing(tmp_path, prepare):
    command = ('synthetic', '--train-images', 4, '--test-images', 8, '--seed', 3, '--json')
    stdout, lines = prepare(*command)
    manifests = json.loads(stdout)
    assert [manifest['benchmark'] for manifest in manifests] == ['synthetic-29', 'synthetic-68', 'synthetic-98']
    for manifest, line in zip(manifests, lines, strict=True):
        assert (manifest['complete'], manifest['train_images'], manifest['test_images']) == (True, 4, 8)
        assert line.startswith(f'{manifest["benchmark"]}: prepared in data/{manifest["benchmark"]}: 4 training images')
        assert (tmp_path / 'data' / manifest['benchmark'] / manifest['image_root']).is_dir()
    stdout, lines = prepare(*command)
    assert json.loads(stdout) == manifests
    assert [': already prepared in ' in line for line in lines] == [True] * 3


def test_one_synthetic_benchmark_can_be_made_alone(tmp_path, prepare):
    stdout, _ = prepare('synthetic-68', '--train-images', 2, '--test-images', 6, '--json')
    assert json.loads(stdout)['benchmark'] == 'synthetic-68'
    assert [path.name for path in (tmp_path / 'data').iterdir()] == ['synthetic-68']


def test_list_of_a_drawn_test_set_goes_to_stdout_or_a_file_and_leaves_no_fault(tmp_path, prepare, monkeypatch):
    prepare('synthetic-68', '--train-images', 1, '--test-images', 7)
    stdout, lines = prepare('list', 'synthetic-68')
    assert lines == []
    _, lines = prepare('list', 'synthetic-68', '--output', 'synthetic-68.csv')
    assert lines == ['synthetic-68: 7 faces listed in synthetic-68.csv']
    assert (tmp_path / 'synthetic-68.csv').read_text() == stdout
    assert stdout.splitlines()[0] == 'image,subsets,distances'
    assert [line.split(',')[:2] for line in stdout.splitlines()[4:7]] == [
        ['test/00003', 'common'],
        ['test/00004', 'challenge'],
        ['test/00005', 'common'],
    ]
    monkeypatch.setattr(test_sets, 'FOLDER', tmp_path)
    faces = open_prepared(tmp_path / 'data', 'synthetic-68').test
    truth = np.array([face.keypoints for face in faces])
    subsets = np.array([[True, *(name in face.subsets for name in ('common', 'challenge'))] for face in faces])
    distances = (normalizing_distance(truth, 'synthetic-68', name) for name in ('inter-ocular', 'inter-pupil'))
    images = [face.image for face in faces], ('full', 'common', 'challenge'), subsets
    assert test_sets.faults('synthetic-68', *images, *distances) == []


def test_list_of_an_incomplete_test_set_is_refused(tmp_path, prepare, source):
    prepare('300w', '--source', source, '--allow-incomplete')
    stdout, lines = prepare('list', '300w', '--output', 'list.csv', status=1)
    assert stdout == ''
    assert lines == [
        'error: 300w: 6 test images are in subset full, published 689 (a list is made of the whole test set)'
    ]
    assert not (tmp_path / 'list.csv').exists()


def test_list_without_data_or_without_a_folder_to_write_to_is_one_line(prepare):
    _, lines = prepare('list', '300w', status=1)
    assert lines == ['error: 300w: no prepared data in data/300w (run: python -m benchmark.prepare 300w --source DIR)']
    prepare('synthetic-29', '--train-images', 1, '--test-images', 6)
    _, lines = prepare('list', 'synthetic-29', '--output', 'nowhere/list.csv', status=1)
    assert lines == ['error: nowhere/list.csv: cannot be written: No such file or directory (choose another)']


def test_shipped_list_of_300w_is_that_of_the_original_folders(tmp_path, prepare, shared):
    prepare('300w', '--source', shared / 'data' / '300w', '--allow-incomplete')
    stdout, _ = prepare('list', '300w')
    assert stdout == (test_sets.FOLDER / '300w.csv').read_text()


def test_training_faces_are_held_out_in_another_folder(tmp_path, prepare):
    prepare('synthetic-68', '--train-images', 20, '--test-images', 6)
    stdout, stderr = prepare('hold-out', 'synthetic-68', '--output', 'tuning', '--share', 0.25, '--json')
    assert stderr[-1].startswith('synthetic-68: prepared in tuning/synthetic-68: 15 training images, 5 test images')
    assert json.loads(stdout)['missing'] == ['test: 5 of 20 training faces in place of the test set']
    before, held = (open_prepared(tmp_path / folder, 'synthetic-68') for folder in ('data', 'tuning'))
    assert {face.image for face in (*held.train, *held.test)} == {face.image for face in before.train}
    assert 'already prepared' in prepare('hold-out', 'synthetic-68', '--output', 'tuning', '--share', 0.25)[1][-1]
    for options, status in ((('--output', 'data'), 2), (('--output', 'tuning', '--share', 2), 2)):
        assert len(prepare('hold-out', 'synthetic-68', *options, status=status)[1]) == 1
    (line,) = prepare('hold-out', 'wflw', '--output', 'tuning', status=1)[1]
    assert 'no prepared data in data/wflw' in line


def test_drawn_faces_with_noise_of_one_size_say_so(tmp_path, prepare):
    few = ('synthetic-68', '--train-images', 2, '--test-images', 6)
    for kind in ('along', 'around'):
        prepare(*few, f'--noise-{kind}', 2, '--data-root', kind)
        noise = json.loads((tmp_path / kind / 'synthetic-68' / 'manifest.json').read_text())['drawing']['noise']
        assert noise == {'kind': kind, 'percent': 2}
    fingerprints = {open_prepared(tmp_path / kind, 'synthetic-68').manifest.fingerprint for kind in ('along', 'around')}
    assert len(fingerprints) == 2
    for options in (('--noise-along', 30), ('--noise-along', 'nan'), ('--noise-along', 1, '--noise-around', 1)):
        assert 'error: argument --noise-' in prepare(*few, *options, status=2)[1][-1]
