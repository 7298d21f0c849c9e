from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmpose.registry import MODELS
from torch.autograd import gradcheck

from benchmark.models import LandmarkDistanceLoss

DISTANCES = ('smooth_l1', 'l1', 'l2', 'wing')


@pytest.fixture
def make_points():
    """Predictions and targets (4, 7, 2) float64, at distances around the losses' bends."""

    def make(seed=0):
        generator = torch.Generator().manual_seed(seed)
        target = torch.rand(4, 7, 2, generator=generator, dtype=torch.float64) * 2 - 1
        reach = torch.tensor([0.002, 0.008, 0.02, 0.3], dtype=torch.float64).view(4, 1, 1)
        return target + reach * torch.randn(4, 7, 2, generator=generator, dtype=torch.float64), target

    return make


def plain_loss(distance, error, scale=0.01, omega=0.01, epsilon=2.0):
    """One landmark's loss; error is its (x, y) difference."""
    length = max(math.hypot(*error), 1e-3)
    if distance == 'l1':
        return (abs(error[0]) + abs(error[1])) / 2
    if distance == 'l2':
        return (error[0] ** 2 + error[1] ** 2) / 2
    if distance == 'smooth_l1':
        exact = math.hypot(*error)
        return 0.5 * exact**2 / scale if exact < scale else length - 0.5 * scale
    if length < omega:
        return omega * math.log(1 + length / epsilon)
    return length - (omega - omega * math.log(1 + omega / epsilon))


def test_smooth_l1_equals_the_official_one():
    with np.load(Path(__file__).parents[1] / 'data' / 'other_losses.npz') as file:
        predicted, target, expected = (file[f'smoothl1_{name}'] for name in ('pred', 'target', 'loss'))
    loss = LandmarkDistanceLoss()(torch.from_numpy(predicted).double(), torch.from_numpy(target).double())
    assert loss.item() == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize('distance', DISTANCES)
@pytest.mark.parametrize('options', [{}, {'scale': 0.1, 'omega': 0.05, 'epsilon': 0.02}])
def test_loss_equals_its_formula(make_points, distance, options):
    predicted, target = make_points()
    errors = (predicted - target).flatten(0, 1).tolist()
    values = np.array([plain_loss(distance, error, **options) for error in errors])
    loss = LandmarkDistanceLoss(distance, **options)(predicted, target)
    assert loss.item() == pytest.approx(values.mean(), rel=1e-12)
    weights = torch.rand(4, 7, generator=torch.Generator().manual_seed(1)) * (torch.arange(7) != 3)
    loss = LandmarkDistanceLoss(distance, **options, use_target_weight=True, loss_weight=3.0)(
        predicted, target, weights
    )
    assert loss.item() == pytest.approx(3 * np.average(values, weights=weights.flatten().double()), rel=1e-6)


def test_l1_and_l2_are_those_of_pytorch(make_points):
    predicted, target = make_points()
    torch.testing.assert_close(LandmarkDistanceLoss('l1')(predicted, target), F.l1_loss(predicted, target))
    torch.testing.assert_close(LandmarkDistanceLoss('l2')(predicted, target), F.mse_loss(predicted, target))


@pytest.mark.parametrize('distance', DISTANCES)
def test_gradient_equals_numerical_differences(make_points, distance):
    predicted, target = make_points()
    module = LandmarkDistanceLoss(distance)
    # Away from bends, where the numerical difference would straddle two parts.
    length = (predicted - target).norm(dim=-1, keepdim=True)
    target = torch.where((length - 0.01).abs() < 1e-4, predicted - 0.05, target)
    target = torch.where(length < 1.1e-3, predicted - 0.003, target)
    assert gradcheck(lambda points: module(points, target), (predicted.requires_grad_(),), eps=1e-7, atol=1e-6)


@pytest.mark.parametrize('distance', DISTANCES)
def test_loss_is_continuous_at_its_bend(distance):
    module = LandmarkDistanceLoss(distance, scale=0.05, omega=0.05, epsilon=0.01)
    below, above = (
        module(torch.tensor([[[0.05 + step, 0.0]]]).double(), torch.zeros(1, 1, 2).double()) for step in (-1e-9, 1e-9)
    )
    assert below.item() == pytest.approx(above.item(), abs=1e-7)


@pytest.mark.parametrize('distance', DISTANCES)
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_no_difference_gives_a_finite_gradient(distance, dtype):
    target = torch.full((2, 5, 2), 0.25, dtype=dtype)
    predicted = target.clone().requires_grad_()
    loss = LandmarkDistanceLoss(distance)(predicted, target)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-5)
    assert torch.count_nonzero(predicted.grad) == 0


@pytest.mark.parametrize('distance', DISTANCES)
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(make_points, distance, dtype):
    predicted, target = (points.to(dtype) for points in make_points())
    loss = LandmarkDistanceLoss(distance)(predicted, target)
    assert loss.dtype == torch.float32
    assert loss.item() == LandmarkDistanceLoss(distance)(predicted.float(), target.float()).item()


@pytest.mark.parametrize('distance', DISTANCES)
def test_no_weighted_landmark_gives_no_loss(make_points, distance):
    predicted, target = make_points()
    predicted.requires_grad_()
    loss = LandmarkDistanceLoss(distance, use_target_weight=True)(predicted, target, torch.zeros(4, 7))
    loss.backward()
    assert loss.item() == 0
    assert torch.count_nonzero(predicted.grad) == 0


def test_weights_are_ignored_unless_asked_for(make_points):
    predicted, target = make_points()
    module = LandmarkDistanceLoss()
    assert torch.equal(module(predicted, target, torch.zeros(4, 7)), module(predicted, target))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'distance': 'huber'}, "distance: 'huber' is not one of 'smooth_l1', 'l1', 'l2', 'wing'"),
        ({'scale': 0.0}, 'scale: 0.0 is not positive'),
        ({'omega': -1.0}, 'omega: -1.0 is not positive'),
        ({'epsilon': math.nan}, 'epsilon: nan is not positive'),
    ],
)
def test_impossible_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LandmarkDistanceLoss(**options)


@pytest.mark.parametrize(
    ('target', 'weights', 'message'),
    [
        ((4, 6, 2), (4, 7), r'target: shape \(4, 6, 2\) differs from predicted, \(4, 7, 2\)'),
        ((4, 7, 2), None, 'keypoint_weights: needed with use_target_weight=True, got None'),
        ((4, 7, 2), (4, 7, 1), r'keypoint_weights: shape \(4, 7, 1\), expected \(4, 7\)'),
    ],
)
def test_inputs_of_another_shape_are_refused(target, weights, message):
    module = LandmarkDistanceLoss(use_target_weight=True)
    with pytest.raises(ValueError, match=message):
        module(torch.zeros(4, 7, 2), torch.zeros(target), weights and torch.ones(weights))


def test_is_built_by_the_registry_of_mmpose():
    assert MODELS.build({'type': 'LandmarkDistanceLoss', 'distance': 'wing'}).distance == 'wing'
