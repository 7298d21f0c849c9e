"""Tables as data, the same for HTML, Markdown and the terminal, and how numbers are written in them."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.site.comparison import Difference, signed
from benchmark.site.summaries import Summary

NONE = '\u2013'


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
        strong: whether the line stands for a row of STAR.
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
    if found is None:
        return Cell()
    if found.interval is None:
        return Cell(signed(found.mean))
    low, high = found.interval
    return Cell(f'{signed(found.mean)} [{signed(low)}, {signed(high)}]')


def duration(seconds: float) -> str:
    """Hours and minutes, minutes, or seconds."""
    if seconds < 99.5:
        return f'{seconds:.0f} s'
    minutes = round(seconds / 60)
    return f'{minutes} min' if minutes < 60 else f'{minutes // 60} h {minutes % 60:02d} min'


def count(value: float) -> str:
    """A whole number in groups of three digits, or with one decimal below ten."""
    return f'{value:,.0f}' if value >= 10 or value == int(value) else f'{value:.1f}'
