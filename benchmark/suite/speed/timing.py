"""Times of several ways to do the same, taken in turns so that a busy machine slows all of them down alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import torch

from benchmark.records.speed import Interval, Row

LEAST_ROUNDS = 5
FEWEST_ROUNDS = 3  # where one takes minutes


@dataclass(frozen=True)
class Contender:
    """One way to do it.

    Attributes:
        name: what it is.
        samples: number of samples that a call of ``run`` makes.
        run: makes the next samples.
        repeats: calls of ``run`` in each round; more where one takes too little time for the clock.
        warm_up: whether a call that is not counted precedes them; one that takes seconds needs none.
    """

    name: str
    samples: int
    run: Callable[[], object]
    repeats: int = 1
    warm_up: bool = True


def compare(
    contenders: Sequence[Contender],
    seconds: float,
    clock: Callable[[], float] = time.process_time,
    group: str = '',
    subject: str | None = None,
    patience: float = float('inf'),
) -> tuple[Row, ...]:
    """Time all ways in turns.

    The default clock counts the seconds that all threads of this process have computed. Under :func:`single_thread`
    these are seconds of one core, whatever else the machine does.

    Args:
        contenders: the ways; the first one is what the others are compared with.
        seconds: for how long to repeat, all ways together; there are five rounds at least.
        patience: seconds after which three rounds have to do.
        clock: returns seconds.
        group: what it is done to.
        subject: name of the way whose time is divided by each of the others.

    Returns:
        One row a way, in their order.
    """
    rounds: list[list[float]] = []
    started = time.monotonic()
    while _goes_on(len(rounds), time.monotonic() - started, seconds, patience):
        rounds.append([_milliseconds(contender, clock) for contender in contenders])
    columns = list(zip(*rounds, strict=True))
    names = [contender.name for contender in contenders]
    rows = []
    for name, column in zip(names, columns, strict=True):
        milliseconds, quartiles = _spread(column)
        ratio, ratio_quartiles = _ratios(columns[0], column)
        of_subject = (None, None) if subject is None else _ratios(columns[names.index(subject)], column)
        rows.append(
            Row(
                name=name,
                group=group,
                milliseconds=milliseconds,
                milliseconds_quartiles=quartiles,
                samples_per_second=1000 / milliseconds,
                ratio=ratio,
                ratio_quartiles=ratio_quartiles,
                subject_ratio=of_subject[0],
                subject_ratio_quartiles=of_subject[1],
                rounds=len(rounds),
            )
        )
    return tuple(rows)


def _goes_on(rounds: int, passed: float, seconds: float, patience: float) -> bool:
    return passed < seconds or rounds < (LEAST_ROUNDS if passed < patience else FEWEST_ROUNDS)


def wall_clock(device: str) -> Callable[[], float]:
    """Clock of the wall that first waits until a GPU has done what it was told to."""
    if device == 'cpu':
        return time.perf_counter

    def clock() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    return clock


def _milliseconds(contender: Contender, clock: Callable[[], float]) -> float:
    if contender.warm_up:
        contender.run()  # uncounted: memory and caches are then as if nothing else ran in between
    started = clock()
    for _ in range(contender.repeats):
        contender.run()
    return 1000 * (clock() - started) / (contender.samples * contender.repeats)


def _ratios(column: Sequence[float], by: Sequence[float]) -> tuple[float, Interval]:
    return _spread([above / below for above, below in zip(column, by, strict=True)])


def _spread(values: Sequence[float]) -> tuple[float, Interval]:
    low, median, high = statistics.quantiles(values, n=4)
    return median, (low, high)


@contextmanager
def single_thread() -> Iterator[None]:
    """Keep PyTorch and OpenCV to one thread."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
