"""Measure how fast this machine is: python -m benchmark.speed input."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from benchmark.errors import BenchmarkError, UsageError
from benchmark.suite.memory import keep_freed_memory
from benchmark.suite.speed import PARTS


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmark.speed',
        description='Measure how fast this machine is; ratios are within one run.',
        epilog='Parts: ' + '; '.join(f'{name}: {text}' for name, text in PARTS.items()) + '.',
    )
    parser.add_argument('parts', nargs='+', choices=tuple(PARTS), metavar='PART', help=f'one of {", ".join(PARTS)}')
    parser.add_argument('--data-root', type=Path, metavar='DIR', help='prepared data (default: data)')
    parser.add_argument('--seconds', type=float, default=20.0, metavar='N', help='time for each part (default: 20)')
    parser.add_argument('--json', action='store_true', help='print machine-readable results on stdout')
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 measured, 1 failed, 2 wrong usage."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if not 0 <= options.seconds < float('inf'):
        parser.error('--seconds: expected a number that is not negative')
    try:
        if options.data_root and not options.data_root.is_dir():
            raise UsageError(f'--data-root {options.data_root}: no such folder (make it, or prepare data into it)')
        data_root = options.data_root or Path('data')
        keep_freed_memory()  # as in a training
        # Imported here: PyTorch and MMEngine take seconds, a usage error should not.
        parts = {name: import_module(f'benchmark.suite.speed.{name}') for name in dict.fromkeys(options.parts)}
        measurements = [part.measure(data_root, options.seconds) for part in parts.values()]
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print('stopped', file=sys.stderr)
        return 130
    if options.json:
        print(json.dumps([dataclasses.asdict(measurement) for measurement in measurements], indent=1))
    else:
        from benchmark.suite.speed.table import print_table

        print_table(measurements)
    return 0


if __name__ == '__main__':
    sys.exit(main())
