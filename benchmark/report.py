"""Build, print or compare results: python -m benchmark.report [show [BENCHMARK ...] | compare A B]."""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import BenchmarkError, UsageError

if TYPE_CHECKING:
    from benchmark.site.pages.faces import Photographs

WITH_IMAGES = Path('build') / 'reports-with-images'


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmark.report', description='Build the pages from the records, or print results.'
    )
    _add_shared(parser, Path('reports'), False)
    parser.add_argument(
        '--with-images',
        type=Path,
        metavar='DIR',
        help=f'put photographs of the prepared data in DIR behind drawn faces, in {WITH_IMAGES}; not for publication',
    )
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', title='commands that only read')
    show = commands.add_parser('show', help='print the tables', description='Print the tables.')
    show.add_argument('benchmarks', nargs='*', metavar='BENCHMARK', help='e.g. 300w (default: all that have a record)')
    comparison = commands.add_parser(
        'compare',
        help='compare two rows of one benchmark',
        description='Compare two rows of one benchmark on the same images, over the seeds that both finished.',
    )
    comparison.add_argument('first', metavar='A', help='name of a configuration, or a part that only one row has')
    comparison.add_argument('second', metavar='B', help='the one that it is compared with')
    for command in (show, comparison):
        # What stands before the command counts where nothing stands behind it.
        _add_shared(command, argparse.SUPPRESS, argparse.SUPPRESS)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 when what was asked for is written or printed, 1 when a file is damaged or cannot be written or two rows
        cannot be compared, 2 for a usage error.
    """
    options = build_parser().parse_args(arguments)
    command = {'show': _show, 'compare': _compare, None: _build}[options.command]
    try:
        command(options)
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    return 0


def _add_shared(parser: argparse.ArgumentParser, reports: object, as_json: object) -> None:
    parser.add_argument('--reports', type=Path, default=reports, help='folder with records/ (default: reports)')
    parser.add_argument('--json', action='store_true', default=as_json, help='print the results as JSON on stdout')


def _build(options: argparse.Namespace) -> None:
    # This process keeps nearly everything that it makes: looking for garbage would take a tenth of its time.
    gc.disable()
    from benchmark.site.build import build_reports

    if options.with_images:
        output, photographs = WITH_IMAGES, _photographs(options.with_images, options.reports)
    else:
        output, photographs = options.reports, None
    built = build_reports(options.reports, photographs, output)
    if options.json:
        _print_json({'written': [str(path) for path in built.files]})
    else:
        from benchmark.site.terminal import print_sections

        print_sections(built.sections, built.store)
        print(f'wrote {len(built.files)} files, first of all {output / "index.html"}', file=sys.stderr)


def _photographs(data_root: Path, reports: Path) -> Photographs:
    from benchmark.datasets.test_images import TestImages
    from benchmark.records.record import read_records
    from benchmark.site.pages.faces import Photographs

    if not data_root.is_dir():
        raise UsageError(f'--with-images {data_root}: no such folder (name the folder of prepared data)')
    photographs = Photographs(TestImages(data_root))
    found: dict[str, bool] = {}
    for record in read_records(reports / 'records'):
        if record.status == 'done':
            found[record.benchmark] = photographs.are_of(record) or found.get(record.benchmark, False)
    if not any(found.values()):
        raise BenchmarkError(f'{data_root}: holds the data of no record in {reports / "records"} (name another folder)')
    for benchmark in (name for name, there in found.items() if not there):
        print(f'{benchmark}: without photographs, {data_root} does not hold the data of its records', file=sys.stderr)
    return photographs


def _show(options: argparse.Namespace) -> None:
    from benchmark.site.exports.data import sections_data
    from benchmark.site.terminal import print_tables

    if options.json:
        _print_json(sections_data(options.reports, options.benchmarks))
    else:
        print_tables(options.reports, names=options.benchmarks)


def _compare(options: argparse.Namespace) -> None:
    from benchmark.analysis.selection import compare_named
    from benchmark.site.exports.data import comparison_data
    from benchmark.site.terminal import print_comparison

    found = compare_named(options.reports, options.first, options.second)
    if options.json:
        _print_json(comparison_data(found))
    else:
        print_comparison(found)


def _print_json(data: object) -> None:
    print(json.dumps(data, indent=1, allow_nan=False))


if __name__ == '__main__':
    sys.exit(main())
