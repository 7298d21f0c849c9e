"""Workers that share the work: on a cluster, or as processes of this machine in its place."""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from benchmark.suite.arguments import build_parser
from benchmark.suite.cluster import read_resources
from benchmark.suite.conditions import Places
from benchmark.suite.shift import Shift
from benchmark.suite.status import Standing, read_standings
from benchmark.suite.submission import Worker
from tests.commands import kill_all, wait_until
from tests.slurm import output
from tests.test_run import check_one_line_error

ROOT = Path(__file__).resolve().parents[1]
LOCAL = ('--executor', 'local', '--time', '5')
SLURM = ('--executor', 'slurm', '--time', '5')


def logs(workshop) -> str:
    return '\n'.join(path.read_text() for path in (workshop.folder / 'work' / 'cluster').glob('*log.out'))


def standings(workshop) -> dict[str, Standing]:
    places = Places(workshop.data, workshop.folder / 'work', workshop.folder / 'results' / 'records')
    return {one.name: one for one in read_standings(places)}


def wait_for(condition: Callable[[], object], workshop) -> None:
    wait_until(condition, lambda: logs(workshop))


def in_training(workshop, epoch: int = 1) -> bool:
    return bool(list((workshop.folder / 'work').glob(f'tiny-*/epoch_{epoch}.pth')))


@contextmanager
def halted_training(workshop) -> Iterator[str]:
    """The name of the experiment whose training stands still meanwhile, after its first epoch."""
    wait_for(lambda: in_training(workshop), workshop)
    (training,) = [one for one in standings(workshop).values() if one.state == 'running']
    process = psutil.Process(training.sign.pid)
    process.suspend()
    try:
        yield training.name
    finally:
        with suppress(psutil.NoSuchProcess):  # killed meanwhile
            process.resume()


def check_went_on(workshop, name: str) -> None:
    """What was trained before the interruption was not trained again."""
    (record,) = [one for one in workshop.records() if one.name == name]
    first, second = record.parts
    assert (first.first_epoch, second.last_epoch) == (1, 6)
    assert second.first_epoch == first.last_epoch + 1


class Locals:
    """Workers that are processes of this machine."""

    def __init__(self) -> None:
        self.controllers: list[psutil.Process] = []

    def submit(self, workshop, *arguments: str) -> subprocess.CompletedProcess:
        said = workshop.folder / 'said.txt'  # a pipe would stay open until the last worker has ended
        with said.open('wb') as file:
            result = subprocess.run(
                workshop.command(*arguments, *LOCAL), cwd=ROOT, stdout=file, stderr=file, timeout=120, check=False
            )
        result.stderr = said.read_text()
        for pid in re.findall(r'\d+', re.search(r'^process ([\d, ]+):', result.stderr, re.MULTILINE)[1]):
            self.controllers.append(psutil.Process(int(pid)))
        return result

    def tasks(self) -> list[psutil.Process]:
        """Processes that carry out the command."""
        family = [one for controller in self.controllers for one in controller.children(recursive=True)]
        return [one for one in family if 'submitit.core._submit' in one.cmdline()]

    def wait(self, workshop) -> None:
        _, alive = psutil.wait_procs(self.controllers, timeout=180)
        assert not alive, logs(workshop)

    def end(self) -> None:
        for controller in self.controllers:
            with suppress(psutil.NoSuchProcess):
                kill_all([controller, *controller.children(recursive=True)])


@pytest.fixture
def local() -> Iterator[Locals]:
    workers = Locals()
    yield workers
    workers.end()


def test_workers_do_everything_once_and_another_submission_finds_nothing(workshop, finished, local):
    result = local.submit(workshop, '--all', '--workers', '2')
    assert result.returncode == 0, result.stderr
    assert '2 to run by 2 workers' in result.stderr
    assert 'python -m benchmark.run status --results' in result.stderr
    assert len(local.controllers) == 2
    local.wait(workshop)
    workshop.check_same_bits(finished[0])
    assert logs(workshop).count(': done in ') == 2
    assert 'STAR' in (workshop.folder / 'results' / 'README.md').read_text()
    assert not {one.state for one in standings(workshop).values()} - {'done'}
    again = workshop.call('--all', *LOCAL)
    assert (again.returncode, again.stderr) == (0, 'nothing is to be run, so nothing is submitted\n')


def test_interrupted_worker_is_queued_again_and_comes_to_the_same_bits(workshop, finished, local):
    local.submit(workshop, '--all', '--workers', '1')
    with halted_training(workshop) as name:
        (task,) = local.tasks()
        task.send_signal(signal.SIGUSR2)  # to the worker alone: what starts it forwards nothing but SIGTERM
        wait_for(lambda: 'SIGUSR2' in logs(workshop), workshop)
    local.wait(workshop)
    assert 'Requeued job' in logs(workshop)
    assert logs(workshop).count('Starting with JobEnvironment') == 2
    workshop.check_same_bits(finished[0])
    check_went_on(workshop, name)


def test_what_dies_while_a_worker_is_ended_has_not_failed(workshop, finished, local):
    """SIGTERM to all processes of a job, as a cluster sends it; those that load images may die of it."""
    local.submit(workshop, '--all', '--workers', '1')
    wait_for(lambda: in_training(workshop), workshop)
    (training,) = [one for one in standings(workshop).values() if one.state == 'running']
    (task,) = local.tasks()
    for one in (task, *task.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            one.send_signal(signal.SIGTERM)
    psutil.Process(training.sign.pid).kill()
    local.wait(workshop)
    assert 'ends early: the job was being ended' in logs(workshop)
    assert 'Requeued job' not in logs(workshop)
    assert not workshop.records()
    now = standings(workshop)[training.name]
    assert now.state == 'stopped' and now.detail.startswith('the job was being ended')
    assert workshop.run('--all').returncode == 0
    workshop.check_same_bits(finished[0])


def test_what_one_worker_fails_at_the_others_do_not_try_again(workshop, local):
    (workshop.folder / 'configs' / 'tiny-star.py').unlink()
    wrong = workshop.variant("dict(_delete_=True, type='STARLoss', restriction='nothing')")
    for name in ('tiny-wrong', 'tiny-wrong-too'):
        workshop.write_config(name, wrong)
    local.submit(workshop, '--name', 'tiny-wrong*', '--workers', '2')
    local.wait(workshop)
    assert logs(workshop).count('FAILED') == 2
    assert [one.status for one in workshop.records()] == ['failed', 'failed']


@pytest.fixture
def asked() -> Iterator[list[int]]:
    """Signals that came to what submitit does to queue a worker again; whatever a worker changes is restored."""
    signals: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGUSR2, signal.SIGTERM)}
    signal.signal(signal.SIGUSR2, lambda number, frame: signals.append(number))
    here = os.getcwd()
    yield signals
    os.chdir(here)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def worker(tmp_path, *signals: int, unfinished: bool, progressed: bool) -> Worker:
    """A worker whose crew leaves work unfinished or not, after signals have come."""
    crew = SimpleNamespace(unfinished=unfinished, progressed=progressed, ask_to_pause=lambda: None)

    def command(options: argparse.Namespace, shift: Shift) -> int:
        shift.begin(crew)
        for number in signals:
            signal.raise_signal(number)
        return 7

    return Worker(command, argparse.Namespace(), tmp_path, 5, time.time())


def test_worker_whose_time_runs_out_is_queued_again(tmp_path, asked):
    assert worker(tmp_path, unfinished=True, progressed=True)() == 7
    assert asked == [signal.SIGUSR2]


def test_worker_that_gets_nowhere_is_not_queued_again(tmp_path, asked):
    with pytest.raises(SystemExit, match=r'no epoch came to its end in 5 min \(submit again with a longer --time\)'):
        worker(tmp_path, unfinished=True, progressed=False)()
    assert not asked


def test_worker_that_is_preempted_before_its_first_epoch_is_queued_again(tmp_path, asked):
    worker(tmp_path, signal.SIGTERM, signal.SIGUSR2, unfinished=True, progressed=False)()
    assert asked == [signal.SIGUSR2]


@pytest.mark.parametrize(
    ('number', 'unfinished'), [(signal.SIGUSR2, False), (signal.SIGTERM, True)], ids=['nothing is left', 'cancelled']
)
def test_worker_is_not_queued_again_without_need(tmp_path, asked, number, unfinished):
    assert worker(tmp_path, number, unfinished=unfinished, progressed=True)() == 7
    assert not asked


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        ([], '2 workers, each with 60 min at a time'),
        (['--cpus-per-worker', '2', '--memory', '3'], '1 worker, each with 2 cores, 3 GB, 60 min at a time'),
        (['--gpus-per-worker', '1', '--time', '1-00:00:00'], '2 workers, each with 1 GPU, 1440 min at a time'),
        (['--gpus-per-worker', '2', '--partition', 'p'], '1 worker, each with 2 GPUs, 60 min at a time, partition p'),
    ],
)
def test_dry_run_says_what_would_be_submitted(workshop, arguments, said):
    result = workshop.call('--all', '--device', 'auto', '--dry-run', '--executor', 'slurm', *arguments)
    assert result.returncode == 0, result.stderr
    assert f'would submit {said}\n' in result.stderr
    assert len(result.stdout.splitlines()) == 2
    assert not (workshop.folder / 'work').exists()


def test_flags_win_over_the_file(tmp_path):
    file = tmp_path / 'cluster.yml'
    file.write_text(
        'time: 1:30:00\npartition: a\nsetup: module load cuda\nsbatch: {qos: low, exclusive: }\ncpus-per-worker: 8\n'
    )
    resources = read_resources(build_parser().parse_args(['--cluster', str(file), '--partition', 'b']))
    assert (resources.time, resources.partition, resources.cpus_per_worker) == (90, 'b', 8)
    assert resources.setup == ('module load cuda',)
    assert resources.sbatch == {'qos': 'low', 'exclusive': ''}


@pytest.mark.parametrize(
    ('text', 'parts'),
    [
        ('partion: gpu\n', ['cluster.yml: partion: no such option', 'gpus-per-worker']),
        ('workers: many\n', ['cluster.yml: workers: ', "got 'many'"]),
        ('time: 1:70\n', ['cluster.yml: time: expected minutes, or HH:MM:SS', "got '1:70'"]),
        ('sbatch: {output: here}\n', ['cluster.yml: sbatch: output cannot be given']),
        ('- gpu\n', ['cluster.yml: no options in it']),
        ('a: [\n', ['cluster.yml: ', 'line 2']),
        (None, ['cluster.yml: No such file or directory']),
    ],
)
def test_file_that_is_not_usable_is_one_line(workshop, tmp_path, text, parts):
    if text is not None:
        (tmp_path / 'cluster.yml').write_text(text)
    result = workshop.call('--all', '--executor', 'slurm', '--cluster', str(tmp_path / 'cluster.yml'))
    check_one_line_error(result, *parts, status=2)


def test_flag_that_is_not_usable_is_one_line(workshop):
    result = workshop.call('--all', '--executor', 'slurm', '--gpus-per-worker', '-1')
    check_one_line_error(result, '--gpus-per-worker -1: ', status=2)


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['--all', '--partition', 'p'], '--partition goes with --executor slurm'),
        (['--all', '--cluster', 'x.yml'], '--cluster goes with --executor slurm'),
        (['--list', '--executor', 'slurm'], '--executor slurm goes without --list'),
        (['--all', '--plan', '/absent.json', '--executor', 'slurm'], 'freeze /absent.json first'),
        (['--evaluate', 'a', '--config', 'b', '--executor', 'slurm'], 'goes without --executor'),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(workshop, arguments, said):
    result = workshop.call(*arguments)
    assert result.returncode == 2 and said in result.stderr


def test_absent_slurm_is_one_line(workshop, monkeypatch, tmp_path):
    monkeypatch.setenv('PATH', str(tmp_path))
    check_one_line_error(workshop.call('--all', *SLURM), 'no sbatch on the PATH')


def test_refusal_of_slurm_is_passed_on(workshop, monkeypatch, tmp_path):
    for name in ('sbatch', 'srun', 'scontrol'):
        (tmp_path / name).write_text('#!/bin/sh\necho "sbatch: error: Invalid account" >&2\nexit 1\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}:{os.environ["PATH"]}')
    check_one_line_error(workshop.call('--all', *SLURM), 'sbatch: error: Invalid account', '--account')
    assert not standings(workshop)


def submit(workshop, slurm: dict[str, str], folder: Path, *arguments: str) -> str:
    """Submit from a folder that is not the checkout; the number of the job."""
    command = [sys.executable, '-m', 'benchmark.run', *workshop.arguments(*arguments, *SLURM)]
    environment = {**slurm, 'PYTHONPATH': str(ROOT)}
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr
    return re.match(r'Slurm job (\d+):', result.stderr)[1]


def wait_for_job(workshop, slurm: dict[str, str], job: str) -> None:
    """Wait until a job has ended; one that is queued again, which Slurm begins two minutes later, begins sooner."""

    def ended() -> bool:
        states = output(['squeue', '--noheader', f'--jobs={job}', '--format=%A %r'], slurm)
        for line in states.splitlines():
            if line.endswith('BeginTime'):
                time.sleep(2)  # a job that begins in the second in which it was ended is killed: "credential revoked"
                output(['scontrol', 'update', f'JobId={line.split()[0]}', 'StartTime=now'], slurm)
        return not states or 'Invalid job id' in states

    wait_for(ended, workshop)


def test_slurm_does_everything_submitted_twice(workshop, finished, slurm, tmp_path, monkeypatch):
    monkeypatch.setenv('SLURM_CONF', slurm['SLURM_CONF'])
    # Held, so that there is work left when the second is submitted.
    (tmp_path / 'cluster.yml').write_text('sbatch:\n  hold:\n')
    first = submit(workshop, slurm, tmp_path, '--all', '--workers', '2', '--cluster', 'cluster.yml')
    assert {(one.state, one.detail.split(',')[0]) for one in standings(workshop).values()} == {
        ('queued', f'Slurm job {first}')
    }
    second = submit(workshop, slurm, tmp_path, '--all', '--workers', '1')
    assert output(['scontrol', 'release', first], slurm) == ''
    wait_for(lambda: 'running' in {one.state for one in standings(workshop).values()}, workshop)
    for job in (first, second):
        wait_for_job(workshop, slurm, job)
    workshop.check_same_bits(finished[0])
    assert logs(workshop).count(': done in ') == 2
    assert 'Traceback' not in logs(workshop)
    assert {one.state for one in standings(workshop).values()} == {'done'}
    assert 'STAR' in (workshop.folder / 'results' / 'README.md').read_text()


@pytest.mark.parametrize(
    ('command', 'said'),
    [(['scancel', '--signal=USR2'], 'SIGUSR2'), (['scontrol', 'requeue'], 'REQUEUE')],
    ids=['told beforehand', 'at once'],
)
def test_preempted_worker_goes_on_to_the_same_bits(workshop, finished, slurm, tmp_path, command, said):
    job = submit(workshop, slurm, tmp_path, '--all', '--workers', '1')
    with halted_training(workshop) as name:
        assert not output([*command, job], slurm)
        wait_for(lambda: said in logs(workshop), workshop)
    wait_for_job(workshop, slurm, job)
    assert logs(workshop).count('Starting with JobEnvironment') == 2
    workshop.check_same_bits(finished[0])
    check_went_on(workshop, name)


def test_cancelled_job_is_no_longer_queued(workshop, slurm, tmp_path, monkeypatch):
    monkeypatch.setenv('SLURM_CONF', slurm['SLURM_CONF'])
    (tmp_path / 'cluster.yml').write_text('sbatch:\n  hold:\n')
    jobs = [submit(workshop, slurm, tmp_path, '--all', '--workers', '1', '--cluster', 'cluster.yml') for _ in range(2)]
    assert {one.state for one in standings(workshop).values()} == {'queued'}
    output(['scontrol', 'release', jobs[0]], slurm)
    wait_for(lambda: output(['squeue', '--noheader', '--states=RUNNING', f'--jobs={jobs[0]}'], slurm), workshop)
    output(['scancel', *jobs], slurm)
    for one in jobs:
        wait_for_job(workshop, slurm, one)
    assert {one.state for one in standings(workshop).values()} == {'stopped'}
