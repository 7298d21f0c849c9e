"""``python -m benchmark.prepare``: from a dataset as it is distributed to the form that every experiment reads."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.datasets.prepared import Manifest, find_prepared
from benchmark.datasets.source import SourceError
from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.datasets.three_hundred_w import prepare_300w
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import BENCHMARKS

SYNTHETIC = tuple(name for name, benchmark in BENCHMARKS.items() if benchmark.synthetic)
LISTED_PROBLEMS = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 prepared, 1 refused, 2 wrong usage (raised by argparse)."""
    options = _parser().parse_args(arguments)
    try:
        manifests = options.prepare(options)
    except SourceError as error:
        name = options.dataset
        for problem in error.problems[:LISTED_PROBLEMS]:
            _say(f'error: {name}: {problem}')
        if len(error.problems) > LISTED_PROBLEMS:
            _say(f'error: {name}: and {len(error.problems) - LISTED_PROBLEMS} more problems')
        _say(f'error: {error}')
        return 1
    except BenchmarkError as error:
        _say(f'error: {error}')
        return 1
    if options.json:
        listed = [json.loads(manifest.to_json()) for manifest in manifests]
        print(json.dumps(listed if options.dataset == 'synthetic' else listed[0], indent=1))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m benchmark.prepare',
        description='Read a dataset as it is distributed, check it, and write the form that every experiment reads.',
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        '--data-root', type=Path, default=Path('data'), metavar='DIR', help='folder of prepared data (default: data)'
    )
    common.add_argument('--json', action='store_true', help='print the manifest on stdout (synthetic: a list of them)')
    original = argparse.ArgumentParser(add_help=False)
    original.add_argument('--source', type=Path, required=True, metavar='DIR', help='the dataset as it is distributed')
    original.add_argument(
        '--allow-incomplete', action='store_true', help='accept absent images, leave out files that cannot be used'
    )
    drawn = argparse.ArgumentParser(add_help=False)
    drawn.add_argument('--train-images', type=_positive, metavar='N', help='training images of each benchmark')
    drawn.add_argument('--test-images', type=_positive, metavar='N', help='test images of each benchmark')
    drawn.add_argument('--seed', type=int, help='seed of the drawing')
    datasets = parser.add_subparsers(dest='dataset', required=True, metavar='DATASET')
    for name, prepare in (('300w', _prepare_300w), ('cofw', _not_implemented), ('wflw', _not_implemented)):
        sub = datasets.add_parser(name, parents=[original, common], help=f'{BENCHMARKS[name].title} from its own files')
        sub.set_defaults(prepare=prepare)
    for name in ('synthetic', *SYNTHETIC):
        title = BENCHMARKS[name].title if name in BENCHMARKS else f'all of {", ".join(SYNTHETIC)}'
        sub = datasets.add_parser(name, parents=[drawn, common], help=title)
        sub.set_defaults(prepare=_prepare_synthetic)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f'{number} is not a positive number')
    return number


def _prepare_300w(options: argparse.Namespace) -> list[Manifest]:
    before = find_prepared(options.data_root, '300w')
    manifest, reading = prepare_300w(options.source, options.data_root, options.allow_incomplete)
    for sentence in reading.missing:
        _say(f'warning: 300w: {sentence}')
    if reading.mirrored:
        _say(f'300w: ignored {reading.mirrored} mirrored copies (*_mirror) of images beside them')
    _say_prepared(options.data_root, before, manifest)
    return [manifest]


def _prepare_synthetic(options: argparse.Namespace) -> list[Manifest]:
    chosen = {'train_images': options.train_images, 'test_images': options.test_images, 'seed': options.seed}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    manifests = []
    for name in SYNTHETIC if options.dataset == 'synthetic' else (options.dataset,):
        before = find_prepared(options.data_root, name)
        manifests.append(prepare_synthetic(options.data_root, name, **chosen))
        _say_prepared(options.data_root, before, manifests[-1])
    return manifests


def _not_implemented(options: argparse.Namespace) -> list[Manifest]:
    title = BENCHMARKS[options.dataset].title
    raise BenchmarkError(
        f'{options.dataset}: reading the original {title} format is not implemented yet (prepare 300w or synthetic)'
    )


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


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == '__main__':
    sys.exit(main())
