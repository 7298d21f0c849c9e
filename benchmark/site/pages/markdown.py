"""The pages as Markdown, for readers of a code host: the same tables and figures, without what needs a script."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmark.analysis.rows import Row
from benchmark.escaping import escape_markdown
from benchmark.site.board import Board, status
from benchmark.site.board_tables import accuracy_table, board_table, cost_table
from benchmark.site.exports import export_links
from benchmark.site.exports.markdown_table import IDENTITY, link_target, markdown_table
from benchmark.site.pages.benchmark_view import BenchmarkView
from benchmark.site.pages.index_view import Card, IndexView
from benchmark.site.tables import Table

_TEMPLATES = Path(__file__).parents[1] / 'templates'


def render_markdown_index(view: IndexView) -> str:
    """The first page, ``README.md`` of the reports folder."""
    return _render('README.md.j2', view=view, card_table=_card_table, waiting=_waiting)


def render_markdown_benchmark(view: BenchmarkView) -> str:
    """The page of a benchmark, ``<name>.md`` in the reports folder."""
    normalizers = view.analysis.normalizers if view.has_result else view.analysis.normalizers[:1]
    return _render(
        'benchmark.md.j2',
        view=view,
        benchmark=view.benchmark,
        accuracy=[_accuracy(view.board, normalizer, view.links) for normalizer in normalizers],
        cost=markdown_table(cost_table(view.board)),
        rows=view.analysis.section.rows,
        exports=export_links(view.benchmark),
        status=status,
    )


def _accuracy(board: Board, normalizer: str, links: Mapping[Row, str]) -> Markup:
    pages = [links[line.row] for line in board.lines if not line.reason]
    return markdown_table(accuracy_table(board, normalizer), pages)


def _card_table(card: Card) -> Markup:
    return markdown_table(card.table, [page for pages in card.pages for page in pages])


def _waiting(board: Board) -> list[str]:
    """Rows without a result, those that wait for the same thing together, with their reason."""
    recipes = (tuple(line for line in recipe if line.reason) for recipe in board.recipes)
    table = board_table(replace(board, recipes=tuple(recipes)), (*IDENTITY, 'status'), board.title)
    return [f'{", ".join(cell.text for cell in line.cells)}: {line.reason}' for body in table.bodies for line in body]


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
