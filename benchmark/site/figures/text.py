"""Text of labels: made safe to draw, measured and broken into lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from matplotlib.font_manager import FontProperties, findfont, get_font

FAMILY = 'DejaVu Sans'
# What XML 1.0 cannot hold, and other control characters.
_UNDRAWABLE = re.compile('[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]')

_PIECE = re.compile(r'[^\s/]+(?: %)?/*\s?|/+\s?')


def plain(text: str) -> str:
    """One line of text that an SVG file can hold: white space is collapsed, control characters become U+FFFD.

    >>> plain('a\\n  b')
    'a b'
    """
    return _UNDRAWABLE.sub('\ufffd', ' '.join(text.split()))


@lru_cache(maxsize=4096)
def _advance(character: str, weight: str) -> float:
    """Width of a character at a font size of 1."""
    font = get_font(findfont(FontProperties(family=FAMILY, weight=weight)))
    font.set_size(100, 72)
    # As wide as high: Chinese characters, for example.
    if not font.get_char_index(ord(character)):
        return 1.0
    return font.load_char(ord(character)).linearHoriAdvance / 65536 / 100


def width(text: str, size: float, weight: str = 'normal') -> float:
    """Width of a text in points, without kerning, in DejaVu Sans, which is wider than the usual fonts of a page.

    Args:
        text: the text.
        size: font size, points.
        weight: 'normal' or 'bold'.
    """
    return size * sum(_advance(character, weight) for character in text)


def wrap(text: str, limit: float, size: float, lines: int = 3) -> list[str]:
    """Break a text into lines of at most ``limit`` points; what exceeds ``lines`` lines ends in an ellipsis.

    Lines end after a space or a slash; a word that is wider than a line is broken anywhere.

    Args:
        text: the text, one line.
        limit: greatest width, points.
        size: font size, points.
        lines: greatest number of lines.
    """
    broken, line = [], ''
    for piece in _pieces(plain(text), limit, size):
        if line and width((line + piece).rstrip(), size) > limit:
            broken.append(line.rstrip())
            line = ''
        line += piece
    broken.append(line.rstrip())
    if len(broken) > lines:
        last = broken[lines - 1]
        while last and width(f'{last}…', size) > limit:
            last = last[:-1]
        broken = [*broken[: lines - 1], f'{last}…']
    return broken


def _pieces(text: str, limit: float, size: float) -> Iterator[str]:
    """Parts that stay together: words, folders up to their slash, a number and its percent sign."""
    for piece in _PIECE.findall(text):
        while len(piece) > 1 and width(piece.rstrip(), size) > limit:
            end = len(piece.rstrip())
            while end > 1 and width(piece[:end], size) > limit:
                end -= 1
            yield piece[:end]
            piece = piece[end:]
        yield piece
