"""How figures look: colours and line styles on light and on dark pages, and text made safe, measured and broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache

from matplotlib.font_manager import FontProperties, findfont, get_font

# Dash patterns in points, told apart without colour; the first is solid.
DASHES = ((), (4.0, 2.0), (1.2, 1.4), (6.0, 1.5, 1.2, 1.5))


@dataclass(frozen=True)
class Colours:
    """One set of colours, as '#rrggbb'.

    Attributes:
        text: labels, axes and outlines.
        muted: what stands back, e.g. contours of a face.
        grid: grid lines.
        page: background.
        series: of data, used in turn.
    """

    text: str
    muted: str
    grid: str
    page: str
    series: tuple[str, ...]

    def of(self, index: int) -> str:
        """Colour of the series ``index``, which may exceed their number."""
        return self.series[index % len(self.series)]


# Series: Okabe and Ito 2008, without the yellow and black that vanish on a light or a dark page. On a dark page the two
# blues change places.
LIGHT = Colours(
    '#222222', '#70777e', '#dddddd', '#ffffff', ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9')
)
DARK = Colours(
    '#d6d9dd', '#8d959d', '#3a3f45', '#15181b', ('#56b4e9', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#0072b2')
)
# Drawn in place of the colours of a theme, and replaced by variables once the file is drawn.
STAND_INS = Colours(
    '#010201', '#010202', '#010203', '#010204', ('#010301', '#010302', '#010303', '#010304', '#010305', '#010306')
)


def _flat(colours: Colours) -> dict[str, str]:
    named = {field.name: getattr(colours, field.name) for field in fields(colours) if field.name != 'series'}
    return named | {f'series-{i}': colour for i, colour in enumerate(colours.series, 1)}


VARIABLES = {stand_in: f'var(--figure-{name})' for name, stand_in in _flat(STAND_INS).items()}


def _declared(selector: str, colours: Colours) -> str:
    return f'{selector}{{{";".join(f"--figure-{name}:{colour}" for name, colour in _flat(colours).items())}}}'


# The reader's system decides, unless the page's root element has data-theme="light" or "dark".
FIGURE_RULES = '\n'.join(
    [
        _declared('.figure', LIGHT),
        f'@media (prefers-color-scheme:dark){{{_declared(".figure", DARK)}}}',
        _declared(':root[data-theme=dark] .figure', DARK),
        _declared(':root[data-theme=light] .figure', LIGHT),
        '.figure *{stroke-linejoin:round;stroke-linecap:butt}',
        ".figure text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',"
        'sans-serif;stroke:none}',
    ]
)


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
