"""Rows that have no line in the leaderboard of a page: a line for each network, and all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchmark.analysis.rows import Row
from benchmark.site.board import Board, BoardLine
from benchmark.site.board_tables import board_table
from benchmark.site.tables import Cell, Column, Line, Table

_KEYS = ('loss', 'backbone', 'input', 'status')


@dataclass(frozen=True)
class WaitingView:
    """Rows without a result.

    Attributes:
        folded: a line for each network.
        rows: a line for each row, with its reason.
        pages: page of each line of ``rows``.
    """

    folded: Table
    rows: Table
    pages: tuple[tuple[str, ...], ...]

    @property
    def count(self) -> int:
        """Number of rows."""
        return sum(map(len, self.pages))


def waiting_view(
    board: Board, recipes: tuple[tuple[BoardLine, ...], ...], links: Mapping[Row, str]
) -> WaitingView | None:
    """Collect rows without a result; None without any.

    Args:
        board: the leaderboard.
        recipes: those of its lines that are to be shown.
        links: page of every row.
    """
    recipes = tuple(filter(None, recipes))
    if not recipes:
        return None
    columns = tuple(Column(field.label, numeric=False) for field in board.fields if field.key in _KEYS)
    bodies = tuple(
        tuple(Line(tuple(Cell(line.values[key].text) for key in _KEYS)) for line in recipe) for recipe in recipes
    )
    caption = f'{board.title}: rows without a result'
    return WaitingView(
        board_table(replace(board, recipes=recipes), _KEYS, caption),
        Table(f'{caption}, each', columns, bodies),
        tuple(tuple(links[line.row] for line in recipe) for recipe in recipes),
    )
