from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmpose.registry import MODELS
from torch.autograd import gradcheck

from benchmark.losses.adaptive_wing_map_loss import dilate
from benchmark.models import AdaptiveWingMapLoss


@pytest.fixture(scope='module')
def golden():
    with np.load(Path(__file__).parents[1] / 'data' / 'other_losses.npz') as file:
        return {name: torch.from_numpy(file[f'awing_{name}']) for name in ('pred', 'target', 'loss', 'grad')}


@pytest.fixture
def make_maps():
    """Random predictions and targets (2, 3, 8, 9) float64 in [0, 1]; differences on both sides of theta."""

    def make(seed=0):
        generator = torch.Generator().manual_seed(seed)
        predicted, target = torch.rand(2, 2, 3, 8, 9, generator=generator, dtype=torch.float64)
        return predicted, target * (torch.rand(2, 3, 8, 9, generator=generator) > 0.7)

    return make


def plain_loss(predicted, target, omega=14.0, theta=0.5, epsilon=1.0, alpha=2.1, foreground=0.2, emphasis=10.0):
    """Equation 6 and section 4.3 of the paper, one pixel at a time."""
    total = 0.0
    for one, other in zip(predicted.flatten(0, 1).numpy(), target.flatten(0, 1).numpy(), strict=True):
        weights = 1 + emphasis * (cv2.dilate(other, np.ones((3, 3), np.uint8)) >= foreground)
        for p, y, weight in zip(one.ravel(), other.ravel(), weights.ravel(), strict=True):
            exponent = alpha - y
            difference = abs(p - y)
            if difference < theta:
                value = omega * math.log(1 + (difference / epsilon) ** exponent)
            else:
                ratio = theta / epsilon
                slope = omega * exponent * ratio ** (exponent - 1) / epsilon / (1 + ratio**exponent)
                value = slope * difference - (theta * slope - omega * math.log(1 + ratio**exponent))
            total += weight * value
    return total / predicted.numel()


@pytest.mark.parametrize(('dtype', 'tolerance'), [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_loss_and_gradient_equal_the_official_ones(golden, dtype, tolerance):
    predicted = golden['pred'].to(dtype, copy=True).requires_grad_()
    loss = AdaptiveWingMapLoss()(predicted, golden['target'])
    loss.backward()
    assert loss.dtype == dtype
    assert loss.item() == pytest.approx(golden['loss'].item(), rel=max(tolerance, 1e-7))
    difference = (predicted.grad.double() - golden['grad']).abs().max()
    assert difference < tolerance * golden['grad'].abs().max()


@pytest.mark.parametrize(
    'options',
    [
        {},
        {'omega': 3.0},
        {'theta': 0.2},
        {'epsilon': 0.4},
        {'alpha': 2.6},
        {'foreground': 0.6, 'emphasis': 3.0},
        {'theta': 0.3, 'epsilon': 0.7, 'alpha': 2.3},
    ],
)
def test_loss_equals_the_formula_of_the_paper(make_maps, options):
    predicted, target = make_maps()
    loss = AdaptiveWingMapLoss(**options)(predicted, target)
    assert loss.item() == pytest.approx(plain_loss(predicted, target, **options), rel=1e-12)
    weighted = AdaptiveWingMapLoss(**options, loss_weight=2.5)(predicted, target)
    assert weighted.item() == pytest.approx(2.5 * loss.item())


def test_gradient_equals_numerical_differences(make_maps):
    predicted, target = make_maps()
    for options in ({}, {'theta': 0.3, 'epsilon': 0.7, 'loss_weight': 0.5}):
        module = AdaptiveWingMapLoss(**options)
        assert gradcheck(lambda maps, module=module: module(maps, target), (predicted.clone().requires_grad_(),))


def test_without_emphasis_equals_mmpose(make_maps):
    predicted, target = (maps.float() for maps in make_maps())
    one, other = predicted.clone().requires_grad_(), predicted.clone().requires_grad_()
    loss = AdaptiveWingMapLoss(emphasis=0.0)(one, target)
    expected = MODELS.build({'type': 'AdaptiveWingLoss'})(other, target)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(one.grad, other.grad)


def test_weight_map_dilates_as_opencv_does():
    masks = torch.rand(3, 2, 17, 13, generator=torch.Generator().manual_seed(0)) > 0.9
    masks[0] = False
    masks[1, 0, 0, 0] = masks[1, 0, -1, -1] = True
    expected = [cv2.dilate(mask.numpy().astype(np.uint8), np.ones((3, 3), np.uint8)) for mask in masks.flatten(0, 1)]
    np.testing.assert_array_equal(dilate(masks).flatten(0, 1).numpy(), np.stack(expected).astype(bool))


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize('offset', [0.0, 1e-30, 1e-7])
def test_no_difference_gives_no_loss_and_no_gradient(dtype, offset):
    target = torch.linspace(0, 1, 11, dtype=dtype).view(1, 1, 1, 11)
    predicted = (target + offset).requires_grad_()
    loss = AdaptiveWingMapLoss()(predicted, target)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-5)
    assert torch.isfinite(predicted.grad).all()
    if offset == 0:
        assert loss.item() == 0
        assert torch.count_nonzero(predicted.grad) == 0


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('autocast', [False, True])
def test_half_precision_is_computed_in_float32(make_maps, dtype, autocast):
    predicted, target = (maps.to(dtype) for maps in make_maps())
    expected = AdaptiveWingMapLoss()(predicted.float(), target.float())
    predicted.requires_grad_()
    with torch.autocast('cpu', dtype=torch.bfloat16, enabled=autocast):
        loss = AdaptiveWingMapLoss()(predicted, target)
    loss.backward()
    assert loss.dtype == torch.float32
    assert loss.item() == expected.item()
    assert predicted.grad.dtype == dtype


def test_target_gets_no_gradient(make_maps):
    predicted, target = make_maps()
    target.requires_grad_()
    AdaptiveWingMapLoss()(predicted.requires_grad_(), target).backward()
    assert target.grad is None


def test_inputs_stay_as_they_are(make_maps):
    predicted, target = make_maps()
    kept = predicted.clone(), target.clone()
    AdaptiveWingMapLoss()(predicted, target)
    assert torch.equal(predicted, kept[0])
    assert torch.equal(target, kept[1])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'omega': 0.0}, 'omega: 0.0 is not positive'),
        ({'theta': -1.0}, 'theta: -1.0 is not positive'),
        ({'epsilon': math.nan}, 'epsilon: nan is not positive'),
        ({'alpha': 2.0}, 'alpha: 2.0 is not larger than 2'),
    ],
)
def test_impossible_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        AdaptiveWingMapLoss(**options)


def test_maps_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r'target: shape \(2, 3, 8, 8\) differs from predicted, \(2, 3, 8, 9\)'):
        AdaptiveWingMapLoss()(torch.zeros(2, 3, 8, 9), torch.zeros(2, 3, 8, 8))


def test_is_built_by_the_registry_of_mmpose():
    assert MODELS.build({'type': 'AdaptiveWingMapLoss', 'theta': 0.4}).theta == 0.4
