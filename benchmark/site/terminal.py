"""A short table per benchmark for the terminal, 80 characters wide or more."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from benchmark.site.comparison import baseline_difference
from benchmark.site.measures import Figure, summary
from benchmark.site.rankings import status
from benchmark.site.rows import BASELINE_LOSS, TIMES, Row, Section, make_sections
from benchmark.site.runs import read_runs
from benchmark.site.tables import Cell, interval, number


def terminal_tables(reports: Path) -> list[RenderableType]:
    """One table per benchmark: headline normalizer, full test set; real benchmarks first, synthetic ones named as such.

    Args:
        reports: folder that holds ``records/``.

    Returns:
        What a rich console prints, remarks on single rows below each table.

    Raises:
        BenchmarkError: a record or predictions file is damaged.
    """
    return [_table(section) for section in make_sections(read_runs(reports))]


def print_tables(reports: Path, console: Console | None = None) -> None:
    """Print the tables, or a line saying that nothing has been run.

    Args:
        reports: folder that holds ``records/``.
        console: where to print, by default standard output.

    Raises:
        BenchmarkError: a record or predictions file is damaged.
    """
    console = console or Console()
    tables = terminal_tables(reports)
    if not tables:
        console.print('nothing has been run yet (run: python -m benchmark.run --all)', markup=False)
    for table in tables:
        console.print(table)


def _table(section: Section) -> RenderableType:
    normalizer = section.benchmark.headline_normalizer
    figures = [Figure('full', normalizer, 'nme')] + [Figure('full', normalizer, m, 10.0) for m in ('fr', 'auc')]
    kind = 'synthetic, ' if section.benchmark.synthetic else ''
    title = Text(f'{section.benchmark.title} ({kind}{normalizer}, full test set, percent)', style='bold')
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for label in ('Loss', 'Network'):
        table.add_column(label, overflow='fold')
    for label in (*(figure.metric_label for figure in figures), f'ΔNME to\n{BASELINE_LOSS}\n[95 %]'):
        table.add_column(Text(label), justify='right', no_wrap=True)
    table.add_column('Status', overflow='fold')
    remarks = []
    for recipe in section.recipes:
        for row in recipe:
            cells = [number(summary(row, figure)) for figure in figures]
            cells.append(interval(baseline_difference(row, recipe, normalizer)))
            head = (row.record.loss, row.network.replace(f' {TIMES} ', TIMES))
            table.add_row(*map(Text, head), *map(_text, cells), _status(row), style=None if row.done else 'dim')
            if row.notes or row.status != 'done':
                remarks.append(Text(f'  {row.record.name}: {status(row)}', style='dim'))
        table.add_section()
    return Group(title, table, *remarks, Text())


def _text(cell: Cell) -> Text:
    # Deviations and intervals go below their number, which keeps the table narrow.
    return Text(cell.text.replace(' [', '\n[').replace(' ±', '\n±'))


def _status(row: Row) -> Text:
    seeds = '' if len(row.done) < 2 else f', {len(row.done)} seeds'
    return Text(row.status + seeds)
