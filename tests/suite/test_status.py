"""python -m benchmark.run status: what the folders tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.claims import take
from benchmark.run import main
from benchmark.suite import queue
from benchmark.suite.conditions import Places
from benchmark.suite.queue import forget_the_dead, read_queue
from benchmark.suite.status import read_standings, summary

ROOT = Path(__file__).resolve().parents[2]
FINGERPRINT = 'abcdef01'


@pytest.fixture
def places(tmp_path) -> Places:
    (tmp_path / 'results' / 'records').mkdir(parents=True)
    (tmp_path / 'work' / 'queue').mkdir(parents=True)
    return Places(tmp_path, tmp_path / 'work', tmp_path / 'results' / 'records')


def claim(places: Places, name: str, **note: object):
    return take(places.work / 'claims' / f'{name}-seed0-{FINGERPRINT}', **note)


def ask(places: Places, *names: str, by: str | None = None) -> None:
    keys = [f'{name}-seed0-{FINGERPRINT}' for name in names]
    (places.work / 'queue' / 'one.json').write_text(json.dumps({'by': by, 'keys': keys}))


def states(places: Places) -> dict[str, str]:
    return {one.name: one.state for one in read_standings(places)}


def test_every_state_is_told_from_what_lies_in_the_folders(places, capsys):
    progress = {'epoch': 3, 'epochs': 15, 'images_per_second': 614.2, 'seconds_left': 71.6}
    claim(places, 'runs', outcome='running', **progress)
    claim(places, 'fails').release(keep=True, outcome='failed', reason='out of memory')
    claim(places, 'pauses').release(keep=True, outcome='paused', reason='asked to end')
    claim(places, 'ends').release(keep=True, outcome='done')
    (places.records / f'ends-seed0-{FINGERPRINT}.json').write_text('{}')
    ask(places, 'ends', 'waits', by='Slurm job 17')
    folders = ['--work-dir', str(places.work), '--results', str(places.records.parent)]
    assert main(['status', *folders]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith('running  runs seed 0: epoch 3/15, 614 images/s, 0:01:12 left, process ')
    assert 'last sign 0 s ago' in lines[0]
    assert lines[1:] == [
        'queued   waits seed 0: Slurm job 17',
        'stopped  pauses seed 0: asked to end (the same command goes on)',
        'failed   fails seed 0: out of memory',
        '1 running, 1 queued, 1 stopped, 1 failed, 1 done',
    ]
    assert main(['status', '--json', *folders]) == 0
    rows = {row['name']: row for row in json.loads(capsys.readouterr().out)}
    assert rows['runs']['pid'] == os.getpid() and rows['runs']['epoch'] == 3
    assert rows['ends']['state'] == 'done'


def test_training_whose_process_has_gone_is_not_called_running(places):
    code = f'from pathlib import Path; from benchmark.claims import take; take(Path({str(places.work)!r}) / "claims" / '
    code += f'"gone-seed0-{FINGERPRINT}", outcome="running")'
    subprocess.run([sys.executable, '-c', code], cwd=ROOT, check=True)
    (one,) = read_standings(places)
    assert (one.state, 'has gone' in one.detail) == ('stopped', True)


def test_nothing_was_begun_where_there_are_no_folders(tmp_path):
    standings = read_standings(Places(tmp_path, tmp_path / 'a', tmp_path / 'b'))
    assert (standings, summary(standings)) == ([], '0 running, 0 done')


def test_what_a_killed_command_was_asked_for_is_not_queued_and_forgotten(places):
    ask(places, 'waits')
    (one,) = read_standings(places)
    assert (one.state, 'the command that was to do it has gone' in one.detail) == ('stopped', True)
    forget_the_dead(places.work)
    assert read_queue(places.work) == []


def test_what_a_cluster_no_longer_has_is_forgotten(places, monkeypatch):
    ask(places, 'a', by='Slurm job 17')
    monkeypatch.setattr(queue, 'look_up', lambda job: (True, ''))
    forget_the_dead(places.work)
    assert len(read_queue(places.work)) == 1
    monkeypatch.setattr(queue, 'look_up', lambda job: (False, ''))
    forget_the_dead(places.work)
    assert read_queue(places.work) == []


def test_other_files_in_the_folders_are_nobodys(places):
    (places.work / 'claims').mkdir()
    (places.work / 'claims' / '.tmp').write_text('')
    (places.work / 'claims' / 'x.claim').write_text('')
    assert read_standings(places) == []


def test_status_needs_no_pytorch(places):
    command = [sys.executable, '-X', 'importtime', '-m', 'benchmark.run', 'status', '--work-dir', str(places.work)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    imported = {line.rpartition('|')[2].strip() for line in result.stderr.splitlines()}
    assert 'benchmark.suite.status' in imported
    assert not imported & {'torch', 'numpy', 'mmengine', 'pydantic', 'rich'}
