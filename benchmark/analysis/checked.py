"""From folders of records to the sections of the tables, with every check that a result has to pass."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from benchmark.analysis.audit.finding import faults
from benchmark.analysis.audit.pairs import pair_findings
from benchmark.analysis.runs import Run, read_runs
from benchmark.analysis.sections import Section, make_sections
from benchmark.analysis.store import ALL_RECORDS, Store
from benchmark.errors import BenchmarkError


def checked_sections(folders: Sequence[Path], store: Store) -> list[Section]:
    """Read records as :func:`benchmark.analysis.runs.read_runs` does, and group them.

    Args:
        folders: each may hold ``records/``.
        store: results of earlier builds; what has not changed since is not checked again.

    Returns:
        As :func:`benchmark.analysis.sections.make_sections`.

    Raises:
        BenchmarkError: a record or predictions file is damaged, contradicts itself, or is that of another run; the
            message names the file.
    """
    runs = read_runs(folders, store)
    sections = make_sections(runs)
    _check_pairs([run for run in runs if run.record.status == 'done'], store)
    return sections


def _check_pairs(runs: Sequence[Run], store: Store) -> None:
    key = hashlib.sha256(repr(sorted((str(run.path), run.sha256, run.digest.content) for run in runs)).encode())
    if store.checked.get(ALL_RECORDS) == key.hexdigest():
        return
    for fault in faults(pair.finding for pair in pair_findings(runs)):
        raise BenchmarkError(fault.text)
    store.checked[ALL_RECORDS] = key.hexdigest()
