"""The command line of benchmark.run, driven as a user drives it.

``workshop.run`` starts the command, ``workshop.call`` runs it in this process, where that shows the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.commands import kill_all, wait_for_file

ROOT = Path(__file__).resolve().parents[1]


def check_one_line_error(result: subprocess.CompletedProcess, *parts: str, status: int = 1) -> str:
    """The error line of a failed command, which must be the only one, hold all parts and be no traceback."""
    assert result.returncode == status, result.stderr
    assert 'Traceback' not in result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith('error: ')]
    assert len(lines) == 1, result.stderr
    assert all(part in lines[0] for part in parts), lines[0]
    return lines[0]


def test_all_trains_tests_and_reports(finished):
    one, result = finished
    assert result.returncode == 0, result.stderr
    assert 'STAR' in result.stdout
    assert 'smooth-L1' in result.stdout
    records = one.records()
    assert [(record.loss, record.status) for record in records] == [('smooth-L1', 'done'), ('STAR', 'done')]
    assert len({record.recipe for record in records}) == 1
    for record in records:
        assert len(record.curve) == 6
        assert record.curve[-1].loss < record.curve[0].loss
        assert [epoch.test_nme is not None for epoch in record.curve] == [False] * 3 + [True, False, True]
        assert record.cost.train_images_per_second > 0
        assert record.environment.precision == 'float32'
        assert str(one.folder) not in record.model_dump_json()
    for page in ('README.md', 'index.html'):
        assert 'STAR' in (one.folder / 'results' / page).read_text()


def test_nme_in_the_curve_is_the_tested_one(finished):
    """Both test the averaged weights of the last epoch."""
    for record in finished[0].records():
        tested = next(m for m in record.metrics if (m.metric, m.normalizer) == ('nme', 'inter-pupil'))
        assert record.curve[-1].test_nme == pytest.approx(tested.value, rel=1e-4)


def test_what_is_finished_is_not_run_again(finished):
    one, _ = finished
    before = {path: path.stat().st_mtime_ns for path in (one.folder / 'results' / 'records').iterdir()}
    result = one.call('--all')
    assert result.returncode == 0
    assert '0 done, 2 done before, 0 failed' in result.stderr
    assert {path: path.stat().st_mtime_ns for path in (one.folder / 'results' / 'records').iterdir()} == before


def test_json_is_the_only_thing_on_stdout(finished):
    one, _ = finished
    results = json.loads(one.run('--all', '--json').stdout)
    assert [(row['name'], row['status']) for row in results] == [('tiny-smoothl1', 'done'), ('tiny-star', 'done')]
    rows = json.loads(one.call('--list', '--json').stdout)
    assert [row['state'] for row in rows] == ['done', 'done']


def test_killed_run_continues_to_the_same_numbers(workshop, finished):
    """SIGKILL to everything in the middle of the training; the second run must not start anew."""
    process = subprocess.Popen(
        workshop.command('--name', 'tiny-star'), cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    wait_for_file(workshop.folder / 'work', 'tiny-star-*/epoch_4.pth', process)
    family = psutil.Process(process.pid).children(recursive=True)
    kill_all([process, *family])
    process.wait()
    assert not list((workshop.folder / 'work').glob('tiny-star-*/epoch_6.pth')), (
        'the kill came too late to test anything'
    )
    result = workshop.call('--name', 'tiny-star')
    assert result.returncode == 0, result.stderr
    continued = workshop.records()[0]
    whole = next(record for record in finished[0].records() if record.name == 'tiny-star')
    assert continued.metrics == whole.metrics
    assert [(epoch.loss, epoch.test_nme) for epoch in continued.curve] == [
        (epoch.loss, epoch.test_nme) for epoch in whole.curve
    ]
    arrays = [
        np.load(folder / 'results' / 'records' / record.predictions)
        for folder, record in ((workshop.folder, continued), (finished[0].folder, whole))
    ]
    assert set(arrays[0].files) == set(arrays[1].files) >= {'keypoints', 'covariances'}
    for name in arrays[0].files:
        np.testing.assert_array_equal(arrays[0][name], arrays[1][name], name)
    log = (workshop.folder / 'work' / 'tiny-star-seed0.log').read_text()
    assert 'resumed epoch' in log


def test_failing_experiment_does_not_stop_the_others(workshop):
    workshop.write_config('tiny-a-typo', workshop.variant("dict(_delete_=True, type='STARLos')"))
    workshop.write_config(
        'tiny-diverging', "_base_ = './tiny-smoothl1.py'\noptim_wrapper = dict(optimizer=dict(lr=1e38))\n"
    )
    result = workshop.call('--name', 'tiny-a-typo', 'tiny-diverging', 'tiny-star')
    assert result.returncode == 1
    assert 'Traceback' not in result.stderr
    errors = [line for line in result.stderr.splitlines() if line.startswith('error: ')]
    assert len(errors) == 2, result.stderr
    assert 'tiny-a-typo.py' in errors[0]
    assert 'STARLos' in errors[0]
    assert 'tiny-diverging.py: the training loss is nan' in errors[1]
    assert 'python -m benchmark.run --name tiny-a-typo --seeds 0' in result.stderr
    status = {record.name: record.status for record in workshop.records()}
    assert status == {'tiny-a-typo': 'failed', 'tiny-diverging': 'failed', 'tiny-star': 'done'}
    page = (workshop.folder / 'results' / 'README.md').read_text()
    assert 'the training loss is nan' in page


def test_missing_data_is_a_row_with_its_reason(workshop):
    text = workshop.baseline.replace('synthetic-29', '300w').replace('out_channels=29', 'out_channels=68')
    workshop.write_config('tiny-300w', text)
    result = workshop.call('--dataset', '300w')
    assert result.returncode == 1
    assert 'python -m benchmark.prepare 300w --source DIR' in result.stderr
    assert [(record.name, record.status) for record in workshop.records()] == [('tiny-300w', 'no-data')]
    assert 'no prepared data' in (workshop.folder / 'results' / 'README.md').read_text()


def test_list_says_which_data_are_missing_and_which_an_older_version_prepared(workshop):
    text = workshop.baseline.replace('synthetic-29', '300w').replace('out_channels=29', 'out_channels=68')
    workshop.write_config('tiny-300w', text)
    result = workshop.call('--list', '--dataset', '300w')
    assert result.returncode == 0
    assert result.stdout.startswith('no-data')
    assert result.stderr.startswith('300w: no prepared data. ')
    manifest = workshop.folder / 'data' / '300w' / 'manifest.json'
    manifest.parent.mkdir(parents=True)
    manifest.write_text('{"schema_version": 1}')
    result = workshop.call('--list', '--dataset', '300w', '--data-root', str(manifest.parents[1]))
    assert (result.returncode, result.stderr) == (
        0,
        f'300w: {manifest}: prepared by an older version (run: python -m benchmark.prepare 300w --source DIR)\n',
    )


def test_dry_run_changes_nothing(workshop):
    result = workshop.call('--all', '--dry-run', '--seeds', '0', '1')
    assert result.returncode == 0
    listed, table = result.stdout.split('\n\n')
    assert len(listed.splitlines()) == 4
    assert ' core hours' in table and 'cost' not in table
    assert not (workshop.folder / 'results').exists()
    assert not (workshop.folder / 'work').exists()


@pytest.fixture
def own_data(workshop, tmp_path) -> list[Path]:
    """Images of prepared data that may be damaged, in their order."""
    shutil.copytree(workshop.data, tmp_path / 'own-data', ignore=shutil.ignore_patterns('crops'))
    workshop.data = tmp_path / 'own-data'
    return sorted((workshop.data / 'synthetic-29' / 'images').rglob('*.png'))


def test_image_that_vanished_is_named(workshop, own_data):
    own_data[0].unlink()
    check_one_line_error(workshop.call('--name', 'tiny-star'), own_data[0].name, 'absent')


def test_truncated_image_is_named(workshop, own_data):
    own_data[-1].write_bytes(own_data[-1].read_bytes()[:500])
    check_one_line_error(workshop.call('--name', 'tiny-star'), own_data[-1].name)


@pytest.mark.parametrize(
    ('arguments', 'parts'),
    [
        (['--name', 'unknown'], ['--name unknown', 'tiny-star']),
        (['--dataset', 'helen'], ['--dataset helen', 'synthetic-29']),
        (['--all', '--data-root', '/nonexistent'], ['/nonexistent', 'no such folder']),
        (['--evaluate', __file__, '--config', 'unknown'], ['--config unknown', '--list']),
        (['--evaluate', 'a.pth', '--config', 'tiny-star'], ['--evaluate a.pth', 'no such file']),
        (['--all', '--configs', '/nonexistent'], ['--configs /nonexistent', 'no such folder']),
        (['--all', '--pretrained', '/nonexistent'], ['--pretrained /nonexistent', 'no such file or folder']),
        (['--plan', '/tmp'], ['--plan /tmp', 'is no file']),
        (['--plan', '/tmp', '--all'], ['--plan /tmp', 'is no file']),
    ],
)
def test_argument_that_names_nothing_is_one_line(workshop, arguments, parts):
    check_one_line_error(workshop.call(*arguments), *parts, status=2)


def test_absent_gpu_is_one_line(workshop):
    without = {**os.environ, 'CUDA_VISIBLE_DEVICES': ''}
    result = workshop.run('--all', '--device', 'cuda', env=without)
    check_one_line_error(result, '--device cuda', '--device cpu', status=2)


def test_experiment_made_for_a_gpu_is_a_row_with_its_reason(workshop):
    (workshop.folder / 'configs' / 'tiny-star.py').unlink()
    (workshop.folder / 'configs' / 'tiny-smoothl1.py').rename(workshop.folder / 'configs' / '_base.py')
    workshop.write_config('tiny-official', "_base_ = './_base.py'\nneeds_gpu = True\n")
    result = workshop.call('--all')
    assert '1 not run: made for a GPU' in result.stderr
    assert [(one.name, one.status) for one in workshop.records()] == [('tiny-official', 'not-run')]
    assert 'made for a GPU' in (workshop.folder / 'results' / 'README.md').read_text()


def test_folder_without_configurations_is_one_line(workshop, tmp_path):
    (tmp_path / 'none').mkdir()
    check_one_line_error(workshop.call('--all', '--configs', str(tmp_path / 'none')), 'none', 'no configuration')


def test_what_given_weights_do_not_go_with_is_named(workshop):
    result = workshop.call('--evaluate', '/nope.pth', '--config', 'x', '--dry-run', '--all')
    assert result.returncode == 2 and 'goes without --all, --dry-run (leave that out)' in result.stderr


@pytest.mark.parametrize(
    'arguments',
    [
        [],
        ['--all', '--seeds', 'x'],
        ['--all', '--seeds', '1', '1'],
        ['--all', '--processes', '0'],
        ['--all', '--complete'],
        ['--all', '--price', '2'],
        ['--all', '--dry-run', '--price', '-1'],
        ['--all', '--dry-run', '--price', 'nan'],
        ['--list', '--dry-run', '--complete'],
        ['--frobnicate'],
        ['--evaluate', 'a.pth'],
        ['--config', 'tiny-star'],
        ['--all', '--evaluate', 'a.pth', '--config', 'tiny-star'],
    ],
)
def test_usage_error_exits_with_2(workshop, arguments):
    result = workshop.call(*arguments)
    assert result.returncode == 2
    assert result.stderr.startswith('usage: ')


def test_usage_error_is_told_by_the_command_at_once(workshop):
    result = workshop.run()
    assert result.returncode == 2
    assert 'nothing selected' in result.stderr
    assert 'Traceback' not in result.stderr


@pytest.mark.parametrize('flag', ['--results', '--work-dir'])
def test_unwritable_folder_is_one_line(workshop, flag, tmp_path):
    """A file where the folder should be stands for every way in which a folder cannot be made, for root as well."""
    (tmp_path / 'file').write_text('')
    check_one_line_error(workshop.call('--name', 'tiny-star', flag, str(tmp_path / 'file' / 'below')), 'file/below')
