"""Records with the digests of their predictions, read and checked: the only input of the tables and pages."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from benchmark.analysis.audit.audit import check_record, first_fault
from benchmark.analysis.audit.reading import read_digest
from benchmark.analysis.digest import Digest
from benchmark.analysis.makers import newest, settle
from benchmark.analysis.store import ALL_RECORDS, Stamp, Store, stamp
from benchmark.errors import BenchmarkError
from benchmark.processes import map_in_processes
from benchmark.protocol.benchmarks import Benchmark, get_benchmark, in_boxes
from benchmark.records.perturbations import Perturbations, find_perturbations, perturbations_path
from benchmark.records.predictions import Predictions, read_predictions
from benchmark.records.record import Record, records_in
from benchmark.records.times import as_time

_WORTH_PROCESSES = 64  # files of predictions, below which starting processes takes longer than reading


@dataclass(frozen=True, eq=False)
class Run:
    """One record that counts, with the digest of its predictions.

    Attributes:
        record: the record.
        path: its file.
        sha256: of that file, hexadecimal.
        benchmark: the benchmark that it was run on.
        digest: its predictions, reduced; None unless the record is done.
        created: when the record was written.
        later: newest later record of the same configuration and seed that has no result, if there is one.
        own: whether it is one of one's own results that stand beside published ones of its benchmark.
    """

    record: Record
    path: Path
    sha256: str
    benchmark: Benchmark
    created: datetime
    digest: Digest | None = None
    later: Record | None = None
    own: bool = False

    @property
    def name(self) -> tuple[str, str | None, str | None]:
        """Name of the configuration, and hashes of the weights and of the face boxes where they were given."""
        given = self.record.weights, self.record.boxes
        return self.record.name, *(one and one.sha256 for one in given)

    @property
    def protocol(self) -> Benchmark:
        """The benchmark in the face boxes that it was tested in: the only one whose rows it stands beside."""
        return in_boxes(self.benchmark.name, self.record.boxes.kind) if self.record.boxes else self.benchmark

    @property
    def folder(self) -> Path:
        """Folder of the record: whose result it is."""
        return self.path.parent

    @property
    def device(self) -> str | None:
        """Kind of device that it was made on; None where that is not known, as of all runs without a result."""
        return self.record.environment and self.record.environment.device

    @property
    def predictions_path(self) -> Path:
        """File of the predictions of a run that is done."""
        return self.path.with_name(self.record.predictions)

    @property
    def perturbations_path(self) -> Path:
        """File of its NME in perturbed face boxes, which is there where that was measured."""
        return perturbations_path(self.path)

    def read_perturbations(self) -> Perturbations | None:
        """Its NME in perturbed face boxes; None where that was not measured.

        Raises:
            BenchmarkError: the file is damaged, or of another record.
        """
        return find_perturbations(self.path, self.record)

    def read_predictions(self) -> Predictions:
        """All predictions of a run that is done, read from disk; those of the last few runs are kept.

        Raises:
            BenchmarkError: the file has become unreadable.
        """
        return _load(self.predictions_path, _stamp(self))


@lru_cache(maxsize=4)
def _load(path: Path, _: Stamp) -> Predictions:
    return read_predictions(path)


def read_runs(folders: Sequence[Path], store: Store) -> list[Run]:
    """Read the records of some folders, each of which has a maker of its own.

    In a folder the newest done record of a name, seed (or given weights) and experiment counts. Where none is done, the
    newest of the others counts: an experiment that failed or was never run keeps its row. What of several folders
    stands beside each other is settled by :func:`benchmark.analysis.makers.settle`.

    Args:
        folders: each may hold ``records/``: those of one's own results, and last those of the published ones; an absent
            one holds none.
        store: results of earlier builds; digests of changed predictions take the place of the old ones.

    Returns:
        Runs in the order of their file names.

    Raises:
        BenchmarkError: a record or predictions file is damaged, contradicts itself or the other, or would give a wrong
            number; the message names the file.
    """
    runs = settle([_read_folder(folder) for folder in dict.fromkeys(folders)])
    return _with_digests(sorted(runs, key=lambda run: (run.path.name, run.path)), store)


def _read_folder(folder: Path) -> list[Run]:
    by_seed = defaultdict(list)
    for path, record in records_in(folder / 'records'):
        try:
            run = _check_run(path, record, as_time(record.created), None)
        except FileNotFoundError:  # removed by now
            continue
        by_seed[run.benchmark.name, run.name, run.record.seed].append(run)
    return [run for attempts in by_seed.values() for run in newest(attempts)]


def _with_digests(runs: Sequence[Run], store: Store) -> list[Run]:
    """Give each finished run its digest: from the store where its file has not changed, else from the file."""
    finished = {_name(run): run for run in runs if run.record.status == 'done'}
    kept = {
        name: store.digests[name]
        for name, run in finished.items()
        if name in store.digests and store.digests[name][0] == _stamp(run)
    }
    missing = [run for name, run in finished.items() if name not in kept]
    digests = map_in_processes(_read_digest, missing, _WORTH_PROCESSES)
    made = dict(zip(map(_name, missing), digests, strict=True))
    store.digests = kept | made
    present = {run.path.as_posix() for run in runs}
    store.checked = {name: one for name, one in store.checked.items() if name in present or name == ALL_RECORDS}
    return [checked for run in runs if (checked := _checked(run, store))]


def _name(run: Run) -> str:
    """Name of a digest in the store."""
    return run.predictions_path.as_posix()


def _checked(run: Run, store: Store) -> Run | None:
    """The run with its digest, in which no check has found a fault; None where its record was removed meanwhile."""
    digest = store.digests[_name(run)][1] if run.record.status == 'done' else None
    name, content = run.path.as_posix(), f'{run.sha256} {digest and digest.file_sha256}'
    if store.checked.get(name) != content:
        try:
            content_now = run.path.read_bytes()
        except FileNotFoundError:
            return None
        fault = first_fault(check_record(run.path, content_now, run.record, digest))
        if fault:
            raise BenchmarkError(fault.text)
        store.checked[name] = content
    return replace(run, digest=digest)


def _stamp(run: Run) -> Stamp:
    try:
        return stamp(run.predictions_path)
    except OSError as error:
        raise BenchmarkError(
            f'{run.predictions_path}: not a readable predictions file: {error.strerror} '
            '(restore it or run the experiment again)'
        ) from error


def _read_digest(run: Run) -> tuple[Stamp, Digest]:
    # Stamped before it is read: a file that changes meanwhile is read again next time.
    mark = _stamp(run)
    return mark, read_digest(run.predictions_path, run.benchmark)


def _check_run(path: Path, record: Record, created: datetime, later: Record | None) -> Run:
    try:
        benchmark = get_benchmark(record.benchmark)
    except BenchmarkError as error:
        raise BenchmarkError(f'{path}: {error}') from error
    return Run(record, path, hashlib.sha256(path.read_bytes()).hexdigest(), benchmark, created, later=later)
