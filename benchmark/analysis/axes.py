"""Whether a row's heatmaps show the true direction of ambiguity, and what may be said of two rows.

STAR loss (Zhou et al., CVPR 2023, section 3) rests on heatmaps that stretch along the contour on which annotators
disagree. The synthetic annotations are drawn with a known covariance, so the claim can be measured: the angle between
the main axis of the predicted heatmap and that of the true covariance. The angle of a nearly round heatmap means
little, so how stretched it is stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.analysis.comparison import Pairing, baseline_of, correct, pair, star_pairs
from benchmark.analysis.difference import SIGNIFICANT, Verdict, p_text, signed_interval, unsigned_interval, why_no_claim
from benchmark.analysis.rows import Row, count_seeds
from benchmark.analysis.runs import Run
from benchmark.analysis.summaries import Summary, summarize
from benchmark.protocol.differences import LEAST_SEEDS, over_seeds
from benchmark.protocol.statistics import Interval

CHANCE_DEGREES = 45.0


@dataclass(frozen=True)
class Agreement:
    """Agreement of a row's heatmaps with the true ambiguity, over seeds.

    Attributes:
        angle: median angle in degrees; 45 is chance.
        cosine: mean absolute cosine of the angle; 2 / pi = 0.64 is chance.
        anisotropy: median ratio of a heatmap's standard deviations along its two axes; 1 is round.
        true_anisotropy: the same of the true covariance.
        landmarks: number of landmarks, over all test images, whose true covariance has a direction.
    """

    angle: Summary
    cosine: Summary
    anisotropy: Summary
    true_anisotropy: float
    landmarks: int


def agreement(runs: Sequence[Run]) -> Agreement | None:
    """Agreement over some runs of a row; None where it cannot be measured."""
    measured = [run.digest.axes for run in runs]
    if not measured or None in measured:
        return None
    first = measured[0]
    numbers = (
        summarize([getattr(axes, name) for axes in measured], first.landmarks)
        for name in ('angle', 'cosine', 'anisotropy')
    )
    return Agreement(*numbers, first.true_anisotropy, first.landmarks)


@dataclass(frozen=True)
class AxisDifference:
    """Angle of a row's heatmap axes to the true ones minus that of another row, degrees.

    Attributes:
        row: the row.
        reference: the row that it is compared with.
        ours: agreement of the row with the true ambiguity, over the seeds that both finished.
        theirs: the same of the other row.
        seeds: number of those seeds.
        mean: mean over them; negative: the row's axes lie closer to the true ones.
        over_seeds: 95 % interval by Student's t over seeds, for this test set; None without a claim: for fewer than
            three seeds, or where all give the same difference.
        p_value: two-sided, of the same; None likewise.
        comparisons: number of comparisons that ``corrected_p`` is corrected for.
        corrected_p: ``p_value`` after Holm's correction.
    """

    row: Row
    reference: Row
    ours: Agreement
    theirs: Agreement
    seeds: int
    mean: float
    over_seeds: Interval | None
    p_value: float | None
    comparisons: int
    corrected_p: float | None

    @property
    def decided(self) -> bool:
        """Whether the interval, as it is printed, excludes zero and the corrected p is below 0.05."""
        if self.over_seeds is None:
            return False
        low, high = (round(bound, 1) for bound in self.over_seeds)
        return (low > 0 or high < 0) and self.corrected_p < SIGNIFICANT

    @property
    def verdict(self) -> Verdict:
        """What may be said in a word."""
        if self.decided:
            return 'better' if self.mean < 0 else 'worse'
        if self.over_seeds:
            return 'undecided'
        return count_seeds(self.seeds) if self.seeds < LEAST_SEEDS else 'no claim'

    def sentence(self) -> str:
        """What may be said, e.g. 'the heatmap axes of STAR lie 17.0 [15.1, 18.9] degrees farther from ...'."""
        ours, theirs = self.ours, self.theirs
        name, other = self.row.loss, self.reference.loss
        values = f'{ours.angle.mean:.1f} against {theirs.angle.mean:.1f}, chance is {CHANCE_DEGREES:.0f}'
        ratios = (
            f'axis ratio {ours.anisotropy.mean:.2f} against {theirs.anisotropy.mean:.2f}, '
            f'true {ours.true_anisotropy:.2f}'
        )
        seeds = count_seeds(self.seeds)
        parts = [values, ratios, f'{seeds} on this test set']
        if self.p_value is not None:
            parts.append(p_text(self.p_value))
            if self.comparisons > 1:
                parts.append(f'corrected for {self.comparisons} comparisons {p_text(self.corrected_p)}')
        conditions = '; '.join(parts)
        if not self.decided:
            limit = '' if self.over_seeds else f'; {why_no_claim(self.seeds, "loss")}'
            amount = signed_interval(self.mean, self.over_seeds, 1)
            return (
                f'no difference between the heatmap axes of {name} and {other} can be shown: {amount} degrees '
                f'({conditions}){limit}.'
            )
        side, size = 'farther from' if self.mean > 0 else 'closer to', unsigned_interval(self.mean, self.over_seeds, 1)
        return (
            f'the heatmap axes of {name} lie {size} degrees {side} the true ones than those of {other} ({conditions}).'
        )


def axis_differences(recipes: Sequence[Sequence[Row]]) -> list[AxisDifference]:
    """Every STAR row against the baseline of its recipe, where both have heatmaps and the truth is known."""
    found = []
    for recipe in recipes:
        baseline = baseline_of(recipe)
        pairs = [pair(row, other) for row, other in star_pairs(recipe) if other is baseline]
        found += [_compare(one) for one in pairs if one]
    return correct([one for one in found if one is not None], lambda one: one.row.own)


def _compare(pairing: Pairing) -> AxisDifference | None:
    ours, theirs = agreement(pairing.runs), agreement(pairing.others)
    if ours is None or theirs is None:
        return None
    values = np.subtract(*([run.digest.axes.angle for run in side] for side in (pairing.runs, pairing.others)))
    bounds, p_value = over_seeds(values)
    rows = pairing.row, pairing.reference
    return AxisDifference(*rows, ours, theirs, len(values), float(values.mean()), bounds, p_value, 1, p_value)
