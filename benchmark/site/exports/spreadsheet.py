"""A leaderboard as CSV, one line per row, and its columns and cells as plain values for programs."""

from __future__ import annotations

import pandas as pd

from benchmark.analysis.rows import TIMES
from benchmark.escaping import escape_spreadsheet
from benchmark.site.board import Board, BoardLine, Field, Value


def csv_text(board: Board) -> str:
    """The leaderboard with every column.

    Returns:
        CSV with a header: ``name`` (of the configuration), the keys of the columns and, where a column has them, its
        key with ``.deviation`` (standard deviation over seeds) and with ``.low`` and ``.high`` (95 % interval). Numbers
        are plain, missing ones are empty, and a text that a spreadsheet would run as a formula begins with an
        apostrophe.
    """
    # As objects, so that whole numbers stay whole beside missing ones.
    table = pd.DataFrame([_cells(line, board.fields) for line in board.lines], dtype=object)
    optional = [column for column in table if column.endswith(('.deviation', '.low', '.high'))]
    empty = [column for column in optional if table[column].isna().all()]
    return table.drop(columns=empty).to_csv(index=False, lineterminator='\n')


def _cells(line: BoardLine, fields: tuple[Field, ...]) -> dict[str, float | str | None]:
    cells = {'name': escape_spreadsheet(line.row.record.name)}
    for field in fields:
        value = line.values[field.key]
        found = plain(field, value)
        cells[field.key] = escape_spreadsheet(found) if isinstance(found, str) else found
        if field.numeric:
            low, high = value.bounds or (None, None)
            certainty = {'deviation': value.deviation, 'low': low, 'high': high}
            cells |= {f'{field.key}.{name}': _rounded(number) for name, number in certainty.items()}
    return cells


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 6)


_UNITS = {
    'train_seconds': 's',
    'peak_memory_mib': 'MiB',
    'gflops': 'billions of multiplications with addition',
}
_PERCENT = ('nme', 'fr', 'auc', 'interval')


def unit(field: Field) -> str:
    """Unit of the numbers of a column; empty for texts and counts."""
    if field.key.startswith('delta.'):
        return 'percentage points'
    return 'percent' if field.key.startswith(_PERCENT) else _UNITS.get(field.key, '')


def plain(field: Field, value: Value) -> float | str | None:
    """A cell without formatting: a number, a text, or None where there is no value."""
    if value.sort is None:
        return None
    if not field.numeric:
        return value.text.replace(f' {TIMES} ', 'x')
    return round(value.sort, 6)
