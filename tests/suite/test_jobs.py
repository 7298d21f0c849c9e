from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark.datasets.annotations import Face
from benchmark.datasets.prepared import write_prepared
from benchmark.errors import BenchmarkError
from benchmark.suite.experiments import find_experiments
from benchmark.suite.jobs import clear_placeholders, plan_jobs, select_experiments, store_placeholder
from benchmark.suite.places import RECORDED, Places
from benchmark.suite.predictions import save_predictions
from benchmark.suite.records import read_records, write_record

CONFIGS = Path(__file__).resolve().parents[2] / 'mmpose_configs'


@pytest.fixture(scope='module')
def experiments():
    return find_experiments(CONFIGS)[0]


@pytest.fixture
def data(tmp_path) -> Path:
    """Prepared data of synthetic-68: one face to train on and one to test on."""
    folder = tmp_path / 'data' / 'synthetic-68' / 'images'
    folder.mkdir(parents=True)
    (folder / 'a.png').write_bytes(b'not looked at')
    keypoints = np.random.default_rng(0).uniform(0, 64, (68, 2))
    write_prepared(tmp_path / 'data', 'synthetic-68', *[[Face('a.png', 64, 64, keypoints)]] * 2, Path('images'))
    return tmp_path / 'data'


def test_criteria_are_combined(experiments):
    chosen = select_experiments(experiments, datasets=['300w', 'cofw'], losses=['star'])
    assert {one.benchmark for one in chosen} == {'300w', 'cofw'}
    assert {one.loss for one in chosen} == {'STAR'}
    assert select_experiments(experiments) == experiments
    assert {one.benchmark for one in select_experiments(experiments, names=['*wflw-128x128'])} == {'wflw'}


@pytest.mark.parametrize('criterion', [{'datasets': ['300v']}, {'losses': ['stra']}, {'names': ['nothing*']}])
def test_criterion_without_a_match_lists_what_there_is(experiments, criterion):
    with pytest.raises(BenchmarkError, match=r'no such configuration \(there are: '):
        select_experiments(experiments, **criterion)


def test_plan_tells_what_is_missing(experiments, data, tmp_path):
    chosen = select_experiments(experiments, datasets=['synthetic-68', '300w'], losses=['star'])
    states = {
        job.experiment.benchmark: job.state
        for job in plan_jobs(chosen, [0], Places(data, tmp_path / 'work', tmp_path / 'records'))
    }
    assert states == {'synthetic-68': 'to-run', '300w': 'no-data'}


def test_only_a_result_of_this_clone_with_its_predictions_counts_as_done(experiments, data, tmp_path, predictions):
    chosen = select_experiments(experiments, datasets=['synthetic-68'], losses=['star'])
    places = Places(data, tmp_path / 'work', tmp_path / 'records')
    job = plan_jobs(chosen, [3], places)[0]
    result = job.placeholder('failed', 'x').model_copy(update={'status': 'done', 'predictions': 'p.npz'})
    write_record(result, places.records)
    checkpoints = places.checkpoints(job.name, 3, result.fingerprint)
    checkpoints.mkdir(parents=True)
    save_predictions(predictions, places.records / 'p.npz')
    (checkpoints / f'epoch_{job.experiment.epochs}.pth').touch()
    assert plan_jobs(chosen, [3], places)[0].state == 'to-run', "trained here, but the result is somebody else's"
    (checkpoints / RECORDED).touch()
    assert plan_jobs(chosen, [3], places)[0].state == 'done'
    (places.records / 'p.npz').unlink()
    assert plan_jobs(chosen, [3], places)[0].state == 'to-run'
    save_predictions(predictions, places.records / 'p.npz')
    assert plan_jobs(chosen, [4], places)[0].state == 'to-run'


def test_reason_holds_no_folder_of_a_machine(experiments, data, tmp_path):
    places = Places(data, tmp_path / 'work', tmp_path / 'records')
    job = plan_jobs(select_experiments(experiments, ['synthetic-68'], ['star']), [0], places)[0]
    store_placeholder(job, 'failed', '/home/me/configs/mine.py: image /mnt/faces/a b/1.png is absent', places.records)
    assert read_records(places.records)[0].reason == 'mine.py: image 1.png is absent'


def test_placeholder_never_replaces_a_result(experiments, data, tmp_path):
    records = tmp_path / 'records'
    places = Places(data, tmp_path / 'work', records)
    job = plan_jobs(select_experiments(experiments, ['synthetic-68'], ['star']), [0], places)[0]
    store_placeholder(job, 'not-run', 'interrupted', records)
    store_placeholder(job, 'failed', 'broken', records)
    assert [(one.status, one.reason) for one in read_records(records)] == [('failed', 'broken')]
    clear_placeholders(job, records)
    assert read_records(records) == []
    result = job.placeholder('failed', 'x').model_copy(update={'status': 'done', 'predictions': 'p.npz'})
    write_record(result, records)
    store_placeholder(job, 'no-data', 'nothing prepared', records)
    store_placeholder(job, 'failed', 'broken', records)
    assert sorted(one.status for one in read_records(records)) == ['done', 'failed']
    clear_placeholders(job, records)
    assert read_records(records) == [result]
