"""python -m benchmark.run --plan: what is frozen is what is run."""

from __future__ import annotations

import json
import shutil

import pytest

from benchmark.records.plans import plan_path, read_plan, registration_fault


@pytest.fixture
def plan(workshop):
    """A frozen plan of both configurations with seeds 0 and 1."""
    path = workshop.folder / 'study.json'
    result = workshop.call('--plan', str(path), '--all', '--seeds', '0', '1')
    assert result.returncode == 0, result.stderr
    return path, result


def test_plan_names_trainings_and_comparisons_before_the_first_training(workshop, plan):
    path, result = plan
    frozen, _ = read_plan(path)
    assert [(run.name, run.seed) for run in frozen.runs] == [
        (name, seed) for name in ('tiny-smoothl1', 'tiny-star') for seed in (0, 1)
    ]
    assert [(one.row, one.reference) for one in frozen.comparisons] == [('tiny-star', 'tiny-smoothl1')]
    assert f'--plan {path}' in result.stderr and '4 trainings (seeds 0 1), 1 comparisons' in result.stderr
    assert not (workshop.folder / 'work').exists()


def test_planned_runs_are_registered(workshop):
    path = workshop.folder / 'study.json'
    assert workshop.call('--plan', str(path), '--name', 'tiny-star').returncode == 0
    result = workshop.call('--plan', str(path))
    assert result.returncode == 0, result.stderr
    (record,) = workshop.records()
    results = workshop.folder / 'results'
    assert record.plan == read_plan(path)[1]
    assert plan_path(record.plan, results).read_bytes() == path.read_bytes()
    assert registration_fault(record, results) is None


def _error(result, status=1):
    assert result.returncode == status and 'Traceback' not in result.stderr
    return next(line for line in result.stderr.splitlines() if 'error: ' in line)


def test_what_has_been_changed_since_is_not_run_as_planned(workshop, plan):
    path, _ = plan
    workshop.write_config('tiny-star', workshop.variant("dict(_delete_=True, type='STARLoss', eps=1e-3)"))
    assert 'tiny-star seed 0 is not what was planned' in _error(workshop.call('--plan', str(path)))
    (workshop.folder / 'configs' / 'tiny-star.py').unlink()
    assert 'tiny-star: no such configuration' in _error(workshop.call('--plan', str(path)))
    assert workshop.records() == []


def test_what_has_its_result_or_has_begun_cannot_be_planned(finished, tmp_path):
    workshop, _ = finished
    path = tmp_path / 'late.json'
    assert 'it has its result already' in _error(workshop.call('--plan', str(path), '--all'))
    assert not path.exists()


def test_what_lacks_its_data_cannot_be_planned(workshop, tmp_path):
    shutil.copy(workshop.folder / 'configs' / 'tiny-star.py', workshop.folder / 'configs' / 'tiny-300w.py')
    config = workshop.folder / 'configs' / 'tiny-300w.py'
    config.write_text(config.read_text() + "\ntest_dataloader = dict(dataset=dict(benchmark='300w'))\n")
    error = _error(workshop.call('--plan', str(tmp_path / 'p.json'), '--name', 'tiny-300w'))
    assert 'nothing of what is selected can be planned: no prepared data' in error


@pytest.mark.parametrize('only', ['--dry-run', '--list'])
def test_plan_that_is_only_asked_for_is_said_and_not_written(workshop, tmp_path, only):
    workshop.data = tmp_path / 'undrawn'
    workshop.data.mkdir()
    path = tmp_path / 'study.json'
    result = workshop.call('--plan', str(path), '--name', 'tiny-star', '--seeds', '7', '8', only)
    assert result.returncode == 0, result.stderr
    assert result.stderr == f'{path}: would be frozen: 2 trainings (seeds 7 8), 0 comparisons\n'
    assert [line.split(' (')[0].split()[-1] for line in result.stdout.splitlines()] == ['7', '8']
    assert not path.exists() and not list(workshop.data.iterdir())
    assert not (workshop.folder / 'results').exists() and not (workshop.folder / 'work').exists()


def test_plan_that_is_there_is_said_without_drawing_its_data(workshop, plan, tmp_path):
    path, _ = plan
    workshop.data = tmp_path / 'undrawn'
    workshop.data.mkdir()
    result = workshop.call('--plan', str(path), '--dry-run')
    assert result.returncode == 0 and len(result.stdout.split('\n\n')[0].splitlines()) == 4
    assert not list(workshop.data.iterdir())


def test_plan_holds_what_would_be_run_here_and_says_what_would_not(workshop, tmp_path):
    workshop.write_config('tiny-official', "_base_ = './tiny-smoothl1.py'\nneeds_gpu = True\n")
    path = tmp_path / 'study.json'
    result = workshop.call('--plan', str(path), '--dataset', 'synthetic-29')
    assert result.returncode == 0, result.stderr
    assert [run.name for run in read_plan(path)[0].runs] == ['tiny-smoothl1', 'tiny-star']
    assert result.stderr.startswith('left out: tiny-official: made for a GPU')
    for name in ('tiny-smoothl1', 'tiny-star'):
        config = workshop.folder / 'configs' / f'{name}.py'
        config.write_text(config.read_text() + '\nneeds_gpu = True\n')
    other = tmp_path / 'other.json'
    result = workshop.call('--plan', str(other), '--dataset', 'synthetic-29')
    assert 'nothing of what is selected can be planned: made for a GPU' in _error(result)
    assert result.stderr.count('\n') == 1 and not other.exists()


def test_plan_of_other_seeds_for_each_configuration_is_refused(workshop, plan):
    path, _ = plan
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {'runs': content['runs'][1:]}))
    assert 'each configuration once with each seed' in _error(workshop.call('--plan', str(path)))


def test_plan_that_is_there_stands_alone(workshop, plan):
    path, _ = plan
    before = path.read_bytes()
    assert 'give it alone' in _error(workshop.call('--plan', str(path), '--all'), 2)
    assert 'give it alone' in _error(workshop.call('--plan', str(path), '--seeds', '3'), 2)
    assert path.read_bytes() == before


def test_file_that_is_no_plan_is_one_line(workshop, tmp_path):
    path = tmp_path / 'p.json'
    path.write_text(json.dumps({'name': 'x'}))
    assert 'p.json: not a valid plan: schema_version' in _error(workshop.call('--plan', str(path)))
    assert 'no name of a plan' in _error(workshop.call('--plan', str(tmp_path / 'a b.json'), '--all'), 2)
