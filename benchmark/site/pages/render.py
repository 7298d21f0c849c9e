"""HTML pages: templates filled with what a page shows."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from benchmark.analysis.rows import Row
from benchmark.site.board import Board, BoardLine, Field, Value
from benchmark.site.definitions import definitions_html
from benchmark.site.exports.data import json_by_lines
from benchmark.site.pages.assets import head_script, loader, policy, scripts_with_hashes
from benchmark.site.pages.benchmark_view import BenchmarkView
from benchmark.site.pages.errata_view import ErrataView
from benchmark.site.pages.experiment_view import ExperimentView
from benchmark.site.pages.findings_view import FindingView
from benchmark.site.pages.index_view import IndexView

# A line of a page begins with a line of a table, an item, a group of marks, a larger part or an entry of its data, so
# that a change of data changes few lines. Elsewhere a new line means what a blank means.
_INSIDE_A_PART = re.compile(r'\n+(?!<(?:section|tr|g|li|main|script|details|figure|title|link)\b|\{"|"|\]|$)')


@dataclass(frozen=True)
class Frame:
    """What every page shares.

    Attributes:
        pages: title and path, relative to the folder of the pages, of what the navigation leads to.
        folder: where the pages lie.
    """

    pages: tuple[tuple[str, str], ...]
    folder: Path

    def link(self, path: Path) -> str:
        """A file of a record, relative to the folder of the pages."""
        return Path(os.path.relpath(path, self.folder)).as_posix()


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
    return _render('index.html.j2', frame, 'index.html', view=view)


def render_benchmark(view: BenchmarkView, frame: Frame, exports: Sequence[tuple[str, str]]) -> str:
    """The page of a benchmark.

    Args:
        view: what it shows.
        frame: what every page shares.
        exports: label and path, relative to the folder of the pages, of each exported file.
    """
    content = {
        'view': view,
        'exports': exports,
        'choices': _choices(view.board),
        'lines': _lines(view.board),
    }
    scripts = ('assets/curves.js', 'assets/board.js') if view.has_result else ()
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
    scripts = ('assets/curves.js',) if view.payload else ()
    page = links[view.row]
    return _render('experiment.html.j2', frame, page, scripts, view=view, links=links, exports=exports)


def render_errata(view: ErrataView, frame: Frame) -> str:
    """The page of known mistakes of the published annotations."""
    return _render('errata.html.j2', frame, 'errata.html', view=view)


def render_findings(view: Sequence[FindingView], frame: Frame) -> str:
    """The page of what the study found."""
    return _render('findings.html.j2', frame, 'findings.html', view=view)


def render_definitions(frame: Frame) -> str:
    """The page that defines every number."""
    return _render('definitions.html.j2', frame, 'definitions.html', text=definitions_html())


def _render(template: str, frame: Frame, page: str, scripts: Sequence[str] = (), **content: object) -> str:
    text = (
        _environment()
        .get_template(template)
        .render(
            frame=frame,
            page=page,
            root='../' * page.count('/'),
            policy=policy(),
            head_script=head_script(),
            loader=loader(),
            scripts=scripts_with_hashes(('assets/page.js', *scripts)),
            **content,
        )
    )
    parts = re.split(r'(<pre.*?</pre>)', text, flags=re.DOTALL)
    parts[::2] = [_INSIDE_A_PART.sub(' ', part) for part in parts[::2]]
    return ''.join(parts)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / 'templates'),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters['svg'] = Markup
    environment.filters['json_by_lines'] = lambda data: Markup(json_by_lines(data, htmlsafe_json_dumps))
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
