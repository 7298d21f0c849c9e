"""Make the predictions of records that are there compact: python -m benchmark.records.compact FOLDER."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.console import end
from benchmark.errors import BenchmarkError, UsageError
from benchmark.files import write_atomically
from benchmark.records.predictions import is_compact, read_predictions, save_predictions
from benchmark.records.record import Record, records_in
from benchmark.records.seal import file_sha256

_COMPACT_SINCE = 2  # schema version


@dataclass(frozen=True)
class Compacted:
    """What was changed in a folder.

    Attributes:
        records: number of records that now say the current schema version.
        predictions: number of predictions files that were written anew.
        before: size of all predictions files that the records name, before, bytes.
        after: the same, now.
    """

    records: int
    predictions: int
    before: int
    after: int


def compact_records(folder: Path) -> Compacted:
    """Bring a records folder to the current schema version, with its predictions in the compact form.

    Each file is replaced as a whole, the predictions before their record; a call that was interrupted is simply
    repeated, and one on a folder that is done changes nothing. In a record the version alone changes. Predictions
    that a record was sealed with stay as they are.

    Args:
        folder: records folder.

    Raises:
        BenchmarkError: a record or predictions file is damaged, or cannot be read or written.
    """
    records = predictions = before = after = 0
    for path, record in records_in(folder):
        try:
            file = record.predictions and path.with_name(record.predictions)
            if file and record.predictions_sha256 != file_sha256(file):
                before += file.stat().st_size
                predictions += _compact(file)
                after += file.stat().st_size
            records += _say_version(path, record)
        except OSError as error:
            raise BenchmarkError(f'{error.filename or path}: cannot make it compact: {error.strerror}') from error
    return Compacted(records, predictions, before, after)


def _compact(file: Path) -> bool:
    if is_compact(file):
        return False
    save_predictions(read_predictions(file), file)
    return True


def _say_version(path: Path, record: Record) -> bool:
    if record.schema_version >= _COMPACT_SINCE:
        return False
    record = record.model_copy(update={'schema_version': _COMPACT_SINCE})
    write_atomically(path, record.model_dump_json(indent=1, exclude_unset=True).encode())
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 when the folders are done, 1 when a file is damaged or cannot be written, 2 for a usage error.
    """
    parser = argparse.ArgumentParser(
        prog='python -m benchmark.records.compact',
        description='Write the predictions of version 1 records in the compact form, in place. No number changes.',
    )
    parser.add_argument('folders', type=Path, nargs='+', metavar='FOLDER', help='records folder, e.g. reports/records')
    try:
        for folder in parser.parse_args(arguments).folders:
            if not folder.is_dir():
                raise UsageError(f'{folder}: no such folder')
            done = compact_records(folder)
            print(
                f'{folder}: {done.predictions} predictions files made compact, {done.records} records changed, '
                f'{done.before / 1e6:.1f} MB before, {done.after / 1e6:.1f} MB now'
            )
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    return 0


if __name__ == '__main__':
    end(main)
