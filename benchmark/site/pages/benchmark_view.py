"""What the page of a benchmark shows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from benchmark.analysis.axes import AxisDifference
from benchmark.analysis.difference import Difference
from benchmark.analysis.digest import mean_shape
from benchmark.analysis.rows import Row, count_seeds
from benchmark.analysis.standings import Analysis
from benchmark.protocol.benchmarks import Benchmark
from benchmark.site.board import Board, BoardLine, make_board
from benchmark.site.board_tables import ambiguity_table
from benchmark.site.figures import (
    Curve,
    Effect,
    Figure,
    Part,
    ambiguity_ellipses,
    error_curves,
    forest_plot,
    landmark_errors,
    make_sheet,
)
from benchmark.site.pages.faces import Photographs, gains_and_losses
from benchmark.site.pages.payload import error_payload
from benchmark.site.pages.waiting_view import WaitingView, waiting_view
from benchmark.site.published import literature_table, violations
from benchmark.site.replication import replication_pages, replication_table, summary_text
from benchmark.site.reproduction import reproduction_table
from benchmark.site.seeds_table import caveat, seeds_table
from benchmark.site.tables import Table, differences_table
from benchmark.site.waiting import current, waits

# In printed figures; the page's own chart holds all rows, its table all differences.
NUMBER_OF_CURVES = NUMBER_OF_EFFECTS = 12


class BenchmarkView:
    """Everything that the page of a benchmark shows; what takes time is computed when it is first asked for.

    Args:
        analysis: the benchmark's figures.
        links: page of every row, relative to the reports folder.
        photographs: what to put behind drawn faces; None for a blank background.

    Attributes:
        benchmark: the benchmark.
        analysis: its figures.
        links: page of every row.
        board: its leaderboard, with the reasons that hold now.
        has_result: whether any row has a result.
        lacks_data: whether a row has no result because nothing is prepared, and nothing has been since.
        findings: STAR against the other losses of its recipe, headline NME.
        axis_findings: the axes of its heatmaps against those of the baseline's, synthetic benchmarks only.
    """

    def __init__(self, analysis: Analysis, links: Mapping[Row, str], photographs: Photographs | None = None) -> None:
        rows = analysis.section.rows
        self.benchmark: Benchmark = analysis.section.benchmark
        self.analysis = analysis
        self.links = links
        self._photographs = photographs
        self.board: Board = current(make_board(analysis))
        self.has_result = any(row.done for row in rows)
        self.lacks_data = any(line.values['status'].sort == 'no-data' for line in self.board.lines)
        self.findings: tuple[Difference, ...] = tuple(analysis.star_differences(analysis.measures[0]))
        self.axis_findings: tuple[AxisDifference, ...] = analysis.axis_differences

    @property
    def has_own(self) -> bool:
        """Whether own rows stand beside published ones."""
        return any(row.own for row in self.analysis.section.rows)

    @cached_property
    def replication(self) -> Table | None:
        """Own rows beside the published ones of the same experiment; None without any."""
        return replication_table(self.analysis.replications)

    @cached_property
    def replication_pages(self) -> tuple[tuple[str, ...], ...]:
        """The page of each line of :attr:`replication`."""
        return replication_pages(self.analysis.replications, self.links)

    @property
    def replication_summary(self) -> str:
        """How many of them came out as published."""
        return summary_text(self.analysis.replications)

    @cached_property
    def differences(self) -> Table | None:
        """The leading pair in every measure, other pairs in the headline ones; None where nothing can be compared."""
        analysis = self.analysis
        leading = analysis.leading_pair
        found = [analysis.difference(*leading, measure) for measure in analysis.measures] if leading else []
        for measure in analysis.headlines:
            found += [one for one in analysis.star_differences(measure) if (one.row, one.reference) != leading]
        return differences_table(f'{self.benchmark.title}: STAR minus the other loss, percentage points', found)

    @cached_property
    def seeds_needed(self) -> Table | None:
        """How many seeds would show that STAR differs from its baseline; None where it is not known how they vary."""
        return seeds_table(self.benchmark.title, self.analysis.seeds_needed)

    @property
    def seeds_caveat(self) -> str:
        """How far :attr:`seeds_needed` can be trusted."""
        return caveat(self.analysis.seeds_needed)

    @cached_property
    def figures(self) -> Mapping[str, Figure]:
        """Figures by what they show: 'ced', 'forest', 'landmarks', 'ellipses', 'gains'; those without content lack.

        Raises:
            BenchmarkError: a predictions file has become unreadable.
        """
        return _figures(self.analysis, self._photographs) if self.has_result else {}

    @property
    def sheet(self) -> str:
        """All figures in one SVG; empty where there is none."""
        return self._sheet[0]

    @property
    def sheet_path(self) -> str:
        """Where the sheet lies, relative to the folder of the pages."""
        return f'figures/{self.benchmark.name}.svg'

    @property
    def parts(self) -> Mapping[str, Part]:
        """Where on the sheet each of :attr:`figures` is."""
        return self._sheet[1]

    @cached_property
    def _sheet(self) -> tuple[str, Mapping[str, Part]]:
        if not self.figures:
            return '', {}
        return make_sheet(self.sheet_path, f'Figures of {self.benchmark.title}', self.figures)

    def stands(self, line: BoardLine) -> bool:
        """Whether a row has a line of its own in the leaderboard: it has a result, or failed beside one that has."""
        return self.has_result and not waits(line)

    @cached_property
    def waiting(self) -> WaitingView | None:
        """The rows that do not stand in the leaderboard; None without any."""
        recipes = self.board.recipes
        folded = tuple(tuple(line for line in recipe if not self.stands(line)) for recipe in recipes)
        return waiting_view(self.board, folded, self.links)

    @cached_property
    def statuses(self) -> Mapping[Row, str]:
        """Status of each row as of now, with what limits it."""
        return {line.row: line.values['status'].text for line in self.board.lines}

    @cached_property
    def payload(self) -> dict | None:
        """Per-image errors for the interactive curves; None where no row has a result."""
        return error_payload(self.analysis, self.analysis.section.recipes, self.links) if self.has_result else None

    @cached_property
    def ambiguity(self) -> Table | None:
        """Agreement of the heatmaps' axes with the true ambiguity, synthetic benchmarks only."""
        return ambiguity_table(self.analysis.section) if self.benchmark.synthetic else None

    @cached_property
    def reproduction(self) -> Table | None:
        """Published figures of STAR beside the reproduced ones, real benchmarks only."""
        return None if self.benchmark.synthetic else reproduction_table(self.analysis.section)

    @cached_property
    def literature(self) -> Table | None:
        """All published figures, real benchmarks only."""
        return None if self.benchmark.synthetic else literature_table(self.analysis.section)

    @cached_property
    def violations(self) -> tuple[str, ...]:
        """Published figures that contradict each other, a sentence each."""
        return () if self.benchmark.synthetic else tuple(violations(self.analysis.section))


def _figures(analysis: Analysis, photographs: Photographs | None) -> dict[str, Figure]:
    benchmark, headline = analysis.section.benchmark, analysis.normalizers[0]
    figures = {
        'ced': error_curves(
            f'ced-{benchmark.name}',
            f'Cumulative error curves, {benchmark.title}, {headline}',
            _curves(analysis),
            headline,
        )
    }
    effects = _effects(analysis)
    if effects:
        title = f'STAR against the baseline of its recipe, {benchmark.title}, NME, {headline}'
        figures['forest'] = forest_plot(f'forest-{benchmark.name}', title, effects)
    pair = analysis.leading_pair
    if pair:
        figures |= _pair_figures(benchmark, headline, *pair)
        drawn = gains_and_losses(f'gains-{benchmark.name}', *pair, headline, photographs)
        figures |= {'gains': drawn} if drawn else {}
    return figures


def _curves(analysis: Analysis) -> list[Curve]:
    normalizer, curves = analysis.normalizers[0], []
    shown = [recipe for recipe in analysis.section.recipes if any(row.done for row in recipe)]
    one_input = len({row.input_size for recipe in shown for row in recipe}) == 1
    for group, recipe in enumerate(shown):
        for row in recipe:
            if row.done and not row.outdated:
                errors = np.concatenate([run.digest.nme(normalizer) for run in row.done])
                label = f'{row.loss}, {row.record.backbone if one_input else row.network}'
                curves.append(Curve(label, errors, group, row.is_star))
    return curves[:NUMBER_OF_CURVES]


def _effects(analysis: Analysis) -> list[Effect]:
    """The leading pair on every subset, then other STAR rows against their baselines on the full test set."""
    leading, effects = analysis.leading_pair, []
    if leading:
        found = [analysis.difference(*leading, measure) for measure in analysis.subset_errors]
        effects += [_effect(one) for one in found if one]
    others = [
        one
        for one in analysis.star_differences(analysis.measures[0])
        if one.reference.is_baseline and (one.row, one.reference) != leading
    ]
    return effects + [_effect(one) for one in others[:NUMBER_OF_EFFECTS]]


def _effect(found: Difference) -> Effect:
    group = f'{found.row.loss} against {found.reference.loss}, {found.row.network}'
    low, high = found.interval or (None, None)
    note = f'{count_seeds(len(found.seeds))}, {found.images} images'
    return Effect(found.measure.subset, found.mean, low, high, group, found.decided, note)


def _pair_figures(benchmark: Benchmark, normalizer: str, star: Row, baseline: Row) -> dict[str, Figure]:
    losses = f'{star.loss} and {baseline.loss}, {star.network}'
    shape = mean_shape([run.digest for row in (star, baseline) for run in row.done])
    errors, reference = (np.mean([run.digest.landmark_errors for run in row.done], axis=0) for row in (star, baseline))
    figures = {
        'landmarks': landmark_errors(
            f'landmarks-{benchmark.name}',
            f'Error of each landmark, {benchmark.title}: {losses}',
            shape,
            benchmark.layout,
            100 * errors,
            100 * reference,
            f'% of the {normalizer} distance',
        )
    }
    covariances = {
        row.loss: np.mean([run.digest.covariances for run in row.done], axis=0)
        for row in (baseline, star)
        if all(run.digest.covariances is not None for run in row.done)
    }
    if covariances:
        truth = star.done[0].digest.ambiguity
        title = f'Spread of the heatmap at each landmark, {benchmark.title}: {losses}'
        figures['ellipses'] = ambiguity_ellipses(
            f'ellipses-{benchmark.name}', title, shape, benchmark.layout, covariances, truth
        )
    return figures
