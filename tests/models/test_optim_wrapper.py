from __future__ import annotations

import pytest
import torch
from mmpose.registry import OPTIM_WRAPPERS

from benchmark.models import AutocastOptimWrapper


@pytest.fixture
def model():
    torch.manual_seed(0)
    return torch.nn.Linear(4, 4)


@pytest.fixture
def build(model):
    def build(**options):
        return OPTIM_WRAPPERS.build(
            {'type': 'AutocastOptimWrapper', 'optimizer': torch.optim.SGD(model.parameters(), lr=0.1), **options}
        )

    return build


def test_forward_pass_runs_in_bfloat16_on_the_cpu(build, model):
    wrapper = build()
    assert isinstance(wrapper, AutocastOptimWrapper)
    with wrapper.optim_context(model):
        assert model(torch.rand(2, 4)).dtype == torch.bfloat16
    assert model(torch.rand(2, 4)).dtype == torch.float32


def test_weights_and_gradients_stay_float32(build, model):
    wrapper = build()
    before = model.weight.detach().clone()
    with wrapper.optim_context(model):
        loss = model(torch.rand(2, 4)).float().square().mean()
    wrapper.update_params(loss)
    assert model.weight.dtype == torch.float32
    assert (model.weight != before).any()


def test_gradients_accumulate_as_without_autocast(build, model):
    wrapper = build(accumulative_counts=2)
    before = model.weight.detach().clone()
    for expected in (False, True):
        with wrapper.optim_context(model):
            loss = model(torch.ones(2, 4)).float().square().mean()
        wrapper.update_params(loss)
        assert (model.weight != before).any().item() is expected


def test_an_exception_ends_autocast(build, model):
    with pytest.raises(ZeroDivisionError), build().optim_context(model):
        raise ZeroDivisionError
    assert not torch.is_autocast_enabled('cpu')
