"""Verify records: what each of them has to say for itself, beside all others, and against the data at hand."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.analysis.audit.audit import check_record
from benchmark.analysis.audit.band import band_findings
from benchmark.analysis.audit.finding import Finding
from benchmark.analysis.audit.pairs import pair_findings
from benchmark.analysis.audit.reading import read_digest
from benchmark.analysis.runs import Run
from benchmark.analysis.store import Store, load_store, stamp
from benchmark.errors import BenchmarkError, UsageError
from benchmark.files import visible
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.record import Record, read_if_there
from benchmark.records.times import as_time
from benchmark.verification.truth import Truth, truth_findings


@dataclass
class Verified:
    """A record with what was checked.

    Attributes:
        path: its file.
        checks: findings by the name of the check; a check without any holds.
        run: the record as it was read, with the digest of its predictions; None where it cannot be read or is not done.
    """

    path: Path
    checks: dict[str, list[Finding]] = field(default_factory=dict)
    run: Run | None = None

    @property
    def findings(self) -> list[Finding]:
        """All findings, faults first, then flags."""
        order = ('fault', 'flag', 'note')
        return sorted((one for found in self.checks.values() for one in found), key=lambda f: order.index(f.severity))

    @property
    def holding(self) -> list[str]:
        """The checks that hold."""
        return [name for name, found in self.checks.items() if not found]

    @property
    def refused(self) -> bool:
        """Whether there is a fault."""
        return any(finding.severity == 'fault' for finding in self.findings)


def find_records(places: Iterable[Path]) -> list[Path]:
    """The records of some files and folders, in the order of the places, each once.

    Args:
        places: records, folders that hold some, or folders with ``records/``.

    Raises:
        UsageError: a place is absent, no record, or holds none.
    """
    found: dict[Path, None] = {}
    for place in places:
        if place.is_dir():
            inside = place / 'records' if (place / 'records').is_dir() else place
            paths = visible(inside, '*.json')
        else:
            paths = [place] if place.is_file() and place.suffix == '.json' else []
        if not paths:
            raise UsageError(f'{place}: no record and no folder of records (name a .json file, or a folder of them)')
        found |= dict.fromkeys(paths)
    return list(found)


def verify_records(named: Sequence[Path], folders: Sequence[Path], data_root: Path | None = None) -> list[Verified]:
    """Check records, each by itself and beside all others that are there.

    Args:
        named: the records to verify.
        folders: those that may hold ``records/`` to compare with; digests that a report left there are used for records
            that are not verified themselves.
        data_root: folder of prepared data, or None.

    Raises:
        BenchmarkError: the prepared data, or a record to compare with, is damaged.
    """
    truth = Truth(data_root)
    verified = [one for path in named if (one := _verify(path, truth))]
    taken = {path.resolve() for path in named}
    runs = [one.run for one in verified if one.run]
    wanted = {run.benchmark.name for run in runs}
    others = [run for folder in folders for run in _others(folder, taken, wanted)]
    by_path = {one.path: one for one in verified}
    counts = Counter(run.benchmark.name for run in [*runs, *others])
    for one in verified:
        if one.run:
            alone = [] if counts[one.run.benchmark.name] > 1 else [_alone(one.run, folders)]
            one.checks |= {'no other record alike': alone, 'within the band of its seeds': []}
    for finding, first, second in pair_findings([*runs, *others], by_path):
        about = by_path.get(second.path) or by_path.get(first.path)
        if about:
            about.checks['no other record alike'].append(finding)
    for run, finding in band_findings([*runs, *others]):
        if run.path in by_path:
            by_path[run.path].checks['within the band of its seeds'].append(finding)
    return verified


def _verify(path: Path, truth: Truth) -> Verified | None:
    """What is found in one record; None where it was removed meanwhile."""
    try:
        record = read_if_there(path)
        if record is None:
            return None
        content = path.read_bytes()
        benchmark = get_benchmark(record.benchmark)
    except FileNotFoundError:
        return None
    except BenchmarkError as error:
        return Verified(path, {'record': [Finding('record', _of_file(path, error))]})
    found = Verified(path, {'record': []})
    if record.status != 'done':
        found.checks |= check_record(path, content, record, None)
        return found
    predictions = path.with_name(record.predictions)
    try:
        digest = read_digest(predictions, benchmark)
    except BenchmarkError as error:
        found.checks |= check_record(path, content, record, None)
        found.checks['predictions'] = [Finding('predictions', _of_file(predictions, error))]
        return found
    found.checks |= check_record(path, content, record, digest)
    found.run = Run(record, path, hashlib.sha256(content).hexdigest(), benchmark, as_time(record.created), digest)
    found.checks['truth'] = truth_findings(found.run, truth)
    return found


def _alone(run: Run, folders: Sequence[Path]) -> Finding:
    where = ' or '.join(str(folder / 'records') for folder in folders)
    said = f'compared with no other record: none of {run.benchmark.name} in {where}'
    return Finding('alone', f'{run.path}: {said}')


def _of_file(path: Path, error: BenchmarkError) -> str:
    """The message of an error, which names its file."""
    text = ' '.join(str(error).split())
    return text if str(path) in text else f'{path}: {text}'


def _others(folder: Path, taken: set[Path], benchmarks: set[str]) -> list[Run]:
    """Finished records of a folder that are not verified themselves."""
    store, runs = load_store(folder), []
    for path in visible(folder / 'records', '*.json'):
        if path.resolve() in taken:
            continue
        record = read_if_there(path)
        if record and record.status == 'done' and record.benchmark in benchmarks:
            with suppress(FileNotFoundError):  # removed by now
                runs.append(_other(path, record, store))
    return runs


def _other(path: Path, record: Record, store: Store) -> Run:
    predictions, created = path.with_name(record.predictions), as_time(record.created)
    kept = store.digests.get(predictions.as_posix())
    benchmark = get_benchmark(record.benchmark)
    if kept and predictions.is_file() and kept[0] == stamp(predictions):
        digest = kept[1]
    else:
        digest = read_digest(predictions, benchmark)
    return Run(record, path, hashlib.sha256(path.read_bytes()).hexdigest(), benchmark, created, digest)
