"""The .pts landmark files of the 300-W challenge (Sagonas et al., ICCV Workshops 2013)."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

_NOT_TEXT = re.compile(rb'[^\t\r\n\x20-\x7e]')
_VERSION = re.compile(r'version\s*:\s*[0-9.]+')
_COUNT = re.compile(r'n_points\s*:\s*([0-9]{1,9})')
_NUMBER = re.compile(r'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?')
_NOT_FINITE = re.compile(r'[+-]?(nan|inf|infinity)', re.IGNORECASE)


def parse_pts(content: bytes, num_landmarks: int) -> NDArray[np.float64]:
    """Read the landmarks of a .pts file.

    The header (``version: 1``, ``n_points: 68``, ``{`` and the closing ``}``) is optional, as some copies of 300W have
    none; where one of its parts is there, it must agree with the rest. Line ends may be those of any system, and empty
    lines are skipped. Coordinates are kept where they are negative or outside the image.

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
    content = content.removeprefix(b'\xef\xbb\xbf')
    if _NOT_TEXT.search(content):
        raise ValueError('not a text file')
    numbered = enumerate(re.split(r'\r\n|\r|\n', content.decode('ascii')), start=1)
    lines = [(number, line.strip()) for number, line in numbered if line.strip()]
    if not lines:
        raise ValueError('the file is empty')
    lines, announced = _without_header(lines)
    points = np.array([_point(number, line) for number, line in lines], dtype=np.float64).reshape(-1, 2)
    for expected in (announced, num_landmarks):
        if expected is not None and len(points) != expected:
            raise ValueError(f'{len(points)} points, expected {expected}')
    return points - 1.0


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
    if closed and not opened:
        raise ValueError("'}' at the end, but no '{' before the points")
    if announced is not None and not opened:
        raise ValueError("no '{' after n_points")
    return (lines[1:-1] if opened else lines), announced


def _point(number: int, line: str) -> tuple[float, float]:
    words = line.split()
    for word in words:
        if _NOT_FINITE.fullmatch(word) or (_NUMBER.fullmatch(word) and not np.isfinite(float(word))):
            raise ValueError(f'line {number}: {_short(word)} is not a finite number')
        if not _NUMBER.fullmatch(word):
            raise ValueError(f'line {number}: {_short(word)} is not a number')
    if len(words) != 2:
        raise ValueError(f'line {number}: {len(words)} numbers, expected x and y')
    return float(words[0]), float(words[1])


def _short(word: str) -> str:
    return repr(word if len(word) <= 20 else f'{word[:20]}...')
