"""Landmarks as CSV: a line for each image, or one for each landmark."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence

import numpy as np

from benchmark.records.formats.landmarks import FormatFault, Landmarks, from_rows, parse_number

_COORDINATE = re.compile(r'(?:landmark|keypoint|point|kpt)?[ _]?([xy])[ _]?(\d+)|(\d+)[ _]?([xy])', re.IGNORECASE)
_NAMES = ('image', 'image_name', 'file_name', 'filename', 'name', 'file', 'path', 'image_path', 'img_path')
_IDS = ('image_id', 'id', 'img_id')
_LANDMARKS = ('landmark', 'keypoint', 'point', 'index')


def read_csv(text: str) -> Landmarks:
    """Landmarks of a table.

    Args:
        text: separated by commas, semicolons or tabs. With a head: columns ``x0, y0, x1, ...`` in any order, numbered
            from 0 or from 1, beside ``image`` or ``image_id``; or ``image, landmark, x, y`` with a line for each
            landmark. Without a head: a name and the coordinates, x and y by turns, or the coordinates alone.

    Raises:
        FormatFault: another table; the line is named.
    """
    lines = text.splitlines()
    separator = max(',;\t', key=(lines[0] if lines else '').count)
    try:
        rows = [row for row in csv.reader(lines, delimiter=separator) if row]
    except csv.Error as error:
        raise FormatFault(f'no table: {error}') from error
    if not rows:
        raise FormatFault('no lines')
    head = [cell.strip() for cell in rows[0]]
    if len(head) > 1 and all(parse_number(cell) is None for cell in head[1:]):
        _check_widths(rows)
        columns = {name.lower(): place for place, name in enumerate(head)}
        if {'x', 'y'} <= columns.keys():
            return _long(rows[1:], columns)
        return _wide(rows[1:], head, columns)
    _check_widths(rows)
    form = 'a table without a head'
    if parse_number(head[0]) is not None and len(head) % 2 == 0:
        labels = [f'line {number}' for number in range(1, len(rows) + 1)]
        points = from_rows([_numbers(row, label) for row, label in zip(rows, labels, strict=True)], labels)
        return _landmarks(points, form, None, False)
    keys, labels, is_id = _labels(rows, {'id': 0})
    points = from_rows([_numbers(row[1:], label) for row, label in zip(rows, labels, strict=True)], labels)
    return _landmarks(points, f'{form}, {"ids" if is_id else "names"} first', keys, is_id)


def _wide(rows: Sequence[Sequence[str]], head: Sequence[str], columns: Mapping[str, int]) -> Landmarks:
    places: dict[tuple[int, str], int] = {}
    for place, name in enumerate(head):
        found = _COORDINATE.fullmatch(name)
        if found:
            axis, number = (found[1], found[2]) if found[1] else (found[4], found[3])
            if (int(number), axis.lower()) in places:
                raise FormatFault(f"two columns for '{name}'")
            places[int(number), axis.lower()] = place
    numbers = sorted({number for number, _ in places})
    first = numbers[0] if numbers else 0
    wanted = [(number, axis) for number in range(first, first + len(numbers)) for axis in 'xy']
    if not numbers or first > 1 or sorted(places) != wanted:
        raise FormatFault('the columns of its head are not x0, y0, x1, y1 ... without a gap, nor image, landmark, x, y')
    keys, labels, is_id = _labels(rows, columns)
    order = [places[one] for one in wanted]
    values = [_numbers([row[place] for place in order], label) for row, label in zip(rows, labels, strict=True)]
    return _landmarks(from_rows(values, labels), 'a table with a line for each image', keys, is_id)


def _long(rows: Sequence[Sequence[str]], columns: Mapping[str, int]) -> Landmarks:
    keys, labels, is_id = _labels(rows, columns)
    place = next((columns[name] for name in _LANDMARKS if name in columns), None)
    if place is None or keys is None:
        raise FormatFault('a line for each landmark needs the columns image, landmark, x, y')
    images: dict[str | int, dict[int, list[float]]] = {}
    for key, label, row in zip(keys, labels, rows, strict=True):
        number = row[place].strip()
        if not number.isdecimal() or len(number) > 6:
            raise FormatFault(f"{label}: landmark '{number[:40]}' is no number from 0 or from 1")
        points = images.setdefault(key, {})
        if int(number) in points:
            raise FormatFault(f'{label}: landmark {number} is there twice')
        points[int(number)] = _numbers([row[columns['x']], row[columns['y']]], label)
    first = min((min(points) for points in images.values()), default=0)
    names = [f'image id {key}' if is_id else str(key) for key in images]
    for label, points in zip(names, images.values(), strict=True):
        missing = next((n for n in range(first, first + len(points)) if n not in points), None)
        if missing is not None or first > 1:
            raise FormatFault(f'{label}: landmark {first if missing is None else missing} is missing')
    values = [[c for number in sorted(points) for c in points[number]] for points in images.values()]
    return _landmarks(from_rows(values, names), 'a table with a line for each landmark', list(images), is_id)


def _landmarks(points: np.ndarray, form: str, keys: Sequence[str] | Sequence[int] | None, is_id: bool) -> Landmarks:
    if keys is None:
        return Landmarks(points, f'{form}, without names')
    return Landmarks(points, form, ids=np.array(keys)) if is_id else Landmarks(points, form, tuple(map(str, keys)))


def _labels(
    rows: Sequence[Sequence[str]], columns: Mapping[str, int]
) -> tuple[list[str] | list[int] | None, list[str], bool]:
    """Names or ids of the lines, what they are called in messages, and whether they are ids."""
    place = next((columns[name] for name in _NAMES if name in columns), None)
    if place is not None:
        names = [row[place].strip() for row in rows]
        return names, names, False
    place = next((columns[name] for name in _IDS if name in columns), None)
    lines = [f'line {number}' for number in range(2, len(rows) + 2)]
    if place is None:
        return None, lines, False
    ids = [row[place].strip() for row in rows]
    # With a zero in front it is a name, such as COFW's 0001.
    if all(re.fullmatch(r'0|[1-9]\d{0,14}', one, re.ASCII) for one in ids):
        return [int(one) for one in ids], [f'image id {one}' for one in ids], True
    return ids, ids, False


def _check_widths(rows: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise FormatFault(f'line {number} has {len(row)} cells, the first has {len(rows[0])}')


def _numbers(cells: Sequence[str], label: str) -> list[float]:
    numbers = [parse_number(cell) for cell in cells]
    if None in numbers:
        raise FormatFault(f"{label}: '{cells[numbers.index(None)][:40]}' is no number")
    return numbers
