"""Check records without training: python -m benchmark.verify [RECORD ...]."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.console import end
from benchmark.errors import BenchmarkError, UsageError, check_folder

RESULTS, REPORTS = Path('results'), Path('reports')


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmark.verify',
        description='Check records and their predictions: seals and hashes, every number, what contradicts itself, and '
        'whether predictions are those of another record. Without --rerun nothing is trained, and without --residuals '
        'nothing is written.',
    )
    parser.add_argument(
        'records',
        nargs='*',
        type=Path,
        metavar='RECORD',
        help='a record, a folder of records, or a pack (default: all published records and your own)',
    )
    parser.add_argument('--data-root', type=Path, metavar='DIR', help='prepared data, to check distances to the truth')
    parser.add_argument(
        '--rerun', action='store_true', help='train each named record again, from nothing but the record, and compare'
    )
    parser.add_argument(
        '--residuals',
        type=Path,
        metavar='DIR',
        help='write the errors of each named record with their direction, as means that may be published, to a file in '
        'DIR, e.g. reports/residuals (needs --data-root)',
    )
    parser.add_argument('--results', type=Path, default=RESULTS, help='your records, to compare with')
    parser.add_argument('--reports', type=Path, default=REPORTS, help='published records, to compare with')
    parser.add_argument('--json', action='store_true', help='print the findings as JSON on stdout')
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 when no record has a fault and all that was asked for is done, 1 otherwise, 2 for a usage error.
    """
    options = build_parser().parse_args(arguments)
    try:
        return _verify(options)
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1


def _verify(options: argparse.Namespace) -> int:
    from benchmark.records.packs import is_pack, open_pack
    from benchmark.verification.display import to_data, to_text
    from benchmark.verification.records import find_records, verify_records
    from benchmark.verification.residuals import store_residuals
    from benchmark.verification.training import rerun_records

    if options.data_root:
        check_folder('--data-root', options.data_root, 'prepared data')
    check_folder('--reports', options.reports, 'published records', REPORTS)
    check_folder('--results', options.results, 'your records', RESULTS)
    folders = list(dict.fromkeys((options.reports, options.results)))
    places = options.records or [folder / 'records' for folder in folders if (folder / 'records').is_dir()]
    if not places:
        raise UsageError(f'no records in {" and ".join(str(folder / "records") for folder in folders)} (name some)')
    if options.rerun and not options.records:
        raise UsageError('--rerun: name the records that are to be trained again')
    if options.residuals and not (options.records and options.data_root):
        raise UsageError('--residuals: name the records that are to be measured, and their data with --data-root')
    for place in filter(is_pack, options.records):
        open_pack(place)
    verified = verify_records(find_records(places), folders, options.data_root)
    failed = []
    if options.rerun:
        failed += rerun_records(verified, folders, options.data_root, _say)
    if options.residuals:
        failed += store_residuals(verified, options.data_root, options.residuals, _say)
    if options.json:
        print(json.dumps(to_data(verified), indent=1, allow_nan=False))
    else:
        print('\n'.join(to_text(verified)))
    for line in failed:
        print(f'error: {line}', file=sys.stderr)
    return int(bool(failed) or any(one.refused for one in verified))


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == '__main__':
    end(main)
