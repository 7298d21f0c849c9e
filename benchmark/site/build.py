"""The pages of a folder: all is computed first, then written, so a fault leaves the old pages as they were."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmark.analysis.checked import checked_sections
from benchmark.analysis.comparison import baseline_of
from benchmark.analysis.findings.finding import Finding
from benchmark.analysis.findings.study import study_findings
from benchmark.analysis.rows import Row
from benchmark.analysis.sections import Section
from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store, hash_sources, load_store, stamp
from benchmark.claims import take
from benchmark.errors import BenchmarkError, cannot_write
from benchmark.files import write_atomically
from benchmark.processes import map_in_processes
from benchmark.protocol.benchmarks import BENCHMARKS, in_boxes
from benchmark.protocol.face_boxes import BOX_KINDS
from benchmark.records.seal import file_sha256
from benchmark.site.board import EXPERIMENTS, page_links, status
from benchmark.site.exports import export_files, export_links
from benchmark.site.pages.assets import asset_files
from benchmark.site.pages.benchmark_view import BenchmarkView
from benchmark.site.pages.errata_view import errata_view
from benchmark.site.pages.experiment_view import experiment_view
from benchmark.site.pages.faces import Photographs
from benchmark.site.pages.findings_view import findings_view
from benchmark.site.pages.index_view import index_view
from benchmark.site.pages.markdown import (
    render_markdown_benchmark,
    render_markdown_errata,
    render_markdown_findings,
    render_markdown_index,
)
from benchmark.site.pages.render import (
    Frame,
    render_benchmark,
    render_definitions,
    render_errata,
    render_experiment,
    render_findings,
    render_index,
)
from benchmark.site.speed_tables import speed_tables
from benchmark.site.tables import Table

_GENERATED = (
    *(f'{EXPERIMENTS}/*.html', 'assets/*.js', 'assets/*.css', 'findings.*'),
    *(
        pattern.format(name)
        for name in (in_boxes(name, boxes).name for name in BENCHMARKS for boxes in BOX_KINDS)
        for pattern in ('{}.html', '{}.md', 'exports/{}*', 'figures/{}.svg', 'figures/*-{}.*')
    ),
)
CLAIM = '.building'  # who builds pages in a folder (see benchmark.claims)
_WAIT_SECONDS = 0.1
_WORTH_PROCESSES = 24  # pages, below which starting processes takes longer than making them


@dataclass(frozen=True)
class Built:
    """A folder of pages that has been built.

    Attributes:
        files: paths of all files that its records make, sorted.
        sections: the benchmarks that have a record.
    """

    files: list[Path]
    sections: list[Section]


def build_reports(
    output: Path, sources: Sequence[Path] = (), photographs: Photographs | None = None, png: bool = False
) -> Built:
    """Write the pages, figures and exported files that show some records.

    One build at a time works in a folder; another waits for it, so that none removes what the other has just written.
    The same records give the same bytes: no time or name of this machine is added. What has not changed since an
    earlier build is neither computed nor written again.

    Args:
        output: folder to write to; made if absent.
        sources: folders that hold ``records/`` and ``speed/``, such as those of one's own results and of the published
            ones; none: ``output`` alone. Without any record the pages say that nothing was run.
        photographs: what to put behind drawn faces; None for a blank background.
        png: whether each figure of a benchmark becomes a file of its own, too, as SVG and as PNG.

    Raises:
        BenchmarkError: a record or predictions file is damaged, and nothing is written; or the folder is not writable.
    """
    sources = sources or (output,)
    there = output.is_dir()
    try:
        with _alone(output):
            return _build(output, sources, photographs, png)
    except OSError as error:
        raise _not_writable(output, error) from error
    finally:
        if not there:
            with suppress(OSError):  # it holds pages
                output.rmdir()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    while (claim := take(folder / CLAIM)) is None:
        time.sleep(_WAIT_SECONDS)
    try:
        yield
    finally:
        claim.release()


def _build(output: Path, sources: Sequence[Path], photographs: Photographs | None, png: bool) -> Built:
    earlier = load_store(output)
    store = earlier.copy()
    sections = checked_sections(sources, store)
    analyses = [Analysis(section, store).completed() for section in sections]
    findings = study_findings(analyses, sources[-1], earlier, store)
    site = Site(analyses, page_links(sections), speed_tables(sources), findings, output, photographs, png)
    current = {name for name, inputs in site.inputs.items() if _is_current(output, earlier, name, inputs)}
    made = site.make(site.inputs.keys() - current)
    _write(output, {path: content for files in made.values() for path, content in files.items()})
    store.pages = {name: earlier.pages[name] for name in current} | {
        name: (site.inputs[name], {path: stamp(output / path) for path in files}) for name, files in made.items()
    }
    written = {path for _, files in store.pages.values() for path in files}
    _remove(output, written)
    store.save(output, earlier)
    return Built(sorted(output / path for path in written), sections)


def _is_current(folder: Path, earlier: Store, name: str, inputs: str) -> bool:
    """Whether a page was made from the same inputs and none of its files has been touched since."""
    made_from, files = earlier.pages.get(name, ('', {}))
    if made_from != inputs:
        return False
    return all((folder / path).exists() and stamp(folder / path) == mark for path, mark in files.items())


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # What others lead to comes first, so that no page ever has a link to one that is not there yet.
        for path, content in sorted(files.items(), key=_rank):
            target = folder / path
            if target.exists() and target.read_bytes() == content:
                continue
            target.parent.mkdir(exist_ok=True)
            write_atomically(target, content)
    except OSError as error:
        raise _not_writable(folder, error) from error


def _rank(file: tuple[str, bytes]) -> tuple[bool, bool]:
    path, _ = file
    return '/' not in path, path in ('index.html', 'README.md')


def _not_writable(folder: Path, error: OSError) -> BenchmarkError:
    return BenchmarkError(cannot_write(f'{error.filename or folder}: cannot write the pages', error, '--results'))


def _remove(folder: Path, written: set[str]) -> None:
    """Remove generated files of rows and benchmarks that are no longer there."""
    for pattern in _GENERATED:
        for path in folder.glob(pattern):
            if path.relative_to(folder).as_posix() not in written:
                path.unlink(missing_ok=True)


class Site:
    """All pages of a folder.

    Args:
        analyses: the benchmarks that have a record, in the order of the pages.
        links: page of every row, relative to the folder of the pages.
        speed: tables of measured speeds.
        findings: what the study found; empty where none was made.
        folder: where the pages will lie.
        photographs: what to put behind drawn faces; None for a blank background.
        png: whether figures become files of their own.

    Attributes:
        inputs: by the name of each page a hash of everything that it is made from.
    """

    def __init__(
        self,
        analyses: Sequence[Analysis],
        links: Mapping[Row, str],
        speed: Sequence[Table],
        findings: Sequence[Finding],
        folder: Path,
        photographs: Photographs | None,
        png: bool,
    ) -> None:
        self.links = links
        self._photographs, self._png = photographs, png
        views = [BenchmarkView(analysis, links, photographs) for analysis in analyses]
        self._views = {f'{view.benchmark.name}.html': view for view in views}
        self._speed = speed
        self._findings = findings
        self._frame = Frame(
            (
                ('Results', 'index.html'),
                *([('Findings', 'findings.html')] if findings else []),
                *((view.benchmark.title, page) for page, view in self._views.items()),
                ('Errata', 'errata.html'),
                ('Definitions', 'definitions.html'),
            ),
            folder,
        )
        self._rows = {links[row]: (view, row) for view in views for row in view.analysis.section.rows}
        by_view = {page: self._hash(view.analysis.section.rows, png) for page, view in self._views.items()}
        self.inputs = {
            'assets': _sha256(),
            'index.html': _sha256(*by_view.values(), speed),
            'errata.html': self._hash(row for view in views for row in view.analysis.section.rows if _is_real(row)),
            'definitions.html': _sha256(self._frame),
            **({'findings.html': _sha256(self._frame, findings)} if findings else {}),
            **by_view,
            **{page: self._hash(self._shown_with(*one)) for page, one in self._rows.items()},
        }

    def _hash(self, rows: Iterable[Row], *others: object) -> str:
        parts = [self._frame, *others]
        for row in rows:
            parts += [self.links[row], row.loss, status(row)]
            if self._photographs:
                parts += [self._photographs.are_of(run.record) for run in row.done]
            parts += [(run.sha256, run.digest and run.digest.content) for run in row.runs]
            measured = [run.perturbations_path for run in row.done if run.perturbations_path.is_file()]
            parts += [file_sha256(path) for path in measured]
        return _sha256(*parts)

    @staticmethod
    def _shown_with(view: BenchmarkView, row: Row) -> list[Row]:
        if row.own:  # beside it stand the published row, and how all published rows of its network vary
            return [row, *view.analysis.section.rows]
        recipe = next(recipe for recipe in view.analysis.section.recipes if row in recipe)
        baseline = baseline_of(recipe)
        return [row] if baseline in (None, row) else [row, baseline]

    def make(self, pages: Iterable[str]) -> dict[str, dict[str, bytes]]:
        """Make pages, each with the files that belong to it.

        Args:
            pages: names of :attr:`inputs`.

        Returns:
            By page the content of its files by their path relative to the folder.

        Raises:
            BenchmarkError: a predictions file has become unreadable.
        """
        # Those of benchmarks, which take longest, first.
        pages = sorted(pages, key=lambda page: (page in self._rows, page))
        files = map_in_processes(_files, pages, _WORTH_PROCESSES, _start, (self,))
        return dict(zip(pages, files, strict=True))

    def files(self, page: str) -> dict[str, bytes]:
        """One page and the files that belong to it."""
        if page == 'assets':
            texts = asset_files()
        elif page == 'index.html':
            view = index_view(tuple(self._views.values()), self._speed)
            texts = {page: render_index(view, self._frame), 'README.md': render_markdown_index(view)}
        elif page == 'errata.html':
            view = errata_view([view.analysis.section for view in self._views.values()], self.links)
            texts = {page: render_errata(view, self._frame), 'errata.md': render_markdown_errata(view)}
        elif page == 'findings.html':
            view = findings_view(self._findings)
            texts = {page: render_findings(view, self._frame), 'findings.md': render_markdown_findings(view)}
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
        exports = export_links(view.benchmark)
        texts = {
            page: render_benchmark(view, self._frame, exports),
            f'{view.benchmark.name}.md': render_markdown_benchmark(view, self._frame, exports),
            **export_files(view),
        }
        if view.sheet:
            texts[view.sheet_path] = view.sheet
        files = {path: text.encode() for path, text in texts.items()}
        for figure in view.figures.values() if self._png else ():
            files[f'figures/{figure.name}.svg'] = figure.svg.encode()
            files[f'figures/{figure.name}.png'] = figure.png()
        return files


def _is_real(row: Row) -> bool:
    return not row.benchmark.synthetic


def _sha256(*parts: object) -> str:
    return f'{_code_version()} {hashlib.sha256(repr(parts).encode()).hexdigest()}'


@cache
def _code_version() -> str:
    """Hash of everything that pages are made by: code, templates and published figures."""
    folders = (Path(__file__).parents[1] / name for name in ('protocol', 'records', 'analysis', 'site'))
    return hash_sources(path for folder in folders for path in folder.rglob('*'))


def _start(site: Site) -> None:
    global _site
    _site = site


def _files(page: str) -> dict[str, bytes]:
    return _site.files(page)
