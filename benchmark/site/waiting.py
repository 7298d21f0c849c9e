"""Rows that wait for their turn or their data: what their reasons say now, and which they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmark.analysis.rows import Row
from benchmark.site.board import Board, BoardLine, Value, status

_PREPARED = 'not-run: data has been prepared since'


def current_status(row: Row, rows: Sequence[Row]) -> str:
    """Status of a row as of now: 'no-data' becomes 'not-run' where another row has had data since, or at that time.

    Args:
        row: the row.
        rows: all rows of its benchmark.
    """
    return 'not-run' if _is_prepared(row, rows) else row.status


def current_text(row: Row, rows: Sequence[Row]) -> str:
    """Status in words as of now, with what limits the row; arguments as of :func:`current_status`."""
    return '; '.join((_PREPARED, *row.notes)) if _is_prepared(row, rows) else status(row)


def current(board: Board) -> Board:
    """The leaderboard with the status that each row has now."""
    rows = [line.row for line in board.lines]
    recipes = tuple(tuple(_current(line, rows) for line in recipe) for recipe in board.recipes)
    return replace(board, recipes=recipes)


def waits(line: BoardLine) -> bool:
    """Whether a row has neither a result nor failed."""
    return bool(line.reason) and line.row.status != 'failed'


def _current(line: BoardLine, rows: Sequence[Row]) -> BoardLine:
    if not _is_prepared(line.row, rows):
        return line
    text = current_text(line.row, rows)
    return replace(line, values={**line.values, 'status': Value(text, 'not-run')}, reason=text)


def _is_prepared(row: Row, rows: Sequence[Row]) -> bool:
    """Whether a result in the same folder, no older than the row's last attempt, shows that there is data by now.

    Results of another folder say nothing: those that are published came about with somebody else's data.
    """
    if row.status != 'no-data':
        return False
    last = max((run for run in row.unfinished if run.record.status == 'no-data'), key=lambda run: run.created)
    results = [run for other in rows for run in other.done if run.path.parent == last.path.parent]
    return any(run.created >= last.created for run in results)
