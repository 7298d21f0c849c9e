"""``python -m benchmark.pack ROW``: finished trainings as folders that others can load, test and verify."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.console import end
from benchmark.errors import BenchmarkError, UsageError, check_folder

RESULTS, WORK, PACKS = Path('results'), Path('work_dirs'), Path('packs')


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmark.pack',
        description='Pack finished trainings of a row, each into a folder of its own: weights, the exported network, '
        'configuration, record, predictions, a model card made from the record, and SHA-256 sums. benchmark.predict, '
        'benchmark.run --evaluate and benchmark.verify take such a folder.',
    )
    parser.add_argument(
        'row', metavar='ROW', help='name of a configuration, a part that only one row has, or a shell pattern'
    )
    parser.add_argument('--seeds', nargs='+', type=int, metavar='N', help='default: every seed that is done')
    parser.add_argument('--output', type=Path, default=PACKS, metavar='DIR', help='where the folders go: packs')
    parser.add_argument('--without-onnx', action='store_true', help='leave the exported network out')
    parser.add_argument('--results', type=Path, default=RESULTS, help='your results (default: results)')
    parser.add_argument('--work-dir', type=Path, default=WORK, help='checkpoints (default: work_dirs)')
    parser.add_argument('--json', action='store_true', help='print the folders on stdout')
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 packed, 1 refused, 2 wrong usage."""
    options = build_parser().parse_args(arguments)
    try:
        folders = _pack(options)
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    if options.json:
        print(json.dumps([str(folder) for folder in folders], indent=1))
    return 0


def _pack(options: argparse.Namespace) -> list[Path]:
    check_folder('--results', options.results, 'your results')
    check_folder('--work-dir', options.work_dir, 'checkpoints')
    # PyTorch and MMPose take seconds to import, and --help and wrong usage need neither.
    import benchmark.models  # noqa: F401  (prepares the imports of MMPose)
    from benchmark.analysis.selection import whole_names
    from benchmark.site.model_card import model_card
    from benchmark.suite.conditions import Places
    from benchmark.suite.export import require_onnx
    from benchmark.suite.packing import finished_trainings, pack

    places = Places(Path('data'), options.work_dir, options.results / 'records')
    (row,) = whole_names([options.row], options.results)
    records = finished_trainings(row, options.seeds, places.records)
    if not options.without_onnx:
        require_onnx()
    folders = []
    for path, record in records.items():
        folders.append(pack(path, record, places, options.output, not options.without_onnx, model_card))
        print(f'wrote {folders[-1]}', file=sys.stderr)
    return folders


if __name__ == '__main__':
    end(main)
