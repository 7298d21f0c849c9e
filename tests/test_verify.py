from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from benchmark.verification import records
from benchmark.verify import main
from tests.analysis.audit.conftest import CONFIG, CURVE, SIZES
from tests.results import edit_record


@pytest.fixture
def place(factory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record = factory.add('synthetic-68', 'STAR', 0, sizes=SIZES, curve=CURVE)
    made = factory.reports / 'records' / record.file_name
    edit_record(made, config=CONFIG)
    return made


def test_honest_records_hold(place, capsys):
    assert main([]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f'{place.relative_to(place.parents[2])}: holds'
    assert (
        '  checked: record, seal, file name, fingerprint, no paths, predictions unchanged, predictions, '
        in '\n'.join(out)
    )
    assert '1 records: 1 hold, 0 refused; 0 faults, 0 flags for a person, 3 notes' in out
    assert 'Not to be caught by this command:' in out


def test_fault_is_said_in_one_line_and_refused(place, capsys):
    place.write_text(place.read_text().replace('"images": 300', '"images": 301', 1))
    assert main([str(place)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f'{place}: refused'
    assert out[1] == (
        '  fault [seal] seal: the record was changed after it was written (restore the file, or write the record anew '
        'from what made it)'
    )


@pytest.mark.parametrize(
    ('text', 'words'),
    [('{', 'not a valid record: '), ('{"schema_version": 9}', 'not a valid record: schema_version: ')],
)
def test_what_is_no_record_is_refused(place, capsys, text, words):
    place.write_text(text)
    assert main([str(place)]) == 1
    assert f'  fault [record] {words}' in capsys.readouterr().out


def test_unreadable_predictions_are_refused_and_the_rest_is_checked(place, capsys):
    predictions = place.with_suffix('.npz')
    predictions.write_bytes(b'nothing')
    assert main([str(place)]) == 1
    out = capsys.readouterr().out
    assert f'  fault [predictions] {predictions.name}: not a readable predictions file: ' in out
    assert 'checked: record, seal, file name, fingerprint, no paths' in out


def test_copy_is_found_among_the_records_that_are_there(place, factory, capsys, tmp_path):
    predictions = factory.predictions('synthetic-68', 'STAR', 0, SIZES, 0.04)
    rng = np.random.default_rng(0)
    keypoints = predictions.keypoints + rng.normal(0, 0.1, predictions.keypoints.shape).astype(np.float32)
    copied = dataclasses.replace(predictions, keypoints=keypoints)
    mine = type(factory)(tmp_path / 'mine')
    record = mine.add(
        'synthetic-68', 'Wing', 0, sizes=SIZES, predictions=copied, created='2026-11-26T10:00:00Z', curve=CURVE
    )
    edit_record(mine.reports / 'records' / record.file_name, config=CONFIG)
    assert main([str(mine.reports), '--json']) == 1
    data = json.loads(capsys.readouterr().out)
    (found,) = data['records']
    assert found['path'] == str(mine.reports / 'records' / record.file_name) and not found['holds']
    assert [one['code'] for one in found['findings']] == ['copy', 'no-truth', 'no-band']
    assert data['summary'] == {'records': 1, 'holding': 0, 'refused': 1, 'faults': 1, 'flags': 0, 'notes': 2}


def test_record_that_was_compared_with_none_says_so(place, factory, capsys):
    main([str(place)])
    out = capsys.readouterr().out
    assert 'note [alone] compared with no other record: none of synthetic-68 in reports/records or results/' in out
    assert 'no other record alike' not in out
    factory.add('synthetic-68', 'Wing', 0, sizes=SIZES)
    main([str(place)])
    out = capsys.readouterr().out
    assert '[alone]' not in out and 'no other record alike' in out


def test_flags_and_notes_do_not_refuse(place, capsys):
    edit_record(place, config="data = '/home/me/data'\n")
    assert main([str(place)]) == 0
    assert "  flag [path] config: '/home/me/data' looks like a path of a machine (" in capsys.readouterr().out


def test_record_without_a_result_is_checked_too(factory, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    factory.add('synthetic-29', status='failed', reason='out of memory')
    assert main([]) == 0
    assert '  checked: record, seal, file name, fingerprint, no paths\n' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['nowhere.json'], 'nowhere.json: no record and no folder of records'),
        (['.'], '.: no record and no folder of records'),
        ([], 'no records in reports/records and results/records'),
        (['--data-root', 'nowhere'], '--data-root nowhere: no such folder'),
        (['--reports', 'nowhere'], '--reports nowhere: no such folder'),
        (['--results', 'nowhere'], '--results nowhere: no such folder'),
    ],
)
def test_mistakes_of_the_command_line_are_named(capsys, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith(f'error: {words}')


def test_nothing_is_written(place):
    before = {path: path.stat().st_mtime_ns for path in place.parents[2].rglob('*')}
    main([])
    assert {path: path.stat().st_mtime_ns for path in place.parents[2].rglob('*')} == before


def test_published_records_hold(root, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(root)
    assert main(['reports', '--results', str(tmp_path)]) == 0
    assert ' 0 refused; 0 faults, 0 flags for a person, ' in capsys.readouterr().out


def test_pytorch_is_not_needed(place, root):
    code = (
        'import sys\n'
        'from benchmark.verify import main\n'
        'status = main(sys.argv[1:])\n'
        'sys.exit(status or int(bool(sys.modules.keys() & {"torch", "mmpose", "mmengine", "mmcv", "cv2"})))'
    )
    command = [sys.executable, '-c', code, str(place)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, '')


def test_record_that_is_removed_meanwhile_stops_nobody(place, factory, capsys, monkeypatch):
    failed = [factory.add('synthetic-68', 'STAR', seed, status='failed', reason='too late') for seed in (1, 2)]
    named, beside = (place.with_name(record.file_name) for record in failed)
    read = records.read_if_there

    def remove_first(path):
        if path.name in (named.name, beside.name):
            path.unlink()
        return read(path)

    monkeypatch.setattr(records, 'read_if_there', remove_first)
    assert main([str(place), str(named)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f'{place}: holds'
    assert not named.exists() and not beside.exists()
