"""Build, print, compare or publish results: python -m benchmark.report [show | compare A B | publish]."""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.console import end
from benchmark.errors import BenchmarkError, UsageError, check_folder

if TYPE_CHECKING:
    from benchmark.site.build import Built
    from benchmark.site.pages.faces import Photographs

RESULTS, REPORTS = Path('results'), Path('reports')
WITH_IMAGES = Path('build') / 'reports-with-images'


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmark.report',
        description='Build pages of your own results beside the published ones, which stay as they are; or print, '
        'compare or publish results.',
    )
    _add_shared(parser, RESULTS, REPORTS, False)
    parser.add_argument(
        '--png', action='store_true', help='make each figure of a benchmark a file of its own, too, as SVG and PNG'
    )
    parser.add_argument(
        '--with-images',
        type=Path,
        metavar='DIR',
        help=f'put photographs of the prepared data in DIR behind drawn faces, in {WITH_IMAGES}; not for publication',
    )
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', title='commands')
    show = commands.add_parser('show', help='print the tables', description='Print the tables; nothing is written.')
    show.add_argument('benchmarks', nargs='*', metavar='BENCHMARK', help='e.g. 300w (default: all that have a record)')
    comparison = commands.add_parser(
        'compare',
        help='compare two rows of one benchmark',
        description='Compare two rows of one benchmark on the same images, over the seeds that both finished; nothing '
        'is written.',
    )
    comparison.add_argument('first', metavar='A', help='name of a configuration, or a part that only one row has')
    comparison.add_argument('second', metavar='B', help='the one that it is compared with')
    publishing = commands.add_parser(
        'publish',
        help='add your finished results to the published ones',
        description='Copy your finished results, or those of some configurations, to the published ones, and build '
        'the published pages anew.',
    )
    publishing.add_argument(
        'names',
        nargs='*',
        metavar='NAME',
        help='configurations, shell patterns allowed, or a part that only one has (default: all, and speeds)',
    )
    for command in (show, comparison, publishing):
        # What stands before the command counts where nothing stands behind it.
        _add_shared(command, *[argparse.SUPPRESS] * 3)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 when what was asked for is written or printed, 1 when a file is damaged or cannot be written or two rows
        cannot be compared, 2 for a usage error.
    """
    options = build_parser().parse_args(arguments)
    command = {'show': _show, 'compare': _compare, 'publish': _publish, None: _build}[options.command]
    try:
        _check_folders(options)
        command(options)
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    return 0


def _add_shared(parser: argparse.ArgumentParser, results: object, reports: object, as_json: object) -> None:
    parser.add_argument('--results', type=Path, default=results, help='your records and pages (default: results)')
    parser.add_argument('--reports', type=Path, default=reports, help='published records (default: reports)')
    parser.add_argument('--json', action='store_true', default=as_json, help='print the results as JSON on stdout')


def _check_folders(options: argparse.Namespace) -> None:
    """Refuse folders that are not there: without them it would look as if nothing had ever been run."""
    check_folder('--reports', options.reports, 'published records', REPORTS)
    if options.command is not None:  # pages are built in a folder that need not be there
        check_folder('--results', options.results, 'your records', RESULTS)
    if not any(folder.is_dir() for folder in _folders(options)):
        raise UsageError(
            f'no folder {options.results} and none {options.reports} (run this in the folder of the project, or name '
            'folders with --results and --reports)'
        )


def _build(options: argparse.Namespace) -> None:
    output, photographs = options.results, None
    if options.with_images:
        output, photographs = WITH_IMAGES, _photographs(options.with_images, _folders(options))
    _say(_build_pages(output, _folders(options), photographs, options.png), output, options.json)


def _publish(options: argparse.Namespace) -> None:
    from benchmark.analysis.selection import whole_names
    from benchmark.records.publishing import publish

    copied = publish(options.results, options.reports, whole_names(options.names, options.results))
    built = _build_pages(options.reports, [options.reports])
    if not options.json:
        print(f'published {len(copied)} files from {options.results}', file=sys.stderr)
    _say(built, options.reports, options.json)


def _build_pages(
    output: Path, sources: Sequence[Path], photographs: Photographs | None = None, png: bool = False
) -> Built:
    # This process keeps nearly everything that it makes: looking for garbage would take a tenth of its time.
    gc.disable()
    from benchmark.site.build import build_reports

    return build_reports(output, sources, photographs, png)


def _say(built: Built, output: Path, as_json: bool) -> None:
    if as_json:
        _print_json({'written': [str(path) for path in built.files]})
        return
    from benchmark.site.terminal import print_sections

    print_sections(built.sections)
    print(f'wrote {len(built.files)} files: open {output / "index.html"} in a browser', file=sys.stderr)


def _folders(options: argparse.Namespace) -> list[Path]:
    return [options.results, options.reports]


def _photographs(data_root: Path, folders: Sequence[Path]) -> Photographs:
    from benchmark.datasets.image_source import ImageSource
    from benchmark.records.record import read_records
    from benchmark.site.pages.faces import Photographs

    check_folder('--with-images', data_root, 'prepared data')
    photographs = Photographs(ImageSource(data_root))
    found: dict[str, bool] = {}
    for record in (record for folder in folders for record in read_records(folder / 'records')):
        if record.status == 'done':
            found[record.benchmark] = photographs.are_of(record) or found.get(record.benchmark, False)
    if not any(found.values()):
        places = ' or '.join(str(folder / 'records') for folder in folders)
        raise BenchmarkError(f'{data_root}: holds the data of no record in {places} (name another folder)')
    for benchmark in (name for name, there in found.items() if not there):
        print(f'{benchmark}: without photographs, {data_root} does not hold the data of its records', file=sys.stderr)
    return photographs


def _show(options: argparse.Namespace) -> None:
    from benchmark.site.exports.data import sections_data
    from benchmark.site.terminal import print_tables

    if options.json:
        _print_json(sections_data(_folders(options), options.benchmarks))
    else:
        print_tables(_folders(options), names=options.benchmarks)


def _compare(options: argparse.Namespace) -> None:
    from benchmark.analysis.selection import compare_named
    from benchmark.site.exports.data import comparison_data
    from benchmark.site.terminal import print_comparison

    found = compare_named(_folders(options), options.first, options.second)
    if options.json:
        _print_json(comparison_data(found))
    else:
        print_comparison(found)


def _print_json(data: object) -> None:
    print(json.dumps(data, indent=1, allow_nan=False))


if __name__ == '__main__':
    end(main)
