"""python -m benchmark.verify --rerun, as a user gives it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.predictions import read_predictions, save_predictions, summarize
from benchmark.records.record import read_record, write_record
from benchmark.verify import main
from tests.results import edit_record


@pytest.fixture
def records(finished, tmp_path):
    """A copy of finished records that may be changed."""
    return shutil.copytree(finished[0].folder / 'results' / 'records', tmp_path / 'results' / 'records')


def _verify(tmp_path, *arguments):
    folders = '--results', str(tmp_path / 'results'), '--reports', str(tmp_path)
    return main([*map(str, arguments), *folders, '--json'])


def test_record_that_comes_out_again_holds(records, tmp_path, capsys):
    (path,) = records.glob('tiny-smoothl1-*.json')
    assert _verify(tmp_path, path, '--rerun') == 0
    said = capsys.readouterr()
    (found,) = json.loads(said.out)['records']
    assert found['holds'] and 'trained again' in found['checked']
    assert 'identical to the bit' in said.err


def test_predictions_that_the_training_does_not_make_are_refused(records, tmp_path, capsys):
    """All hashes are right, and so is every number; only the training tells."""
    (path,) = records.glob('tiny-star-*.json')
    record = read_record(path)
    predictions = read_predictions(records / record.predictions)
    better = replace(predictions, distances=0.8 * predictions.distances, exact_means=None)
    save_predictions(better, records / record.predictions)
    metrics = summarize(read_predictions(records / record.predictions), get_benchmark(record.benchmark))
    curve = tuple(epoch.model_copy(update={'test_nme': None}) for epoch in record.curve)
    write_record(record.model_copy(update={'metrics': metrics, 'curve': curve}), records)
    assert _verify(tmp_path, path, '--rerun') == 1
    (found,) = json.loads(capsys.readouterr().out)['records']
    assert [one['code'] for one in found['findings'] if one['severity'] == 'fault'] == ['rerun']


def test_record_that_cannot_be_trained_is_an_error_and_no_fault(records, tmp_path, capsys):
    (path,) = records.glob('tiny-star-*.json')
    edit_record(path, config=json.loads(path.read_text())['config'] + "load_from = 'x.pth'\n")
    assert _verify(tmp_path, path, '--rerun') == 1
    said = capsys.readouterr()
    assert 'error: ' in said.err and 'cannot be trained again: config: it sets load_from' in said.err
    assert json.loads(said.out)['records'][0]['holds']


def test_records_to_train_are_named(tmp_path, records, capsys):
    assert _verify(tmp_path, '--rerun') == 2
    assert 'name the records' in capsys.readouterr().err
