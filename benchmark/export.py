"""``python -m benchmark.export``: a trained network as an ONNX file that needs neither PyTorch nor MMPose."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.console import end
from benchmark.errors import BenchmarkError, UsageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 written, 1 refused, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        written = _export(options)
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    width, height = written['input_size']
    print(
        f'wrote {options.output}: images (N, 3, {height}, {width}) to landmarks (N, {written["landmarks"]}, 2) in '
        f'pixels of these; largest difference from PyTorch {written["difference"]:.1g} pixels',
        file=sys.stderr,
    )
    if options.json:
        print(json.dumps(written, indent=1))
    return 0


def _export(options: argparse.Namespace) -> dict:
    if options.output.exists():
        raise UsageError(f'{options.output}: exists already (choose another file with --output)')
    if not options.output.parent.is_dir():
        raise UsageError(f'{options.output.parent}: no such folder (make it, or choose another with --output)')
    # PyTorch and MMPose take seconds to import, and --help and wrong usage need neither.
    import benchmark.models  # noqa: F401  (prepares the imports of MMPose)
    from benchmark.protocol.benchmarks import get_benchmark
    from benchmark.suite.conditions import usual_folder
    from benchmark.suite.experiments import find_experiment
    from benchmark.suite.export import export, load_network, require_onnx

    require_onnx()
    experiment = find_experiment(options.config, options.configs or usual_folder('configs'))
    network = load_network(experiment, options.weights)
    difference = export(network, experiment.input_size, options.output)
    preprocessor = network.estimator.data_preprocessor
    return {
        'output': str(options.output),
        'config': experiment.name,
        'input_size': experiment.input_size,
        'mean': preprocessor.mean.flatten().tolist(),
        'std': preprocessor.std.flatten().tolist(),
        'channels': 'RGB' if experiment.config.model.data_preprocessor.get('bgr_to_rgb') else 'BGR',
        'landmarks': get_benchmark(experiment.benchmark).layout.num_landmarks,
        'difference': difference,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m benchmark.export',
        description='Write a trained network as an ONNX file: normalized images (N, 3, H, W) in, landmarks (N, K, 2) '
        'in pixels of these out, without flip test. The file is checked against PyTorch and left behind only if both '
        'agree to 0.001 pixels.',
    )
    parser.add_argument('--config', required=True, metavar='CONFIG', help='a file, or its name without .py')
    parser.add_argument('--weights', required=True, type=Path, metavar='FILE', help='checkpoint of its training')
    parser.add_argument('--output', required=True, type=Path, metavar='FILE', help='file to write, e.g. model.onnx')
    parser.add_argument(
        '--configs',
        type=Path,
        metavar='DIR',
        help='configurations (default: mmpose_configs, here or as installed)',
    )
    parser.add_argument('--json', action='store_true', help='print what was written, and how images are normalized')
    return parser


if __name__ == '__main__':
    end(main)
