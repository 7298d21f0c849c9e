from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmpose.registry import MODELS

from benchmark.losses.moments import soft_argmax
from benchmark.models import STARLoss

DISTANCES = {'smoothl1': 'smooth_l1', 'l1': 'l1', 'l2': 'l2'}
EMBEDDED = ('gauss_12x20', 'small_error_16x16')
SHARED = ('gauss_16x16', 'gauss_12x20', 'noise_16x16', 'small_error_16x16', 'gauss_64x64')


@pytest.fixture(scope='module')
def embedded_golden():
    """Loss and gradient that the authors' code gives for two of the inputs of the full set."""
    with np.load(Path(__file__).parents[1] / 'data' / 'star_loss.npz') as values:
        return dict(values)


@pytest.fixture(scope='module')
def full_golden(shared):
    with np.load(shared / 'golden' / 'star_loss.npz') as values:
        return dict(values)


@pytest.fixture
def blobs():
    """Random float64 heatmaps of Gaussian blobs with clearly different eigenvalues, and targets near them."""

    def make(batch=2, landmarks=5, height=14, width=18, seed=0):
        generator = torch.Generator().manual_seed(seed)
        options = {'generator': generator, 'dtype': torch.float64}
        centre = torch.rand(batch, landmarks, 2, 1, 1, **options) - 0.5
        spread = torch.tensor([0.15, 0.35], dtype=torch.float64) * (
            1 + 0.3 * torch.rand(batch, landmarks, 2, **options)
        )
        angle = 3 * torch.rand(batch, landmarks, 1, 1, **options)
        x = torch.linspace(-1, 1, width, dtype=torch.float64) - centre[:, :, 0]
        y = torch.linspace(-1, 1, height, dtype=torch.float64)[:, None] - centre[:, :, 1]
        along = (x * angle.cos() + y * angle.sin()) / spread[..., :1, None]
        across = (y * angle.cos() - x * angle.sin()) / spread[..., 1:, None]
        heatmaps = torch.exp(-(along**2 + across**2) / 2) + 0.01 * torch.rand(
            batch, landmarks, height, width, **options
        )
        keypoints = centre[..., 0, 0] + 0.2 * torch.randn(batch, landmarks, 2, **options)
        return 3 * heatmaps, keypoints

    return make


def _loss_and_gradient(loss, heatmaps, keypoints, *weights):
    heatmaps = heatmaps.detach().clone().requires_grad_()
    value = loss(heatmaps, keypoints, *weights)
    return value.detach(), torch.autograd.grad(value, heatmaps)[0]


def _reference(heatmaps, keypoints, distance, restriction, weight, beta=0.01, eps=1e-5):
    """The paper's formula step by step, with a general eigendecomposition."""
    p = heatmaps / heatmaps.sum((2, 3), keepdim=True)
    height, width = p.shape[2:]
    y, x = (torch.linspace(-1, 1, length, dtype=torch.float64) for length in (height, width))
    grid = torch.stack(torch.meshgrid(x, y, indexing='xy'), -1)
    mean = torch.einsum('bkhw,hwc->bkc', p, grid)
    offset = grid - mean[:, :, None, None]
    first, second = p.sum((2, 3)) + eps, p.square().sum((2, 3)) + eps
    matrices = torch.einsum('bkhw,bkhwc,bkhwd->bkcd', p, offset, offset) / (first - second / first)[..., None, None]
    eigenvalues, vectors = torch.linalg.eigh(matrices)
    error = torch.einsum('bkcd,bkc->bkd', vectors, keypoints - mean)
    if distance == 'smooth_l1':
        size = torch.where(error.abs() < beta, 0.5 * error**2 / beta, error.abs() - beta / 2)
    else:
        size = error.abs() if distance == 'l1' else error**2
    divisor = eigenvalues.detach() if restriction == 'detach' else eigenvalues
    loss = (size / (divisor + eps).sqrt()).sum(-1)
    return (loss + weight * eigenvalues.sum(-1) * (restriction == 'value')).mean()


def _check_golden(golden, case, name, weight, dtype, loss_tolerance, gradient_tolerance):
    key = f'{case}/{name}/w{weight}'
    loss = STARLoss(DISTANCES[name], eigenvalue_weight=float(weight))
    heatmaps, keypoints = (torch.from_numpy(golden[f'{case}/{what}']).to(dtype) for what in ('heatmaps', 'targets'))
    value, gradient = _loss_and_gradient(loss, heatmaps, keypoints)
    assert value.dtype == dtype
    assert value.item() == pytest.approx(float(golden[f'{key}/loss']), rel=loss_tolerance, abs=0)
    if f'{key}/grad' in golden:
        expected = torch.from_numpy(golden[f'{key}/grad'])
        assert (gradient.double() - expected).norm() <= gradient_tolerance * expected.norm()


@pytest.mark.parametrize('weight', [0, 1])
@pytest.mark.parametrize('name', DISTANCES)
@pytest.mark.parametrize('case', EMBEDDED)
def test_equals_the_official_loss_on_embedded_values(embedded_golden, case, name, weight):
    _check_golden(embedded_golden, case, name, weight, torch.float64, 1e-11, 1e-9)
    _check_golden(embedded_golden, case, name, weight, torch.float32, 2e-5, 3e-4)


@pytest.mark.parametrize('weight', [0, 1])
@pytest.mark.parametrize('name', DISTANCES)
@pytest.mark.parametrize('case', SHARED)
def test_equals_the_official_loss_on_all_values(full_golden, case, name, weight):
    _check_golden(full_golden, case, name, weight, torch.float64, 1e-11, 1e-9)
    _check_golden(full_golden, case, name, weight, torch.float32, 2e-5, 3e-4)


def test_every_golden_case_is_covered(full_golden):
    assert {key.split('/')[0] for key in full_golden} == set(SHARED)


@pytest.mark.parametrize('restriction', ['value', 'detach'])
@pytest.mark.parametrize('distance', ['smooth_l1', 'l1', 'l2'])
def test_equals_the_formula_with_a_general_eigendecomposition(blobs, distance, restriction):
    heatmaps, keypoints = blobs()
    loss = STARLoss(distance, restriction, eigenvalue_weight=0.7, smooth_l1_beta=0.03, eps=1e-4)
    value, gradient = _loss_and_gradient(loss, heatmaps, keypoints)
    expected, expected_gradient = _loss_and_gradient(
        lambda h, k: _reference(h, k, distance, restriction, 0.7, 0.03, 1e-4), heatmaps, keypoints
    )
    torch.testing.assert_close(value, expected, rtol=1e-11, atol=0)
    assert (gradient - expected_gradient).norm() <= 1e-9 * expected_gradient.norm()


def test_restrictions_differ_in_value_and_gradient(blobs):
    heatmaps, keypoints = blobs()
    value, gradient = _loss_and_gradient(STARLoss(eigenvalue_weight=0), heatmaps, keypoints)
    detached, detached_gradient = _loss_and_gradient(STARLoss(restriction='detach'), heatmaps, keypoints)
    assert value == detached  # without the sum of eigenvalues only the gradient tells them apart
    assert (gradient - detached_gradient).norm() > 0.1 * gradient.norm()


@pytest.mark.parametrize('restriction', ['value', 'detach'])
def test_gradient_passes_to_keypoints(blobs, restriction):
    heatmaps, keypoints = blobs()
    keypoints.requires_grad_()
    gradient = torch.autograd.grad(STARLoss(restriction=restriction)(heatmaps, keypoints), keypoints)[0]
    expected = torch.autograd.grad(_reference(heatmaps, keypoints, 'smooth_l1', restriction, 1.0), keypoints)[0]
    torch.testing.assert_close(gradient, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('distance', ['smooth_l1', 'l1', 'l2'])
def test_gradient_equals_finite_differences(blobs, distance):
    heatmaps, keypoints = blobs(1, 2, 5, 6)
    assert torch.autograd.gradcheck(STARLoss(distance), (heatmaps.requires_grad_(), keypoints.requires_grad_()))


def test_minimum_over_targets_lies_at_the_expected_position(blobs):
    heatmaps, keypoints = blobs()
    loss = STARLoss(eigenvalue_weight=0)
    assert loss(heatmaps, soft_argmax(heatmaps)) < 1e-20 < loss(heatmaps, keypoints)


def test_error_along_the_ambiguous_direction_costs_less():
    y, x = torch.meshgrid(torch.linspace(-1, 1, 33), torch.linspace(-1, 1, 33), indexing='ij')
    heatmaps = torch.exp(-(x**2) / 0.1 - y**2 / 0.01)[None, None]
    along, across = (STARLoss()(heatmaps, torch.tensor([[shift]])) for shift in ([0.1, 0.0], [0.0, 0.1]))
    assert along < 0.5 * across


@pytest.mark.parametrize('distance', ['smooth_l1', 'l1', 'l2'])
def test_quarter_turns_leave_the_loss_as_it_is(blobs, distance):
    heatmaps, keypoints = blobs()
    loss = STARLoss(distance)
    expected = loss(heatmaps, keypoints)
    for turns in (1, 2, 3):
        keypoints = torch.stack((keypoints[..., 1], -keypoints[..., 0]), -1)
        torch.testing.assert_close(loss(torch.rot90(heatmaps, turns, (2, 3)), keypoints), expected, rtol=1e-12, atol=0)


def test_mirroring_leaves_the_loss_as_it_is(blobs):
    heatmaps, keypoints = blobs()
    mirrored = STARLoss()(heatmaps.flip(-1), keypoints * torch.tensor([-1, 1]))
    torch.testing.assert_close(mirrored, STARLoss()(heatmaps, keypoints), rtol=1e-12, atol=0)


def test_order_and_repetition_do_not_matter(blobs):
    heatmaps, keypoints = blobs()
    expected = STARLoss()(heatmaps, keypoints)
    order = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(STARLoss()(heatmaps[:, order], keypoints[:, order]), expected)
    torch.testing.assert_close(STARLoss()(heatmaps.repeat(3, 1, 1, 1), keypoints.repeat(3, 1, 1)), expected)


def test_mass_does_not_matter(blobs):
    heatmaps, keypoints = blobs()
    expected = STARLoss()(heatmaps, keypoints)
    for factor in (1e-5, 1e5, 1e30):
        torch.testing.assert_close(STARLoss()(factor * heatmaps, keypoints), expected, rtol=1e-9, atol=0)


def test_memory_format_does_not_matter(blobs):
    heatmaps, keypoints = blobs()
    expected, expected_gradient = _loss_and_gradient(STARLoss(), heatmaps, keypoints)
    strided = heatmaps.to(memory_format=torch.channels_last).detach().requires_grad_()
    value = STARLoss()(strided, keypoints)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(torch.autograd.grad(value, strided)[0], expected_gradient)


def test_zero_weight_equals_leaving_the_landmark_out(blobs):
    heatmaps, keypoints = blobs()
    weights = torch.tensor([1.0, 0, 1, 0, 0]).expand(2, 5)
    kept = weights[0].bool()
    keypoints[:, ~kept] = 1e3
    value, gradient = _loss_and_gradient(STARLoss(use_target_weight=True), heatmaps, keypoints, weights)
    expected, expected_gradient = _loss_and_gradient(STARLoss(), heatmaps[:, kept], keypoints[:, kept])
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(gradient[:, kept], expected_gradient)
    assert (gradient[:, ~kept] == 0).all()


def test_weights_form_a_weighted_mean(blobs):
    heatmaps, keypoints = blobs(1, 2)
    each = [STARLoss()(heatmaps[:, k : k + 1], keypoints[:, k : k + 1]) for k in range(2)]
    weighted = STARLoss(use_target_weight=True)(heatmaps, keypoints, torch.tensor([[1.0, 3.0]]))
    torch.testing.assert_close(weighted, (each[0] + 3 * each[1]) / 4)


def test_no_landmark_left_gives_zero(blobs):
    heatmaps, keypoints = blobs()
    value, gradient = _loss_and_gradient(STARLoss(use_target_weight=True), heatmaps, keypoints, torch.zeros(2, 5))
    assert value == 0
    assert (gradient == 0).all()


def test_weights_are_ignored_unless_asked_for(blobs):
    heatmaps, keypoints = blobs()
    assert STARLoss()(heatmaps, keypoints, torch.zeros(2, 5)) == STARLoss()(heatmaps, keypoints)


def test_loss_weight_is_a_factor(blobs):
    heatmaps, keypoints = blobs()
    torch.testing.assert_close(STARLoss(loss_weight=2.5)(heatmaps, keypoints), 2.5 * STARLoss()(heatmaps, keypoints))


def test_same_input_gives_the_same_bits(blobs):
    heatmaps, keypoints = (part.float() for part in blobs())
    first, second = (_loss_and_gradient(STARLoss(), heatmaps, keypoints) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


@pytest.mark.parametrize('options', [{}, {'restriction': 'detach', 'distance': 'l1'}, {'use_target_weight': True}])
def test_loss_and_gradient_are_computed_without_reading_values_back(monkeypatch, options):
    """Reading a value, or copying one from the device, fails on PyTorch's meta device; on a GPU it would wait."""
    monkeypatch.setattr(torch, 'autocast', lambda *arguments, **options: nullcontext())  # does not know that device
    shapes = (2, 5, 14, 18), (2, 5, 2), (2, 5)
    value, gradient = _loss_and_gradient(STARLoss(**options), *(torch.empty(shape, device='meta') for shape in shapes))
    assert (value.device.type, gradient.device.type) == ('meta', 'meta')
    assert gradient.shape == (2, 5, 14, 18)


@pytest.mark.parametrize('options', [{}, {'restriction': 'detach', 'distance': 'l1'}, {'use_target_weight': True}])
def test_compiles_without_graph_breaks(blobs, options):
    heatmaps, keypoints = blobs()
    loss = STARLoss(**options)
    weights = torch.rand(2, 5)
    value, gradient = _loss_and_gradient(
        torch.compile(loss, backend='eager', fullgraph=True), heatmaps, keypoints, weights
    )
    expected, expected_gradient = _loss_and_gradient(loss, heatmaps, keypoints, weights)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(gradient, expected_gradient)


def test_second_derivative_is_refused(blobs):
    heatmaps, keypoints = blobs()
    heatmaps.requires_grad_()
    gradient = torch.autograd.grad(STARLoss()(heatmaps, keypoints), heatmaps, create_graph=True)[0]
    with pytest.raises(RuntimeError, match='once_differentiable'):
        gradient.sum().backward()


def test_is_built_by_the_registry_of_mmpose():
    loss = MODELS.build({'type': 'STARLoss', 'distance': 'l2', 'eigenvalue_weight': 0.5})
    assert isinstance(loss, STARLoss)
    assert (loss.distance, loss.eigenvalue_weight) == ('l2', 0.5)


def test_smooth_l1_uses_its_own_scale(blobs):
    heatmaps, keypoints = blobs()
    coarse = STARLoss(smooth_l1_beta=10.0, eigenvalue_weight=0)(heatmaps, keypoints)
    torch.testing.assert_close(coarse, STARLoss('l2', eigenvalue_weight=0)(heatmaps, keypoints) / 20)
    assert F.smooth_l1_loss(torch.tensor(0.1), torch.tensor(0.0), beta=10.0) == pytest.approx(0.01 / 20)
