"""What the page of findings shows: the questions of the study with their answers, claims and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmark.analysis.findings.finding import Finding
from benchmark.site.figures import Effect, Figure, forest_plot

ANSWERS = {
    'yes': 'yes',
    'in part': 'in part',
    'no': 'no',
    'open': 'not decided',
    'described': 'described, not decided',
    'not run': 'not run yet',
}


@dataclass(frozen=True)
class FindingView:
    """One question of the page.

    Attributes:
        finding: what was found.
    """

    finding: Finding

    @property
    def answer(self) -> str:
        """The answer in words."""
        return ANSWERS[self.finding.answer]

    @property
    def claims(self) -> tuple[str, ...]:
        """The sentences, each beginning with a capital letter."""
        return tuple(f'{text[:1].upper()}{text[1:]}' for text in self.finding.claims)

    @cached_property
    def figure(self) -> Figure | None:
        """The measured differences with their intervals; None where there are none."""
        found = self.finding
        if not found.measured:
            return None
        effects = [
            Effect(one.label, one.mean, one.low, one.high, one.group, one.decided, one.note) for one in found.measured
        ]
        return forest_plot(f'finding-{found.key}', found.question, effects, found.unit, *found.sides)


def findings_view(findings: Sequence[Finding]) -> tuple[FindingView, ...]:
    """What the page shows, question by question."""
    return tuple(map(FindingView, findings))
