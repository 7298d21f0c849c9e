"""Weights from elsewhere on the command line of benchmark.run: to start from, and to test as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.models.compat import prepare_imports

ROOT = Path(__file__).resolve().parents[1]
ONE_EPOCH = "_base_ = './tiny-smoothl1.py'\ntrain_cfg = dict(max_epochs=1)\n"
PRETRAINED = (
    ONE_EPOCH + "model = dict(backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet18')))\n"
)
FILE = 'resnet18-f37072fd.pth'


def error_line(result: subprocess.CompletedProcess) -> str:
    assert result.returncode == 1, result.stderr
    assert 'Traceback' not in result.stderr
    (line,) = [line for line in result.stderr.splitlines() if line.startswith('error: ')]
    return line


@pytest.fixture
def backbone_weights(tmp_path) -> Path:
    """Weights of the backbone of the small recipe, with a classifier that it does not have."""
    prepare_imports()
    from mmpose.models.backbones import ResNet

    torch.manual_seed(5)
    backbone = ResNet(depth=18, base_channels=16, stem_channels=16, out_indices=(0, 1, 2, 3))
    state = {**backbone.state_dict(), 'fc.weight': torch.zeros(1000, 128)}
    torch.save(state, tmp_path / FILE)
    return tmp_path / FILE


def test_training_starts_from_pretrained_weights_and_says_so(workshop, backbone_weights):
    workshop.write_config('tiny-pretrained', PRETRAINED)
    result = workshop.run('--name', 'tiny-pretrained', '--pretrained', str(backbone_weights))
    assert result.returncode == 0, result.stderr
    result = workshop.run('--name', 'tiny-pretrained', '--without-pretrained', env=without_cache(workshop))
    assert result.returncode == 0, result.stderr
    started, random = sorted(workshop.records(), key=lambda record: record.pretrained.file or '', reverse=True)
    assert started.pretrained.name == random.pretrained.name == 'torchvision://resnet18'
    assert (started.pretrained.file, random.pretrained.file, random.pretrained.sha256) == (FILE, None, None)
    assert started.curve[0].loss != random.curve[0].loss
    assert started.recipe != random.recipe
    page = (workshop.folder / 'results' / 'README.md').read_text()
    assert 'random weights instead of torchvision://resnet18' in page


def test_missing_pretrained_weights_stop_the_run(workshop):
    workshop.write_config('tiny-pretrained', PRETRAINED)
    line = error_line(workshop.run('--name', 'tiny-pretrained', env=without_cache(workshop)))
    for part in (FILE, 'hub/checkpoints', '--pretrained', '--without-pretrained'):
        assert part in line
    (record,) = workshop.records()
    assert record.status == 'failed'
    assert str(workshop.folder) not in record.model_dump_json()


def test_pretrained_weights_of_another_network_are_refused(workshop, backbone_weights):
    state = torch.load(backbone_weights, weights_only=True)
    state['layer1.0.conv1.weight'] = torch.zeros(1, 1, 1, 1)
    torch.save(state, backbone_weights)
    workshop.write_config('tiny-pretrained', PRETRAINED)
    line = error_line(workshop.run('--name', 'tiny-pretrained', '--pretrained', str(backbone_weights)))
    assert f'{FILE}: layer1.0.conv1.weight has shape (1, 1, 1, 1), expected' in line


def test_given_weights_are_tested_to_the_same_numbers(workshop):
    """What a run has trained and tested, evaluated again from its checkpoint."""
    workshop.write_config('tiny-short', ONE_EPOCH)
    assert workshop.run('--name', 'tiny-short').returncode == 0
    (trained,) = workshop.records()
    (checkpoint,) = (workshop.folder / 'work').glob('tiny-short-seed0-*/epoch_1.pth')
    result = workshop.run('--evaluate', str(checkpoint), '--config', 'tiny-short', '--json')
    assert result.returncode == 0, result.stderr
    (row,) = json.loads(result.stdout)
    given = next(record for record in workshop.records() if record.weights)
    assert row['weights']['origin'] == given.weights.origin == 'given weights'
    assert given.metrics == trained.metrics
    assert given.seed is None
    assert given.recipe != trained.recipe
    folder = workshop.folder / 'results' / 'records'
    for name in ('keypoints', 'covariances'):
        np.testing.assert_array_equal(*(np.load(folder / one.predictions)[name] for one in (given, trained)))
    assert 'given weights: epoch_1.pth' in (workshop.folder / 'results' / 'index.html').read_text()
    log = (workshop.folder / 'work' / 'tiny-short.log').read_text()
    assert 'Load checkpoint from' in log
    assert 'weights_only=False' not in log, 'MMEngine has unpickled what it was not told to be safe'


@pytest.mark.parametrize('fault', ['absent', 'damaged', 'other'])
def test_weights_that_cannot_be_tested_are_one_line(workshop, backbone_weights, fault):
    path = {'absent': workshop.folder / 'none.pth', 'damaged': workshop.folder / 'cut.pth', 'other': backbone_weights}
    (workshop.folder / 'cut.pth').write_bytes(backbone_weights.read_bytes()[:1000])
    line = error_line(workshop.run('--evaluate', str(path[fault]), '--config', 'tiny-star'))
    assert path[fault].name in line
    assert {'absent': 'cannot read', 'damaged': 'not a file of weights', 'other': 'lacks'}[fault] in line


def test_official_checkpoint_becomes_a_marked_row(workshop, shared, tmp_path):
    """From a file as the official code saves it, with golden weights of its network, to the leaderboard."""
    golden = np.load(shared / 'golden' / 'network_wflw.npz')
    state = {
        name.removeprefix('state/'): torch.from_numpy(golden[name]) for name in golden if name.startswith('state/')
    }
    torch.save({'net': state, 'net_ema': state, 'epoch': 499}, tmp_path / 'official.pkl')
    command = [sys.executable, '-m', 'benchmark.convert', str(tmp_path / 'official.pkl'), '--dataset', 'wflw']
    converted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert converted.returncode == 0, converted.stderr
    workshop.data = tmp_path / 'faces'
    prepare_synthetic(workshop.data, 'synthetic-98', train_images=1, test_images=6)
    base = ROOT / 'mmpose_configs' / 'wflw' / 'td-softargmax_hg4-attn-star_32b-500e_wflw-256x256.py'
    workshop.write_config(
        'official-16',
        f"_base_ = '{base}'\n"
        'model = dict(backbone=dict(channels=16))\n'
        "train_dataloader = dict(dataset=dict(benchmark='synthetic-98'))\n"
        "test_dataloader = dict(num_workers=0, dataset=dict(benchmark='synthetic-98'))\n"
        "test_evaluator = dict(benchmark='synthetic-98')\n",
    )
    config = workshop.folder / 'configs' / 'official-16.py'
    result = workshop.run('--evaluate', str(tmp_path / 'official-mmengine.pth'), '--config', str(config))
    assert result.returncode == 0, result.stderr
    (record,) = workshop.records()
    assert record.weights.origin == record.checkpoint_rule == 'official weights'
    assert record.weights.converted_part == 'net'
    assert (record.loss, record.cost.epochs) == ('STAR', 0)
    for page in ('README.md', 'index.html'):
        assert 'official weights: official-mmengine.pth' in (workshop.folder / 'results' / page).read_text()


def without_cache(workshop) -> dict[str, str]:
    """Environment variables with an empty cache of PyTorch."""
    return {**os.environ, 'TORCH_HOME': str(workshop.folder / 'torch')}
