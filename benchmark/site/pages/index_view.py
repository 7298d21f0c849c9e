"""What the first page shows: what came of the published figures, whether STAR helps, and a card for every benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmark.analysis.axes import AxisDifference
from benchmark.analysis.difference import Difference
from benchmark.protocol.benchmarks import BENCHMARKS, Benchmark
from benchmark.site.board_tables import board_table
from benchmark.site.pages.benchmark_view import BenchmarkView
from benchmark.site.replication import replication_pages, replication_table, summary_text
from benchmark.site.tables import Table
from benchmark.site.ten_figures import TenFigures, ten_figures

LINES = 10
Finding = Difference | AxisDifference


@dataclass(frozen=True)
class Card:
    """A benchmark on the first page.

    Attributes:
        view: everything of the benchmark.
        page: its page, relative to the reports folder.
        table: headline figures of its best rows; None where no row has a result.
        pages: the page of each line of the table.
        more: number of rows that only the benchmark's page shows.
        findings: comparisons with a baseline that :class:`Answer` leaves out.
        more_findings: number of comparisons that only the benchmark's page shows.
    """

    view: BenchmarkView
    page: str
    table: Table | None
    pages: tuple[tuple[str, ...], ...]
    more: int
    findings: tuple[Finding, ...]
    more_findings: int

    @property
    def benchmark(self) -> Benchmark:
        """The benchmark."""
        return self.view.benchmark


@dataclass(frozen=True)
class Answer:
    """Whether STAR helps on one benchmark.

    Attributes:
        benchmark: the benchmark.
        recorded: whether it has a record, and so a page.
        findings: STAR against the baseline in its best recipe, its error and then its heatmaps; where there is no such
            pair, its first comparison with another loss; empty where there is none.
        lacking: why there is none.
    """

    benchmark: Benchmark
    recorded: bool
    findings: tuple[Finding, ...]
    lacking: str = ''


@dataclass(frozen=True)
class IndexView:
    """Everything that the first page shows.

    Attributes:
        figures: the ten figures to reproduce, and what came of them.
        answers: whether STAR helps, for every benchmark, those of photographs first.
        real: benchmarks of photographs that have a record.
        synthetic: benchmarks of drawn faces that have a record.
        absent: benchmarks without a record.
        speed: tables of measured speeds.
        replication: own rows beside the published ones of the same experiment, over all benchmarks; None without any.
        replication_pages: the page of each of its lines.
        replication_summary: how many of them came out as published.
    """

    figures: TenFigures
    answers: tuple[Answer, ...]
    real: tuple[Card, ...]
    synthetic: tuple[Card, ...]
    absent: tuple[Benchmark, ...]
    speed: tuple[Table, ...]
    replication: Table | None
    replication_pages: tuple[tuple[str, ...], ...]
    replication_summary: str


def index_view(views: Sequence[BenchmarkView], speed: Sequence[Table]) -> IndexView:
    """Collect what the first page shows."""
    cards = [_card(view) for view in views]
    shown = {view.benchmark.name: view for view in views}
    again = [one for view in views for one in view.analysis.replications]
    links = {row: link for view in views for row, link in view.links.items()}
    return IndexView(
        ten_figures([view.analysis.section for view in views]),
        tuple(_answer(benchmark, shown.get(name)) for name, benchmark in BENCHMARKS.items()),
        tuple(card for card in cards if not card.benchmark.synthetic),
        tuple(card for card in cards if card.benchmark.synthetic),
        tuple(benchmark for name, benchmark in BENCHMARKS.items() if name not in shown),
        tuple(speed),
        replication_table(again, across=True),
        replication_pages(again, links),
        summary_text(again),
    )


def _answer(benchmark: Benchmark, view: BenchmarkView | None) -> Answer:
    if view is None:
        return Answer(benchmark, False, (), 'nothing has been run')
    found = _leading(view)
    if found:
        return Answer(benchmark, True, found)
    if view.has_result:
        return Answer(benchmark, True, (), 'no row of STAR shares a seed with another loss of its recipe')
    return Answer(benchmark, True, (), 'no result yet' + (', as no data is prepared' if view.lacks_data else ''))


def _leading(view: BenchmarkView) -> tuple[Finding, ...]:
    """What seeds allow to claim of STAR and its baseline, of each recipe; else of the leading pair, else the first."""
    pair, found = view.analysis.leading_pair, (*view.findings, *view.axis_findings)
    claims = [
        one for one in view.findings if one.row.record.loss == 'STAR' and one.reference.is_baseline and one.over_both
    ]
    leading = [one for one in found if (one.row, one.reference) == pair and one not in claims]
    return (*claims, *leading) or found[:1]


def _card(view: BenchmarkView) -> Card:
    board, normalizer = view.board, view.analysis.normalizers[0]
    shown, left = [], LINES
    for recipe in board.recipes:
        lines = tuple(line for line in recipe if not line.reason and not line.row.outdated)[:left]
        left -= len(lines)
        if lines:
            shown.append(lines)
    # On a phone the first columns are all that is seen.
    measured = ('nme.full', 'fr10.full', 'auc10.full', 'delta')
    keys = ('loss', *(f'{name}.{normalizer}' for name in measured), 'seeds', 'backbone', 'input', 'status')
    part = replace(board, recipes=tuple(shown))
    caption = f'{board.title}, {normalizer}, full test set, percent'
    said = _leading(view)
    rest = [one for one in (*view.findings, *view.axis_findings) if one not in said]
    told = tuple(one for one in rest if one.reference.is_baseline)
    return Card(
        view,
        f'{view.benchmark.name}.html',
        board_table(part, keys, caption) if shown else None,
        tuple(tuple(view.links[line.row] for line in lines) for lines in shown),
        sum(not line.reason for line in board.lines) - sum(map(len, shown)),
        told,
        len(rest) - len(told),
    )
