"""Does a change keep every number? python -m tests.same_numbers [REVISION]

Tiny experiments are trained with the code of a revision and with that of the working tree, on the same faces, and what
they store is compared to the bit.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmark.records.predictions import Predictions, read_predictions, save_predictions

ROOT = Path(__file__).resolve().parents[1]
BENCHMARK, TRAIN_IMAGES, TEST_IMAGES = 'synthetic-29', 32, 8
_DATA = f"""
train_dataloader = dict(batch_size=8, dataset=dict(benchmark='{BENCHMARK}'))
test_dataloader = dict(dataset=dict(benchmark='{BENCHMARK}'))
test_evaluator = dict(benchmark='{BENCHMARK}')
"""
# By name: recipe, and what a configuration of it says.
EXPERIMENTS = {
    'small-smoothl1': (
        'small_64x64',
        f'train_cfg = dict(max_epochs=3, val_interval=2)\n{_DATA}model = dict(head=dict(out_channels=29))\n',
    ),
    'small-star': (
        'small_64x64',
        f'train_cfg = dict(max_epochs=3, val_interval=2)\n{_DATA}'
        "model = dict(head=dict(out_channels=29, loss=dict(_delete_=True, type='STARLoss')))\n",
    ),
    'hourglass-star': (
        'official_small_128x128',
        f'train_cfg = dict(max_epochs=1)\n{_DATA}'
        "model = dict(backbone=dict(layout='cofw', channels=8),\n"
        "             head=dict(layout='cofw', loss=dict(_delete_=True, type='STARLoss')))\n",
    ),
}
_DRAW = (
    'import sys; from pathlib import Path; from benchmark.datasets.synthetic import prepare_synthetic; '
    f"prepare_synthetic(Path(sys.argv[1]), '{BENCHMARK}', train_images={TRAIN_IMAGES}, test_images={TEST_IMAGES})"
)


class Failure(Exception):
    """What keeps the comparison from being made, in one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0 where the numbers are the same or ``RESULTS_VERSION`` was raised, else 1."""
    parser = argparse.ArgumentParser(
        prog='python -m tests.same_numbers', description='Compare what tiny trainings store before and after a change.'
    )
    parser.add_argument('revision', nargs='?', default='HEAD', metavar='REVISION', help='default: HEAD')
    revision = parser.parse_args(arguments).revision
    try:
        with tempfile.TemporaryDirectory() as folder, _worktree(revision, Path(folder, 'before')) as before:
            lines = _compare(before, Path(folder))
            raised = _results_version(ROOT) > _results_version(before)
    except Failure as failure:
        print(f'error: {failure}', file=sys.stderr)
        return 1
    for line in lines:
        print(line)
    if not lines:
        print(f'{len(EXPERIMENTS)} experiments: every stored number is that of {revision}, to the bit')
    elif not raised:
        print('raise RESULTS_VERSION in benchmark/suite/identity.py if this is meant, and say why in CHANGELOG.md')
    return 1 if lines and not raised else 0


def differences(before: Predictions, after: Predictions) -> Iterator[str]:
    """Arrays that are not the same to the bit, each with its largest difference."""
    for field in dataclasses.fields(Predictions):
        one, other = getattr(before, field.name), getattr(after, field.name)
        if one is None or other is None:
            if one is not other:
                yield f'{field.name}: {"absent" if one is None else "there"} before, not so now'
        elif one.shape != other.shape:
            yield f'{field.name}: shape {one.shape} before, {other.shape} now'
        elif not np.array_equal(one, other):
            number = one.dtype.kind == 'f'
            yield f'{field.name}: ' + (f'differs by up to {np.abs(one - other).max():.3g}' if number else 'differs')


def as_stored(path: Path, folder: Path) -> Predictions:
    """Predictions in the form of today, whatever form they were stored in."""
    save_predictions(read_predictions(path), folder / 'as-stored.npz')
    return read_predictions(folder / 'as-stored.npz')


def _compare(before: Path, folder: Path) -> list[str]:
    trees = {'before': before, 'now': ROOT}
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: _python(trees[name], '-c', _DRAW, str(folder / f'data-{name}')), trees))
        manifests = [json.loads((folder / f'data-{name}' / BENCHMARK / 'manifest.json').read_text()) for name in trees]
        one, other = ([manifest.get(key) for key in ('fingerprint', 'pixels')] for manifest in manifests)
        lines = [] if one == other else ['drawn faces: differ']
        # Both train on the same faces, so that a change of these does not hide one of the training; each on a copy of
        # its own, because a training leaves what it has cut out of them for the next one.
        for name in trees:
            shutil.copytree(folder / 'data-before', folder / f'run-{name}' / 'data')
        found = list(pool.map(lambda name: _train(trees[name], folder / f'run-{name}'), trees))
    for experiment in EXPERIMENTS:
        one, other = (as_stored(_predictions(records, experiment), folder) for records in found)
        lines += [f'{experiment}: {line}' for line in differences(one, other)]
    return lines


def _train(tree: Path, folder: Path) -> Path:
    """Train all experiments with the code of a tree, on the data in a folder; returns the folder of the records."""
    (folder / 'configs').mkdir()
    for name, (recipe, text) in EXPERIMENTS.items():
        base = tree / 'mmpose_configs' / '_base_' / 'recipes' / f'{recipe}.py'
        (folder / 'configs' / f'{name}.py').write_text(f"_base_ = '{base}'\n{text}")
    folders = {'--configs': 'configs', '--data-root': 'data', '--work-dir': 'work', '--reports': 'results'}
    if '--results' in _python(tree, '-m', 'benchmark.run', '--help'):  # version 0.1 knows one folder for both
        folders |= {'--results': 'results', '--reports': 'published'}
    flags = [text for flag, name in folders.items() for text in (flag, str(folder / name))]
    _python(tree, '-m', 'benchmark.run', '--all', '--device', 'cpu', *flags)
    return folder / 'results' / 'records'


def _predictions(records: Path, experiment: str) -> Path:
    (path,) = records.glob(f'{experiment}-seed0-*.npz')
    return path


def _python(tree: Path, *arguments: str) -> str:
    """Run Python in a tree, whose packages come first, on one thread."""
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(tree)}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ['nothing was said']
        raise Failure(f'{tree}: {" ".join(arguments[:2])} failed: {said[-1]}')
    return done.stdout


@contextmanager
def _worktree(revision: str, folder: Path) -> Iterator[Path]:
    git = ['git', '-C', str(ROOT), 'worktree']
    added = subprocess.run(
        [*git, 'add', '--detach', str(folder), revision], capture_output=True, text=True, check=False
    )
    if added.returncode:
        raise Failure(f'{revision}: cannot be checked out: {added.stderr.strip().splitlines()[-1]}')
    try:
        yield folder
    finally:
        subprocess.run([*git, 'remove', '--force', str(folder)], capture_output=True, check=True)


def _results_version(tree: Path) -> int:
    suite = tree / 'benchmark' / 'suite'
    places = (suite / name for name in ('identity.py', 'experiments.py'))  # the latter in older trees
    text = ''.join(path.read_text() for path in places if path.is_file())
    return int(re.search(r'^RESULTS_VERSION = (\d+)$', text, flags=re.MULTILINE)[1])


if __name__ == '__main__':
    sys.exit(main())
