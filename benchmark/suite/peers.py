"""The processes that share a training with this one, if there are any."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist

from benchmark.errors import BenchmarkError

# Long enough for one of them to cut all faces out while the others wait.
TIMEOUT_SECONDS = 30 * 60
TIMEOUT_VARIABLE = 'BENCHMARK_PROCESS_TIMEOUT'
_Chosen = TypeVar('_Chosen')


def processes() -> int:
    """Number of processes that share this training."""
    return int(os.environ.get('WORLD_SIZE', 1))


def is_first_process() -> bool:
    """Whether this is the process that writes."""
    return int(os.environ.get('RANK', 0)) == 0


def join_processes(device: str) -> None:
    """Meet the other processes of this training, if there are any.

    MMEngine does it by itself, but later, and wants a GPU for it; what is joined already it leaves as it is.

    Args:
        device: 'cpu' or 'cuda', where each process computes on the GPU of its number.

    Raises:
        BenchmarkError: the variable for the timeout holds no number of seconds.
    """
    if processes() == 1 or dist.is_initialized():
        return
    if device == 'cuda':
        torch.cuda.set_device(int(os.environ['LOCAL_RANK']))
    dist.init_process_group('nccl' if device == 'cuda' else 'gloo', timeout=timedelta(seconds=timeout_seconds()))


def timeout_seconds() -> float:
    """Seconds for which a process waits for the others before it gives up.

    Raises:
        BenchmarkError: the variable holds no positive number.
    """
    text = os.environ.get(TIMEOUT_VARIABLE, str(TIMEOUT_SECONDS))
    try:
        seconds = timedelta(seconds=float(text)).total_seconds()
    except (ValueError, OverflowError):
        seconds = 0.0
    if seconds <= 0:
        raise BenchmarkError(f'{TIMEOUT_VARIABLE}={text}: not a number of seconds (give one, or unset it)')
    return seconds


def first_decides(choose: Callable[[], _Chosen]) -> _Chosen:
    """What the first process finds, told to all: another one may see another state of the same folder.

    Nobody goes on before the first process has decided.

    Args:
        choose: called in the first process only; what it returns can be pickled.
    """
    if processes() == 1:
        return choose()
    told = [choose() if is_first_process() else None]
    dist.broadcast_object_list(told)
    return told[0]


@contextmanager
def naming_silence() -> Iterator[None]:
    """Say in one line that another process no longer answers; also a decorator.

    With NCCL it is PyTorch that ends a process that waits in vain, and says so in the log.

    Raises:
        BenchmarkError: another process has not answered for as long as this one waits.
    """
    try:
        yield
    except RuntimeError as error:
        if processes() == 1 or not any(words in str(error).lower() for words in ('timed out', 'timeout')):
            raise
        seconds = f'{timeout_seconds():g}'
        raise BenchmarkError(
            f'another process of this training has not answered for {seconds} s (the same command continues it; '
            f'{TIMEOUT_VARIABLE} sets how many seconds it may take)'
        ) from error
