"""The numbers of a version: python -m tests.numbers [--store]

Tiny trainings of a few steps each, on faces made of noise, and single parts of them (see :mod:`tests.number_parts`),
on plain kernels and one thread. What they give is stored in ``tests/data/numbers.npz`` with its ``RESULTS_VERSION``; a
test compares it with what the present code gives, so that no number changes under an old version unnoticed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
STORED = Path(__file__).parent / 'data' / 'numbers.npz'
# Relative. With other kernels of oneDNN, MKL or OpenCV than these, numbers differ by up to 2.4e-7 (measured with AVX2
# and AVX-512); PyTorch's own wider kernels draw other normal numbers, by their last bits, which gives up to 4e-4.
TOLERANCE = 3e-6
# As far as PyTorch and its libraries let themselves be told.
PLAIN = {
    'ATEN_CPU_CAPABILITY': 'default',
    'ONEDNN_MAX_CPU_ISA': 'SSE41',
    'MKL_CBWR': 'COMPATIBLE',
    'OPENCV_IPP': 'disabled',
    'OPENCV_CPU_DISABLE': 'AVX,AVX2,AVX512-SKX,FP16,FMA3',
    'OMP_NUM_THREADS': '1',
    'CUDA_VISIBLE_DEVICES': '',
}
BENCHMARK, TRAIN_IMAGES, TEST_IMAGES, SIZE = 'synthetic-29', 16, 4, 128
_COMMON = f"""
train_cfg = dict(max_epochs=2)
train_dataloader = dict(batch_size=8, num_workers=0, persistent_workers=False, dataset=dict(benchmark='{BENCHMARK}'))
test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(benchmark='{BENCHMARK}'))
test_evaluator = dict(benchmark='{BENCHMARK}')
"""
# Adam makes a step of full length of rounding noise where a gradient is zero; at usual rates each of the first steps
# multiplies a difference by ten.
_SGD = "dict(_delete_=True, type='OptimWrapper', optimizer=dict(type='SGD', lr={}, momentum=0.9))"
_STAR = "loss=dict(_delete_=True, type='STARLoss')"
_HOURGLASS = f"backbone=dict(layout='cofw', channels=8), head=dict(layout='cofw', {_STAR})"
# By name: recipe, and what a configuration of it says.
EXPERIMENTS = {
    'small-smoothl1': (
        'small_64x64',
        f'model = dict(head=dict(out_channels=29))\noptim_wrapper = {_SGD.format(1e-4)}',
    ),
    'small-star': (
        'small_64x64',
        f'model = dict(head=dict(out_channels=29, {_STAR}))\noptim_wrapper = {_SGD.format(1e-4)}',
    ),
    'hourglass-star': ('official_small_128x128', f'model = dict({_HOURGLASS})\noptim_wrapper = {_SGD.format(1e-5)}'),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0 where the numbers are the stored ones or have been stored, else 1."""
    parser = argparse.ArgumentParser(prog='python -m tests.numbers', description='Compare or store tiny trainings.')
    parser.add_argument('--store', action='store_true', help='store what this version gives')
    parser.add_argument('--compute', type=Path, metavar='FILE', help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.compute:
        np.savez(options.compute, **_compute())
        return 0
    found, stored = compute(PLAIN), load()
    lines = list(differences(stored, found))
    print('\n'.join(lines) or 'every number is the stored one')
    if not lines or not options.store:
        return 1 if lines else 0
    if int(stored.get('results_version', 0)) == int(found['results_version']):
        print('error: raise RESULTS_VERSION in benchmark/suite/identity.py first', file=sys.stderr)
        return 1
    np.savez_compressed(STORED, **found)
    return 0


def load() -> dict[str, np.ndarray]:
    """What is stored; nothing where there is no file."""
    if not STORED.is_file():
        return {}
    with np.load(STORED) as file:
        return dict(file)


def compute(kernels: Mapping[str, str]) -> dict[str, np.ndarray]:
    """The numbers of the present code, from a process with these environment variables."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, 'numbers.npz')
        command = [sys.executable, '-m', 'tests.numbers', '--compute', str(file)]
        environment = {**os.environ, 'PYTHONPATH': str(ROOT), **kernels}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f'ended with status {done.returncode}: {done.stderr[-3000:]}')
        with np.load(file) as found:
            return dict(found)


def differences(stored: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray]) -> Iterator[str]:
    """Numbers that are not the same within rounding, each with its largest relative difference."""
    for name in sorted(stored.keys() | found.keys()):
        one, other = stored.get(name), found.get(name)
        if one is None or other is None or one.shape != other.shape:
            before, now = ('absent' if array is None else array.shape for array in (one, other))
            yield f'{name}: {before} before, {now} now'
        elif distance(one, other) > TOLERANCE:
            yield f'{name}: differs by a relative {distance(one, other):.2g}'


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Largest difference over the largest size of a number."""
    return float(np.abs(one - other).max() / max(np.abs(one).max(), np.finfo(float).tiny))


def _compute() -> dict[str, np.ndarray]:
    from mmengine.utils import import_modules_from_strings

    from benchmark.records.predictions import read_predictions
    from benchmark.records.record import read_records
    from benchmark.suite.conditions import Places
    from benchmark.suite.execution import run_experiment
    from benchmark.suite.experiments import load_experiment
    from benchmark.suite.identity import RESULTS_VERSION
    from tests.number_parts import compute_parts

    import_modules_from_strings(['benchmark.models'])
    numbers = {'results_version': np.array(RESULTS_VERSION)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fingerprint = _prepare(folder / 'data')
        places = Places(folder / 'data', folder / 'work', folder / 'records')
        for title, (recipe, text) in EXPERIMENTS.items():
            config = folder / f'{title}.py'
            base = ROOT / 'mmpose_configs' / '_base_' / 'recipes' / f'{recipe}.py'
            config.write_text(f"_base_ = '{base}'\n{_COMMON}{text}\n")
            experiment = load_experiment(config)
            planned = experiment.identify(fingerprint, 'cpu').fingerprint(0)
            run_experiment(experiment, 0, planned, None, 'cpu', places, lambda message: None)
            (record,) = (one for one in read_records(places.records) if one.name == title)
            predictions = read_predictions(places.records / record.predictions)
            numbers[f'{title}: mean distance'] = predictions.mean_distance
            numbers[f'{title}: losses'] = np.array([epoch.loss for epoch in record.curve])
    return numbers | compute_parts()


def _prepare(data: Path) -> str:
    """Prepared faces of smooth noise whose landmarks lie on a grid, moved a little; returns their fingerprint."""
    from PIL import Image

    from benchmark.datasets.prepared import Face, write_prepared

    rng = np.random.default_rng(0)
    images = data / BENCHMARK / 'images'
    images.mkdir(parents=True)
    faces = []
    places = np.stack(np.meshgrid(np.arange(6), np.arange(5)), axis=-1).reshape(-1, 2)[:29] * 12.0 + 32
    for index in range(TRAIN_IMAGES + TEST_IMAGES):
        small = rng.integers(0, 256, (16, 16, 3)).astype(np.uint8)
        Image.fromarray(np.repeat(np.repeat(small, SIZE // 16, axis=0), SIZE // 16, axis=1)).save(
            images / f'{index}.png'
        )
        points = np.round(places + rng.uniform(-5, 5, places.shape), 3)
        faces.append(Face(image=f'{index}.png', width=SIZE, height=SIZE, keypoints=points))
    return write_prepared(data, BENCHMARK, faces[:TRAIN_IMAGES], faces[TRAIN_IMAGES:], Path('images')).fingerprint


if __name__ == '__main__':
    sys.exit(main())
