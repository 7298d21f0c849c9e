"""Measure how fast this machine is: python -m benchmark.speed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.console import end
from benchmark.errors import BenchmarkError, UsageError, require_posix
from benchmark.memory import keep_freed_memory
from benchmark.suite.speed import ON_CPU, PARTS

if TYPE_CHECKING:
    from benchmark.records.speed import Measurement

FOLDERS = 'data_root', 'configs'


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmark.speed',
        description='Measure how fast this machine is; ratios are within one run. What is measured is stored, one '
        'file a device and number of threads, in place of earlier measurements of the same parts.',
        epilog='Parts: ' + '; '.join(f'{name}: {text}' for name, text in PARTS.items()) + '.',
    )
    parser.add_argument(
        'parts',
        nargs='*',
        metavar='PART',
        help=f'any of {", ".join(PARTS)} (default: all of them, which takes some minutes)',
    )
    parser.add_argument(
        '--device', choices=('auto', 'cpu', 'cuda'), default='auto', help='default: cuda if there is one'
    )
    parser.add_argument('--data-root', type=Path, metavar='DIR', help='prepared data (default: data)')
    parser.add_argument('--configs', type=Path, metavar='DIR', help='configurations (default: mmpose_configs)')
    parser.add_argument('--seconds', type=float, default=20.0, metavar='N', help='time for each part (default: 20)')
    parser.add_argument(
        '--store',
        type=Path,
        default=Path('results', 'speed'),
        metavar='DIR',
        help='folder of the results (default: results/speed)',
    )
    parser.add_argument('--json', action='store_true', help='print machine-readable results on stdout')
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 measured, 1 failed, 2 wrong usage."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"no such part: '{unknown[0]}' (choose from {', '.join(PARTS)})")
    if not 0 <= options.seconds < float('inf'):
        parser.error('--seconds: expected a number that is not negative')
    try:
        for name in FOLDERS:
            given = getattr(options, name)
            if given and not given.is_dir():
                flag = f'--{name.replace("_", "-")}'
                raise UsageError(f'{flag} {given}: no such folder (make it, or choose another one)')
        require_posix('measuring speed')
        measurements = _measure_and_store(options)
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    if options.json:
        print(f'[{", ".join(measurement.model_dump_json(indent=1) for measurement in measurements)}]')
    return 0


def _measure_and_store(options: argparse.Namespace) -> list[Measurement]:
    """Each part is stored, and shown, when it is finished: it may take minutes, and the next one may fail."""
    from benchmark.records.speed import store

    measurements: list[Measurement] = []
    written: dict[Path, None] = {}
    try:
        for measurement in _measure(options):
            written[store(options.store, [measurement])] = None
            measurements.append(measurement)
            if not options.json:
                from benchmark.suite.speed.table import print_tables

                print_tables([measurement])
    finally:
        for path in written:
            print(f'wrote {path}', file=sys.stderr)
    return measurements


def _measure(given: argparse.Namespace) -> Iterator[Measurement]:
    # As in a training.
    keep_freed_memory()
    os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')
    if given.device == 'cpu' and 'torch' not in sys.modules:
        os.environ['CUDA_VISIBLE_DEVICES'] = '-1'  # MMEngine trains on a GPU wherever PyTorch sees one
    # Imported here: PyTorch and MMEngine take seconds, a usage error should not.
    import torch

    from benchmark.suite.conditions import usual_folder
    from benchmark.suite.environment import describe_environment
    from benchmark.suite.speed.options import Options

    if given.device == 'cuda' and not torch.cuda.is_available():
        raise UsageError('--device cuda: PyTorch sees no GPU (choose --device cpu)')
    device = given.device
    if device == 'auto':
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
    folders = {name: getattr(given, name) or usual_folder(name) for name in FOLDERS}
    options = Options(**folders, seconds=given.seconds, device=device)
    for name in dict.fromkeys(given.parts or PARTS):
        here = 'cpu' if name in ON_CPU else device
        environment = describe_environment(here, 'float32')
        found = import_module(f'benchmark.suite.speed.{name}').measure(replace(options, device=here))
        now = datetime.now(timezone.utc).isoformat(timespec='seconds')
        yield found.model_copy(update={'environment': found.environment or environment, 'measured': now})


if __name__ == '__main__':
    end(main)
