"""Boxes from a file that names images, as a table or as JSON; several boxes an image are several faces."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BenchmarkError, UsageError
from benchmark.records.formats.landmarks import parse_number
from benchmark.suite.prediction.boxes import Found, Unusable, box_fault

SIDES = ('x', 'y', 'w', 'h')
_ADVICE = 'columns or keys: image, x, y, w, h'


class BoxFile:
    """Boxes of a CSV or JSON file.

    An image is named by its path or by the end of it, such as its file name; a video's boxes are those of every frame.

    Args:
        path: ``.csv`` with a head that has ``image, x, y, w, h``, or ``.json`` with a list of objects of these keys.

    Raises:
        UsageError: there is no such file, or it has another suffix.
        BenchmarkError: it cannot be read, or holds something else; one line with the place.
    """

    origin = 'file'

    def __init__(self, path: Path) -> None:
        self.path = path
        self.boxes: dict[tuple[str, ...], list[list[float]]] = {}
        for place, entry in _read(path):
            numbers = [_number(entry.get(side)) for side in SIDES]
            name = entry.get('image')
            if not isinstance(name, str) or not name.strip() or None in numbers:
                raise BenchmarkError(f'{path}: {place}: no image with four numbers ({_ADVICE})')
            fault = box_fault(numbers)
            if fault:
                raise BenchmarkError(f'{path}: {place}: {fault}')
            self.boxes.setdefault(_parts(name.strip()), []).append(numbers)

    def check_names(self, inputs: list[Path]) -> None:
        """Refuse a name that could be that of several inputs.

        Raises:
            UsageError: one line naming two of them.
        """
        for name in self.boxes:
            meant = [path for path in inputs if _ends_with(path, name)]
            if len(meant) > 1:
                raise UsageError(
                    f'{self.path}: {"/".join(name)} could be {meant[0]} or {meant[1]} (write more of the path)'
                )

    def __call__(self, path: Path, image: NDArray[np.uint8]) -> Found:
        """The boxes of an image.

        Raises:
            Unusable: the file has none.
        """
        boxes = [box for name, named in self.boxes.items() if _ends_with(path, name) for box in named]
        if not boxes:
            raise Unusable(f'{path}: has no box in {self.path} (add a line for it)')
        return Found(np.array(boxes, dtype=np.float64), self.origin)


def _read(path: Path) -> list[tuple[str, Mapping]]:
    """What the file says of each box, with its place in the file."""
    suffix = path.suffix.lower()
    if suffix not in ('.csv', '.json'):
        raise UsageError(f'{path}: boxes come as .csv or .json ({_ADVICE})')
    if not path.is_file():
        raise UsageError(f'{path}: no such file of boxes')
    try:
        text = path.read_text('utf-8-sig')
    except OSError as error:
        raise BenchmarkError(f'{path}: cannot read the boxes: {error.strerror}') from error
    except UnicodeDecodeError as error:
        raise BenchmarkError(f'{path}: no text in UTF-8 (save it as such)') from error
    return _read_csv(path, text) if suffix == '.csv' else _read_json(path, text)


def _read_csv(path: Path, text: str) -> list[tuple[str, Mapping]]:
    try:
        head, *rows = [row for row in csv.reader(io.StringIO(text)) if row] or [[]]
    except csv.Error as error:
        raise BenchmarkError(f'{path}: no table: {error} ({_ADVICE})') from error
    names = [name.strip() for name in head]
    missing = [name for name in ('image', *SIDES) if names.count(name) != 1]
    if missing:
        raise BenchmarkError(f'{path}: its head does not have one column {missing[0]} ({_ADVICE})')
    return [(f'box {place}', dict(zip(names, row, strict=False))) for place, row in enumerate(rows, 1)]


def _read_json(path: Path, text: str) -> list[tuple[str, Mapping]]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BenchmarkError(f'{path}: no JSON: {type(error).__name__} ({_ADVICE})') from error
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise BenchmarkError(f'{path}: no list of objects ({_ADVICE})')
    return [(f'box {place}', entry) for place, entry in enumerate(entries, 1)]


def _number(value: object) -> float | None:
    if isinstance(value, str):
        return parse_number(value)
    # By its text, so that a whole number which is too large is infinite and no error of its own.
    return float(str(value)) if type(value) in (int, float) else None


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name.replace('\\', '/')).parts


def _ends_with(path: Path, name: tuple[str, ...]) -> bool:
    return path.absolute().parts[-len(name) :] == name
