"""Claims: exactly one live process, whatever becomes of the others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from benchmark import claims, signs
from benchmark.claims import sole, take
from benchmark.signs import look
from tests.commands import wait_until

ROOT = Path(__file__).resolve().parents[1]
HOLD = """
import sys, time
from pathlib import Path
from benchmark.claims import take
print(take(Path(sys.argv[1])) is not None, flush=True)
time.sleep(60)
"""
MANY = """
import sys
from pathlib import Path
from benchmark.claims import take
for number in range(40):
    if take(Path(sys.argv[1]) / f'thing{number}'):
        print(number)
print('end', flush=True)
input()
"""
MAKE = """
import sys, time
from pathlib import Path
from benchmark.claims import sole
path = Path(sys.argv[1])
with sole(path) as mine:
    if mine:
        print('makes', flush=True)
        time.sleep(float(sys.argv[2]))
        path.write_text('made')
assert path.read_text() == 'made'
"""


def start(code: str, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, '-c', code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def alter(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_claim_is_held_until_it_is_released(tmp_path):
    claim = take(tmp_path / 'a', epoch=1)
    assert take(tmp_path / 'a') is None
    claim.say(epoch=2)
    sign = look(tmp_path / 'a')
    assert (sign.alive, sign.pid, sign.note) == (True, os.getpid(), {'epoch': 2})
    claim.release()
    assert look(tmp_path / 'a') is None
    assert take(tmp_path / 'a') is not None


def test_note_may_stay_for_others_to_read(tmp_path):
    take(tmp_path / 'a').release(keep=True, outcome='failed')
    sign = look(tmp_path / 'a')
    assert (sign.alive, sign.note) == (False, {'outcome': 'failed'})
    assert take(tmp_path / 'a') is not None
    assert [path.name for path in tmp_path.iterdir()] == ['a.2.claim']


def test_each_of_many_goes_to_exactly_one_of_six_processes(tmp_path):
    processes = [start(MANY, tmp_path) for _ in range(6)]
    # All stay alive until the last has ended: what a dead one held would pass on.
    taken = Counter(line for process in processes for line in iter(process.stdout.readline, 'end\n'))
    for process in processes:
        process.communicate('\n', timeout=60)
    assert taken == Counter(f'{number}\n' for number in range(40))


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGTERM])
def test_claim_of_a_process_that_has_died_passes_on_at_once(tmp_path, number):
    process = start(HOLD, tmp_path / 'a')
    assert process.stdout.readline() == 'True\n'
    assert take(tmp_path / 'a') is None
    process.send_signal(number)
    process.wait()
    assert take(tmp_path / 'a') is not None


def test_process_that_took_the_number_of_a_dead_one_does_not_keep_its_claim(tmp_path):
    take(tmp_path / 'a')
    (path,) = tmp_path.iterdir()
    owner = json.loads(path.read_text())['owner']
    alter(path, owner={**owner, 'started': owner['started'] - 100})
    assert not look(tmp_path / 'a').alive


def test_owner_on_another_machine_is_known_by_the_age_of_its_sign(tmp_path):
    take(tmp_path / 'a')
    (path,) = tmp_path.iterdir()
    owner = json.loads(path.read_text())['owner']
    alter(path, owner={**owner, 'machine': 'another', 'host': 'node7'})
    assert look(tmp_path / 'a').host == 'node7'
    assert take(tmp_path / 'a') is None
    long_ago = time.time() - signs.STALE_SECONDS - 10
    os.utime(path, (long_ago, long_ago))
    assert take(tmp_path / 'a') is not None


def test_claim_that_is_being_written_belongs_to_somebody(tmp_path):
    (tmp_path / 'a.1.claim').write_text('{"held": tr')
    assert take(tmp_path / 'a') is None
    os.utime(tmp_path / 'a.1.claim', (1e9, 1e9))
    assert take(tmp_path / 'a') is not None


def test_owner_that_was_too_slow_learns_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, 'BEAT_SECONDS', 0.01)
    claim = take(tmp_path / 'a')
    (tmp_path / 'a.2.claim').write_text('')
    assert claim.lost.wait(10)
    claim.release(keep=True)
    assert (tmp_path / 'a.2.claim').read_text() == ''


def test_owner_that_cannot_give_signs_of_life_gives_up_before_others_take_over(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, 'BEAT_SECONDS', 0.01)
    monkeypatch.setattr(claims, 'STALE_SECONDS', 0.2)
    claim = take(tmp_path / 'a')

    def full(*_: object, **__: object) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(claims, 'write_atomically', full)
    assert claim.lost.wait(10)


def test_signs_of_life_go_on_while_the_owner_works(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, 'BEAT_SECONDS', 0.01)
    claim = take(tmp_path / 'a')
    os.utime(tmp_path / 'a.1.claim', (1e9, 1e9))
    wait_until(lambda: look(tmp_path / 'a').age <= signs.STALE_SECONDS, seconds=10)
    assert look(tmp_path / 'a').alive and not claim.lost.is_set()
    claim.release()


def test_names_that_begin_alike_are_apart(tmp_path):
    take(tmp_path / 'run-seed1').say(a=1)
    assert take(tmp_path / 'run-seed1.1') is not None
    assert take(tmp_path / 'run-seed[1]') is not None
    assert look(tmp_path / 'run-seed1').number == 1


def test_one_makes_and_the_others_wait(tmp_path):
    processes = [start(MAKE, tmp_path / 'thing', 0.5) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(outputs) == ['', '', 'makes\n']
    assert [path.name for path in tmp_path.iterdir()] == ['thing']


def test_another_makes_what_a_killed_process_has_not(tmp_path):
    first = start(MAKE, tmp_path / 'thing', 60)
    assert first.stdout.readline() == 'makes\n'
    second = start(MAKE, tmp_path / 'thing', 0)
    first.kill()
    assert second.communicate(timeout=60)[0] == 'makes\n'
    first.wait()


def test_maker_that_fails_leaves_it_to_the_next(tmp_path):
    with pytest.raises(ValueError, match='no'), sole(tmp_path / 'thing') as mine:
        assert mine
        raise ValueError('no')
    with sole(tmp_path / 'thing') as mine:
        assert mine
    with sole(tmp_path / 'thing', made=lambda: True) as mine:
        assert not mine
