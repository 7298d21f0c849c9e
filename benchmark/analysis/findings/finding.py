"""The answer to one question of the study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmark.analysis.difference import Difference

Answer = Literal['yes', 'in part', 'no', 'open', 'described', 'not run']


@dataclass(frozen=True)
class Measured:
    """A number with its interval that is a line of a figure.

    Attributes:
        group: heading that it stands under.
        label: what it is of.
        mean: the number.
        low: lower end of the 95 % interval; None without one.
        high: upper end likewise.
        decided: whether it is shown to differ from zero, by the rule of the study.
        note: on what it rests, e.g. '5 seeds, 689 images'.
    """

    group: str
    label: str
    mean: float
    low: float | None
    high: float | None
    decided: bool
    note: str


@dataclass(frozen=True)
class Finding:
    """What was found on one question.

    Attributes:
        key: letter of the question in the plan.
        question: the question.
        answer: 'yes', 'no' or 'open' where the plan has a rule that decides it, 'in part' where it says yes of some
            data sets and leaves others open; else 'described'; 'not run' where there is no record.
        claims: sentences, each with its numbers, intervals, seeds and images; what was not run is one of them.
        measured: lines of the figure, groups one after the other; empty without a figure.
        unit: what the axis of the figure shows.
        sides: what its negative and its positive side mean.
    """

    key: str
    question: str
    answer: Answer
    claims: tuple[str, ...]
    measured: tuple[Measured, ...] = ()
    unit: str = ''
    sides: tuple[str, str] = ('', '')


def of_difference(found: Difference, group: str, label: str, note: str) -> Measured:
    """A line of a figure of a difference between two rows."""
    low, high = found.interval or (None, None)
    return Measured(group, label, found.mean, low, high, found.decided, note)
