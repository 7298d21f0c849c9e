"""The pages as Markdown, for readers of a code host: the same tables and figures, without what needs a script."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmark.analysis.rows import Row
from benchmark.escaping import escape_markdown
from benchmark.site.board import Board
from benchmark.site.board_tables import accuracy_table, board_table, cost_table
from benchmark.site.pages.benchmark_view import BenchmarkView
from benchmark.site.pages.errata_view import ErrataPart, ErrataView
from benchmark.site.pages.findings_view import FindingView
from benchmark.site.pages.index_view import Card, IndexView
from benchmark.site.pages.render import Frame
from benchmark.site.tables import NONE, Cell, Column, Line, Table

TIE = '†'
NO_BREAK = '\u00a0'
IDENTITY = ('loss', 'backbone', 'input')  # what a line that stands for several rows has cells for
LEGEND = (
    '**Bold**: best of its column. '
    f'{TIE}: not shown to differ from the best, which takes three seeds, an interval over seeds and images without 0, '
    'and p < 0.05 after correction.'
)
_TEMPLATES = Path(__file__).parents[1] / 'templates'


def render_markdown_index(view: IndexView) -> str:
    """The first page, ``README.md``."""
    return _render('README.md.j2', view=view, card_table=_card_table, waiting=_waiting)


def render_markdown_benchmark(view: BenchmarkView, frame: Frame, exports: Sequence[tuple[str, str]]) -> str:
    """The page of a benchmark, ``<name>.md``.

    Args:
        view: what it shows.
        frame: what every page shares.
        exports: label and path, relative to the folder of the pages, of each exported file.
    """
    normalizers = view.analysis.normalizers if view.has_result else view.analysis.normalizers[:1]
    return _render(
        'benchmark.md.j2',
        view=view,
        benchmark=view.benchmark,
        accuracy=[_accuracy(view.board, normalizer, view.links) for normalizer in normalizers],
        cost=markdown_table(cost_table(view.board)),
        rows=view.analysis.section.rows,
        exports=exports,
        frame=frame,
    )


def render_markdown_errata(view: ErrataView) -> str:
    """The page of known mistakes of the published annotations, ``errata.md``."""
    return _render('errata.md.j2', view=view, effects_table=_effects_table)


def render_markdown_findings(view: Sequence[FindingView]) -> str:
    """The page of what the study found, ``findings.md``."""
    return _render('findings.md.j2', view=view)


def _accuracy(board: Board, normalizer: str, links: Mapping[Row, str]) -> Markup:
    pages = [links[line.row] for line in board.lines if not line.reason]
    return markdown_table(accuracy_table(board, normalizer), pages)


def _card_table(card: Card) -> Markup:
    return markdown_table(card.table, [page for pages in card.pages for page in pages])


def _effects_table(part: ErrataPart) -> Markup:
    return markdown_table(part.effects_table, [page for pages in part.effects_pages for page in pages])


def _waiting(board: Board) -> list[str]:
    """Rows without a result, those that wait for the same thing together, with their reason."""
    recipes = (tuple(line for line in recipe if line.reason) for recipe in board.recipes)
    table = board_table(replace(board, recipes=tuple(recipes)), (*IDENTITY, 'status'), board.title)
    return [f'{", ".join(cell.text for cell in line.cells)}: {line.reason}' for body in table.bodies for line in body]


def render_model_card(**content: object) -> str:
    """The card of a trained network; see :func:`benchmark.site.model_card.model_card`."""
    return _render('model_card.md.j2', **content)


def _render(template: str, **context: object) -> str:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=escape_markdown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {'table': _table}
    # Inside a line of HTML, such as a summary, Markdown is not read.
    environment.filters |= {'html': lambda text: Markup(html.escape(str(text))), 'target': link_target}
    return re.sub(r'\n{3,}', '\n\n', environment.get_template(template).render(context))


def _table(table: Table) -> Markup:
    return markdown_table(table)


def markdown_table(table: Table, links: Sequence[str] = ()) -> Markup:
    """A table with its caption above it and, where it marks any, a line that explains the marks below it.

    Args:
        table: the table; its groups of lines follow each other.
        links: where the first cell of each line with a result leads; none: no cell is a link.
    """
    following = iter(links)
    lines = [line for body in table.bodies for line in body]
    cells = [_cells(line, table.columns, '' if line.reason else next(following, '')) for line in lines]
    heads = [escape_markdown(head) for head in _heads(table)]
    rule = ['---:' if column.numeric else '---' for column in table.columns]
    text = '\n'.join(f'| {" | ".join(row)} |' for row in [heads, rule, *cells])
    marked = any(cell.best or cell.tie for line in lines for cell in line.cells)
    return Markup(f'**{escape_markdown(table.caption)}**\n\n{text}\n' + (f'\n{LEGEND}\n' if marked else ''))


def link_target(path: str) -> Markup:
    """A relative path as the target of a link."""
    return Markup(quote(path))


def _heads(table: Table) -> list[str]:
    """Heads in one line; the end that all headings share, e.g. ', inter-ocular', stands in the caption already."""
    groups = [column.group for column in table.columns]
    ends = {group.rpartition(', ')[2] for group in groups if group}
    if len(ends) == 1 and table.caption.count(f', {min(ends)},'):
        groups = [group.removesuffix(f', {min(ends)}') for group in groups]
    labels = [column.label for column in table.columns]
    return [f'{group}: {label}' if group else label for group, label in zip(groups, labels, strict=True)]


def _cells(line: Line, columns: Sequence[Column], link: str) -> list[str]:
    found = [_cell(cell, column.numeric) for cell, column in zip(line.cells, columns, strict=False)]
    if link:
        found[0] = f'[{found[0]}]({link_target(link)})'
    if not line.reason:
        return found
    return [*found, *[NONE] * (len(columns) - len(found) - 1), f'*{escape_markdown(line.reason)}*']


def _cell(cell: Cell, numeric: bool) -> str:
    text = escape_markdown(cell.text)
    if numeric:
        # A number stays on one line with its deviation and its interval.
        text = text.replace(' ', NO_BREAK)
    if cell.best:
        text = f'**{text}**'
    if cell.tie:
        text = f'{text}{NO_BREAK}{TIE}'
    return f'{text} ({escape_markdown(cell.note)})' if cell.note else str(text)
