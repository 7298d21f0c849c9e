"""HTML pages: templates filled with what a page shows, each page a single file that loads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.site.board import Board, BoardLine, Field, Value
from benchmark.site.intervals import RESAMPLES
from benchmark.site.pages.benchmark_view import BenchmarkView
from benchmark.site.pages.experiment_view import ExperimentView
from benchmark.site.pages.index_view import IndexView
from benchmark.site.pages.inlined import policy, script, style
from benchmark.site.pages.payload import QUANTUM
from benchmark.site.rows import BASELINE_LOSS, Row

_SITE = Path(__file__).parents[1]
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
