"""The pages of a reports folder: from what each is made, and how."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmark.site.analysis import Analysis
from benchmark.site.board import status
from benchmark.site.comparison import baseline_of
from benchmark.site.exports import export_files, export_links
from benchmark.site.figures import Figure
from benchmark.site.pages.benchmark_view import BenchmarkView
from benchmark.site.pages.experiment_view import experiment_view
from benchmark.site.pages.index_view import index_view
from benchmark.site.pages.markdown import render_markdown_benchmark, render_markdown_index
from benchmark.site.pages.photographs import Photographs
from benchmark.site.pages.render import Frame, render_benchmark, render_definitions, render_experiment, render_index
from benchmark.site.processes import map_in_processes
from benchmark.site.rows import Row
from benchmark.site.store import code_version
from benchmark.site.tables import Table

_WORTH_PROCESSES = 24  # pages, below which starting processes takes longer than making them


class Site:
    """All pages of a reports folder.

    Args:
        analyses: the benchmarks that have a record, in the order of the pages.
        links: page of every row, relative to the folder of the pages.
        speed: tables of measured speeds.
        records: where the records lie, relative to the folder of the pages.
        photographs: what to put behind drawn faces; None for a blank background.
        drawn: by path the files of earlier builds by the same code that are still as they were written.

    Attributes:
        inputs: by the name of each page a hash of everything that it is made from.
    """

    def __init__(
        self,
        analyses: Sequence[Analysis],
        links: Mapping[Row, str],
        speed: Sequence[Table],
        records: str,
        photographs: Photographs | None,
        drawn: Mapping[str, Path],
    ) -> None:
        self.links = links
        self._photographs = photographs
        self._drawn = drawn
        views = [BenchmarkView(analysis, links, photographs) for analysis in analyses]
        self._views = {f'{view.benchmark.name}.html': view for view in views}
        self._speed = speed
        self._frame = Frame(
            (
                ('Results', 'index.html'),
                *((view.benchmark.title, page) for page, view in self._views.items()),
                ('Definitions', 'definitions.html'),
            ),
            records,
        )
        self._rows = {links[row]: (view, row) for view in views for row in view.analysis.section.rows}
        by_view = {page: self._hash(view.analysis.section.rows) for page, view in self._views.items()}
        self.inputs = {
            'index.html': _sha256(*by_view.values(), speed),
            'definitions.html': _sha256(self._frame),
            **by_view,
            **{page: self._hash(self._shown_with(*one)) for page, one in self._rows.items()},
        }

    def _hash(self, rows: Iterable[Row]) -> str:
        parts = [self._frame]
        for row in rows:
            parts += [self.links[row], status(row)]
            if self._photographs:
                parts += [self._photographs.are_of(run.record) for run in row.done]
            parts += [(run.sha256, run.digest and run.digest.content) for run in row.runs]
        return _sha256(*parts)

    @staticmethod
    def _shown_with(view: BenchmarkView, row: Row) -> list[Row]:
        recipe = next(recipe for recipe in view.analysis.section.recipes if row in recipe)
        baseline = baseline_of(recipe)
        return [row] if baseline in (None, row) else [row, baseline]

    def make(self, pages: Iterable[str]) -> dict[str, dict[str, bytes]]:
        """Make pages, each with the files that belong to it.

        Args:
            pages: names of :attr:`inputs`.

        Returns:
            By page the content of its files by their path relative to the reports folder.

        Raises:
            BenchmarkError: a predictions file has become unreadable.
        """
        # Those of benchmarks, which take longest, first.
        pages = sorted(pages, key=lambda page: (page in self._rows, page))
        files = map_in_processes(_files, pages, _WORTH_PROCESSES, _start, (self,))
        return dict(zip(pages, files, strict=True))

    def files(self, page: str) -> dict[str, bytes]:
        """One page and the files that belong to it."""
        if page == 'index.html':
            view = index_view(tuple(self._views.values()), self._speed)
            texts = {page: render_index(view, self._frame), 'README.md': render_markdown_index(view)}
        elif page == 'definitions.html':
            texts = {page: render_definitions(self._frame)}
        elif page in self._views:
            return self._benchmark_files(page, self._views[page])
        else:
            view, row = self._rows[page]
            found = experiment_view(view.analysis, row, self.links, self._photographs)
            texts = {page: render_experiment(found, self._frame, self.links, export_links(view.benchmark))}
        return {path: text.encode() for path, text in texts.items()}

    def _benchmark_files(self, page: str, view: BenchmarkView) -> dict[str, bytes]:
        texts = {
            page: render_benchmark(view, self._frame, export_links(view.benchmark)),
            f'{view.benchmark.name}.md': render_markdown_benchmark(view),
            **export_files(view),
            **{f'figures/{figure.name}.svg': figure.svg for figure in view.figures.values()},
        }
        files = {path: text.encode() for path, text in texts.items()}
        return files | {f'figures/{figure.name}.png': self._png(figure) for figure in view.figures.values()}

    def _png(self, figure: Figure) -> bytes:
        """A figure's PNG, drawn only if its SVG has changed, for it takes some ten times as long."""
        earlier = [self._drawn.get(f'figures/{figure.name}.{kind}') for kind in ('svg', 'png')]
        if all(earlier) and earlier[0].read_text(encoding='utf-8') == figure.svg:
            return earlier[1].read_bytes()
        return figure.png()


def _sha256(*parts: object) -> str:
    return f'{code_version()} {hashlib.sha256(repr(parts).encode()).hexdigest()}'


def _start(site: Site) -> None:
    global _site
    _site = site


def _files(page: str) -> dict[str, bytes]:
    return _site.files(page)
