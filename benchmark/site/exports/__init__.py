"""Ready-made files of a leaderboard: for spreadsheets, programs, Markdown and LaTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.protocol.benchmarks import Benchmark
from benchmark.site.exports.bibliography import bibliography
from benchmark.site.exports.data import json_text
from benchmark.site.exports.latex_table import latex_table
from benchmark.site.exports.macros import latex_macros
from benchmark.site.exports.markdown_table import markdown_board
from benchmark.site.exports.spreadsheet import csv_text

if TYPE_CHECKING:  # it draws figures, which commands that only print need not load
    from benchmark.site.pages.benchmark_view import BenchmarkView

__all__ = ['EXPORTS', 'export_files', 'export_links']

FOLDER = 'exports'
EXPORTS = {
    'CSV': '{}.csv',
    'JSON': '{}.json',
    'Markdown': '{}-table.md',
    'LaTeX table': '{}-table.tex',
    'LaTeX macros': '{}-macros.tex',
    'BibTeX': 'references.bib',
}


def export_files(view: BenchmarkView) -> dict[str, str]:
    """The files of a benchmark's leaderboard.

    Returns:
        Text by path relative to the reports folder, one for each of :data:`EXPORTS`.
    """
    name, normalizer = view.benchmark.name, view.analysis.normalizers[0]
    texts = {
        'CSV': csv_text(view.board),
        'JSON': json_text(view),
        'Markdown': markdown_board(view.board, normalizer),
        'LaTeX table': latex_table(view.board, name, normalizer),
        'LaTeX macros': latex_macros(view.analysis),
        'BibTeX': bibliography(),
    }
    return {path: texts[label] for label, path in export_links(view.benchmark)}


def export_links(benchmark: Benchmark) -> tuple[tuple[str, str], ...]:
    """Label and path, relative to the reports folder, of each file of :func:`export_files`."""
    return tuple((label, f'{FOLDER}/{path.format(benchmark.name)}') for label, path in EXPORTS.items())
