"""How many seeds would show that STAR differs from its baseline, from how the differences of its seeds vary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benchmark.analysis.comparison import pair, paired_values
from benchmark.analysis.difference import Difference
from benchmark.analysis.summaries import summarize
from benchmark.protocol.power import Variation, deviation_factors, seeds_needed, variation

FRACTIONS = (0.01, 0.02, 0.05)  # of the baseline's error


@dataclass(frozen=True)
class Needed:
    """How many seeds a claim about two rows takes.

    Attributes:
        difference: their difference, as measured so far.
        reference: error of the row that is compared with, percent, over the common seeds.
        variation: how the paired differences vary, percentage points.
    """

    difference: Difference
    reference: float
    variation: Variation

    @property
    def effects(self) -> tuple[float, ...]:
        """Sizes of differences, percentage points: as measured, and each of :data:`FRACTIONS` of the baseline."""
        return abs(self.difference.mean), *(fraction * self.reference for fraction in FRACTIONS)

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """For each of :attr:`effects` the number of seeds; None where the test set is too small whatever the number."""
        return tuple(seeds_needed(effect, self.variation) for effect in self.effects)

    @property
    def factors(self) -> tuple[float, float]:
        """Between which multiples of the measured spread over seeds the true one lies, with 95 % confidence."""
        return deviation_factors(len(self.difference.seeds) - 1)


def needed_seeds(found: Iterable[Difference]) -> list[Needed]:
    """How many seeds each difference would take; left out are those with fewer than three, or that do not vary."""
    return [_needed(one) for one in found if one.over_both]


def _needed(found: Difference) -> Needed:
    pairing = pair(found.row, found.reference)
    reference = summarize([run.digest.values[found.measure.key] for run in pairing.others], found.images).mean
    return Needed(found, reference, variation(paired_values(pairing, found.measure)))
