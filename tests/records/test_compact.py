from __future__ import annotations

import json

import numpy as np
import pytest

from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.records.compact import Compacted, compact_records, main
from benchmark.records.predictions import is_compact, read_predictions, summarize
from benchmark.records.record import read_record
from tests.results import edit_record


def _write_plain(path, predictions):
    arrays = {name: array for name, array in vars(predictions).items() if array is not None}
    np.savez_compressed(path, **arrays)


@pytest.fixture
def old(factory):
    """A records folder as version 1 wrote it: two finished records and one without a result."""
    sizes = {'full': 60, 'common': 40, 'challenge': 20}
    folder = factory.reports / 'records'
    for loss in ('STAR', 'smooth-L1'):
        predictions = factory.predictions('300w', loss, 0, sizes, 0.04)
        record = factory.add('300w', loss, sizes=sizes, predictions=predictions)
        path = folder / record.file_name
        content = json.loads(path.read_text())
        # A record of long ago lacks keys that came later.
        del content['gflops'], content['environment']['processes']
        content['metrics'] = [one.model_dump() for one in summarize(predictions, BENCHMARKS['300w'])]
        _write_version_1(path, content)
        _write_plain(folder / record.predictions, predictions)
    waiting = factory.add('wflw', status='no-data', reason='no prepared data in data/wflw')
    path = folder / waiting.file_name
    _write_version_1(path, json.loads(path.read_text()))
    return folder


def _write_version_1(path, content):
    content = {key: value for key, value in content.items() if key not in ('seal', 'predictions_sha256')}
    path.write_text(json.dumps(content | {'schema_version': 1}, indent=1))


def _contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_sealed_record_keeps_the_predictions_that_it_was_sealed_with(factory):
    record = factory.add('300w', sizes={'full': 60, 'common': 40, 'challenge': 20})
    folder = factory.reports / 'records'
    _write_plain(folder / record.predictions, read_predictions(folder / record.predictions))
    edit_record(folder / record.file_name)
    before = _contents(folder)
    assert (compact_records(folder).predictions, _contents(folder)) == (0, before)


def test_version_alone_changes_in_a_record(old):
    before = {path: json.loads(path.read_text()) for path in old.glob('*.json')}
    compact_records(old)
    for path, content in before.items():
        assert json.loads(path.read_text()) == content | {'schema_version': 2}
        assert list(json.loads(path.read_text())) == list(content)


def test_predictions_become_compact_and_metrics_are_still_theirs(old):
    before = {path: (path.stat().st_size, read_predictions(path)) for path in old.glob('*.npz')}
    done = compact_records(old)
    assert (done.records, done.predictions) == (3, 2)
    assert done.before == sum(size for size, _ in before.values())
    assert done.after == sum(path.stat().st_size for path in before) < 0.6 * done.before
    for path, (_, plain) in before.items():
        assert is_compact(path)
        np.testing.assert_array_equal(read_predictions(path).nme('inter-ocular'), plain.nme('inter-ocular'))
        record = read_record(path.with_suffix('.json'))
        assert record.metrics == summarize(read_predictions(path), BENCHMARKS['300w'])


def test_second_time_changes_nothing(old):
    first = compact_records(old)
    contents = _contents(old)
    assert compact_records(old) == Compacted(0, 0, first.after, first.after)
    assert _contents(old) == contents


def test_conversion_that_was_interrupted_is_completed(old):
    records = {path: path.read_bytes() for path in old.glob('*.json')}
    compact_records(old)
    expected = _contents(old)
    for path, content in records.items():
        path.write_bytes(content)
    assert compact_records(old).predictions == 0
    assert _contents(old) == expected


def test_plain_predictions_beside_a_new_record_become_compact(factory):
    record = factory.add('300w', sizes={'full': 30, 'common': 20, 'challenge': 10})
    path = factory.reports / 'records' / record.predictions
    compact = path.read_bytes()
    plain = factory.predictions('300w', 'STAR', 0, {'full': 30, 'common': 20, 'challenge': 10}, 0.04)
    _write_plain(path, plain)
    done = compact_records(path.parent)
    assert (done.records, done.predictions) == (0, 1)
    assert path.read_bytes() == compact


def test_damaged_file_is_named_and_left_as_it_is(old):
    path = min(old.glob('*.npz'))
    path.write_bytes(path.read_bytes()[:-100])
    before = _contents(old)
    with pytest.raises(BenchmarkError, match='not a readable predictions file') as error:
        compact_records(old)
    assert str(path) in str(error.value) and '\n' not in str(error.value)
    assert before[path.name] == path.read_bytes()


def test_absent_predictions_are_named(old):
    path = min(old.glob('*.npz'))
    path.unlink()
    with pytest.raises(BenchmarkError, match=r'cannot make it compact: No such file') as error:
        compact_records(old)
    assert str(path) in str(error.value)


def test_command_says_in_one_line_what_it_did(old, capsys):
    assert main([str(old)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f'{old}: 2 predictions files made compact, 3 records changed, ')
    assert printed.count('\n') == 1


def test_command_refuses_what_is_no_folder(tmp_path, capsys):
    assert main([str(tmp_path / 'nowhere')]) == 2
    assert capsys.readouterr().err == f'error: {tmp_path / "nowhere"}: no such folder\n'


def test_command_ends_with_the_fault_of_a_file(old, capsys):
    min(old.glob('*.json')).write_text('{')
    assert main([str(old)]) == 1
    assert 'not a valid record' in capsys.readouterr().err
