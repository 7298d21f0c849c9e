"""Ready-made files of a leaderboard: for spreadsheets, programs and LaTeX."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmark import __version__
from benchmark.protocol.benchmarks import Benchmark
from benchmark.site.exports.data import json_text
from benchmark.site.exports.latex_table import latex_table
from benchmark.site.exports.macros import latex_macros
from benchmark.site.exports.metafile import metafile
from benchmark.site.exports.spreadsheet import csv_text

if TYPE_CHECKING:  # it draws figures, which commands that only print need not load
    from benchmark.site.pages.benchmark_view import BenchmarkView

__all__ = ['EXPORTS', 'bibliography', 'export_files', 'export_links']

FOLDER = 'exports'
EXPORTS = {'CSV': '{}.csv', 'JSON': '{}.json', 'LaTeX': '{}.tex', 'BibTeX': 'references.bib', 'OpenMMLab': '{}.yml'}


def export_files(view: BenchmarkView) -> dict[str, str]:
    """The files of a benchmark's leaderboard.

    Returns:
        Text by path relative to the folder of the pages, one for each of :data:`EXPORTS`.
    """
    texts = {
        'CSV': csv_text(view.board),
        'JSON': json_text(view),
        'LaTeX': '\n'.join((latex_macros(view.analysis), latex_table(view.board, view.analysis))),
        'BibTeX': bibliography(),
        'OpenMMLab': metafile(view.analysis),
    }
    return {path: texts[label] for label, path in export_links(view.benchmark)}


def export_links(benchmark: Benchmark) -> tuple[tuple[str, str], ...]:
    """Label and path, relative to the folder of the pages, of each file of :func:`export_files`."""
    return tuple((label, f'{FOLDER}/{path.format(benchmark.name)}') for label, path in EXPORTS.items())


def bibliography() -> str:
    """BibTeX entries of this benchmark in its present version, STAR loss, the datasets, and methods of the tables of
    published figures.
    """
    file = Path(__file__).parents[1] / 'templates' / 'references.bib'
    return file.read_text(encoding='utf-8').replace('VERSION', __version__)
