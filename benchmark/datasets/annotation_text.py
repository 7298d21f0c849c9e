"""Annotation files that are text: their lines and numbers, read without Python's leniency."""

from __future__ import annotations

import math
import re

_NOT_TEXT = re.compile(rb'[^\t\r\n\x20-\x7e]')
_NUMBER = re.compile(r'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?')
_NOT_FINITE = re.compile(r'[+-]?(nan|inf|infinity)', re.IGNORECASE)


def numbered_lines(content: bytes) -> list[tuple[int, str]]:
    """The lines of an ASCII file that are not empty, stripped, with their numbers from 1.

    Line ends may be those of any system; a UTF-8 byte order mark is skipped, and a Ctrl-Z at the end, as DOS has it.

    Raises:
        ValueError: the file is empty or not a text file; one line, without the file's name.
    """
    content = content.removeprefix(b'\xef\xbb\xbf').rstrip(b' \t\r\n\x1a')
    if _NOT_TEXT.search(content):
        raise ValueError('not a text file')
    numbered = enumerate(content.decode('ascii').splitlines(), start=1)
    lines = [(number, line.strip()) for number, line in numbered if line.strip()]
    if not lines:
        raise ValueError('the file is empty')
    return lines


def parse_number(word: str) -> float:
    """A finite decimal number.

    Raises:
        ValueError: it is none, such as ``nan``, ``1_000`` or ``0x1``; one line.

    >>> parse_number('-1.25e1')
    -12.5
    """
    if _NUMBER.fullmatch(word) and math.isfinite(number := float(word)):
        return number
    kind = 'finite number' if _NUMBER.fullmatch(word) or _NOT_FINITE.fullmatch(word) else 'number'
    raise ValueError(f'{shortened(word, 20)!r} is not a {kind}')


def shortened(text: str, length: int) -> str:
    """The start of a text that may be long, for a message."""
    return text if len(text) <= length else f'{text[:length]}...'
