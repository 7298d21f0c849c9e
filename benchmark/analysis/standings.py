"""Everything that is computed of a benchmark's rows, once, for all pages and tables that show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.analysis.comparison import Difference, baseline_of, compare, pair, star_pairs
from benchmark.analysis.intervals import Request, image_intervals
from benchmark.analysis.rows import Row, Section
from benchmark.analysis.store import Store
from benchmark.analysis.summaries import Summary, summary
from benchmark.protocol.measures import Measure, all_measures, normalizers
from benchmark.protocol.statistics import Interval


@dataclass(frozen=True)
class Standing:
    """Place of a row in the column of a measure.

    Attributes:
        best: whether its value is the best one of the rows that may be compared.
        tie: whether the paired 95 % interval of its difference to the best one contains 0.
    """

    best: bool = False
    tie: bool = False


class Analysis:
    """Figures, intervals, standings and differences of a section.

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
        done = [row for row in section.rows if row.done]
        self._summaries = {(row, measure): summary(row, measure) for row in done for measure in self.measures}
        self._intervals = self._find_intervals(done, store)
        self._standings = self._rank([row for row in done if not row.outdated], store)
        self._differences = self._compare(store)

    def _find_intervals(self, rows: Sequence[Row], store: Store) -> dict[tuple[Row, Measure], Interval]:
        one_set = [row for row in rows if len({run.digest.test_set for run in row.done}) == 1]
        requests = {(row, measure): Request(row.done, (), measure) for row in one_set for measure in self.measures}
        found = image_intervals(requests.values(), store)
        return {key: found[request] for key, request in requests.items() if request in found}

    def _rank(self, rows: Sequence[Row], store: Store) -> dict[tuple[Row, Measure], Standing]:
        """Find the best rows, and those that cannot be told from them, among complete rows; without any, among all."""
        rows = [row for row in rows if not row.missing_data] or rows
        standings, rivals = {}, {}
        for measure in self.measures:
            means = {row: self.summary(row, measure).mean for row in rows if self.summary(row, measure)}
            if not means:
                continue
            best = (max if measure.higher_is_better else min)(means, key=means.get)
            for row, mean in means.items():
                if round(mean, 2) == round(means[best], 2):
                    standings[row, measure] = Standing(best=True)
                elif len({run.digest.test_set for run in (*row.done, *best.done)}) == 1:
                    rivals[row, measure] = Request(row.done, best.done, measure)
        bounds = image_intervals(rivals.values(), store)
        ties = {key: bounds[request] for key, request in rivals.items() if request in bounds}
        return standings | {key: Standing(tie=low <= 0 <= high) for key, (low, high) in ties.items()}

    def _compare(self, store: Store) -> dict[tuple[Row, Row, Measure], Difference]:
        wanted = []
        for recipe in self.section.recipes:
            baseline = baseline_of(recipe)
            stars = star_pairs(recipe)
            others = [(row, baseline) for row in recipe if baseline and row is not baseline]
            for row, other in dict.fromkeys([*stars, *others]):
                paired = pair(row, other)
                if paired:
                    thorough = other is baseline and row.is_star
                    wanted += [(paired, measure) for measure in (self.measures if thorough else self.headlines)]
        return {(one.row, one.reference, one.measure): one for one in compare(wanted, store)}

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
        """The STAR row of the best recipe that has one, with its baseline."""
        for recipe in self.section.recipes:
            baseline = baseline_of(recipe)
            stars = [row for row in recipe if row.is_star and row.done and not row.outdated]
            if stars and baseline and baseline.done:
                return stars[0], baseline
        return None

    def summary(self, row: Row, measure: Measure) -> Summary | None:
        """A measure of a row over its finished seeds; None where there is none."""
        return self._summaries.get((row, measure))

    def interval(self, row: Row, measure: Measure) -> Interval | None:
        """95 % interval of a measure over images, percent; None where there is a single image."""
        return self._intervals.get((row, measure))

    def standing(self, row: Row, measure: Measure) -> Standing:
        """Place of a row in the column of a measure."""
        return self._standings.get((row, measure), Standing())

    def difference(self, row: Row, other: Row | None, measure: Measure) -> Difference | None:
        """Difference of two rows of a recipe.

        A row of STAR and the baseline are compared in every measure, other pairs in :attr:`headlines` alone.
        """
        return self._differences.get((row, other, measure))

    def star_differences(self, measure: Measure) -> list[Difference]:
        """Every STAR row against every other loss of its recipe, in the order of the table."""
        pairs = [rows for recipe in self.section.recipes for rows in star_pairs(recipe)]
        found = [self.difference(row, other, measure) for row, other in pairs]
        return [one for one in found if one is not None]
