"""The .pts landmark files of the 300-W challenge (Sagonas et al., ICCV Workshops 2013)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.annotation_text import numbered_lines, parse_number, shortened

_VERSION = re.compile(r'version\s*:\s*[0-9.]+', re.IGNORECASE)
_COUNT = re.compile(r'n_points\s*:\s*([0-9]{1,9})', re.IGNORECASE)


def parse_pts(content: bytes, num_landmarks: int) -> NDArray[np.float64]:
    """Read the landmarks of a .pts file.

    The header (``version: 1``, ``n_points: 68``, ``{`` and the closing ``}``) is optional, as some copies of 300W have
    none; where one of its parts is there, it must agree with the rest. Its words are read in any case, and a brace may
    stand behind other words of a line. Line ends may be those of any system, empty lines are skipped, and so is the
    Ctrl-Z with which editors of DOS end a file. Coordinates are kept where they are negative or outside the image.

    Args:
        content: the file, ASCII text with or without a UTF-8 byte order mark.
        num_landmarks: K, the number of points that the file must hold.

    Returns:
        (K, 2) float64, x and y in pixels. The file counts pixels from 1, the result from 0.

    Raises:
        ValueError: the file is not like that; one line with the number of the offending line, without the file's name.

    >>> parse_pts(b'version: 1\\nn_points: 2\\n{\\n1.0 1.0\\n10.5 -3\\n}\\n', 2).tolist()
    [[0.0, 0.0], [9.5, -4.0]]
    """
    lines, announced = _without_header(list(_braces_apart(numbered_lines(content))))
    points = np.array([_point(number, line) for number, line in lines], dtype=np.float64).reshape(-1, 2)
    for expected in (announced, num_landmarks):
        if expected is not None and len(points) != expected:
            raise ValueError(f'{len(points)} points, expected {expected}')
    return points - 1.0


def _braces_apart(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The same with each brace on a line of its own."""
    for number, line in lines:
        yield from ((number, part) for part in re.findall(r'[{}]|[^\s{}](?:[^{}]*[^\s{}])?', line))


def _without_header(lines: list[tuple[int, str]]) -> tuple[list[tuple[int, str]], int | None]:
    """The lines between the braces, and the number of points that the header announces, if it does."""
    announced = None
    if lines and _VERSION.fullmatch(lines[0][1]):
        lines = lines[1:]
    if lines and (count := _COUNT.fullmatch(lines[0][1])):
        announced = int(count[1])
        lines = lines[1:]
    opened = bool(lines) and lines[0][1] == '{'
    closed = bool(lines) and lines[-1][1] == '}'
    if opened and not closed:
        raise ValueError("no '}' at the end, the file is cut short")
    if not opened and any(line == '{' for _, line in lines):
        number, line = lines[0]
        raise ValueError(
            f"line {number}: {shortened(line, 20)!r} is no header (version: 1, then n_points: 68, then '{{')"
        )
    if closed and not opened:
        raise ValueError("'}' at the end, but no '{' before the points")
    if announced is not None and not opened:
        raise ValueError("no '{' after n_points")
    return (lines[1:-1] if opened else lines), announced


def _point(number: int, line: str) -> tuple[float, float]:
    try:
        values = [parse_number(word) for word in line.split()]
    except ValueError as error:
        raise ValueError(f'line {number}: {error}') from error
    if len(values) != 2:
        raise ValueError(f'line {number}: {len(values)} numbers, expected x and y')
    return values[0], values[1]
