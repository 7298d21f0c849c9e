from __future__ import annotations

import copy

import pytest
import torch
from mmengine.registry import DefaultScope
from mmpose.registry import MODELS

from benchmark.suite.compiling import compile_parts
from benchmark.suite.experiments import load_experiment
from benchmark.suite.speed.networks import random_batch

NAMES = (
    'td-softargmax_hg1w32-attn-star_16b-40e_300w-128x128',
    'td-softargmax_hg1w32-attn-smoothl1_16b-40e_300w-128x128',
    'td-hm_hrnet-w8-mse_16b-40e_300w-128x128',
    'td-softargmax_res18w16-fpn-star_16b-80e_300w-128x128',
)


@pytest.fixture
def load(root):
    """Network of a configuration of 300W in training, and a batch for it."""

    def load(name):
        experiment = load_experiment(root / 'mmpose_configs' / '300w' / f'{name}.py')
        config = experiment.config.model
        config.data_preprocessor.pop('augmentation', None)
        config.train_cfg = {'compute_acc': False}
        torch.manual_seed(0)
        with DefaultScope.overwrite_default_scope('mmpose'):
            model = MODELS.build(config).train()
        return model, model.data_preprocessor(random_batch(experiment, 2), True)

    return load


@pytest.fixture(autouse=True)
def forgotten():
    yield
    torch.compiler.reset()


@pytest.mark.parametrize('name', NAMES)
def test_losses_and_gradients_of_every_kind_of_network_stay(load, name):
    """Traced and differentiated as for a compiler, which takes minutes. What no loss depends on has a gradient of 0."""
    plain, batch = load(name)
    compiled = copy.deepcopy(plain)
    compile_parts(compiled, {'backend': 'aot_eager'})
    assert compiled.state_dict().keys() == plain.state_dict().keys()
    found, expected = [], []
    for model, results in ((compiled, found), (plain, expected)):
        losses = model(**batch, mode='loss')
        sum(losses.values()).backward()
        trained = [one for one in model.parameters() if one.requires_grad]
        results += [*losses.values(), *(torch.zeros_like(one) if one.grad is None else one.grad for one in trained)]
    for one, other in zip(found, expected, strict=True):
        assert (one - other).norm() <= 1e-3 * other.norm() + 1e-6
