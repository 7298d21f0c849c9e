"""Runs jobs one after the other, each in a process of its own, and survives whatever becomes of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from benchmark.errors import BenchmarkError
from benchmark.suite.jobs import Job
from benchmark.suite.places import Places

STOP_SECONDS = 10


def pick_device(wanted: str) -> str:
    """'cpu' or 'cuda' for 'auto', 'cpu' or 'cuda'.

    Raises:
        BenchmarkError: 'cuda' is wanted and there is none.
    """
    if wanted == 'cuda' and not torch.cuda.is_available():
        raise BenchmarkError('--device cuda: no CUDA device found (check the driver, or use --device cpu)')
    return 'cuda' if wanted == 'cuda' or (wanted == 'auto' and torch.cuda.is_available()) else 'cpu'


def run_job(job: Job, device: str, places: Places, progress: Callable[[dict], None]) -> str | None:
    """Run one job in a process of its own.

    Args:
        job: what to run.
        device: 'cpu' or 'cuda'.
        places: folders.
        progress: called with each progress message of the process.

    Returns:
        None when the job is done, otherwise one line on why not.

    Raises:
        KeyboardInterrupt: Ctrl-C; the process has been ended, its last checkpoint stands.
        OSError: the work folder cannot be written to.
    """
    log = places.work / f'{job.name}-seed{job.seed}.log'
    log.parent.mkdir(parents=True, exist_ok=True)
    reader, writer = os.pipe()
    with log.open('ab') as output, os.fdopen(reader) as messages:
        process = subprocess.Popen(
            _command(job, device, places, writer),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=_environment(device),
            pass_fds=(writer,),
            start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the other one
        )
        os.close(writer)
        failure = None
        try:
            for line in messages:
                message = json.loads(line)
                if 'failed' in message:
                    failure = message['failed']
                elif 'done' not in message:
                    progress(message)
            status = process.wait()
        finally:
            _stop(process)
    if status == 0:
        return None
    if failure is None and status < 0:
        failure = f'ended by {signal.Signals(-status).name} (the same command continues it)'
    return f'{failure or f"ended with status {status}"} (log: {_relative(log)})'


def _command(job: Job, device: str, places: Places, writer: int) -> list[str]:
    arguments = {
        'config': job.experiment.path,
        'seed': job.seed,
        'device': device,
        'data-root': places.data,
        'work': places.work,
        'records': places.records,
        'progress': writer,
    }
    flags = [text for name, value in arguments.items() for text in (f'--{name}', str(value))]
    return [sys.executable, '-m', 'benchmark.suite.worker', *flags]


def _environment(device: str) -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    environment = dict(os.environ)
    environment['PYTHONPATH'] = os.pathsep.join(filter(None, (root, environment.get('PYTHONPATH'))))
    environment['CUBLAS_WORKSPACE_CONFIG'] = ':4096:8'
    if device == 'cpu':
        environment['CUDA_VISIBLE_DEVICES'] = ''
    return environment


def _stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
