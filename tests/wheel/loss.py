"""STAR loss out of the wheel, in an environment with PyTorch and without MMPose; ``tox run -e wheel-loss`` runs it."""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

import benchmark
from benchmark.losses import STARLoss

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = np.load(ROOT / 'tests' / 'data' / 'star_loss.npz')


def test_it_is_the_wheel_with_pytorch_and_nothing_besides():
    assert Path(benchmark.__file__).parent != ROOT / 'benchmark'
    for name in ('mmengine', 'mmpose', 'mmcv', 'cv2'):
        assert find_spec(name) is None, name
    assert 'torch._dynamo' not in sys.modules, 'the compiler takes seconds to import'


@pytest.mark.parametrize('key', sorted(name for name in GOLDEN.files if name.endswith('/loss')))
def test_loss_has_the_official_values(key):
    case, distance, weight, _ = key.split('/')
    loss = STARLoss({'smoothl1': 'smooth_l1'}.get(distance, distance), eigenvalue_weight=float(weight[1:]))
    heatmaps, targets = (torch.from_numpy(GOLDEN[f'{case}/{what}']) for what in ('heatmaps', 'targets'))
    assert loss(heatmaps, targets).item() == pytest.approx(float(GOLDEN[key]), rel=2e-5)


def test_the_training_of_the_page_runs():
    text = (ROOT / 'docs' / 'star_in_pytorch.md').read_text()
    names = {}
    exec(re.search(r'<!-- example: own training -->\n```python\n(.*?)```', text, re.DOTALL)[1], names)
    assert names['loss'].isfinite()
