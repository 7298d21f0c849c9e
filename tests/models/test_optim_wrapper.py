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


def test_float16_scales_small_gradients_into_its_range(build, model):
    """Without scaling a gradient of 1e-8 is zero in float16."""
    wrapper = build(dtype='float16')
    with wrapper.optim_context(model):
        output = model(torch.ones(2, 4))
        assert output.dtype == torch.float16
    wrapper.backward(output.float().sum() * 1e-8)
    wrapper.loss_scaler.unscale_(wrapper.optimizer)
    torch.testing.assert_close(model.bias.grad, torch.full((4,), 2e-8), rtol=0.05, atol=0)


def test_float16_leaves_out_a_step_that_overflows(build, model):
    wrapper = build(dtype='float16', clip_grad={'max_norm': 1.0})
    before, scale = model.weight.detach().clone(), wrapper.loss_scaler.get_scale()
    with wrapper.optim_context(model):
        loss = (model(torch.ones(2, 4)).float() * 1e30).square().sum()
    wrapper.update_params(loss)
    assert torch.equal(model.weight, before)
    assert wrapper.loss_scaler.get_scale() < scale


def test_scaling_is_continued_from_a_checkpoint(build):
    wrapper, other = build(dtype='float16'), build(dtype='float16')
    wrapper.loss_scaler.scale(torch.ones(1))
    wrapper.loss_scaler.update(123.0)
    other.load_state_dict(wrapper.state_dict())
    assert other.loss_scaler.get_scale() == 123.0
    assert 'loss_scaler' not in build().state_dict()


def test_another_precision_is_refused(build):
    with pytest.raises(ValueError, match="dtype: 'float64' is not one of 'bfloat16', 'float16'"):
        build(dtype='float64')
