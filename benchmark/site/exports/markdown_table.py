"""Tables as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from markupsafe import Markup

from benchmark.escaping import escape_markdown
from benchmark.site.board import Board
from benchmark.site.board_tables import board_table
from benchmark.site.tables import NONE, Cell, Column, Line, Table

TIE = '†'
NO_BREAK = '\u00a0'
IDENTITY = ('loss', 'backbone', 'input')  # what a line that stands for several rows has cells for
LEGEND = (
    '**Bold**: best of its column. '
    f'{TIE}: cannot be told from the best (its paired 95 % interval over images contains 0).'
)


def markdown_board(board: Board, normalizer: str) -> str:
    """The essential columns of a leaderboard, those that identify a row first; rows without a result are included."""
    keys = dict.fromkeys([*IDENTITY, *(field.key for field in board.fields if field.essential)])
    return f'{markdown_table(board_table(board, tuple(keys), f"{board.title}, {normalizer}, percent"))}\n'


def markdown_table(table: Table, links: Sequence[str] = ()) -> Markup:
    """A table with its caption above it and, where it marks any, a line that explains the marks below it.

    Args:
        table: the table; its groups of lines follow each other.
        links: where the first cell of each line with a result leads; none: no cell is a link.
    """
    following = iter(links)
    lines = [line for body in table.bodies for line in body]
    cells = [_cells(line, table.columns, '' if line.reason else next(following, '')) for line in lines]
    heads = [escape_markdown(head) for head in _heads(table)]
    rule = ['---:' if column.numeric else '---' for column in table.columns]
    text = '\n'.join(f'| {" | ".join(row)} |' for row in [heads, rule, *cells])
    marked = any(cell.best or cell.tie for line in lines for cell in line.cells)
    return Markup(f'**{escape_markdown(table.caption)}**\n\n{text}\n' + (f'\n{LEGEND}\n' if marked else ''))


def link_target(path: str) -> Markup:
    """A relative path as the target of a link."""
    return Markup(quote(path))


def _heads(table: Table) -> list[str]:
    """Heads in one line; the end that all headings share, e.g. ', inter-ocular', stands in the caption already."""
    groups = [column.group for column in table.columns]
    ends = {group.rpartition(', ')[2] for group in groups if group}
    if len(ends) == 1 and table.caption.count(f', {min(ends)},'):
        groups = [group.removesuffix(f', {min(ends)}') for group in groups]
    labels = [column.label for column in table.columns]
    return [f'{group}: {label}' if group else label for group, label in zip(groups, labels, strict=True)]


def _cells(line: Line, columns: Sequence[Column], link: str) -> list[str]:
    found = [_cell(cell, column.numeric) for cell, column in zip(line.cells, columns, strict=False)]
    if link:
        found[0] = f'[{found[0]}]({link_target(link)})'
    if not line.reason:
        return found
    return [*found, *[NONE] * (len(columns) - len(found) - 1), f'*{escape_markdown(line.reason)}*']


def _cell(cell: Cell, numeric: bool) -> str:
    text = escape_markdown(cell.text)
    if numeric:
        # A number stays on one line with its deviation and its interval.
        text = text.replace(' ', NO_BREAK)
    if cell.best:
        text = f'**{text}**'
    if cell.tie:
        text = f'{text}{NO_BREAK}{TIE}'
    return f'{text} ({escape_markdown(cell.note)})' if cell.note else str(text)
