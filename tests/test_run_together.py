"""Several trainings at once, by one command and by several on the same folders, that are stopped and killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from benchmark.records.record import write_record
from benchmark.signs import content_of
from benchmark.suite.conditions import Places
from benchmark.suite.status import read_standings
from tests.commands import kill_all, wait_for_file

ROOT = Path(__file__).resolve().parents[1]
# A loss that cannot be computed on more than four images at a time.
HUNGRY = """
import time

import torch
from mmpose.registry import MODELS


@MODELS.register_module()
class HungryLoss(torch.nn.Module):
    def forward(self, predicted, target, weights):
        if len(predicted) > 4:
            {}
        return (predicted - target).abs().mean()
"""

# A component that has its process killed once the result is stored.
KILLED_LATE = """
import os
import signal

from benchmark.suite import execution

execution.prune_checkpoints = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
"""


def start(workshop, *arguments: str, **options) -> subprocess.Popen:
    command = workshop.command(*arguments)
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
        **options,
    )


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def states(workshop) -> dict[str, str]:
    places = Places(workshop.data, workshop.folder / 'work', workshop.folder / 'results' / 'records')
    return {one.name: one.state for one in read_standings(places)}


def test_two_commands_on_the_same_folders_share_the_work(workshop):
    commands = [start(workshop, '--all', '--seeds', '0', '1') for _ in range(2)]
    errors = [one.communicate(timeout=300)[1] for one in commands]
    assert [one.returncode for one in commands] == [0, 0], errors
    records = workshop.records()
    assert [(one.name, one.seed, one.status) for one in records] == [
        (name, seed, 'done') for name in ('tiny-smoothl1', 'tiny-star') for seed in (0, 1)
    ]
    done = [int(text.split(' done, ')[0].rpartition('\n')[2]) for text in errors]
    assert sum(done) == 4, errors
    for page in ('index.html', 'README.md'):
        assert 'STAR' in (workshop.folder / 'results' / page).read_text()


@pytest.mark.parametrize(
    ('number', 'status'), [(signal.SIGTERM, 143), (signal.SIGHUP, 143), (signal.SIGINT, 130)], ids=lambda one: str(one)
)
def test_signal_ends_everything_and_the_same_command_goes_on(workshop, number, status):
    workshop.write_config('tiny-smoothl1', workshop.baseline.replace('max_epochs=6', 'max_epochs=60'))
    process = start(workshop, '--all', start_new_session=True)
    wait_for_file(workshop.folder / 'work', 'tiny-star-*/epoch_1.pth', process)
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 2
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert 'Traceback' not in errors
    assert 'the same command goes on from here' in errors
    psutil.wait_procs(family, timeout=5)
    assert not alive(family)
    assert set(states(workshop).values()) == {'stopped'}
    assert {(one.name, one.status) for one in workshop.records()} == {
        ('tiny-smoothl1', 'not-run'),
        ('tiny-star', 'not-run'),
    }


@pytest.mark.parametrize('seed', range(3))
def test_killed_anywhere_it_goes_on_to_the_same_bits(workshop, finished, seed):
    """SIGKILL to the command or to everything, at random moments, until it comes through."""
    draw, kills = random.Random(seed), 0
    for _ in range(4):
        process = start(workshop, '--all', start_new_session=True)
        time.sleep(draw.uniform(2.0, 8.0))
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        if draw.random() < 0.5:
            kill_all(family)
        kills += process.wait() == -signal.SIGKILL
    result = workshop.run('--all')
    assert result.returncode == 0, result.stderr
    assert kills >= 1
    workshop.check_same_bits(finished[0])


def test_training_that_is_killed_once_its_result_is_stored_is_done(workshop, monkeypatch, tmp_path):
    (tmp_path / 'killed_late.py').write_text(KILLED_LATE)
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    imports = "custom_imports = dict(imports=['benchmark.models', 'killed_late'], allow_failed_imports=False)\n"
    workshop.write_config('tiny-killed', "_base_ = './tiny-star.py'\n" + imports)
    result = workshop.run('--name', 'tiny-killed')
    assert (result.returncode, '1 done, 0 done before, 0 failed' in result.stderr) == (0, True), result.stderr
    assert [one.status for one in workshop.records()] == ['done']
    assert set(states(workshop).values()) == {'done'}


def test_failure_that_a_killed_command_left_beside_a_result_is_cleared_away(workshop):
    assert workshop.run('--name', 'tiny-star').returncode == 0
    (record,) = workshop.records()
    failed = record.model_copy(update={'status': 'failed', 'reason': 'ended by SIGKILL', 'predictions': None})
    write_record(failed, workshop.folder / 'results' / 'records')
    assert {one.status for one in workshop.records()} == {'done', 'failed'}
    result = workshop.run('--name', 'tiny-star')
    assert (result.returncode, '0 done, 1 done before, 0 failed' in result.stderr) == (0, True), result.stderr
    assert workshop.records() == [record]


def test_what_another_command_is_at_is_waited_for_and_done_where_it_dies(workshop):
    first = start(workshop, '--name', 'tiny-star', start_new_session=True)
    wait_for_file(workshop.folder / 'work', 'claims/tiny-star-*.1.claim', first)
    second = start(workshop, '--name', 'tiny-star')
    time.sleep(1)
    kill_all([*psutil.Process(first.pid).children(recursive=True), first])
    _, errors = second.communicate(timeout=120)
    assert second.returncode == 0, errors
    assert [one.status for one in workshop.records()] == ['done']


def test_training_whose_claim_is_taken_elsewhere_is_left_alone(workshop, finished):
    """A claim of another machine, whose owner this one cannot see, holds as long as it gives signs of life."""
    (one,) = [record for record in finished[0].records() if record.name == 'tiny-star']
    base = workshop.folder / 'work' / 'claims' / f'tiny-star-seed0-{one.fingerprint[:8]}'
    base.parent.mkdir(parents=True)
    content = json.loads(content_of(True, {}))
    content['owner'] |= {'machine': 'another', 'host': 'node7'}
    path = base.with_name(f'{base.name}.1.claim')
    path.write_text(json.dumps(content))
    process = start(workshop, '--name', 'tiny-star')
    said = next(line for line in process.stderr if 'another command is at it, process' in line)
    assert 'on node7' in said
    time.sleep(3)
    assert process.poll() is None
    assert not list((workshop.folder / 'work').glob('tiny-star-*/epoch_*.pth'))
    os.utime(path, (1e9, 1e9))  # no sign of life for long
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors


@pytest.mark.parametrize(
    ('code', 'flags', 'reason'),
    [
        ('torch.empty(2**55)', [], "can't allocate memory"),
        ('time.sleep(1000)', ['--stalled-after', '12'], 'no progress for 12 s'),
    ],
    ids=['memory', 'stall'],
)
def test_training_that_memory_or_time_runs_out_for_is_tried_once_more_in_parts(
    workshop, monkeypatch, tmp_path, code, flags, reason
):
    (tmp_path / 'hungry.py').write_text(HUNGRY.format(code))
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    imports = "custom_imports = dict(imports=['benchmark.models', 'hungry'], allow_failed_imports=False)\n"
    workshop.write_config('tiny-hungry', workshop.variant("dict(_delete_=True, type='HungryLoss')") + imports)
    result = workshop.run('--name', 'tiny-hungry', *flags)
    assert reason in result.stderr
    assert 'tiny-hungry seed 0 once more, its batches in 2 parts' in result.stderr
    failed, done = sorted(workshop.records(), key=lambda one: one.status != 'failed')
    assert (failed.status, done.status) == ('failed', 'done')
    assert reason in failed.reason
    assert (done.settings.images_per_step, done.settings.accumulation) == (8, 2)
    assert done.experiment != failed.experiment
    assert result.returncode == 1
    if not flags:  # what memory was too short for is not tried again
        again = workshop.run('--name', 'tiny-hungry')
        assert (again.returncode, '0 done, 1 done before, 0 failed' in again.stderr) == (0, True), again.stderr
        assert 'begins' not in again.stderr
