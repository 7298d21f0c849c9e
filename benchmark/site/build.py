"""Building the reports folder: all is computed first, then written, so a fault leaves the old pages as they were."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.site.analysis import Analysis
from benchmark.site.pages.links import FOLDER, page_links
from benchmark.site.pages.photographs import Photographs
from benchmark.site.pages.site import Site
from benchmark.site.rows import Section, make_sections
from benchmark.site.runs import read_runs
from benchmark.site.speed_tables import speed_tables
from benchmark.site.store import Store, code_version, load_store, stamp
from benchmark.suite.records import write_atomically

_GENERATED = (
    f'{FOLDER}/*.html',
    *(pattern.format(name) for name in BENCHMARKS for pattern in ('{}.html', '{}.md', 'exports/{}*', 'figures/*-{}.*')),
)


@dataclass(frozen=True)
class Built:
    """A reports folder that has been built.

    Attributes:
        files: paths of all files that its records make, sorted.
        sections: the benchmarks that have a record.
        store: digests and intervals behind the pages.
    """

    files: list[Path]
    sections: list[Section]
    store: Store


def build_reports(reports: Path, photographs: Photographs | None = None, output: Path | None = None) -> Built:
    """Write the pages, figures and exported files of a reports folder from its records.

    The same records give the same bytes: no time or name of this machine is added. What has not changed since an
    earlier build is neither computed nor written again.

    Args:
        reports: folder that holds ``records/``; made if absent, and then the pages say that nothing was run.
        photographs: what to put behind drawn faces; None for a blank background.
        output: folder to write to, instead of ``reports``.

    Raises:
        BenchmarkError: a record or predictions file is damaged, and nothing is written; or the folder is not writable.
    """
    output = output or reports
    earlier = load_store(output)
    store = earlier.copy()
    sections = make_sections(read_runs(reports, store))
    links = page_links(sections)
    site = Site(
        [Analysis(section, store) for section in sections],
        links,
        speed_tables(reports),
        Path(os.path.relpath(reports / 'records', output)).as_posix(),
        photographs,
        _drawn(output, earlier),
    )
    current = {name for name, inputs in site.inputs.items() if _is_current(output, earlier, name, inputs)}
    made = site.make(site.inputs.keys() - current)
    _write(output, {path: content for files in made.values() for path, content in files.items()})
    store.pages = {name: earlier.pages[name] for name in current} | {
        name: (site.inputs[name], {path: stamp(output / path) for path in files}) for name, files in made.items()
    }
    written = {path for _, files in store.pages.values() for path in files}
    _remove(output, written)
    store.save(output, earlier)
    return Built(sorted(output / path for path in written), sections, store)


def _is_current(folder: Path, earlier: Store, name: str, inputs: str) -> bool:
    """Whether a page was made from the same inputs and none of its files has been touched since."""
    made_from, files = earlier.pages.get(name, ('', {}))
    if made_from != inputs:
        return False
    return all((folder / path).exists() and stamp(folder / path) == mark for path, mark in files.items())


def _drawn(folder: Path, earlier: Store) -> dict[str, Path]:
    """Files that this version of the code has written and nobody has touched since."""
    return {
        path: folder / path
        for inputs, files in earlier.pages.values()
        if inputs.startswith(code_version())
        for path, mark in files.items()
        if (folder / path).exists() and stamp(folder / path) == mark
    }


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            target = folder / path
            if target.exists() and target.read_bytes() == content:
                continue
            target.parent.mkdir(exist_ok=True)
            write_atomically(target, content)
    except OSError as error:
        raise BenchmarkError(
            f'{error.filename or folder}: cannot write the reports: {error.strerror} '
            '(free space or choose another folder with --reports)'
        ) from error


def _remove(folder: Path, written: set[str]) -> None:
    """Remove generated files of rows and benchmarks that are no longer there."""
    for pattern in _GENERATED:
        for path in folder.glob(pattern):
            if path.relative_to(folder).as_posix() not in written:
                path.unlink()
