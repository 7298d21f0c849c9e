"""Landmarks as lines of text like those of WFLW's lists: coordinates, box, flags and the image's path."""

from __future__ import annotations

from benchmark.protocol.layouts import LAYOUTS
from benchmark.records.formats.landmarks import FormatFault, Landmarks, from_rows, parse_number

_BOX, _FLAGS = 4, 6


def read_list(text: str) -> Landmarks:
    """Landmarks of lines with 2 K numbers, then perhaps a box of 4 and 6 attributes, then the path of the image.

    The path may stand in front instead, and may hold blanks.

    Raises:
        FormatFault: other lines; the first one is named.
    """
    names, rows = [], []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        name, numbers = _split(words)
        if name is None or len(numbers) < 2:
            raise FormatFault(f'line {number}: not 2 K numbers and the path of an image')
        names.append(name)
        rows.append(numbers)
    if not rows:
        raise FormatFault('no lines')
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise FormatFault(f'{names[number]}: {len(row)} numbers, but {len(rows[0])} for the first image')
    rest = _rest(len(rows[0]))
    kept = [row[: len(row) - rest] for row in rows]
    form = 'a list as of WFLW' + {0: '', _BOX: ', box not used', _BOX + _FLAGS: ', box and attributes not used'}[rest]
    return Landmarks(from_rows(kept, names), form, tuple(names))


def _split(words: list[str]) -> tuple[str | None, list[float]]:
    """The name of an image at the end or in front, and the numbers beside it."""
    values = [parse_number(word) for word in words]
    count = sum(value is not None for value in values)
    # A part of a name with blanks may be a number, but what is next to the coordinates is none.
    if values[0] is not None:
        end = next((place for place, value in enumerate(values) if value is None), len(words))
        return (' '.join(words[end:]) or None), values[:end]
    if values[-1] is not None and count:
        start = len(words) - next(place for place, value in enumerate(values[::-1]) if value is None)
        return ' '.join(words[:start]), values[start:]
    return None, []


def _rest(count: int) -> int:
    """How many numbers behind the coordinates are box and attributes."""
    for layout in LAYOUTS.values():
        extra = count - 2 * layout.num_landmarks
        if extra in (0, _BOX, _BOX + _FLAGS):
            return extra
    return 0
