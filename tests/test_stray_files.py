"""Files that systems and editors leave beside one's own are passed over by every command that looks into folders."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchmark import report, run, verify

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / 'mmpose_configs' / 'synthetic' / 'td-softargmax_res18w16-fpn-smoothl1_16b-15e_synthetic-29-64x64.py'
APPLE_DOUBLE = b'\0\5\x16\7\0\2\0\0Mac OS X        '  # what macOS keeps of a file on other file systems


def litter(folder: Path, *names: str) -> None:
    """Put files that are none of their kind beside others, under names like theirs."""
    (folder / '.ipynb_checkpoints').mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f'._{name}').write_bytes(APPLE_DOUBLE)
        (folder / '.ipynb_checkpoints' / name).write_bytes(APPLE_DOUBLE)


@pytest.fixture
def reports(factory, tmp_path, monkeypatch) -> Path:
    """Published records with stray files in every folder that is looked into."""
    monkeypatch.chdir(tmp_path)
    record = factory.add('synthetic-29', 'STAR')
    litter(factory.reports / 'records', record.file_name)
    litter(factory.reports / 'speed', 'cpu.json')
    litter(factory.reports / 'residuals', record.file_name)
    return factory.reports


def test_reports_are_made(reports, capsys):
    for command in ([], ['show'], ['publish']):
        shutil.copytree(reports, 'results', dirs_exist_ok=True)
        assert report.main(['--reports', str(reports), *command]) == 0, capsys.readouterr().err
        assert 'STAR' in capsys.readouterr().out


def test_records_are_verified(reports, capsys):
    assert verify.main(['--reports', str(reports)]) == 0, capsys.readouterr().out
    assert '1 records: 1 hold' in capsys.readouterr().out


def test_named_file_is_looked_at_whatever_its_name(reports, capsys):
    (stray,) = (reports / 'records').glob('._*.json')
    assert verify.main([str(stray), '--reports', str(reports)]) == 1
    assert 'fault [record] not a valid record' in capsys.readouterr().out


def test_configurations_are_listed_and_timed_by_records(reports, tmp_path, capsys):
    configs = tmp_path / 'configs'
    configs.mkdir()
    (configs / CONFIG.name).write_text(CONFIG.read_text().replace('../_base_', f'{ROOT}/mmpose_configs/_base_'))
    litter(configs, CONFIG.name)
    shutil.copy(CONFIG, configs / '.ipynb_checkpoints' / f'{CONFIG.stem}-checkpoint.py')
    folders = '--configs', str(configs), '--reports', str(reports), '--device', 'cpu'
    assert run.main(['--list', '--json', *folders]) == 0, capsys.readouterr().err
    assert [one['name'] for one in json.loads(capsys.readouterr().out)] == [CONFIG.stem]
    assert run.main(['--all', '--dry-run', *folders]) == 0
    assert 'not a valid' not in capsys.readouterr().err
