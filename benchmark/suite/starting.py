"""How processes that train are started: with which environment, and as copies of one that has imported everything."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from pathlib import Path

from benchmark.console import children_take_no_signals
from benchmark.suite.rendezvous import without_launcher


def warm_up(threads: int | None) -> None:
    """Begin to import what trainings on a CPU need, in the process that they will be copies of; returns at once.

    Args:
        threads: threads of each training; None: one.
    """
    context_for('cpu')
    with started_with(environment_for('cpu', threads or 1)):
        pass


def context_for(device: str) -> BaseContext:
    """How processes are started: on a CPU as copies of one that has imported everything, which saves seconds each."""
    if device != 'cpu':
        return multiprocessing.get_context('spawn')  # what has seen a GPU cannot be copied
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['benchmark.suite.execution'])
    return context


def environment_for(device: str, threads: int | None, gpus: Sequence[int] = ()) -> dict[str, str]:
    """Environment variables of a process that trains.

    Args:
        device: 'cpu' or 'cuda'.
        threads: threads that it computes on; None leaves them to PyTorch.
        gpus: numbers of the GPUs that it sees, as they are visible to this process; all where there are none.
    """
    root = str(Path(__file__).resolve().parents[2])
    environment = without_launcher(os.environ)
    environment['PYTHONPATH'] = os.pathsep.join(filter(None, (root, environment.get('PYTHONPATH'))))
    environment['CUBLAS_WORKSPACE_CONFIG'] = ':4096:8'
    if threads is not None:
        environment['OMP_NUM_THREADS'] = str(threads)
    if device == 'cpu':
        environment['CUDA_VISIBLE_DEVICES'] = ''
    elif gpus:
        visible = environment.get('CUDA_VISIBLE_DEVICES', '')
        names = visible.split(',') if visible else []
        environment['CUDA_VISIBLE_DEVICES'] = ','.join(names[gpu] if names else str(gpu) for gpu in gpus)
    return environment


@contextmanager
def started_with(environment: dict[str, str]) -> Iterator[None]:
    """Environment in which a process, or the one that processes are copies of, is started."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        with children_take_no_signals():
            forkserver.ensure_running()
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)
