"""Learning rates that a configuration asks for, computed as MMEngine's chained schedules do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

_MOST_STEPS = 300_000  # of a schedule that changes the rate in every iteration


class _Schedule(Protocol):
    """One entry of ``param_scheduler``; begin and end in its own steps, iterations or epochs."""

    begin: int
    end: float
    by_epoch: bool

    def start(self, rate: float) -> float:
        """The rate after its first step."""

    def step(self, rate: float, number: int) -> float:
        """The rate after step ``number`` >= 1 behind its first one."""


@dataclass
class _Linear:
    begin: int
    end: float
    by_epoch: bool
    first: float
    last: float

    def start(self, rate: float) -> float:
        return rate * self.first

    def step(self, rate: float, number: int) -> float:
        rise = self.last - self.first
        return rate * (1 + rise / ((self.end - self.begin - 1) * self.first + (number - 1) * rise))


@dataclass
class _MultiStep:
    begin: int
    end: float
    by_epoch: bool
    milestones: Sequence[int]
    gamma: float

    def start(self, rate: float) -> float:
        return rate

    def step(self, rate: float, number: int) -> float:
        return rate * self.gamma ** list(self.milestones).count(number)


@dataclass
class _Cosine:
    begin: int
    end: float
    by_epoch: bool
    period: float
    least: float

    def start(self, rate: float) -> float:
        return rate

    def step(self, rate: float, number: int) -> float:
        if number > self.period:
            raise ValueError('restarts')
        now, before = (1 + math.cos(math.pi * step / self.period) for step in (number, number - 1))
        return now / before * (rate - self.least) + self.least


def learning_rates(config: Mapping[str, object], epochs: int, batches: int) -> list[float] | None:
    """The learning rate at the end of each epoch.

    Args:
        config: settings of a configuration; ``optim_wrapper`` and ``param_scheduler`` count.
        epochs: number of epochs.
        batches: iterations in an epoch.

    Returns:
        ``epochs`` rates; None where a schedule or option is another one than those of the configurations here
        (``LinearLR``, ``MultiStepLR``, ``CosineAnnealingLR``), or where parameters have rates of their own.
    """
    try:
        wrapper = config['optim_wrapper']
        rate = base = float(wrapper['optimizer']['lr'])
        entries = config.get('param_scheduler') or []
        if wrapper.get('paramwise_cfg') or config.get('auto_scale_lr'):
            return None
        schedules = [_read(dict(entry), base, epochs, batches) for entry in entries]
        ends = [one.end for one in schedules if not one.by_epoch]
        iterations = min(max(ends, default=0), epochs * batches)
        if iterations > _MOST_STEPS:
            return None
        return _simulate(schedules, rate, epochs, batches, iterations)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        return None  # not a configuration of this kind


def _simulate(schedules: Sequence[_Schedule], rate: float, epochs: int, batches: int, iterations: float) -> list[float]:
    for one in schedules:
        rate = one.start(rate) if one.begin == 0 else rate
    by_iteration, by_epoch = ([one for one in schedules if one.by_epoch is kind] for kind in (False, True))
    rates = []
    for epoch in range(1, epochs + 1):
        for step in range((epoch - 1) * batches + 1, min(epoch * batches, iterations) + 1):
            rate = _after(by_iteration, rate, step)
        rate = _after(by_epoch, rate, epoch)
        rates.append(rate)
    return rates


def _after(schedules: Sequence[_Schedule], rate: float, step: int) -> float:
    for one in schedules:
        if one.begin <= step < one.end:
            rate = one.step(rate, step - one.begin) if step > one.begin else one.start(rate)
    return rate


def _read(entry: dict[str, object], base: float, epochs: int, batches: int) -> _Schedule:
    """One entry of ``param_scheduler``.

    Raises:
        ValueError: it is of another kind, or has options that are not known here.
    """
    kind, by_epoch = entry.pop('type'), entry.pop('by_epoch', True)
    begin, end = entry.pop('begin', 0), entry.pop('end', epochs if by_epoch else epochs * batches)
    if entry.pop('convert_to_iter_based', False):
        begin, end, by_epoch = begin * batches, end * batches, False
        if 'T_max' in entry or 'milestones' in entry:
            raise ValueError('converted')
    if kind == 'LinearLR':
        found = _Linear(begin, end, by_epoch, entry.pop('start_factor', 1 / 3), entry.pop('end_factor', 1.0))
    elif kind == 'MultiStepLR':
        found = _MultiStep(begin, end, by_epoch, entry.pop('milestones'), entry.pop('gamma', 0.1))
    elif kind == 'CosineAnnealingLR':
        least = entry.pop('eta_min', None)
        least = base * entry.pop('eta_min_ratio') if least is None else least
        found = _Cosine(begin, end, by_epoch, entry.pop('T_max', None) or end - begin, least)
    else:
        raise ValueError(kind)
    if entry:
        raise ValueError(min(entry))
    return found
