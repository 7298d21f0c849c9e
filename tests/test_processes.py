from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from benchmark import processes
from benchmark.processes import available_cores, map_in_processes

ROOT = Path(__file__).resolve().parents[1]
COUNT = 'from benchmark.processes import available_cores; print(available_cores())'


def double(number: int) -> tuple[int, tuple[str | None, int]]:
    return 2 * number, (os.environ.get('OMP_NUM_THREADS'), cv2.getNumThreads())


def raise_at_three(number: int) -> int:
    if number == 3:
        raise ZeroDivisionError
    return number


@pytest.mark.parametrize(('least', 'chunk'), [(1, 1), (1, 3), (100, 1)])
def test_results_are_in_the_order_of_the_items(monkeypatch, least, chunk):
    monkeypatch.setattr(processes, 'available_cores', lambda: 2)
    results = map_in_processes(double, range(7), least, chunk=chunk)
    assert [number for number, _ in results] == [0, 2, 4, 6, 8, 10, 12]
    if least == 1:
        assert {threads for _, threads in results} == {('1', 1)}


def test_exception_in_a_process_is_raised_here(monkeypatch):
    monkeypatch.setattr(processes, 'available_cores', lambda: 2)
    with pytest.raises(ZeroDivisionError):
        map_in_processes(raise_at_three, range(9), 1)


def test_cores_are_those_that_this_process_may_use():
    allowed = sorted(os.sched_getaffinity(0))[:1]
    run = {'capture_output': True, 'text': True, 'check': True, 'cwd': ROOT}
    command = [sys.executable, '-c', f'import os; os.sched_setaffinity(0, {allowed}); {COUNT}']
    assert subprocess.run(command, **run).stdout == '1\n'
    assert 1 <= available_cores() <= len(os.sched_getaffinity(0))


@pytest.mark.parametrize('files', [{'cpu.max': '100000 100000'}, {'cpu/cpu.cfs_quota_us': '50000'}])
def test_cores_are_those_of_the_quota_of_a_container(tmp_path, files):
    if available_cores() < 2:
        pytest.skip('one core alone, which no quota can lessen')
    folder = tmp_path / 'cgroup'
    for name, text in {**files, 'cpu/cpu.cfs_period_us': '100000'}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f'{text}\n')
    shell = f'mount --bind {folder} /sys/fs/cgroup && exec "$@"'
    command = ['unshare', '--mount', 'sh', '-c', shell, 'sh']
    if not shutil.which('unshare') or subprocess.run([*command, 'true'], capture_output=True, check=False).returncode:
        pytest.skip('no folder can be mounted here in place of the limits of the container')
    done = subprocess.run([*command, sys.executable, '-c', COUNT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == '1\n'
