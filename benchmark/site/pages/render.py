"""HTML pages: templates filled with what a page shows, each page a single file that loads nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmark.analysis.intervals import RESAMPLES
from benchmark.analysis.rows import BASELINE_LOSS, Row
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.site.board import Board, BoardLine, Field, Value
from benchmark.site.figures.style import DARK, LIGHT, Colours
from benchmark.site.pages.benchmark_view import BenchmarkView
from benchmark.site.pages.experiment_view import ExperimentView
from benchmark.site.pages.index_view import IndexView
from benchmark.site.pages.payload import QUANTUM

_SITE = Path(__file__).parents[1]
_STYLES = ('vendor/uPlot.min.css', 'assets/page.css', 'assets/tables.css', 'assets/controls.css', 'assets/print.css')
_FOLDING = ('assets/folding.js',)
_CURVES = (
    *('vendor/uPlot.iife.min.js', 'assets/image-errors.js', 'assets/chosen.js'),
    *('assets/curve-chart.js', 'assets/error-curves.js'),
)
_BOARD = (
    *('vendor/dataTables.min.js', 'vendor/dataTables.buttons.min.js', 'assets/board.js', 'assets/board-filters.js'),
    *('assets/board-columns.js', 'assets/board-export.js'),
)


@dataclass(frozen=True)
class Frame:
    """What every page shares.

    Attributes:
        pages: title and path, relative to the folder of the pages, of what the navigation leads to.
        records: where the records lie, relative to the folder of the pages.
    """

    pages: tuple[tuple[str, str], ...]
    records: str


@dataclass(frozen=True)
class Choice:
    """A column that may be filtered by its texts.

    Attributes:
        field: the column.
        column: its number in the table, where the boxes of the curves are number 0.
        texts: its texts.
    """

    field: Field
    column: int
    texts: tuple[str, ...]


def render_index(view: IndexView, frame: Frame) -> str:
    """The first page."""
    return _render('index.html.j2', frame, 'index.html', _FOLDING, view=view)


def render_benchmark(view: BenchmarkView, frame: Frame, exports: Sequence[tuple[str, str]]) -> str:
    """The page of a benchmark.

    Args:
        view: what it shows.
        frame: what every page shares.
        exports: label and path, relative to the folder of the pages, of each exported file.
    """
    # The curves choose their first rows last, when the boxes of the leaderboard can follow.
    scripts = (*_FOLDING, *_BOARD)
    if view.payload:
        scripts = (*scripts, *_CURVES[:-1], 'assets/board-chosen.js', _CURVES[-1])
    content = {
        'view': view,
        'exports': exports,
        'choices': _choices(view.board),
        'lines': _lines(view.board),
    }
    return _render('benchmark.html.j2', frame, f'{view.benchmark.name}.html', scripts, **content)


def render_experiment(
    view: ExperimentView, frame: Frame, links: Mapping[Row, str], exports: Sequence[tuple[str, str]]
) -> str:
    """The page of a row, which lies in a folder beside the page of its benchmark.

    Args:
        view: what it shows.
        frame: what every page shares.
        links: path of the page of every row, relative to the folder of the pages.
        exports: label and path, relative to the folder of the pages, of each exported file.
    """
    scripts = (*_FOLDING, *(_CURVES if view.payload else ()))
    page = links[view.row]
    return _render('experiment.html.j2', frame, page, scripts, view=view, links=links, exports=exports)


def render_definitions(frame: Frame) -> str:
    """The page that defines every number."""
    facts = {
        'benchmarks': [benchmark for benchmark in BENCHMARKS.values() if not benchmark.synthetic],
        'resamples': RESAMPLES,
        'quantum': QUANTUM,
        'baseline': BASELINE_LOSS,
    }
    return _render('definitions.html.j2', frame, 'definitions.html', _FOLDING, **facts)


def _render(template: str, frame: Frame, page: str, scripts: Sequence[str], **content: object) -> str:
    head = script('assets/theme.js')
    texts = [script(path) for path in scripts]
    return (
        _environment()
        .get_template(template)
        .render(
            frame=frame,
            page=page,
            root='../' * page.count('/'),
            policy=policy([head, *texts]),
            style=style(),
            head_script=head,
            scripts=texts,
            **content,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_SITE / 'templates'),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters['svg'] = Markup
    environment.globals['choice_text'] = _choice_text
    environment.globals['groups'] = _groups
    return environment


def _lines(board: Board) -> list[tuple[int, BoardLine]]:
    """Lines with the numbers of their recipes, those without a result last."""
    lines = [(number, line) for number, recipe in enumerate(board.recipes) for line in recipe]
    return sorted(lines, key=lambda numbered: bool(numbered[1].reason))


def _choices(board: Board) -> list[Choice]:
    """Columns that serve as filters and have more than one text."""
    found = []
    for column, field in enumerate(board.fields, 1):
        if field.choice:
            texts = sorted({_choice_text(line.values[field.key]) for line in board.lines} - {''}, key=str.casefold)
            if len(texts) > 1:
                found.append(Choice(field, column, tuple(texts)))
    return found


def _choice_text(value: Value) -> str:
    """What a cell is filtered by: the word behind it, such as a status without its reason, else its text."""
    if value.sort is None:
        return ''
    return value.sort if isinstance(value.sort, str) else value.text


def _groups(board: Board) -> list[tuple[str, list[tuple[int, Field]]]]:
    """Columns with their numbers under their headings, those without one first."""
    groups: dict[str, list[tuple[int, Field]]] = {}
    for column, field in enumerate(board.fields, 1):
        groups.setdefault(field.group or 'Configuration', []).append((column, field))
    return list(groups.items())


def policy(scripts: Sequence[str]) -> str:
    """Content security policy: nothing is loaded, and no script runs but these.

    See W3C, Content Security Policy Level 3, section 2.3.1, on hashes of inline scripts.
    """
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = ' '.join(f"'sha256-{each}'" for each in hashes)
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}"


@cache
def script(path: str) -> Markup:
    """Text of a script, written so that the page's parser sees neither a tag nor a comment in it.

    In strings and regular expressions, the only places where scripts hold these, '\\x3C' means '<'.
    """
    return Markup(re.sub(r'<(?=!--|/?script)', r'\\x3C', (_SITE / path).read_text(encoding='utf-8')))


@cache
def style() -> Markup:
    """Rules of every page, with the colours of the figures."""
    colours = _variables(LIGHT), _variables(DARK)
    theme = (
        f':root {{ {colours[0]} }}\n'
        f'@media screen {{ :root[data-theme=dark] {{ {colours[1]} }} }}\n'
        f'@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {colours[1]} }} }}\n'
        f'@media print {{ .figure {{ {_figure_variables(LIGHT)} }} }}\n'
    )
    return Markup(theme + '\n'.join((_SITE / path).read_text(encoding='utf-8') for path in _STYLES))


def _variables(colours: Colours) -> str:
    """Colours of the interactive curves."""
    return ' '.join(f'--series-{number}: {colour};' for number, colour in enumerate(colours.series, 1))


def _figure_variables(colours: Colours) -> str:
    """Colours of drawn figures, whatever the figures themselves say."""
    named = {field.name: getattr(colours, field.name) for field in fields(colours) if field.name != 'series'}
    named |= {f'series-{number}': colour for number, colour in enumerate(colours.series, 1)}
    return ' '.join(f'--figure-{name}: {colour} !important;' for name, colour in named.items())
