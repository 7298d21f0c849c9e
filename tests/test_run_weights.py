"""Weights from elsewhere on the command line of benchmark.run: to start from, and to test as they are."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.convert import main as convert
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


@pytest.fixture
def no_cache(tmp_path, monkeypatch) -> None:
    """PyTorch's cache is empty."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))


@pytest.mark.usefixtures('no_cache')
def test_training_starts_from_pretrained_weights_and_says_so(workshop, backbone_weights):
    workshop.write_config('tiny-pretrained', PRETRAINED)
    result = workshop.call('--name', 'tiny-pretrained', '--pretrained', str(backbone_weights))
    assert result.returncode == 0, result.stderr
    result = workshop.call('--name', 'tiny-pretrained', '--without-pretrained')
    assert result.returncode == 0, result.stderr
    started, random = sorted(workshop.records(), key=lambda record: record.pretrained.file or '', reverse=True)
    assert started.pretrained.name == random.pretrained.name == 'torchvision://resnet18'
    assert (started.pretrained.file, random.pretrained.file, random.pretrained.sha256) == (FILE, None, None)
    assert started.curve[0].loss != random.curve[0].loss
    assert started.recipe != random.recipe
    page = (workshop.folder / 'results' / 'README.md').read_text()
    assert 'random weights instead of torchvision://resnet18' in page


@pytest.mark.usefixtures('no_cache')
def test_what_lacks_pretrained_weights_is_not_run_and_says_which(workshop):
    workshop.write_config('tiny-pretrained', PRETRAINED)
    result = workshop.call('--name', 'tiny-pretrained')
    assert result.returncode == 1
    (line,) = [line for line in result.stderr.splitlines() if 'not run' in line]
    for part in (FILE, 'hub/checkpoints', '--pretrained', '--without-pretrained'):
        assert part in line
    (record,) = workshop.records()
    assert record.status == 'not-run'
    assert FILE in record.reason
    assert str(workshop.folder) not in record.model_dump_json()


def test_pretrained_weights_of_another_network_are_refused(workshop, backbone_weights):
    state = torch.load(backbone_weights, weights_only=True)
    state['layer1.0.conv1.weight'] = torch.zeros(1, 1, 1, 1)
    torch.save(state, backbone_weights)
    workshop.write_config('tiny-pretrained', PRETRAINED)
    line = error_line(workshop.call('--name', 'tiny-pretrained', '--pretrained', str(backbone_weights)))
    assert f'{FILE}: layer1.0.conv1.weight has shape (1, 1, 1, 1), expected' in line


def test_given_weights_are_tested_to_the_same_numbers(workshop, finished):
    """What a run has trained and tested, evaluated again from its checkpoint."""
    before = finished[0]
    trained = next(record for record in before.records() if record.name == 'tiny-smoothl1')
    (checkpoint,) = (before.folder / 'work').glob('tiny-smoothl1-seed0-*/epoch_6.pth')
    result = workshop.run('--evaluate', str(checkpoint), '--config', 'tiny-smoothl1', '--json')
    assert result.returncode == 0, result.stderr
    (row,) = json.loads(result.stdout)
    (given,) = workshop.records()
    assert row['weights']['origin'] == given.weights.origin == 'given weights'
    assert given.metrics == trained.metrics
    assert given.seed is None
    assert given.recipe != trained.recipe
    arrays, whole = (
        np.load(one.folder / 'results' / 'records' / record.predictions)
        for one, record in ((workshop, given), (before, trained))
    )
    assert set(arrays.files) == set(whole.files) >= {'keypoints', 'covariances'}
    for name in arrays.files:
        np.testing.assert_array_equal(arrays[name], whole[name], name)
    assert 'given weights: epoch_6.pth' in (workshop.folder / 'results' / 'index.html').read_text()
    log = (workshop.folder / 'work' / 'tiny-smoothl1.log').read_text()
    assert 'Load checkpoint from' in log
    assert 'weights_only=False' not in log, 'MMEngine has unpickled what it was not told to be safe'


@pytest.mark.parametrize('fault', ['damaged', 'other'])
def test_weights_that_cannot_be_tested_are_one_line(workshop, backbone_weights, fault):
    path = {'damaged': workshop.folder / 'cut.pth', 'other': backbone_weights}
    (workshop.folder / 'cut.pth').write_bytes(backbone_weights.read_bytes()[:1000])
    line = error_line(workshop.call('--evaluate', str(path[fault]), '--config', 'tiny-star'))
    assert path[fault].name in line
    assert {'damaged': 'not a file of weights', 'other': 'lacks'}[fault] in line


def test_official_checkpoint_becomes_a_marked_row(workshop, shared, tmp_path):
    """From a file as the official code saves it, with golden weights of its network, to the leaderboard."""
    golden = np.load(shared / 'golden' / 'network_wflw.npz')
    state = {
        name.removeprefix('state/'): torch.from_numpy(golden[name]) for name in golden if name.startswith('state/')
    }
    torch.save({'net': state, 'net_ema': state, 'epoch': 499}, tmp_path / 'official.pkl')
    assert convert([str(tmp_path / 'official.pkl'), '--dataset', 'wflw']) == 0
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
    result = workshop.call('--evaluate', str(tmp_path / 'official-mmengine.pth'), '--config', str(config))
    assert result.returncode == 0, result.stderr
    (record,) = workshop.records()
    assert record.weights.origin == record.checkpoint_rule == 'official weights'
    assert record.weights.converted_part == 'net'
    assert (record.loss, record.cost.epochs) == ('STAR', 0)
    for page in ('README.md', 'index.html'):
        assert 'official weights: official-mmengine.pth' in (workshop.folder / 'results' / page).read_text()
