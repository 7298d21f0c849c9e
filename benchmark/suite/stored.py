"""What is stored of jobs: results, or why there are none. Other commands may change the folder at any time.

Files are known by their names (see :attr:`benchmark.records.record.Record.file_name`), so that only those are read that
can be of the jobs in question.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from benchmark.errors import BenchmarkError
from benchmark.records.record import Record, Status, read_record, write_record

if TYPE_CHECKING:
    from benchmark.suite.planning import Job

_FILE = re.compile(r'(?P<stem>.+)-[0-9a-f]{8}(?P<placeholder>-(?:failed|no-data|not-run))?\.json')


class Filed(Protocol):
    """What a result is filed under, as jobs have it."""

    @property
    def name(self) -> str:
        """Name of the experiment."""

    @property
    def seed(self) -> int | None:
        """The seed; None where given weights are tested."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that identifies the result, hexadecimal."""


def has_result(job: Filed, records: Path) -> bool:
    """Whether a job has its result: record and predictions. At most one record is read.

    Args:
        job: the job.
        records: folder of the records; it may be absent.

    Raises:
        BenchmarkError: its record is damaged.
    """
    return result_of(job, records) is not None


def result_of(job: Filed, records: Path) -> Record | None:
    """The record of a job that has its result, otherwise None; see :func:`has_result`."""
    record = read_if_there(records / f'{_stem(job.name, job.seed)}-{job.fingerprint[:8]}.json')
    return record if record and record.fingerprint == job.fingerprint and _is_whole(record, records) else None


def finished_fingerprints(name: str, seed: int | None, records: Path) -> set[str]:
    """What an experiment with a seed has results of, with its present code or another.

    Args:
        name: name of the experiment.
        seed: the seed; None where given weights are tested.
        records: folder of the records; it may be absent.

    Raises:
        BenchmarkError: one of its records is damaged.
    """
    stored = _read_of(name, seed, _files(records)[_stem(name, seed)])
    return {record.fingerprint for record in stored.values() if _is_whole(record, records)}


def store_placeholders(jobs: Iterable[tuple[Job, Status, str]], records: Path) -> None:
    """Say in the records why jobs have no result, unless somebody's result is there; that always stays untouched.

    A failure is noted beside a result as well.

    Args:
        jobs: each with its status and with one line on why.
        records: folder of the records.

    Raises:
        BenchmarkError: the folder cannot be written to, or a record of one of the jobs is damaged.
    """
    files = _files(records)
    for job, status, reason in jobs:
        # Records are published; where somebody keeps the files is nobody's business.
        reason = re.sub(r'(?<![\w.~/])/(?:[^/:,()\n]+/)+', '', reason)
        known = _read_of(job.name, job.seed, files[_stem(job.name, job.seed)])
        said = {(one.status, one.reason, one.fingerprint) for one in known.values()}
        if (status, reason, job.fingerprint) in said:
            continue
        _remove_placeholders(known)
        if status == 'failed' or not any(one.status == 'done' for one in known.values()):
            path = write_record(job.placeholder(status, reason), records)
            if status != 'failed' and has_result(job, records):  # another command has just finished it
                path.unlink(missing_ok=True)


def clear_placeholders(jobs: Iterable[Filed], records: Path) -> None:
    """Remove the records without a result of jobs that have one.

    Args:
        jobs: the jobs.
        records: folder of the records.

    Raises:
        BenchmarkError: one of them is damaged.
    """
    files = _files(records)
    for job in jobs:
        without_result = [
            path for path in files[_stem(job.name, job.seed)] if _FILE.fullmatch(path.name)['placeholder']
        ]
        _remove_placeholders(_read_of(job.name, job.seed, without_result))


def read_if_there(path: Path) -> Record | None:
    """A record; None where there is no such file, or is no longer.

    Raises:
        BenchmarkError: it is damaged.
    """
    try:
        return read_record(path)
    except BenchmarkError as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            return None
        raise


def _remove_placeholders(stored: dict[Path, Record]) -> None:
    for path, record in stored.items():
        if record.status != 'done':
            path.unlink(missing_ok=True)


def _is_whole(record: Record, records: Path) -> bool:
    return record.status == 'done' and (records / record.predictions).is_file()


def _stem(name: str, seed: int | None) -> str:
    """What the file names of an experiment and seed begin with, and perhaps those of few others."""
    return name if seed is None else f'{name}-seed{seed}'


def _files(records: Path) -> defaultdict[str, list[Path]]:
    """Files of a folder that are named like records, by what comes before their fingerprint."""
    files = defaultdict(list)
    for name in sorted(os.listdir(records)) if records.is_dir() else ():
        if match := _FILE.fullmatch(name):
            files[match['stem']].append(records / name)
    return files


def _read_of(name: str, seed: int | None, paths: Sequence[Path]) -> dict[Path, Record]:
    """Those among some records that are of an experiment and seed."""
    read = {path: read_if_there(path) for path in paths}
    return {path: one for path, one in read.items() if one and (one.name, one.seed) == (name, seed)}
