from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmark.report import main
from benchmark.suite.records import Record, write_record


@pytest.fixture
def reports(tmp_path):
    """A reports folder with one record that has no result."""
    record = Record(
        **{'name': 'wflw_star', 'seed': 0, 'benchmark': 'wflw', 'status': 'no-data', 'reason': 'nothing prepared'},
        **{'fingerprint': 'f' * 64, 'recipe': 'e' * 64, 'loss': 'STAR', 'backbone': 'ResNet-18', 'config': ''},
        input_size=(256, 256),
        created='2026-11-24T10:00:00Z',
    )
    write_record(record, tmp_path / 'records')
    return tmp_path


def test_pages_are_built_and_the_table_is_printed(reports, capsys):
    assert main(['--reports', str(reports)]) == 0
    out, err = capsys.readouterr()
    assert 'nothing prepared' in out
    assert f'wrote {reports / "index.html"}' in err
    assert 'nothing prepared' in (reports / 'index.html').read_text()


def test_json_names_the_written_files_and_nothing_else(reports, capsys):
    assert main(['--reports', str(reports), '--json']) == 0
    written = json.loads(capsys.readouterr().out)['written']
    assert sorted(written) == sorted(str(reports / name) for name in ('README.md', 'index.html'))


def test_damaged_record_is_one_line_and_exit_status_1(reports, capsys):
    path = reports / 'records' / 'broken.json'
    path.write_text('{"name": ')
    (reports / 'index.html').write_text('old')
    assert main(['--reports', str(reports)]) == 1
    out, err = capsys.readouterr()
    assert out == ''
    assert err.startswith(f'error: {path}: not a valid record') and err.count('\n') == 1
    assert (reports / 'index.html').read_text() == 'old'


def test_usage_error_exits_with_2(capsys):
    with pytest.raises(SystemExit) as caught:
        main(['--no-such-option'])
    assert caught.value.code == 2
    assert 'usage: python -m benchmark.report' in capsys.readouterr().err


def test_no_training_code_is_imported(reports):
    code = (
        'import sys; from benchmark.report import main; '
        f'assert main(["--reports", {str(reports)!r}]) == 0; '
        'print([name for name in ("torch", "mmpose", "mmengine", "cv2") if name in sys.modules])'
    )
    found = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[-1] == '[]'
