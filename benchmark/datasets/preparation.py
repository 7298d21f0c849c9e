"""From a dataset as its authors distribute it to the prepared form: all or nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmark.datasets import cofw, three_hundred_w, wflw
from benchmark.datasets.originals import Distribution, Source, open_source
from benchmark.datasets.prepared import Manifest, write_prepared
from benchmark.datasets.reading import Reading
from benchmark.datasets.source import SourceError
from benchmark.datasets.workspace import Workspace
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import BENCHMARKS

READERS: Mapping[str, tuple[Distribution, Callable[[Source], Reading]]] = {
    'cofw': (cofw.DISTRIBUTION, cofw.read_cofw),
    '300w': (three_hundred_w.DISTRIBUTION, three_hundred_w.read_300w),
    'wflw': (wflw.DISTRIBUTION, wflw.read_wflw),
}


def prepare_original(
    benchmark: str,
    sources: Sequence[Path],
    data_root: Path,
    allow_incomplete: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> tuple[Manifest, Reading]:
    """Prepare a dataset.

    Images in folders stay where they are; those in archives and .mat files are unpacked into the prepared folder.

    Args:
        benchmark: 'cofw', '300w' or 'wflw'.
        sources: folders that hold the dataset or its archives, archives, or (COFW) .mat files.
        data_root: folder of all prepared benchmarks.
        allow_incomplete: accept a dataset that falls short of the published one, and leave out what cannot be used; its
            manifest then says that it is not complete, and why.
        report: called with a line before something that takes long.

    Returns:
        The manifest, and the reading with what was missing, ignored or unusual.

    Raises:
        UsageError: a source does not exist.
        SourceError: the dataset has problems that are not accepted; nothing was written.
        BenchmarkError: the sources are not this dataset, an archive is refused, or the output cannot be written;
            nothing was written.
    """
    distribution, read = READERS[benchmark]
    with Workspace(data_root / benchmark, report) as workspace:
        source = open_source(distribution, sources, workspace)
        _refuse_another_dataset(benchmark, source)
        reading = read(source)
        reading.notes[:0] = source.notes
        reading.leave_out_repeated()
        problems = reading.problems(allow_incomplete)
        if problems:
            advice = 'mend it' if reading.wrong else 'mend it, or accept what is there with --allow-incomplete'
            count = f'{len(problems)} problem{"s" * (len(problems) > 1)}'
            where = ', '.join(map(str, sources))
            raise SourceError(f'{benchmark}: nothing was written: {count} in {where} ({advice})', problems)
        roots = {source.root(found.path) for found in reading.found}
        image_root = Path(os.path.commonpath(roots)) if roots else data_root
        faces = (reading.faces(split, image_root) for split in ('train', 'test'))
        digests = reading.digests(image_root)
        manifest = write_prepared(data_root, benchmark, *faces, image_root, reading.missing, digests=digests)
        workspace.forget_unused()
    return manifest, reading


def _refuse_another_dataset(benchmark: str, source: Source) -> None:
    """Raises a :class:`BenchmarkError` where nothing of this dataset is there, but something of another one is."""
    if any(source.locate(name) for name in READERS[benchmark][0].names):
        return
    for other, (distribution, _) in READERS.items():
        if any(source.locate(name) for name in distribution.names):
            raise BenchmarkError(
                f'{benchmark}: found {BENCHMARKS[other].title} there '
                f'(run: python -m benchmark.prepare {other}, or give {READERS[benchmark][0].content})'
            )
