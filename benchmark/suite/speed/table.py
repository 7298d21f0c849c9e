"""The table of the speed command."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmark.suite.speed.timing import Measurement


def print_table(measurements: Iterable[Measurement], console: Console | None = None) -> None:
    """Print all parts as one table, with a line below for each that says how it was measured.

    Args:
        measurements: the parts.
        console: where to print, by default standard output.
    """
    console = console or Console()
    measurements = list(measurements)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for label in ('Part', 'What'):
        table.add_column(label, overflow='fold')
    for label in ('ms\na sample', 'quartiles', 'samples\na second', 'times as\nfast', 'quartiles'):
        table.add_column(label, justify='right', no_wrap=True)
    for measurement in measurements:
        for row in measurement.rows:
            table.add_row(
                measurement.part,
                Text(row.name),
                f'{row.milliseconds:.2f}',
                '{:.2f}-{:.2f}'.format(*row.milliseconds_quartiles),
                f'{row.samples_per_second:.0f}',
                f'{row.ratio:.1f}',
                '{:.1f}-{:.1f}'.format(*row.ratio_quartiles),
            )
        table.add_section()
    console.print(table)
    for measurement in measurements:
        console.print(Text(f'{measurement.part}: {measurement.about}'))
