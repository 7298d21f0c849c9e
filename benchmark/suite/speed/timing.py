"""Times of several ways to do the same, taken in turns so that a busy machine slows all of them down alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import torch

LEAST_ROUNDS = 5


@dataclass(frozen=True)
class Contender:
    """One way to do it.

    Attributes:
        name: what it is.
        samples: number of samples that a call of ``run`` makes.
        run: makes the next samples.
    """

    name: str
    samples: int
    run: Callable[[], object]


@dataclass(frozen=True)
class Row:
    """How long one way takes.

    Attributes:
        name: what it is.
        milliseconds: a sample, median over the rounds.
        milliseconds_quartiles: first and third quartile over the rounds.
        samples_per_second: the inverse of the median.
        ratio: how many times as fast as the first way, median over the ratios within each round.
        ratio_quartiles: first and third quartile of these ratios.
        rounds: number of rounds.
    """

    name: str
    milliseconds: float
    milliseconds_quartiles: tuple[float, float]
    samples_per_second: float
    ratio: float
    ratio_quartiles: tuple[float, float]
    rounds: int


@dataclass(frozen=True)
class Measurement:
    """Result of a part.

    Attributes:
        part: its name.
        about: on what and how it was measured, one sentence.
        rows: the ways, first the one that the others are compared with.
    """

    part: str
    about: str
    rows: tuple[Row, ...]


def compare(
    contenders: Sequence[Contender], seconds: float, clock: Callable[[], float] = time.process_time
) -> tuple[Row, ...]:
    """Time all ways in turns.

    The clock counts the seconds that all threads of this process have computed. Under :func:`single_thread` these are
    seconds of one core, whatever else the machine does.

    Args:
        contenders: the ways; the first one is what the others are compared with.
        seconds: for how long to repeat, all ways together; there are five rounds at least.
        clock: returns seconds.

    Returns:
        One row a way, in their order.
    """
    rounds: list[list[float]] = []
    started = time.monotonic()
    while len(rounds) < LEAST_ROUNDS or time.monotonic() - started < seconds:
        rounds.append([_milliseconds(contender, clock) for contender in contenders])
    rows = []
    for contender, column in zip(contenders, zip(*rounds, strict=True), strict=True):
        ratios = [first[0] / this for first, this in zip(rounds, column, strict=True)]
        low, median, high = statistics.quantiles(column, n=4)
        ratio_low, ratio, ratio_high = statistics.quantiles(ratios, n=4)
        rows.append(
            Row(contender.name, median, (low, high), 1000 / median, ratio, (ratio_low, ratio_high), len(rounds))
        )
    return tuple(rows)


def _milliseconds(contender: Contender, clock: Callable[[], float]) -> float:
    contender.run()  # uncounted: memory and caches are then as if nothing else ran in between
    started = clock()
    contender.run()
    return 1000 * (clock() - started) / contender.samples


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
