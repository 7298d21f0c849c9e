"""Differences between rows as a table."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.site.comparison import Difference, signed
from benchmark.site.tables import Cell, Column, Line, Table, interval


def differences_table(caption: str, found: Sequence[Difference | None]) -> Table | None:
    """One line for every difference that there is; None without any."""
    lines = tuple(_line(one) for one in found if one is not None)
    if not lines:
        return None
    columns = (
        *(Column(label, numeric=False) for label in ('Compared', 'Network', 'Metric', 'Subset', 'Normalizer')),
        Column('Difference [95 %]'),
        Column('Over images'),
        Column('Over seeds'),
        Column('Sign-flip p'),
        Column('Seeds'),
        Column('Images'),
    )
    return Table(caption, columns, (lines,))


def _line(found: Difference) -> Line:
    measure = found.measure
    return Line(
        (
            Cell(f'{found.row.record.loss} against {found.reference.record.loss}'),
            Cell(found.row.network),
            Cell(measure.metric_label),
            Cell(measure.subset),
            Cell(measure.normalizer),
            interval(found),
            _bounds(found.over_images),
            _bounds(found.over_seeds),
            Cell() if found.p_value is None else Cell(f'{found.p_value:.2g}'),
            Cell(str(len(found.seeds) or 1)),
            Cell(str(found.images)),
        ),
        strong=found.decided,
    )


def _bounds(bounds: tuple[float, float] | None) -> Cell:
    return Cell() if bounds is None else Cell(f'[{signed(bounds[0])}, {signed(bounds[1])}]')
