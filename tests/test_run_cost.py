"""python -m benchmark.run --dry-run: what trainings cost."""

from __future__ import annotations

import json

import pytest

OFFICIAL = """
_base_ = './tiny-star.py'
needs_gpu = True
train_cfg = dict(max_epochs=500)
test_dataloader = dict(dataset=dict(benchmark='300w'))
model = dict(head=dict(out_channels=68))
test_evaluator = dict(benchmark='300w')
"""


@pytest.fixture
def with_official(workshop):
    """A workshop with a recipe made for a GPU, on a data set that is not prepared."""
    workshop.write_config('tiny-official', OFFICIAL)
    return workshop


def rows_of(result) -> list[list[str]]:
    """Cells of the table's lines, without its head and what is below it."""
    assert result.returncode == 0, result.stderr
    _, *rows, _ = [line.split('  ') for line in result.stdout.split('\n\n')[-1].splitlines()]
    return [[cell.strip() for cell in row if cell.strip()] for row in rows]


def test_complete_data_sets_and_recipes_for_a_gpu_cost_what_json_says(with_official):
    command = ['--dry-run', '--complete', '--name', 'tiny-official', '--seeds', '0', '1', '--price', '1000']
    result = with_official.call(*command)
    row, total = rows_of(result)
    assert row[:4] == ['300w', 'ResNet-18 x 1/4 + FPN, 64 x 64, float32, 500 epochs', '2', '3148 + 689']
    assert row[5] == 'steps made now' and total[:2] == ['all', '2']
    printed = [float(cell.replace(',', '')) for cell in row[-2:]]
    assert printed[1] == pytest.approx(1000 * printed[0], rel=0.01)
    # The steps are made again for JSON, and take another time.
    jobs = json.loads(with_official.call(*command, '--json').stdout)
    assert [(job['name'], job['seed'], job['state']) for job in jobs] == [
        ('tiny-official', seed, 'no-data') for seed in (0, 1)
    ]
    for job in jobs:
        assert (job['train_images'], job['test_images']) == (3148, 689)
        assert job['device_hours'] > 500 * 3148 / job['images_per_second'] / 3600
        assert job['cost'] == pytest.approx(1000 * job['device_hours'])
        assert job['seconds'] == pytest.approx(3600 * job['device_hours'], abs=0.1)
    assert not (with_official.folder / 'work').exists()


def test_dry_run_alone_counts_what_would_be_run_on_what_is_prepared(with_official):
    row, _ = rows_of(with_official.call('--all', '--dry-run'))
    assert row[0] == 'synthetic-29' and row[2:4] == ['2', '40 + 8']
    jobs = json.loads(with_official.call('--all', '--dry-run', '--json').stdout)
    assert {job['name']: job['device_hours'] is None for job in jobs} == {
        'tiny-official': True,
        'tiny-smoothl1': False,
        'tiny-star': False,
    }
    assert not any('cost' in job for job in jobs)


def test_what_is_done_costs_nothing_more_but_is_part_of_what_is_complete(finished):
    workshop, _ = finished
    result = workshop.call('--name', 'tiny-star', '--dry-run')
    assert (result.stdout, result.stderr) == ('', 'nothing to train\n')
    row, _ = rows_of(workshop.call('--name', 'tiny-star', '--dry-run', '--complete'))
    assert (row[0], row[2:4], row[5]) == ('synthetic-29', ['1', '1500 + 400'], 'stored records')


@pytest.mark.parametrize('flag', [['--complete'], ['--price', '2']])
def test_costs_of_what_nobody_can_time_here_are_refused(workshop, flag, tmp_path):
    for others in (['--plan', str(tmp_path / 'p.json')], ['--executor', 'slurm'], ['--list']):
        result = workshop.call('--name', 'tiny-star', '--dry-run', *flag, *others)
        assert result.returncode == 2 and f'{flag[0]} goes without ' in result.stderr
    assert not (tmp_path / 'p.json').exists()
