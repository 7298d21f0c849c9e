"""Runs jobs one after the other, each in processes of its own, and survives whatever becomes of them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import torch

from benchmark.datasets.source import available_cores
from benchmark.errors import UsageError
from benchmark.suite.conditions import Places, Setup
from benchmark.suite.planning import Job

STOP_SECONDS = 10
GRACE_SECONDS = 5
# How PyTorch's launcher tells processes about each other; this command is not one of them, even if it was started so.
LAUNCHER = ('MASTER_ADDR', 'MASTER_PORT', 'WORLD_SIZE', 'RANK', 'LOCAL_RANK')


def pick_device(wanted: str) -> str:
    """'cpu' or 'cuda' for 'auto', 'cpu' or 'cuda'.

    Raises:
        UsageError: 'cuda' is wanted and there is none.
    """
    if wanted == 'cuda' and not torch.cuda.is_available():
        raise UsageError('--device cuda: no CUDA device found (check the driver, or use --device cpu)')
    return 'cuda' if wanted == 'cuda' or (wanted == 'auto' and torch.cuda.is_available()) else 'cpu'


def check_processes(setup: Setup) -> None:
    """Refuse more processes than there are GPUs.

    Raises:
        UsageError: one line naming both numbers.
    """
    if setup.device == 'cuda' and setup.processes > torch.cuda.device_count():
        found = torch.cuda.device_count()
        raise UsageError(f'--processes {setup.processes}: only {found} CUDA devices found (each process needs one)')


def run_job(job: Job, places: Places, setup: Setup, progress: Callable[[dict], None]) -> str | None:
    """Run one job in a process of its own, or in several that share it.

    Args:
        job: what to run.
        places: folders.
        setup: device and number of processes.
        progress: called with each progress message of the first process.

    Returns:
        None when the job is done, otherwise one line on why not.

    Raises:
        KeyboardInterrupt: Ctrl-C; the processes have been ended, the last checkpoint stands.
        OSError: the work folder cannot be written to.
    """
    log = places.work / f'{job.title.replace(" seed ", "-seed")}.log'
    log.parent.mkdir(parents=True, exist_ok=True)
    reader, writer = os.pipe()
    environments = _environments(setup)
    with log.open('ab') as output, os.fdopen(reader) as messages, ExitStack() as stack:
        processes = []
        stack.callback(lambda: _stop(processes))
        for environment in environments:
            processes.append(
                subprocess.Popen(
                    _command(job, places, setup, writer),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=environment,
                    pass_fds=(writer,),
                    start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the others
                )
            )
        os.close(writer)
        if len(processes) > 1:
            # One that ends early leaves the others waiting for it; without them the messages end, too.
            threading.Thread(target=_stop_if_one_fails, args=(processes,), daemon=True).start()
        failure = None
        for line in messages:
            message = json.loads(line)
            if 'failed' in message:
                failure = failure or message['failed']
            elif 'done' not in message:
                progress(message)
        statuses = [process.wait() for process in processes]
    if not any(statuses):
        return None
    # One that was killed is the cause; what the others say of it, or their being stopped with SIGTERM, is not.
    killed = next((one for one in statuses if one < 0 and (one != -signal.SIGTERM or failure is None)), None)
    if killed is not None:
        failure = f'ended by {signal.Signals(-killed).name} (the same command continues it)'
    status = next(filter(None, statuses))
    return f'{failure or f"ended with status {status}"} (log: {_relative(log)})'


def _command(job: Job, places: Places, setup: Setup, writer: int) -> list[str]:
    arguments = {
        'config': job.experiment.path,
        'seed': job.seed,
        'fingerprint': job.fingerprint,
        'device': setup.device,
        'data-root': places.data,
        'work': places.work,
        'records': places.records,
        'progress': writer,
        'plan': setup.plan,
        'weights-role': job.weights and job.weights.role,
        'weights': job.weights and job.weights.path,
    }
    flags = [text for name, value in arguments.items() if value is not None for text in (f'--{name}', str(value))]
    return [sys.executable, '-m', 'benchmark.suite.worker', *flags]


def _environments(setup: Setup) -> list[dict[str, str]]:
    """Environment variables of each process; several are told about each other as PyTorch's launcher does it."""
    common = _environment(setup.device)
    if setup.processes == 1:
        return [common]
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    common |= {'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': str(port), 'WORLD_SIZE': str(setup.processes)}
    common.setdefault('OMP_NUM_THREADS', str(max(1, available_cores() // setup.processes)))
    return [common | {'RANK': str(rank), 'LOCAL_RANK': str(rank)} for rank in range(setup.processes)]


def _environment(device: str) -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    environment = {name: value for name, value in os.environ.items() if name not in LAUNCHER}
    environment['PYTHONPATH'] = os.pathsep.join(filter(None, (root, environment.get('PYTHONPATH'))))
    environment['CUBLAS_WORKSPACE_CONFIG'] = ':4096:8'
    if device == 'cpu':
        environment['CUDA_VISIBLE_DEVICES'] = ''
    return environment


def _stop(processes: Sequence[subprocess.Popen]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _stop_if_one_fails(processes: Sequence[subprocess.Popen]) -> None:
    while any(process.poll() is None for process in processes):
        if any(process.poll() for process in processes):
            time.sleep(GRACE_SECONDS)  # for the others to end by themselves and say why
            _stop(processes)
        time.sleep(0.5)


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
