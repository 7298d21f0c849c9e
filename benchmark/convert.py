"""``python -m benchmark.convert``: weights that the official STAR code has trained, as an MMEngine checkpoint."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.console import end
from benchmark.errors import BenchmarkError
from benchmark.protocol.layouts import LAYOUTS

WEIGHTS = {'net': 'net', 'ema': 'net_ema'}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 converted, 1 refused, 2 wrong usage (raised by argparse)."""
    options = _parser().parse_args(arguments)
    output = options.output or options.checkpoint.parent / f'{options.checkpoint.stem}-mmengine.pth'
    # PyTorch and MMPose take seconds to import, and --help and wrong usage need neither.
    from benchmark.models.official.checkpoint import convert_checkpoint

    weights = WEIGHTS[options.weights]
    try:
        meta = convert_checkpoint(options.checkpoint, options.dataset, output, weights)
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    remark = '' if weights == 'net' else ' (the official evaluation loads net)'
    print(
        f'wrote {output}: {weights} of {meta["converted_from"]}, {meta["num_landmarks"]} landmarks, '
        f'{meta["num_stacks"]} stacks of {meta["channels"]} channels, {meta["num_parameters"]:,} parameters{remark}',
        file=sys.stderr,
    )
    if options.json:
        print(json.dumps({'output': str(output), **meta}, indent=1))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m benchmark.convert',
        description='Write weights that the official STAR code has trained as an MMEngine checkpoint. Nothing in '
        'the file is executed: one with anything but weights and plain values is refused.',
    )
    parser.add_argument('checkpoint', type=Path, metavar='CHECKPOINT', help='file of the official code (.pkl)')
    parser.add_argument('--dataset', required=True, choices=tuple(LAYOUTS), help='what it was trained on')
    parser.add_argument(
        '--output',
        type=Path,
        metavar='FILE',
        help='file to write, which must not exist (default: CHECKPOINT-mmengine.pth beside CHECKPOINT)',
    )
    parser.add_argument(
        '--weights',
        choices=tuple(WEIGHTS),
        default='net',
        help="'net', which the official evaluation loads, or 'ema', the average of weights (default: net)",
    )
    parser.add_argument('--json', action='store_true', help='print what was written on stdout')
    return parser


if __name__ == '__main__':
    end(main)
