from __future__ import annotations

import pytest
import torch

from benchmark.losses.moments import heatmap_moments, soft_argmax
from benchmark.losses.star_terms import covariance


@pytest.fixture
def heatmaps():
    return torch.rand(2, 3, 9, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) ** 4


def test_moments_equal_their_definition(heatmaps):
    p = heatmaps / heatmaps.sum((2, 3), keepdim=True)
    x = torch.linspace(-1, 1, 12, dtype=torch.float64)
    y = torch.linspace(-1, 1, 9, dtype=torch.float64)[:, None]
    mean = torch.stack(((p * x).sum((2, 3)), (p * y).sum((2, 3))), -1)
    dx, dy = x - mean[..., 0, None, None], y - mean[..., 1, None, None]
    scatter = torch.stack([(p * part).sum((2, 3)) for part in (dx * dx, dx * dy, dy * dy)], -1)
    moments = heatmap_moments(heatmaps)
    torch.testing.assert_close(moments.mean, mean)
    torch.testing.assert_close(moments.scatter, scatter)
    torch.testing.assert_close(moments.mass, torch.ones_like(moments.mass))
    torch.testing.assert_close(moments.concentration, p.square().sum((2, 3)))
    torch.testing.assert_close(soft_argmax(heatmaps), mean)


@pytest.mark.parametrize('mass', [1.0, 1e3, 2e-6, 5e-7, 1e-9])
def test_gradient_equals_finite_differences_for_every_mass(heatmaps, mass):
    small = (heatmaps[:1, :2, :4, :5] / heatmaps[:1, :2, :4, :5].sum((2, 3), keepdim=True)).requires_grad_()
    assert torch.autograd.gradcheck(lambda part: tuple(heatmap_moments(mass * part)), small, atol=1e-7)
    assert torch.autograd.gradcheck(lambda part: soft_argmax(mass * part), small, atol=1e-7)


@pytest.mark.parametrize('name', ['mean', 'scatter', 'mass', 'concentration'])
def test_each_moment_alone_has_its_gradient(heatmaps, name):
    small = heatmaps[:1, :2, :4, :5].contiguous().requires_grad_()
    assert torch.autograd.gradcheck(lambda part: getattr(heatmap_moments(part), name), small)


@pytest.mark.parametrize('name', ['mean', 'scatter'])
def test_float32_keeps_six_digits_on_a_peaked_heatmap_far_from_the_middle(name):
    y, x = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing='ij')
    heatmap = torch.exp(-((x - 0.9) ** 2 + (y + 0.85) ** 2) / (2 * 0.03**2))[None, None]
    single, double = (getattr(heatmap_moments(part), name) for part in (heatmap, heatmap.double()))
    assert (single - double).norm() < 2e-6 * double.norm()


@pytest.mark.parametrize('function', [soft_argmax, lambda heatmaps: heatmap_moments(heatmaps).scatter])
def test_autocast_does_not_lower_the_precision(heatmaps, function):
    single = heatmaps.float()
    expected = function(single)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        result = function(single)
    assert result.dtype == torch.float32
    assert torch.equal(result, expected)


def test_outer_cells_lie_at_the_ends_of_the_range():
    heatmaps = torch.zeros(1, 2, 5, 7)
    heatmaps[0, 0, 0, 0] = heatmaps[0, 1, 4, 6] = 2
    assert soft_argmax(heatmaps).tolist() == [[[-1, -1], [1, 1]]]


def test_heatmap_without_mass_has_zero_moments():
    moments = heatmap_moments(torch.zeros(1, 1, 4, 4))
    assert all((part == 0).all() for part in moments)


def test_covariance_is_unbiased_as_in_the_official_code(heatmaps):
    moments = heatmap_moments(heatmaps)
    p = heatmaps / heatmaps.sum((2, 3), keepdim=True)
    first, second = 1 + 1e-5, p.square().sum((2, 3)) + 1e-5
    torch.testing.assert_close(covariance(moments), moments.scatter / (first - second / first)[..., None])
