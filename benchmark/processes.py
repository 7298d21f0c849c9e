"""Work shared between processes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from typing import TypeVar

from benchmark.console import children_take_no_signals
from benchmark.memory import keep_freed_memory

_Item, _Result = TypeVar('_Item'), TypeVar('_Result')
_THREADS = ('OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENCV_FOR_THREADS_NUM')


def available_cores() -> int:
    """Number of processor cores that this process may use: by its affinity, and by the quota of its container."""
    from loky import cpu_count  # not needed where nothing is shared

    return cpu_count()


def map_in_processes(
    function: Callable[[_Item], _Result],
    items: Sequence[_Item],
    least: int,
    initializer: Callable[..., None] | None = None,
    arguments: tuple = (),
    chunk: int = 1,
) -> list[_Result]:
    """Apply a function to items, in one process a core, each with a single thread.

    Signals that stop a command are for this process: the others are ended when it ends, in whatever way.

    Args:
        function: a function of a module.
        items: what it is applied to, in the order in which they are begun.
        least: number of items below which starting processes would take longer than it gains; they are then worked on
            in this process.
        initializer: called once in every process, this one included where no other is started.
        arguments: of ``initializer``.
        chunk: number of items that are handed over at once.

    Returns:
        The results, in the order of ``items``.
    """
    cores = available_cores()
    if len(items) < least or cores < 2:
        if initializer:
            initializer(*arguments)
        return [function(item) for item in items]
    others = set(active_children())
    with _single_threads():
        with children_take_no_signals():
            pool = ProcessPoolExecutor(
                cores, mp_context=get_context('spawn'), initializer=_begin, initargs=(initializer, arguments)
            )
            # Not by its map, which cancels what is left: a pool whose processes are killed complains about that.
            chunks = [items[first : first + chunk] for first in range(0, len(items), chunk)]
            working = [pool.submit(_apply, function, some) for some in chunks]
        try:
            return [result for one in working for result in one.result()]
        except BaseException:
            for process in set(active_children()) - others:
                process.kill()
            raise
        finally:
            pool.shutdown()


def _apply(function: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
    return [function(item) for item in items]


def _begin(initializer: Callable[..., None] | None, arguments: tuple) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    keep_freed_memory()
    if initializer:
        initializer(*arguments)


def _end_with_parent() -> None:
    parent_process().join()
    os._exit(1)


@contextmanager
def _single_threads() -> Iterator[None]:
    """Let processes that are started meanwhile compute in one thread; more would wait for each other."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, '1'))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
