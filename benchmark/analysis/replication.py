"""Own results of what is published: whether the published numbers come out again, within what seeds do.

Seeds vary a number; so does another processor, since rounding differs and a training amplifies it. A number that was
trained again is reproduced where it lies no farther from the published one than seeds of one and the same training lie
from each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from benchmark.analysis.circumstances import circumstances
from benchmark.analysis.difference import signed
from benchmark.analysis.rows import Row, count_seeds
from benchmark.analysis.runs import Run
from benchmark.analysis.sections import Section
from benchmark.analysis.summaries import Summary, images_of, summarize
from benchmark.protocol.measures import Measure, all_measures
from benchmark.protocol.statistics import Spread, pooled_spread, prediction_bound

LEAST_OF_ROW = 3  # published seeds whose own deviation is taken; with fewer that of all rows of the network

Verdict = Literal['identical', 'reproduced', 'differs', 'not judged', 'not comparable']


class Outcome(NamedTuple):
    """A measure that was published and measured again.

    Attributes:
        measure: which measure.
        published: over the published runs that are compared.
        here: over the own ones.
        spread: how published seeds vary; None where nothing is known of it.
        bound: half width of the 95 % prediction interval of the difference, percentage points; None without a spread.
        verdict: what came of it.
    """

    measure: Measure
    published: Summary
    here: Summary
    spread: Spread | None
    bound: float | None
    verdict: Verdict

    @property
    def difference(self) -> float:
        """Here minus published, percentage points."""
        return self.here.mean - self.published.mean


@dataclass(frozen=True)
class Replication:
    """Own results of a configuration that is published.

    Attributes:
        row: the own row.
        published: the published one.
        seeds: seeds that both have, which are compared; where there is none, all of both are.
        runs: the own runs that are compared.
        others: the published ones.
        alike: published rows of the network, whose spread stands in for that of a row with few seeds.
    """

    row: Row
    published: Row
    seeds: tuple[int, ...]
    runs: tuple[Run, ...]
    others: tuple[Run, ...]
    alike: tuple[Row, ...]

    @cached_property
    def identical(self) -> int:
        """Number of runs whose predictions are those of the published run of the same seed, or the same weights."""
        if len(self.runs) != len(self.others):
            return 0
        pairs = zip(self.runs, self.others, strict=True)
        return sum(run.digest.content == other.digest.content for run, other in pairs)

    @property
    def fault(self) -> str | None:
        """What keeps the two from being compared: other images; None if nothing."""
        return next((fault for run in self.runs if (fault := run.digest.differs_from(self.others[0].digest))), None)

    @cached_property
    def circumstances(self) -> tuple[str, ...]:
        """In what device, kernels, versions and drawn pictures differ from the published ones, in words."""
        return circumstances([run.record for run in self.runs], [run.record for run in self.others])

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """All measures of the full test set under the headline normalizer, NME first."""
        benchmark = self.row.benchmark
        wanted = [m for m in all_measures(benchmark) if m.subset == 'full']
        return tuple(self._outcome(m) for m in wanted if m.normalizer == benchmark.headline_normalizer)

    @property
    def headline(self) -> Outcome:
        """NME."""
        return next(outcome for outcome in self.outcomes if outcome.measure.metric == 'nme')

    @property
    def verdict(self) -> Verdict:
        """What came of the headline measure."""
        return self.headline.verdict

    @property
    def holds(self) -> bool:
        """Whether the published number came out again."""
        return self.verdict in ('identical', 'reproduced')

    @property
    def over(self) -> str:
        """Which runs are compared, e.g. 'seeds 0 1 2', or '2 seeds here, 3 published'."""
        if self.row.record.weights:
            return self.row.record.weights.origin
        if self.seeds:
            return f'seed{"" if len(self.seeds) == 1 else "s"} {" ".join(map(str, self.seeds))}'
        return f'{count_seeds(len(self.runs))} here, {len(self.others)} others published'

    def sentence(self) -> str:
        """What came of it, e.g. 'reproduced: NME 4.98 against 4.99 published, seeds spread 0.16 (seeds 0 1 2, ...)'."""
        conditions = [self.over, self.row.benchmark.headline_normalizer, *self.circumstances]
        if 0 < self.identical < len(self.runs):
            conditions.insert(1, f'{self.identical} of them with identical predictions')
        return f'{self.verdict}: {self._finding()} ({", ".join(conditions)}).'

    def _finding(self) -> str:
        found = self.headline
        if self.verdict == 'not comparable':
            return f'{self.fault} than the published ones'
        if self.verdict == 'identical':
            return f'NME {found.here.mean:.2f}, from the same predictions as published'
        numbers = f'NME {found.here.mean:.2f} against {found.published.mean:.2f} published'
        if self.verdict == 'not judged':
            return f'{numbers}, {signed(found.difference)}; a single published seed does not tell how seeds vary'
        if self.row.record.weights:
            return f'{numbers}, {signed(found.difference)}, of the same weights'
        spread = f'seeds spread {found.spread.deviation:.2f}, so up to ±{found.bound:.2f} is expected'
        if self.verdict == 'reproduced':
            return f'{numbers}, {spread}'
        return f'{numbers}, {signed(found.difference)}, more than seeds explain: {spread}'

    def _outcome(self, measure: Measure) -> Outcome:
        here, published = (
            summarize([run.digest.values[measure.key] for run in runs], images_of(row, measure.subset))
            for row, runs in ((self.row, self.runs), (self.published, self.others))
        )
        spread = _spread(self.published, self.alike, measure)
        bound = None if spread is None else prediction_bound(spread, len(self.runs), len(self.others))
        return Outcome(measure, published, here, spread, bound, self._judge(here.mean - published.mean, bound))

    def _judge(self, difference: float, bound: float | None) -> Verdict:
        if self.fault:
            return 'not comparable'
        if self.identical == len(self.runs):
            return 'identical'
        if bound is None:
            return 'not judged'
        # As they are printed.
        return 'reproduced' if round(abs(difference), 2) <= round(bound, 2) else 'differs'


def replications(section: Section) -> list[Replication]:
    """Every own row with a result whose experiment is published, too, in the order of the table."""
    published = [row for row in section.rows if row.done and not row.own]
    found = []
    for row in section.rows:
        original = _original(row, published) if row.own and row.done else None
        if original:
            alike = [other for other in published if other.network == row.network and not other.record.weights]
            found += _replication(row, original, tuple(alike))
    return found


def _original(row: Row, published: Sequence[Row]) -> Row | None:
    """The published row of a row's experiment; of several the one that was made most alike."""
    ranks = [(_likeness(row, other), not other.outdated, other) for other in published]
    ranks = [rank for rank in ranks if rank[0]]
    return max(ranks, key=lambda rank: rank[:2])[2] if ranks else None


def _likeness(row: Row, other: Row) -> int:
    """3: the same experiment; 2: so far as is known; 1: but for the kind of device; 0: another one."""
    ours, theirs = row.record, other.record
    if ours.experiment and ours.experiment == theirs.experiment:
        return 3
    weights = [one.weights and one.weights.sha256 for one in (ours, theirs)]
    if weights[0] != weights[1] or ours.components != theirs.components:
        return 0
    if (ours.name, ours.recipe, ours.config) != (theirs.name, theirs.recipe, theirs.config):
        return 0
    if row.device != other.device:
        return 1
    return 0 if ours.experiment and theirs.experiment else 2


def _replication(row: Row, published: Row, alike: tuple[Row, ...]) -> list[Replication]:
    copies = {run.sha256 for run in published.done}
    ours = {run.record.seed: run for run in row.done if run.sha256 not in copies}
    theirs = {run.record.seed: run for run in published.done}
    if not ours:
        return []
    common = sorted(seed for seed in ours.keys() & theirs.keys() if seed is not None)
    if common:
        sides = (tuple(side[seed] for seed in common) for side in (ours, theirs))
    else:
        sides = (tuple(side.values()) for side in (ours, theirs))
    return [Replication(row, published, tuple(common), *sides, alike)]


def _spread(published: Row, alike: Sequence[Row], measure: Measure) -> Spread | None:
    if published.record.weights:
        return Spread(0.0, 0)
    rows = [published] if len(published.done) >= LEAST_OF_ROW else alike
    return pooled_spread([[run.digest.values[measure.key] for run in row.done] for row in rows])
