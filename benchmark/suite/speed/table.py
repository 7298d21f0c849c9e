"""The tables of the speed command."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmark.console.columns import empty_table, fitted
from benchmark.records.speed import Measurement, Row, decimals

# What a narrow terminal has no room for, the least important first.
_LESS = ('heatmaps', 'MiB', 'waits', 'a second', 'x as fast')


def print_tables(measurements: Iterable[Measurement], console: Console | None = None) -> None:
    """Print a table for each group of each part, with lines below that say how it was measured and what is missing.

    Args:
        measurements: the parts.
        console: where to print, by default standard output.
    """
    console = console or Console()
    for measurement in measurements:
        for group, rows in groupby(measurement.rows, key=lambda row: row.group):
            rows = list(rows)
            shown = fitted(_table(measurement, group, rows), console.width, _LESS)
            console.print(shown, overflow='ignore', crop=False)
            if any(row.shares for row in rows):
                console.print(_shares(rows))
        for line in (measurement.about, *measurement.notes):
            console.print(Text(f'{measurement.part}: {line}'))


def _table(measurement: Measurement, group: str, rows: list[Row]) -> Table:
    table = _empty(': '.join(part for part in (measurement.part, group) if part))
    labels = [f'ms an {measurement.unit}' if measurement.unit == 'image' else 'ms a batch', 'a second', 'x as fast']
    if measurement.subject:
        labels.append(f'{measurement.subject} / this')
    memory = any(row.memory_mib is not None for row in rows)
    labels += ['MiB', 'heatmaps'] if memory else []
    waits = any(row.synchronizations is not None for row in rows)
    labels += ['waits'] if waits else []
    for label in labels:
        table.add_column(label, justify='right')
    for row in rows:
        cells = [
            _spread(row.milliseconds, row.milliseconds_quartiles, decimals(row.milliseconds)),
            f'{row.samples_per_second:.{0 if row.samples_per_second >= 10 else 1}f}',
            _spread(row.ratio, row.ratio_quartiles, 1),
        ]
        if measurement.subject:
            digits = 3 if row.subject_ratio < 10 else 1
            cells.append(_spread(row.subject_ratio, row.subject_ratio_quartiles, digits))
        if memory:
            none = row.memory_mib is None
            cells += ['', ''] if none else [f'{row.memory_mib:.1f}', f'{row.memory_heatmaps:.2f}']
        if waits:
            cells.append('' if row.synchronizations is None else str(row.synchronizations))
        table.add_row(Text(row.name), *cells)
    return table


def _shares(rows: list[Row]) -> Table:
    """A line for each part, since names of ways take several lines in any case."""
    table = _empty('share of time, %')
    rows = [row for row in rows if row.shares]
    for row in rows:
        table.add_column(Text(row.name), justify='right', overflow='fold', min_width=9)
    for part in dict.fromkeys(part for row in rows for part in row.shares):
        table.add_row(part, *(f'{100 * row.shares[part]:.1f}' if part in row.shares else '' for row in rows))
    return table


def _empty(title: str) -> Table:
    table = empty_table(title=Text(title, style='bold'))
    table.add_column('What', overflow='fold')
    return table


def _spread(median: float, quartiles: tuple[float, float], digits: int) -> str:
    low, high = quartiles
    return f'{median:.{digits}f}\n{low:.{digits}f}-{high:.{digits}f}'
