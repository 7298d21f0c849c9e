"""Tables as data, the same for HTML, Markdown and the terminal, and how numbers are written in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.analysis.difference import Difference, p_number, signed, signed_interval
from benchmark.analysis.rows import UNKNOWN_SEED
from benchmark.analysis.summaries import Summary
from benchmark.protocol.statistics import Interval

NONE = '\u2013'
NOT_KNOWN = 'not known'  # of what this benchmark did not make, and nobody has said


@dataclass(frozen=True)
class Column:
    """Head of a column.

    Attributes:
        label: what stands in it, e.g. 'challenge'.
        group: heading shared with its neighbours, e.g. 'NME'; empty for none.
        numeric: whether its cells are aligned as numbers.
    """

    label: str
    group: str = ''
    numeric: bool = True


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: its value.
        note: what limits the value, e.g. '8 of 135 images'.
        best: whether it is the best of its column.
        tie: whether it cannot be told from the best.
    """

    text: str = NONE
    note: str = ''
    best: bool = False
    tie: bool = False


@dataclass(frozen=True)
class Line:
    """One line of a table.

    Attributes:
        cells: its cells, at least those of the identity columns.
        reason: why there is no result, shown in place of the missing cells; empty where there is one.
        strong: whether the line stands out: as a row of STAR, or as a difference that is shown.
    """

    cells: tuple[Cell, ...]
    reason: str = ''
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        caption: what the numbers are, with unit and normalizer.
        columns: heads.
        bodies: lines in groups that belong together, such as the losses of one recipe.
    """

    caption: str
    columns: tuple[Column, ...]
    bodies: tuple[tuple[Line, ...], ...]

    @property
    def groups(self) -> list[tuple[str, list[Column]]]:
        """Neighbouring columns under their shared headings; a column without heading stands alone."""
        groups: list[tuple[str, list[Column]]] = []
        for column in self.columns:
            if column.group and groups and groups[-1][0] == column.group:
                groups[-1][1].append(column)
            else:
                groups.append((column.group, [column]))
        return groups


def number(found: Summary | None, note: str = '') -> Cell:
    """Mean with two decimals, and its standard deviation where there are several seeds."""
    if found is None:
        return Cell()
    deviation = '' if found.deviation is None else f' ± {found.deviation:.2f}'
    return Cell(f'{found.mean:.2f}{deviation}', note)


def interval(found: Difference | None) -> Cell:
    """Signed difference with its 95 % interval."""
    return Cell() if found is None else Cell(signed_interval(found.mean, found.interval))


def duration(seconds: float) -> str:
    """Hours and minutes, minutes, or seconds."""
    if seconds < 99.5:
        return f'{seconds:.0f} s'
    minutes = round(seconds / 60)
    return f'{minutes} min' if minutes < 60 else f'{minutes // 60} h {minutes % 60:02d} min'


def count(value: float) -> str:
    """A whole number in groups of three digits, or with one decimal below ten."""
    return f'{value:,.0f}' if value >= 10 or value == int(value) else f'{value:.1f}'


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
        Column('p'),
        Column('p, corrected'),
        Column('Exact p over images'),
        Column('Sign-flip p'),
        Column('Seeds'),
        Column('Images'),
    )
    return Table(caption, columns, (lines,))


def _line(found: Difference) -> Line:
    measure = found.measure
    return Line(
        (
            Cell(f'{found.row.loss} against {found.reference.loss}'),
            Cell(found.row.network),
            Cell(measure.metric_label),
            Cell(measure.subset),
            Cell(measure.normalizer),
            interval(found),
            Cell(bounds_text(found.over_images)),
            Cell(bounds_text(found.over_seeds)),
            Cell(p_cell(found.p_value)),
            Cell(p_cell(found.corrected_p)),
            Cell(p_cell(found.exact_p)),
            Cell(p_cell(found.sign_flip_p)),
            Cell(str(len(found.seeds)) if found.seeds else _without_seeds(found)),
            Cell(str(found.images)),
        ),
        strong=found.decided,
    )


def bounds_text(bounds: Interval | None) -> str:
    """An interval of a difference, both ends signed."""
    return NONE if bounds is None else f'[{signed(bounds.low)}, {signed(bounds.high)}]'


def p_cell(p_value: float | None) -> str:
    """A p-value with two digits."""
    return NONE if p_value is None else p_number(p_value)


def _without_seeds(found: Difference) -> str:
    return 'given weights' if any(row.record.weights for row in (found.row, found.reference)) else UNKNOWN_SEED
