"""python -m benchmark.verify --rerun, as a user gives it."""

from __future__ import annotations

import json
import shutil

import pytest

from benchmark.verify import main
from tests.results import edit_record


@pytest.fixture
def records(finished, tmp_path):
    """A copy of finished records that may be changed."""
    return shutil.copytree(finished[0].folder / 'results' / 'records', tmp_path / 'results' / 'records')


def _verify(tmp_path, *arguments):
    folders = '--results', str(tmp_path / 'results'), '--reports', str(tmp_path / 'none')
    return main([*map(str, arguments), *folders, '--json'])


def test_record_that_comes_out_again_holds(records, tmp_path, capsys):
    (path,) = records.glob('tiny-smoothl1-*.json')
    assert _verify(tmp_path, path, '--rerun') == 0
    said = capsys.readouterr()
    (found,) = json.loads(said.out)['records']
    assert found['holds'] and 'trained again' in found['checked']
    assert 'identical to the bit' in said.err


def test_record_of_another_configuration_than_it_says_is_refused(records, tmp_path, capsys):
    """All hashes are right, and so is every number; only the training tells."""
    (path,) = records.glob('tiny-star-*.json')
    config = json.loads(path.read_text())['config']
    edit_record(path, config=config.replace("type='STARLoss'", "eigenvalue_weight=0.5, type='STARLoss'"))
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
