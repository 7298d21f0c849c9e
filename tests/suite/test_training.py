"""Switches of a configuration, in a short training of the small recipe."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

import benchmark.models  # noqa: F401  (prepares the imports of MMPose)
from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.suite.face_runner import runtime_config
from benchmark.suite.progress_hook import ProgressHook
from benchmark.suite.training import start_from, train
from benchmark.suite.weights import Weights

from mmpose.registry import MODELS  # isort: skip

FLOAT32 = {'_delete_': True, 'type': 'OptimWrapper', 'optimizer': {'type': 'SGD', 'lr': 0.01}}


@pytest.fixture(scope='module')
def few_faces(tmp_path_factory):
    """Two batches, since a CPU is slow in float16."""
    data = tmp_path_factory.mktemp('few-faces')
    prepare_synthetic(data, 'synthetic-29', train_images=16, test_images=6)
    return data


@pytest.fixture
def losses(few_faces, tmp_path, root):
    """Trains for two epochs with changes to the configuration; returns the loss of each."""

    def run(**changes) -> list[float]:
        config = Config.fromfile(root / 'mmpose_configs/_base_/recipes/small_64x64.py', import_custom_modules=False)
        config.merge_from_dict(
            {
                'train_cfg': {'max_epochs': 2, 'val_interval': None},
                'train_dataloader.batch_size': 8,
                'train_dataloader.dataset.benchmark': 'synthetic-29',
                'test_dataloader.dataset.benchmark': 'synthetic-29',
                'test_evaluator.benchmark': 'synthetic-29',
                'model.head.out_channels': 29,
                'optim_wrapper': FLOAT32,
                **changes,
            }
        )
        work = tmp_path / str(len(list(tmp_path.iterdir())))
        progress = ProgressHook(lambda message: None)
        with DefaultScope.overwrite_default_scope('mmpose'):
            train(runtime_config(config, 0, few_faces, work), work, None, [progress])
        return [epoch['loss'] for epoch in progress.curve]

    return run


def test_compiling_the_network_leaves_the_numbers(losses):
    """Traced, without a compiler: the code that PyTorch would make of it needs one."""
    assert losses(compile_network={'backend': 'eager'}) == pytest.approx(losses(compile_network=False), rel=1e-5)


def test_memory_layout_leaves_the_numbers(losses):
    layouts = [losses(**{'model.data_preprocessor.channels_last': value}) for value in (True, False)]
    assert layouts[0] == pytest.approx(layouts[1], rel=1e-4)


@pytest.mark.parametrize('dtype', ['bfloat16', 'float16'])
def test_half_precision_stays_near_the_numbers(losses, dtype):
    half = losses(optim_wrapper={**FLOAT32, 'type': 'AutocastOptimWrapper', 'dtype': dtype})
    full = losses()
    assert half == pytest.approx(full, rel=0.05)
    assert half != full


@pytest.mark.parametrize(('role', 'deviation'), [('initial', 0.5), ('random', 0.001)])
def test_backbone_starts_from_the_given_weights_or_from_its_own_initialization(root, tmp_path, role, deviation):
    path = root / 'mmpose_configs/300w/td-hm_hrnetv2-w18-mse_8x64b-60e_300w-256x256.py'
    config = Config.fromfile(path, import_custom_modules=False)
    with DefaultScope.overwrite_default_scope('mmpose'):
        given = MODELS.build({**config.model.backbone, 'init_cfg': None})
        torch.nn.init.normal_(given.conv1.weight, std=0.5)
        torch.save(given.state_dict(), tmp_path / 'weights.pth')
        start_from(config, Weights(role, tmp_path / 'weights.pth', 'of the file'))
        backbone = MODELS.build(config.model.backbone)
        backbone.init_weights()
    assert backbone.conv1.weight.std().item() == pytest.approx(deviation, rel=0.1)
    assert torch.equal(backbone.conv1.weight, given.conv1.weight) == (role == 'initial')
