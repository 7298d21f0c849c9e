from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDERS = ('afw', 'helen/trainset', 'helen/testset', 'lfpw/trainset', 'lfpw/testset', 'ibug')


@pytest.fixture
def prepare(tmp_path):
    """Run the real command in an empty folder; returns exit status, stdout and the lines of stderr."""

    def prepare(*arguments, status=0, **more):
        done = subprocess.run(
            [sys.executable, '-m', 'benchmark.prepare', *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, 'PYTHONPATH': str(REPOSITORY)},
            capture_output=True,
            text=True,
            timeout=300,
            **more,
        )
        assert done.returncode == status, done.stderr
        assert 'Traceback' not in done.stderr
        return done.stdout, done.stderr.splitlines()

    return prepare


@pytest.fixture
def source(tmp_path):
    """Two faces in each folder of 300W."""
    for number, name in enumerate(FOLDERS):
        folder = tmp_path / 'source' / name
        folder.mkdir(parents=True)
        for index in range(2):
            Image.new('RGB', (80, 60), (number, index, 0)).save(folder / f'face {index}.jpg')
            points = np.random.default_rng([number, index]).uniform(1, 90, (68, 2))
            lines = ['version: 1', 'n_points: 68', '{', *(f'{x:.4f} {y:.4f}' for x, y in points), '}']
            (folder / f'face {index}.pts').write_text('\n'.join(lines))
    return tmp_path / 'source'


def test_incomplete_300w_is_refused_and_nothing_is_written(tmp_path, prepare, source):
    stdout, lines = prepare('300w', '--source', source, '--json', status=1)
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
    assert lines[:-1] == [f'warning: 300w: {sentence}' for sentence in manifest['missing']]
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
    assert '300w: ignored 1 mirrored copies (*_mirror) of images beside them' in lines
    assert lines[-1].startswith('300w: prepared in data/300w: 6 training images')


def test_output_folder_that_cannot_be_written_to_is_one_line(tmp_path, prepare, source):
    (tmp_path / 'file').touch()
    _, lines = prepare('300w', '--source', source, '--allow-incomplete', '--data-root', 'file', status=1)
    assert lines == ['error: 300w: cannot write file/300w: Not a directory (free space or choose another --data-root)']


def test_full_disk_leaves_the_old_preparation_untouched(tmp_path, prepare, source):
    command = ('300w', '--source', source, '--allow-incomplete')
    prepare(*command)
    before = {path: path.read_bytes() for path in (tmp_path / 'data').rglob('*') if path.is_file()}
    (source / 'afw' / 'face 1.jpg').unlink()
    limit = (4096, 4096)
    _, lines = prepare(*command, status=1, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    assert lines == ['error: 300w: cannot write data/300w: File too large (free space or choose another --data-root)']
    assert {path: path.read_bytes() for path in (tmp_path / 'data').rglob('*') if path.is_file()} == before


def test_source_that_is_no_300w_is_one_line(tmp_path, prepare):
    _, lines = prepare('300w', '--source', 'nowhere', status=1)
    assert lines == ['error: 300w: nowhere is not a folder (give the one that holds afw, helen, lfpw and ibug)']


@pytest.mark.parametrize('benchmark', ['cofw', 'wflw'])
def test_formats_that_are_not_read_yet_say_so(tmp_path, prepare, benchmark):
    _, lines = prepare(benchmark, '--source', tmp_path, status=1)
    assert len(lines) == 1
    assert lines[0].startswith(
        f'error: {benchmark}: reading the original {benchmark.upper()} format is not implemented'
    )


@pytest.mark.parametrize(
    'arguments',
    [
        (),
        ('helen',),
        ('300w',),
        ('300w', '--source'),
        ('synthetic', '--train-images', '0'),
        ('synthetic', '--test-images', 'many'),
        ('synthetic', '--source', '.'),
    ],
)
def test_wrong_usage_exits_2(prepare, arguments):
    stdout, lines = prepare(*arguments, status=2)
    assert stdout == ''
    assert lines[0].startswith('usage: python -m benchmark.prepare')


def test_help_names_every_dataset(prepare):
    stdout, _ = prepare('--help')
    for name in ('300w', 'cofw', 'wflw', 'synthetic'):
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
