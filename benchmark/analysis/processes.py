"""Work shared between processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

_Item, _Result = TypeVar('_Item'), TypeVar('_Result')
_THREADS = ('OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS')


def map_in_processes(
    function: Callable[[_Item], _Result],
    items: Sequence[_Item],
    least: int,
    initializer: Callable[..., None] | None = None,
    arguments: tuple = (),
) -> list[_Result]:
    """Apply a function to items, in one process a core, each with a single thread.

    Args:
        function: a function of a module.
        items: what it is applied to, in the order in which they are begun.
        least: number of items below which starting processes would take longer than it gains; they are then worked on
            in this process.
        initializer: called once in every process, this one included where no other is started.
        arguments: of ``initializer``.

    Returns:
        The results, in the order of ``items``.
    """
    if len(items) < least:
        if initializer:
            initializer(*arguments)
        return [function(item) for item in items]
    with (
        _single_threads(),
        ProcessPoolExecutor(mp_context=get_context('spawn'), initializer=initializer, initargs=arguments) as pool,
    ):
        return list(pool.map(function, items))


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
