"""``python -m benchmark.prepare``: from a dataset as it is distributed to the form that every experiment reads."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.console import end, positive
from benchmark.errors import BenchmarkError, UsageError, check_folder
from benchmark.files import write_atomically
from benchmark.protocol.benchmarks import BENCHMARKS

if TYPE_CHECKING:
    from benchmark.datasets.prepared import Manifest

SYNTHETIC = tuple(name for name, benchmark in BENCHMARKS.items() if benchmark.synthetic)
LISTED_PROBLEMS = 20
DATA_ROOT = Path('data')


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 done, 1 refused or damaged, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    from benchmark.datasets.source import SourceError

    try:
        return options.command(options)
    except SourceError as error:
        _say_some(f'error: {options.dataset}: ', error.problems, 'problems')
        _say(f'error: {error}')
        return 1
    except BenchmarkError as error:
        _say(f'error: {error}')
        return 2 if isinstance(error, UsageError) else 1


def _parser() -> argparse.ArgumentParser:
    # This takes a second, in which the command can be stopped already.
    from benchmark.datasets.drawing import MOST_NOISE
    from benchmark.datasets.hold_out import SHARE
    from benchmark.datasets.preparation import READERS

    def percent(text: str) -> float:
        size = float(text)
        if not 0 <= size <= MOST_NOISE:
            raise argparse.ArgumentTypeError(f'{text} is not between 0 and {MOST_NOISE}')
        return size

    parser = argparse.ArgumentParser(
        prog='python -m benchmark.prepare',
        description='Read a dataset as it is distributed, check it, and write the form that every experiment reads. '
        'Nothing is downloaded.',
    )
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        '--data-root', type=Path, default=DATA_ROOT, metavar='DIR', help='folder of prepared data (default: data)'
    )
    common = argparse.ArgumentParser(add_help=False, parents=[where])
    common.add_argument('--json', action='store_true', help='print the result on stdout as JSON')
    drawn = argparse.ArgumentParser(add_help=False)
    drawn.add_argument('--train-images', type=positive, metavar='N', help='training images of each benchmark')
    drawn.add_argument('--test-images', type=positive, metavar='N', help='test images of each benchmark')
    drawn.add_argument('--seed', type=int, help='seed of the drawing')
    noise = drawn.add_mutually_exclusive_group()
    for kind, place in (('along', 'along contours'), ('around', 'in all directions')):
        noise.add_argument(
            f'--noise-{kind}',
            type=percent,
            metavar='PERCENT',
            help=f'annotation noise {place}, of the inter-ocular distance, in place of that of real annotators',
        )
    datasets = parser.add_subparsers(dest='dataset', required=True, metavar='DATASET')
    for name, (distribution, _) in READERS.items():
        sub = datasets.add_parser(name, parents=[common], help=f'{BENCHMARKS[name].title} from its own files')
        given = sub.add_mutually_exclusive_group(required=True)
        given.add_argument(
            '--source', type=Path, nargs='+', metavar='PATH', help=f'the dataset: {distribution.content}'
        )
        given.add_argument('--download', action='store_true', help='only say where to get the dataset, and its terms')
        sub.add_argument(
            '--allow-incomplete', action='store_true', help='accept absent faces, leave out what cannot be used'
        )
        sub.set_defaults(command=_prepare_original)
    for name in ('synthetic', *SYNTHETIC):
        title = BENCHMARKS[name].title if name in BENCHMARKS else f'all of {", ".join(SYNTHETIC)}'
        sub = datasets.add_parser(name, parents=[drawn, common], help=title)
        sub.set_defaults(command=_prepare_synthetic)
    check = datasets.add_parser('check', parents=[common], help='look for mistakes in prepared data')
    check.add_argument('benchmark', choices=tuple(BENCHMARKS), metavar='DATASET', help=', '.join(BENCHMARKS))
    check.add_argument('--sheet', type=Path, metavar='FILE', help='draw faces with their landmarks into a PNG file')
    check.add_argument('--all', action='store_true', help='draw all faces instead of the most suspicious ones')
    check.set_defaults(command=_check)
    held = datasets.add_parser(
        'hold-out', parents=[common], help='training faces alone, a part of them in place of the test set'
    )
    held.add_argument('benchmark', choices=tuple(BENCHMARKS), metavar='DATASET', help=', '.join(BENCHMARKS))
    held.add_argument(
        '--output', type=Path, required=True, metavar='DIR', help='folder of prepared data to put it into'
    )
    held.add_argument(
        '--share',
        type=float,
        default=SHARE,
        help=f'part of the training faces (default: {SHARE:g}; 1: all, in both parts)',
    )
    held.add_argument('--seed', type=int, default=0, help='which of them (default: 0)')
    held.set_defaults(command=_hold_out)
    listing = datasets.add_parser(
        'list',
        parents=[where],
        help='make the list that results on a test set are checked with',
    )
    listing.add_argument('benchmark', choices=tuple(BENCHMARKS), metavar='DATASET', help=', '.join(BENCHMARKS))
    listing.add_argument('--output', type=Path, metavar='FILE', help='CSV file to write (default: stdout)')
    listing.set_defaults(command=_list)
    described = datasets.add_parser(
        'describe', parents=[where], help='describe drawn faces in Croissant, for sites and loaders of data sets'
    )
    described.add_argument('benchmark', choices=tuple(BENCHMARKS), metavar='DATASET', help=', '.join(SYNTHETIC))
    described.add_argument('--output', type=Path, metavar='FILE', help='JSON-LD file to write (default: stdout)')
    described.set_defaults(command=_describe)
    return parser


def _prepare_original(options: argparse.Namespace) -> int:
    from benchmark.datasets.origins import ORIGINS
    from benchmark.datasets.preparation import prepare_original
    from benchmark.datasets.prepared import find_prepared

    name, root = options.dataset, options.data_root
    if options.download:
        origin = ORIGINS[name]
        command = f'python -m benchmark.prepare {name} --source DIR'
        text = [f'{name}: nothing is downloaded; get it from its authors:', *origin.lines(), f'then:   {command}']
        print(json.dumps(asdict(origin), indent=1) if options.json else '\n'.join(text))
        return 0
    before = find_prepared(root, name)
    manifest, reading = prepare_original(
        name, options.source, root, options.allow_incomplete, lambda line: _say(f'{name}: {line}')
    )
    _say_some(f'warning: {name}: ', manifest.missing, f'(all are in {root / name / "manifest.json"})')
    _say_some(f'warning: {name}: ', reading.outside(), 'faces with landmarks outside the image')
    for note in reading.notes:
        _say(f'{name}: {note}')
    _say_prepared(root, before, manifest)
    if options.json:
        print(manifest.to_json(), end='')
    return 0


def _prepare_synthetic(options: argparse.Namespace) -> int:
    from benchmark.datasets.drawing import Noise
    from benchmark.datasets.prepared import find_prepared
    from benchmark.datasets.synthetic import prepare_synthetic

    noise = next(
        (Noise(kind, size) for kind in ('along', 'around') if (size := vars(options)[f'noise_{kind}']) is not None),
        None,
    )
    chosen = {
        'train_images': options.train_images,
        'test_images': options.test_images,
        'seed': options.seed,
        'noise': noise,
    }
    chosen = {name: value for name, value in chosen.items() if value is not None}
    manifests = []
    for name in SYNTHETIC if options.dataset == 'synthetic' else (options.dataset,):
        before = find_prepared(options.data_root, name)
        manifests.append(prepare_synthetic(options.data_root, name, **chosen))
        _say_prepared(options.data_root, before, manifests[-1])
    if options.json:
        listed = [json.loads(manifest.to_json()) for manifest in manifests]
        print(json.dumps(listed if options.dataset == 'synthetic' else listed[0], indent=1))
    return 0


def _check(options: argparse.Namespace) -> int:
    from benchmark.datasets.check import check_prepared

    check_folder('--data-root', options.data_root, 'prepared data', DATA_ROOT)
    report = check_prepared(options.data_root, options.benchmark, options.sheet, options.all)
    for line in (*report.lines(), *report.summary()):
        _say(line)
    if options.json:
        print(report.to_json(), end='')
    return 1 if report.damaged else 0


def _hold_out(options: argparse.Namespace) -> int:
    from benchmark.datasets.hold_out import hold_out
    from benchmark.datasets.prepared import find_prepared

    check_folder('--data-root', options.data_root, 'prepared data', DATA_ROOT)
    before = find_prepared(options.output, options.benchmark)
    manifest = hold_out(options.data_root, options.benchmark, options.output, options.share, options.seed)
    _say_prepared(options.output, before, manifest)
    if options.json:
        print(manifest.to_json(), end='')
    return 0


def _list(options: argparse.Namespace) -> int:
    from benchmark.datasets.listing import list_test_set

    check_folder('--data-root', options.data_root, 'prepared data', DATA_ROOT)
    text = list_test_set(options.data_root, options.benchmark)
    if _print_or_write(text, options.output):
        _say(f'{options.benchmark}: {text.count(chr(10)) - 1} faces listed in {options.output}')
    return 0


def _describe(options: argparse.Namespace) -> int:
    from benchmark.datasets.croissant import describe

    check_folder('--data-root', options.data_root, 'prepared data', DATA_ROOT)
    if _print_or_write(describe(options.data_root, options.benchmark), options.output):
        _say(f'{options.benchmark}: described in {options.output}')
    return 0


def _print_or_write(text: str, file: Path | None) -> bool:
    """Print a text, or write it to a file; returns whether it was written."""
    if file is None:
        print(text, end='')
        return False
    try:
        write_atomically(file, text.encode())
    except OSError as error:
        raise BenchmarkError(f'{file}: cannot be written: {error.strerror} (choose another)') from error
    return True


def _say_prepared(data_root: Path, before: Manifest | None, manifest: Manifest) -> None:
    folder = data_root / manifest.benchmark
    if before == manifest:
        _say(f'{manifest.benchmark}: already prepared in {folder}, fingerprint {manifest.fingerprint}')
        return
    subsets = ', '.join(f'{subset} {count}' for subset, count in manifest.subset_images.items())
    absent = f'{manifest.missing_images} published images missing, ' if manifest.missing_images else ''
    _say(
        f'{manifest.benchmark}: prepared in {folder}: {manifest.train_images} training images, '
        f'{manifest.test_images} test images ({subsets}), {absent}fingerprint {manifest.fingerprint}'
    )


def _say_some(start: str, sentences: Iterable[str], rest: str) -> None:
    """Print the first sentences, and how many there are besides."""
    sentences = list(sentences)
    for sentence in sentences[:LISTED_PROBLEMS]:
        _say(f'{start}{sentence}')
    if len(sentences) > LISTED_PROBLEMS:
        _say(f'{start}and {len(sentences) - LISTED_PROBLEMS} more {rest}')


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == '__main__':
    end(main)
