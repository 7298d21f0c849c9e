"""The wheel alone, in an environment of its own: what needs no PyTorch works, and the rest says what to install.

Not collected with the other tests, which run in the checkout; ``tox run -e wheel-py311`` runs it (see tox.ini).
"""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from importlib.metadata import metadata
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import benchmark
from benchmark.protocol.metrics import per_image_nme

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / 'reports'


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in an empty folder."""
    monkeypatch.delenv('PYTHONPATH', raising=False)

    def run(command: str, *arguments: object, status: int = 0) -> subprocess.CompletedProcess:
        line = [sys.executable, '-m', f'benchmark.{command}', *map(str, arguments)]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == status, done.stderr
        assert 'Traceback' not in done.stderr
        return done

    return run


def test_it_is_the_wheel_and_nothing_besides():
    assert Path(benchmark.__file__).parent != ROOT / 'benchmark'
    for name in ('torch', 'mmengine', 'mmpose', 'mmcv', 'cv2', 'h5py', 'onnx'):
        assert find_spec(name) is None, name


def test_the_wheel_says_what_it_is():
    declared = metadata('star-loss-benchmark')
    assert declared['Version'] == benchmark.__version__
    assert {'loss', 'data', 'train', 'export'} <= set(declared.get_all('Provides-Extra'))


def test_published_results_are_shown(run):
    rows = json.loads(run('report', 'show', 'synthetic-68', '--json', '--reports', REPORTS).stdout)
    assert 'STAR' in json.dumps(rows)


def test_records_are_verified(run):
    record = min(REPORTS.glob('records/*_synthetic-29-*.json'))
    assert record.stem in run('verify', record).stdout


def test_pages_are_built(run, tmp_path):
    run('report', '--reports', REPORTS)
    assert 'synthetic-68' in (tmp_path / 'results' / 'index.html').read_text()


def test_predictions_are_scored(run, tmp_path):
    truth, predicted = runpy.run_path(str(ROOT / 'tests' / 'scoring' / 'cases.py'))['write_test_set'](tmp_path / 'data')
    np.savez(tmp_path / 'p.npz', image_ids=np.array(truth.names), keypoints=predicted)
    score = json.loads(run('score', 'p.npz', '--dataset', '300w', '--json').stdout)
    expected = 100 * per_image_nme(predicted, truth.keypoints, '300w', 'inter-ocular').mean()
    assert f'{expected:.6f}'[:6] in json.dumps(score)


@pytest.mark.parametrize(
    ('command', 'extra'),
    [
        ('prepare cofw --source .', 'data'),
        ('run --all', 'train'),
        ('speed loss', 'train'),
        ('export --config x --weights y --output z.onnx', 'train'),
        ('convert x.pkl --dataset 300w', 'train'),
    ],
)
def test_what_needs_more_says_what_to_install(run, command, extra):
    line = run(*command.split(), status=1).stderr
    assert re.fullmatch(rf'error: \w+: not installed \(pip install "star-loss-benchmark\[{extra}\]"\)\n', line), line


def test_losses_need_pytorch():
    with pytest.raises(ModuleNotFoundError, match='torch'):
        __import__('benchmark.losses')
