"""Building the reports folder: all is computed first, then written, so a fault leaves the old pages as they were."""

from __future__ import annotations

from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.site.pages import render_html, render_markdown, view
from benchmark.site.rows import make_sections
from benchmark.site.runs import read_runs
from benchmark.suite.records import write_atomically


def build_reports(reports: Path) -> list[Path]:
    """Write the pages and figures of a reports folder from its records.

    The same records give the same bytes: no time or name of this machine is added.

    Args:
        reports: folder that holds ``records/``; made if absent, and then the pages say that nothing was run.

    Returns:
        Paths of the written files: ``index.html``, ``README.md`` and one figure per benchmark with a result.

    Raises:
        BenchmarkError: a record or predictions file is damaged, and nothing is written; or the folder is not writable.
    """
    views = [view(section) for section in make_sections(read_runs(reports))]
    files = {reports / found.figure_path: found.figure for found in views if found.figure}
    files[reports / 'README.md'] = render_markdown(views)
    files[reports / 'index.html'] = render_html(views)
    figures = reports / 'figures'
    try:
        figures.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            write_atomically(path, text.encode())
        for name in BENCHMARKS:
            outdated = figures / f'ced-{name}.svg'
            if outdated not in files:
                outdated.unlink(missing_ok=True)
    except OSError as error:
        raise BenchmarkError(
            f'{error.filename or reports}: cannot write the reports: {error.strerror} '
            '(free space or choose another folder with --reports)'
        ) from error
    return list(files)
