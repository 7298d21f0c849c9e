"""Everything that is computed of a benchmark's rows, once, for all pages and tables that show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmark.analysis.axes import AxisDifference, axis_differences
from benchmark.analysis.comparison import baseline_of, compare, correct, current, pair, star_pairs
from benchmark.analysis.difference import Difference
from benchmark.analysis.intervals import Request, image_intervals
from benchmark.analysis.replication import Replication, replications
from benchmark.analysis.rows import Row
from benchmark.analysis.sections import Section
from benchmark.analysis.seeds_needed import Needed, needed_seeds
from benchmark.analysis.store import Store
from benchmark.analysis.summaries import Summary, images_of, summary
from benchmark.protocol.measures import Measure, all_measures, normalizers
from benchmark.protocol.statistics import LEAST_IMAGES, Interval


@dataclass(frozen=True)
class Standing:
    """Place of a row in the column of a measure.

    Attributes:
        best: whether its value is the best one of the rows that may be compared.
        tie: whether the best one is not shown to differ from it.
    """

    best: bool = False
    tie: bool = False


class Analysis:
    """Figures, intervals, standings and differences of a section; the intervals when they are first asked for.

    Attributes:
        section: the benchmark and its rows.
        normalizers: both, the headline one first.
        measures: every measure of the benchmark, headline normalizer first.

    Raises:
        BenchmarkError: runs that should be paired were tested on different images.
    """

    def __init__(self, section: Section, store: Store) -> None:
        self.section = section
        self.normalizers = normalizers(section.benchmark)
        self.measures = tuple(m for m in all_measures(section.benchmark) if m.metric == 'nme' or m.subset == 'full')
        self._store = store
        self._done = [row for row in section.rows if row.done]
        self._summaries = {(row, measure): summary(row, measure) for row in self._done for measure in self.measures}
        self._differences = self._compare()

    def completed(self) -> Analysis:
        """The same with all intervals and standings computed: for the store, and before processes share it."""
        _ = self._intervals, self._standings
        return self

    @cached_property
    def _intervals(self) -> dict[tuple[Row, Measure], Interval]:
        requests = {(row, measure): Request(row.done, measure) for row in self._done for measure in self.measures}
        found = image_intervals(requests.values(), self._store)
        return {key: found[request] for key, request in requests.items() if request in found}

    @cached_property
    def _standings(self) -> dict[tuple[Row, Measure], Standing]:
        standings = {}
        for measure, best, rows in self._columns:
            for row in rows:
                if self._reads_as(row, best, measure):
                    standings[row, measure] = Standing(best=True)
                else:
                    found = self.compared(best, row, measure)
                    standings[row, measure] = Standing(tie=not (found and found.decided and found.is_better))
        return standings

    @cached_property
    def _columns(self) -> list[tuple[Measure, Row, list[Row]]]:
        """For each column that has marks its best row, and all rows that are ranked in it: published and own apart."""
        columns = []
        for own in (False, True):
            rows = _ranked([row for row in self._done if row.own == own])
            for measure in self.measures:
                if rows and _mostly_there(rows[0], measure.subset):
                    best = (max if measure.higher_is_better else min)(rows, key=lambda row: self._mean(row, measure))
                    columns.append((measure, best, rows))
        return columns

    @cached_property
    def _against_best(self) -> dict[tuple[Row, Row, Measure], Difference]:
        """Differences of the best row of each column to the rows that no recipe sets beside it."""
        wanted, pairs = [], {}
        for measure, best, rows in self._columns:
            for row in rows:
                compared = (best, row, measure) in self._differences or (row, best, measure) in self._differences
                if compared or self._reads_as(row, best, measure):
                    continue
                if row not in pairs.setdefault(best, {}):
                    pairs[best][row] = pair(best, row)
                if pairs[best][row]:
                    wanted.append((pairs[best][row], measure))
        return {(one.row, one.reference, one.measure): one for one in correct(compare(wanted), _family)}

    def _reads_as(self, row: Row, other: Row, measure: Measure) -> bool:
        return round(self._mean(row, measure), 2) == round(self._mean(other, measure), 2)

    def _mean(self, row: Row, measure: Measure) -> float:
        return self._summaries[row, measure].mean

    def _compare(self) -> dict[tuple[Row, Row, Measure], Difference]:
        wanted = []
        for recipe in self.section.recipes:
            baseline = baseline_of(recipe)
            others = [(row, baseline) for row in current(recipe) if baseline and row is not baseline]
            for row, other in dict.fromkeys([*star_pairs(recipe), *others]):
                paired = pair(row, other)
                if paired:
                    thorough = other is baseline and row.is_star
                    wanted += [(paired, measure) for measure in (self.measures if thorough else self.headlines)]
        return {(one.row, one.reference, one.measure): one for one in correct(compare(wanted), _family)}

    @cached_property
    def axis_differences(self) -> tuple[AxisDifference, ...]:
        """The heatmaps' axes of every STAR row against those of its baseline; none where the truth is not known."""
        return tuple(axis_differences(self.section.recipes))

    @cached_property
    def replications(self) -> tuple[Replication, ...]:
        """Own rows whose experiment is published, too."""
        return tuple(replications(self.section))

    @cached_property
    def seeds_needed(self) -> tuple[Needed, ...]:
        """How many seeds it takes to show that STAR differs from its baseline in headline NME."""
        found = self.star_differences(self.measures[0])
        return tuple(needed_seeds(one for one in found if one.reference.is_baseline))

    @property
    def headlines(self) -> tuple[Measure, ...]:
        """NME of the full test set under both normalizers, the headline one first."""
        return tuple(Measure('full', normalizer, 'nme') for normalizer in self.normalizers)

    @property
    def subset_errors(self) -> tuple[Measure, ...]:
        """NME of every subset under the headline normalizer."""
        return tuple(f for f in self.measures if f.metric == 'nme' and f.normalizer == self.normalizers[0])

    @property
    def leading_pair(self) -> tuple[Row, Row] | None:
        """A STAR row and its baseline: of the recipe in which they have most seeds in common, and of those the best."""
        pairs = []
        for recipe in self.section.recipes:
            baseline = baseline_of(recipe)
            stars = [row for row in recipe if row.is_star and row.done and not row.outdated]
            if stars and baseline and baseline.done:
                pairs.append((stars[0], baseline))
        return max(pairs, key=lambda one: len(found.seeds) if (found := pair(*one)) else 0, default=None)

    def summary(self, row: Row, measure: Measure) -> Summary | None:
        """A measure of a row over its finished seeds; None where there is none."""
        return self._summaries.get((row, measure))

    def interval(self, row: Row, measure: Measure) -> Interval | None:
        """95 % interval of a measure over images, percent; None where there are too few of them."""
        return self._intervals.get((row, measure))

    def standing(self, row: Row, measure: Measure) -> Standing:
        """Place of a row in the column of a measure."""
        return self._standings.get((row, measure), Standing())

    def difference(self, row: Row, other: Row | None, measure: Measure) -> Difference | None:
        """Difference of two rows of a recipe.

        A row of STAR and the baseline are compared in every measure, other pairs in :attr:`headlines` alone.
        """
        return self._differences.get((row, other, measure))

    def compared(self, row: Row, other: Row, measure: Measure) -> Difference | None:
        """The same in whichever direction the two rows are compared; besides, of the best row of a column to others."""
        for found in (self._differences, self._against_best):
            if (row, other, measure) in found:
                return found[row, other, measure]
            if (other, row, measure) in found:
                return found[other, row, measure].reversed()
        return None

    def star_differences(self, measure: Measure) -> list[Difference]:
        """Every STAR row against every other loss of its recipe, in the order of the table."""
        pairs = [rows for recipe in self.section.recipes for rows in star_pairs(recipe)]
        found = [self.difference(row, other, measure) for row, other in pairs]
        return [one for one in found if one is not None]


def _family(found: Difference) -> tuple[Measure, bool]:
    """Comparisons that are corrected together: what is found of own rows changes nothing of published ones."""
    return found.measure, found.row.own


def _ranked(done: Sequence[Row]) -> list[Row]:
    """The rows among which there is a best one: of one test set, complete where any is, without given weights."""
    rows = [row for row in done if not row.outdated and not row.record.weights]
    rows = [row for row in rows if not row.missing_data] or rows
    sets = Counter(row.done[0].digest.test_set for row in rows)
    return [row for row in rows if row.done[0].digest.test_set == max(sets, key=sets.get)]


def _mostly_there(row: Row, subset: str) -> bool:
    """Whether a column has marks: enough images for an interval, and most of the published ones."""
    images = images_of(row, subset)
    return images >= LEAST_IMAGES and 2 * images > row.benchmark.subset_sizes.get(subset, 0)
