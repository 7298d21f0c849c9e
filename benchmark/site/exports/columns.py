"""What the columns of a leaderboard are in files for programs: their units, and their cells as plain values."""

from __future__ import annotations

from benchmark.site.board import Field, Value
from benchmark.site.rows import TIMES

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
