"""Heatmaps at which an eigendecomposition, a division or a square root could overflow."""

from __future__ import annotations

import pytest
import torch

from benchmark.models import STARLoss

MASSES = [10.0**exponent for exponent in range(-12, -4)] + [9e-7, 0.999999e-6, 1e-6, 1.000001e-6, 1.1e-6, 2e-6]


def _grid(size):
    return torch.meshgrid(torch.linspace(-1, 1, size), torch.linspace(-1, 1, size), indexing='ij')


def _hot(*pixels, size=16):
    heatmap = torch.zeros(size, size)
    for row, column in pixels:
        heatmap[row, column] = 0.3
    return heatmap


def _blob(size=16):
    y, x = _grid(size)
    return torch.exp(-(x**2 + y**2) / 0.1)


SHAPES = {
    'empty': torch.zeros(16, 16),
    'constant': torch.full((16, 16), 0.3),
    'one hot pixel': _hot((4, 9)),
    'hot corner': _hot((0, 0)),
    'two hot neighbours': _hot((4, 9), (4, 10)),
    'hot diagonal': _hot((3, 3), (12, 12)),
    'isotropic': _blob(),
    'isotropic on few pixels': _hot((7, 7), (7, 8), (8, 7), (8, 8)),
    'hot row': _hot(*((5, column) for column in range(16))),
    'random': torch.rand(16, 16, generator=torch.Generator().manual_seed(0)),
    'smallest numbers': torch.full((16, 16), 1e-45),
}


def _check_finite(loss, heatmaps, keypoints=None):
    heatmaps = heatmaps.detach().clone().requires_grad_()
    if keypoints is None:
        keypoints = torch.tensor([0.31, -0.27]).expand(*heatmaps.shape[:2], 2)
    value = loss(heatmaps, keypoints)
    value.backward()
    assert value.isfinite()
    assert value.dtype == (torch.float64 if heatmaps.dtype == torch.float64 else torch.float32)
    assert heatmaps.grad.dtype == heatmaps.dtype
    assert heatmaps.grad.isfinite().all()
    return value, heatmaps.grad


@pytest.fixture(params=['smooth_l1', 'l1', 'l2'])
def distance(request):
    return request.param


@pytest.fixture(params=['value', 'detach'])
def loss(request, distance):
    return STARLoss(distance, request.param)


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize('name', SHAPES)
def test_loss_and_gradient_are_finite(loss, name, dtype):
    _check_finite(loss, SHAPES[name].to(dtype)[None, None])


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32])
@pytest.mark.parametrize('name', SHAPES)
def test_any_mass_is_finite(loss, name, dtype):
    heatmap = SHAPES[name].to(dtype)
    total = heatmap.sum().clamp(min=torch.finfo(dtype).tiny)
    _check_finite(loss, torch.stack([heatmap / total * mass for mass in MASSES])[None])


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32])
def test_nearly_isotropic_heatmaps_are_finite(loss, dtype):
    y, x = _grid(16)
    steps = [0.0] + [10.0**exponent for exponent in range(-20, 0)]
    stretched = [_blob().to(dtype) * (1 + step * direction) for step in steps for direction in (x, x * y, x * x)]
    _check_finite(loss, torch.stack(stretched)[None])


def test_every_single_hot_pixel_has_a_gradient_of_the_formula_not_of_rounding(loss):
    heatmaps = torch.eye(17 * 17).view(1, -1, 17, 17) * torch.linspace(0.1, 9, 17 * 17)[:, None, None]
    keypoints = torch.tensor([0.31, -0.27]).expand(1, 17 * 17, 2)
    _, gradient = _check_finite(loss, heatmaps, keypoints)
    # Exactly: some eps ** -2.5. The axes of the rounded mean would add a millionfold.
    assert gradient.abs().max() * 17 * 17 < 1e15


@pytest.mark.parametrize('position', [1e3, -1e3])
@pytest.mark.parametrize('name', SHAPES)
def test_targets_far_outside_are_finite(loss, name, position):
    _check_finite(loss, SHAPES[name][None, None], torch.tensor([[[position, 0.5]]]))


@pytest.mark.parametrize('shape', [(1, 16), (16, 1), (1, 1), (2, 1)])
def test_maps_one_pixel_wide_are_finite(loss, shape):
    _check_finite(loss, torch.rand(2, 3, *shape, generator=torch.Generator().manual_seed(0)))


def test_float32_holds_any_mass_up_to_1e18(distance):
    heatmaps = torch.rand(1, 2, 16, 16, generator=torch.Generator().manual_seed(0))
    loss = STARLoss(distance)
    expected, expected_gradient = _check_finite(loss, heatmaps)
    for factor in (1e3, 1e9, 1e15):
        value, gradient = _check_finite(loss, factor * heatmaps)
        torch.testing.assert_close(value, expected, rtol=1e-4, atol=0)
        assert (gradient * factor - expected_gradient).norm() < 1e-3 * expected_gradient.norm()


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(loss, dtype):
    heatmaps = torch.rand(1, 2, 16, 16, generator=torch.Generator().manual_seed(0)).to(dtype)
    value, gradient = _check_finite(loss, heatmaps)
    expected, expected_gradient = _check_finite(loss, heatmaps.float())
    assert value == expected
    assert torch.equal(gradient, expected_gradient.to(dtype))


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast_changes_nothing(loss, dtype):
    heatmaps = torch.stack(list(SHAPES.values()))[None]
    expected, expected_gradient = _check_finite(loss, heatmaps)
    with torch.autocast('cpu', dtype=dtype):
        value, gradient = _check_finite(loss, heatmaps)
    assert value == expected
    assert torch.equal(gradient, expected_gradient)


def test_one_bad_landmark_leaves_the_gradient_of_the_others():
    heatmaps = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    _, expected = _check_finite(STARLoss(), heatmaps)
    heatmaps[0, 1] = 0
    _, gradient = _check_finite(STARLoss(), heatmaps)
    torch.testing.assert_close(gradient[0, [0, 2]], expected[0, [0, 2]])
