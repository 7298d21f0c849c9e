"""Tables and lines on narrow terminals: fewer columns, rather than words and numbers that are broken or cut."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text


def empty_table(columns: Iterable[Column] = (), title: Text | None = None) -> Table:
    """A table without rows, in the form that all tables of the terminal have."""
    return Table(*columns, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=title, title_justify='left')


def fitted(table: Table, width: int, expendable: Sequence[str]) -> RenderableType:
    """A table that is no wider than the terminal, with a line below that names the columns that there was no room for.

    Args:
        table: made by :func:`empty_table`; it is of no other use afterwards.
        width: of the terminal, characters.
        expendable: headings of the columns that may be left out, on one line each, beginning with the least important.

    Returns:
        What to print. No word of it is broken, nor any line of a column that is not to be wrapped; where even the
        columns that have to stay need more than the terminal has, it is wider.
    """
    columns, left_out = list(table.columns), []
    for heading in expendable:
        if least_width(columns) <= width:
            break
        left_out += [heading for column in columns if _heading(column) == heading]
        columns = [column for column in columns if _heading(column) != heading]
    _widen(columns, width)
    shown = empty_table(columns, table.title)
    shown.rows, shown.width = table.rows, sum(column.width for column in columns) + _space(columns)
    if not left_out:
        return shown
    note = f'  no room in {width} columns for: {", ".join(left_out)} (widen the terminal, or use --json)'
    return Group(shown, wrapped(Text(note, style='dim'), width))


def wrapped(line: Text, width: int) -> Text:
    """A line in one style, broken between words alone: names that are longer stay whole for who copies them.

    It is to be printed without rich's own wrapping, by ``console.print(..., overflow='ignore', crop=False)``.

    Args:
        line: what to print; what stands further in than its margin is continued further in.
        width: of the terminal, characters.
    """
    text = line.plain.lstrip()
    margin = line.plain.removesuffix(text)
    indents = {'initial_indent': margin, 'subsequent_indent': 2 * margin}
    whole = textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False, **indents)
    return Text(whole, style=line.style)


def least_width(columns: Sequence[Column]) -> int:
    """Characters that columns of a table need, as wide as their longest word or, unwrapped, their longest line."""
    return sum(map(_least, columns)) + _space(columns)


def _widen(columns: Sequence[Column], width: int) -> None:
    """Give each column what it needs, and what is left to those that lack most of being on one line."""
    for column in columns:
        column.width = _least(column)
    wanted = [max(map(cell_len, _lines(column)), default=0) for column in columns]
    for _ in range(width - least_width(columns)):
        lacking = [want - column.width for want, column in zip(wanted, columns, strict=True)]
        if max(lacking) > 0:
            columns[lacking.index(max(lacking))].width += 1


def _space(columns: Sequence[Column]) -> int:
    """A blank behind each column, one between two, and one at each edge."""
    return 2 * len(columns) + 1


def _least(column: Column) -> int:
    parts = _lines(column) if column.no_wrap else (word for line in _lines(column) for word in line.split())
    return max(map(cell_len, parts), default=0)


def _lines(column: Column) -> Iterator[str]:
    for cell in (column.header, *column.cells):
        yield from str(cell).splitlines()


def _heading(column: Column) -> str:
    return ' '.join(str(column.header).split())
