"""A GPU is never waited for in a step of training, hooks included; seen on PyTorch's device without values."""

from __future__ import annotations

import pytest

from benchmark.suite.experiments import load_experiment
from benchmark.suite.speed.faces import draw_faces, use_faces
from tests.launches import FACES, told_in_a_step

NAMES = (
    'td-softargmax_hg1w32-attn-star_16b-40e_300w-128x128',
    'td-softargmax_hg1w32-attn-smoothl1_16b-40e_300w-128x128',
    'td-softargmax_res18w16-fpn-star_16b-80e_300w-128x128',
    'td-softargmax_hrnet-w8-star_16b-40e_300w-128x128',
    'td-hm_hrnet-w8-mse_16b-40e_300w-128x128',
)


@pytest.fixture(scope='module')
def faces(tmp_path_factory):
    folder = tmp_path_factory.mktemp('faces')
    draw_faces(FACES, 12, folder)
    return folder


@pytest.fixture
def told(root, faces, tmp_path):
    """What a GPU is told in a step of a configuration of 300W, with changes."""

    def told(name, **changes):
        config = load_experiment(root / 'mmpose_configs' / '300w' / f'{name}.py').config
        use_faces(config, FACES)
        config.merge_from_dict({'train_dataloader.batch_size': 4, **changes})
        return told_in_a_step(config, faces, tmp_path / name)

    return told


@pytest.mark.parametrize('name', NAMES)
def test_no_step_waits_for_the_gpu(told, name):
    step = told(name)
    assert step.launches['convolution_backward'] > 10
    assert step.waits == []


def test_crops_that_lie_on_the_gpu_are_not_copied(told):
    """Numbers of faces are."""
    assert told(NAMES[0]).copied == 4 * 8


def test_a_wait_is_noticed(told, monkeypatch):
    monkeypatch.setattr('benchmark.models.optim_wrapper.FaceOptimWrapper.take_gradient_norm', lambda self: None)
    monkeypatch.setattr(
        'benchmark.models.logged_values.LoggedValuesHook.after_train_iter',
        lambda self, runner, batch_idx, data_batch, outputs: [value.item() for value in outputs.values()],
    )
    assert set(told(NAMES[0]).waits) == {'_local_scalar_dense'}
