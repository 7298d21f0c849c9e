"""What the first page shows: a card for every benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmark.protocol.benchmarks import BENCHMARKS, Benchmark
from benchmark.site.board_tables import board_table
from benchmark.site.pages.benchmark_view import BenchmarkView
from benchmark.site.tables import Table

LINES = 10


@dataclass(frozen=True)
class Card:
    """A benchmark on the first page.

    Attributes:
        view: everything of the benchmark.
        page: its page, relative to the reports folder.
        table: headline figures of its best rows; None where no row has a result.
        pages: the page of each line of the table.
        more: number of rows that only the benchmark's page shows.
    """

    view: BenchmarkView
    page: str
    table: Table | None
    pages: tuple[tuple[str, ...], ...]
    more: int

    @property
    def benchmark(self) -> Benchmark:
        """The benchmark."""
        return self.view.benchmark


@dataclass(frozen=True)
class IndexView:
    """Everything that the first page shows.

    Attributes:
        real: benchmarks of photographs that have a record.
        synthetic: benchmarks of drawn faces that have a record.
        absent: benchmarks without a record.
        speed: tables of measured speeds.
    """

    real: tuple[Card, ...]
    synthetic: tuple[Card, ...]
    absent: tuple[Benchmark, ...]
    speed: tuple[Table, ...]


def index_view(views: Sequence[BenchmarkView], speed: Sequence[Table]) -> IndexView:
    """Collect what the first page shows."""
    cards = [_card(view) for view in views]
    shown = {card.benchmark.name for card in cards}
    return IndexView(
        tuple(card for card in cards if not card.benchmark.synthetic),
        tuple(card for card in cards if card.benchmark.synthetic),
        tuple(benchmark for name, benchmark in BENCHMARKS.items() if name not in shown),
        tuple(speed),
    )


def _card(view: BenchmarkView) -> Card:
    board, normalizer = view.board, view.analysis.normalizers[0]
    shown, left = [], LINES
    for recipe in board.recipes:
        lines = tuple(line for line in recipe if not line.reason and not line.row.outdated)[:left]
        left -= len(lines)
        if lines:
            shown.append(lines)
    measured = ('nme.full', 'fr10.full', 'auc10.full', 'delta')
    keys = ('loss', 'backbone', 'input', *(f'{name}.{normalizer}' for name in measured), 'seeds', 'status')
    part = replace(board, recipes=tuple(shown))
    caption = f'{board.title}, {normalizer}, full test set, percent'
    return Card(
        view,
        f'{view.benchmark.name}.html',
        board_table(part, keys, caption) if shown else None,
        tuple(tuple(view.links[line.row] for line in lines) for lines in shown),
        sum(not line.reason for line in board.lines) - sum(map(len, shown)),
    )
