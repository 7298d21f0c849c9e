"""Cumulative error curves as SVG that reads on light and on dark pages."""

from __future__ import annotations

import io
import re

import matplotlib
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from benchmark.site.rows import Section

# Okabe and Ito 2008, without the yellow and black that vanish on a light or a dark page. On a dark page the two blues
# change places.
COLOURS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9')
_DASHES = ((0, (4, 2)), (0, (1, 1.5)), (0, (6, 1.5, 1, 1.5)))
_LIMIT = 0.10
# Stand-ins for the page's text, grid and background colours, replaced once the file is drawn.
_TEXT, _GRID, _PAGE = '#010203', '#010204', '#010205'
_VARIABLES = {_TEXT: 'text', _GRID: 'grid', _PAGE: 'page', '#0072b2': 'first', '#56b4e9': 'last'}
_STYLE = """<style>
.ced { --ced-text: #222; --ced-grid: #ddd; --ced-page: #fff; --ced-first: #0072b2; --ced-last: #56b4e9 }
@media (prefers-color-scheme: dark) {
.ced { --ced-text: #d6d9dd; --ced-grid: #3a3f45; --ced-page: #15181b; --ced-first: #56b4e9; --ced-last: #0072b2 }
}
</style>"""


def error_curves(section: Section) -> str | None:
    """Cumulative error distribution of every row with a result, under the headline normalizer, on the full test set.

    The seeds of a row are pooled. One colour is one recipe; solid lines are STAR, broken ones the other losses.

    Args:
        section: the benchmark and its rows.

    Returns:
        SVG text, the same for the same predictions; None where no row has a result.
    """
    if not any(row.done for row in section.rows):
        return None
    name, normalizer = section.benchmark.name, section.benchmark.headline_normalizer
    with matplotlib.rc_context(
        {
            'svg.hashsalt': name,
            'svg.fonttype': 'none',
            'font.family': 'sans-serif',
            'font.size': 10,
            'text.color': _TEXT,
            'axes.edgecolor': _TEXT,
            'axes.labelcolor': _TEXT,
            'xtick.color': _TEXT,
            'ytick.color': _TEXT,
            'text.parse_math': False,
        }
    ):
        figure = Figure(figsize=(5.2, 3.6), facecolor=_PAGE, layout='constrained')
        FigureCanvasSVG(figure)
        axes = figure.add_subplot(facecolor='none')
        _draw(axes, section)
        axes.set(xlim=(0, 100 * _LIMIT), ylim=(0, 100))
        axes.set_xlabel(f'per-image NME, % of the {normalizer} distance')
        axes.set_ylabel('test images with at most this error, %')
        axes.grid(color=_GRID, linewidth=0.6)
        axes.spines[['top', 'right']].set_visible(False)
        axes.legend(
            loc='lower right', fontsize=8.5, handlelength=2.6, facecolor=_PAGE, edgecolor='none', framealpha=0.85
        )
        buffer = io.StringIO()
        figure.savefig(buffer, format='svg', metadata={'Date': None, 'Creator': None}, facecolor=_PAGE)
    return _finish(buffer.getvalue(), name, f'Cumulative error curves, {section.benchmark.title}, {normalizer}')


def _draw(axes: matplotlib.axes.Axes, section: Section) -> None:
    shown = [recipe for recipe in section.recipes if any(row.done for row in recipe)]
    one_input = len({row.input_size for recipe in shown for row in recipe}) == 1
    for colour, recipe in zip(_cycle(COLOURS, len(shown)), shown, strict=True):
        dashes = iter(_cycle(_DASHES, len(recipe)))
        for row in recipe:
            style = 'solid' if row.is_star else next(dashes)
            if not row.done:
                continue
            errors = np.concatenate([run.predictions.nme(row.benchmark.headline_normalizer) for run in row.done])
            label = f'{row.record.loss}, {row.record.backbone if one_input else row.network}'
            axes.plot(*_steps(errors), color=colour, linestyle=style, linewidth=1.8, label=label)


def _cycle(values: tuple, count: int) -> list:
    return [values[i % len(values)] for i in range(count)]


def _steps(errors: np.ndarray, points: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """The curve at ``points`` equally spaced errors, both axes in percent."""
    x = np.linspace(0, _LIMIT, points + 1)
    return 100 * x, 100 * np.searchsorted(np.sort(errors), x, side='right') / len(errors)


def _finish(svg: str, name: str, title: str) -> str:
    """Make the drawing follow the page's colours and safe to have beside others in one page."""
    svg = svg[svg.index('<svg') :]
    for stand_in, variable in _VARIABLES.items():
        svg = svg.replace(stand_in, f'var(--ced-{variable})')
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = svg.replace('url(#', f'url(#{name}-').replace('href="#', f'href="#{name}-')
    svg = re.sub(r'<metadata>.*?</metadata>\s*', '', svg, flags=re.DOTALL)
    svg = svg.replace('<svg ', f'<svg class="ced" role="img" aria-label="{title}" ', 1)
    opening = svg.index('>', svg.index('<svg')) + 1
    return f'{svg[:opening]}\n<title>{title}</title>\n{_STYLE}{svg[opening:]}'
