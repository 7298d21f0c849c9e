"""What a check found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Verdict = Literal['pass', 'fail', 'note', 'skipped']


class Outcome(NamedTuple):
    """What a check says of a component.

    Attributes:
        verdict: 'pass'; 'fail', where trainings here would go wrong; 'note', a fact that may be meant; or 'skipped'.
        text: why, one line with figures.
    """

    verdict: Verdict
    text: str


def passed(text: str) -> Outcome:
    """What is demanded holds."""
    return Outcome('pass', text)


def failed(text: str) -> Outcome:
    """What is demanded does not hold."""
    return Outcome('fail', text)


def noted(text: str) -> Outcome:
    """A fact that nobody is told to change."""
    return Outcome('note', text)


def skipped(text: str) -> Outcome:
    """The check says nothing of this component."""
    return Outcome('skipped', text)


@dataclass(frozen=True)
class Examined:
    """A component with all that was found.

    Attributes:
        name: as it is registered.
        file: where it is defined, as it was named.
        kind: one of :data:`benchmark.suite.contract.KINDS`.
        options: arguments that it was made with, beside its defaults.
        outcomes: by the name of the check, in order.
    """

    name: str
    file: str
    kind: str
    options: dict[str, object]
    outcomes: dict[str, Outcome]

    @property
    def failed(self) -> Sequence[str]:
        """Names of the checks that failed."""
        return [check for check, outcome in self.outcomes.items() if outcome.verdict == 'fail']
