"""Finished figures: themed SVG for pages, PNG for papers, both from one drawing function; and sheets of several."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Drawing

from benchmark.site.figures.style import FAMILY, FIGURE_RULES, LIGHT, STAND_INS, VARIABLES, Colours, plain

_DOTS_PER_INCH = 300
_LABEL = re.compile(r'(?<=>)([^<\s][^<]*)(?=<)')
_LONG_NUMBER = re.compile(r'-?\d+\.\d{3,}')
_COMMAND = re.compile(r' ?\n?([MLCz]) ?(?=[-\d\n"])\n?')
_STAND_IN = re.compile('|'.join(VARIABLES))
_AUTOMATIC_ID = re.compile(r' id="[A-Za-z0-9]+_\d+"')
# A line ends before a group of marks alone, so that a change of data changes few lines.
_INSIDE_A_GROUP = re.compile(r'\n(?!<g |</svg>)')
_OPENING = re.compile(r'<svg [^>]*?width="([\d.]+)pt" height="([\d.]+)pt"')
_STYLE = f'<style>\n{FIGURE_RULES}\n</style>\n'
_GAP = 24.0  # between the figures of a sheet, points
_PREAMBLE = re.compile(r'\s*<metadata>.*?</metadata>\s*<defs>\s*<style.*?</style>\s*</defs>', flags=re.DOTALL)


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: file stem and prefix of the ids in the SVG, e.g. 'ced-300w'.
        title: alternative text, one sentence.
        svg: SVG element without an XML header; its colours follow the page that holds it, or the reader's system. The
            same input gives the same text.
        draw: draws the figure in given colours.
    """

    name: str
    title: str
    svg: str
    draw: Callable[[Colours], Drawing] = field(repr=False, compare=False)

    @property
    def inline(self) -> str:
        """The SVG for a page or sheet that has the rules of figures already."""
        return self.svg.replace(_STYLE, '', 1)

    def png(self) -> bytes:
        """The figure as PNG, in the colours of a light page on white, 300 dots per inch."""
        buffer = io.BytesIO()
        with _settings(self.name):
            drawing = self.draw(LIGHT)
            FigureCanvasAgg(drawing)
            drawing.savefig(buffer, format='png', dpi=_DOTS_PER_INCH, metadata={'Software': None})
        return buffer.getvalue()


def render(name: str, title: str, draw: Callable[[Colours], Drawing]) -> Figure:
    """Draw a figure as SVG.

    Args:
        name: letters, digits, hyphens, underscores and full stops, a letter first.
        title: alternative text.
        draw: makes the drawing in given colours; a function of a module or a ``partial`` of one, so that the figure can
            be sent to another process.

    Raises:
        ValueError: ``name`` would not do as an id.
    """
    if not re.fullmatch(r'[A-Za-z][\w.-]*', name, flags=re.ASCII):
        raise ValueError(f'{name!r} cannot be the name of a figure: letters, digits, "-", "_" and "." only')
    buffer = io.StringIO()
    with _settings(name):
        drawing = draw(STAND_INS)
        FigureCanvasSVG(drawing)
        drawing.savefig(buffer, format='svg', metadata={'Date': None})
    return Figure(name, plain(title), _finish(buffer.getvalue(), name, plain(title)), draw)


@dataclass(frozen=True)
class Part:
    """A figure on a sheet.

    Attributes:
        title: alternative text.
        source: path of the sheet and, behind ``#``, the view of this figure.
        width: points.
        height: points.
    """

    title: str
    source: str
    width: float
    height: float


def make_sheet(path: str, title: str, figures: Mapping[str, Figure]) -> tuple[str, dict[str, Part]]:
    """Put figures below each other into one SVG, which shows all of them or, asked by name, one.

    Args:
        path: where it will lie, relative to the folder of the pages.
        title: alternative text of the whole.
        figures: at least one, by names that do as ids.

    Returns:
        The SVG, and by the same names where each figure is found.
    """
    sizes = {key: tuple(map(float, _OPENING.match(figure.svg).groups())) for key, figure in figures.items()}
    width = max(one for one, _ in sizes.values())
    views, drawings, parts, top = [], [], {}, 0.0
    for key, figure in figures.items():
        wide, high = sizes[key]
        views.append(f'<view id="{key}" viewBox="0 {top:g} {wide:g} {high:g}"/>')
        drawings.append(figure.inline.replace('<svg ', f'<svg y="{top:g}" ', 1).replace('pt"', '"', 2))
        parts[key] = Part(figure.title, f'{path}#{key}', wide, high)
        top += high + _GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{html.escape(plain(title))}" '
        f'viewBox="0 0 {width:g} {top - _GAP:g}">'
    )
    return '\n'.join([head, *views, _STYLE.rstrip(), *drawings, '</svg>', '']), parts


def _settings(name: str) -> matplotlib.rc_context:
    """Settings of Matplotlib as shipped, whatever the user's own are, except for a few."""
    shipped = {key: value for key, value in matplotlib.rcParamsDefault.items() if key != 'backend'}
    own = {
        'svg.hashsalt': name,
        'svg.fonttype': 'none',
        'text.parse_math': False,
        'font.family': FAMILY,
        'path.simplify': False,  # Points of different landmarks in one path would be merged.
    }
    return matplotlib.rc_context(shipped | own)


def _finish(svg: str, name: str, title: str) -> str:
    """Make the drawing follow the page's colours, short, and safe to have beside others in one page."""
    # Labels, at odd places, are left as they are.
    parts = _LABEL.split(_PREAMBLE.sub('', svg[svg.index('<svg') :], count=1))
    # All at once: a character that SVG does not allow stands for the labels meanwhile.
    parts[::2] = _mend('\0'.join(parts[::2]), name).split('\0')
    svg = ''.join(parts)
    svg = _INSIDE_A_GROUP.sub('', re.sub(r'<g>\n(<path [^>]+/>)\n</g>', r'\1', svg))
    title = html.escape(title)
    svg = svg.replace('<svg ', f'<svg class="figure" role="img" aria-label="{title}" ', 1)
    opening = svg.index('>') + 1
    return f'{svg[:opening]}\n<title>{title}</title>\n{_STYLE}{svg[opening:]}'


def _mend(markup: str, name: str) -> str:
    markup = _AUTOMATIC_ID.sub('', markup)
    markup = _LONG_NUMBER.sub(lambda number: f'{float(number[0]):.2f}'.rstrip('0').rstrip('.'), markup)
    markup = _STAND_IN.sub(lambda colour: VARIABLES[colour[0]], markup)
    markup = markup.replace(' id="', f' id="{name}-')
    markup = markup.replace('url(#', f'url(#{name}-').replace('href="#', f'href="#{name}-')
    return re.sub(r'\n +', '\n', _COMMAND.sub(r'\1', markup).replace(' \n"', '"'))
