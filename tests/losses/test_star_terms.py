from __future__ import annotations

import pytest
import torch

from benchmark.losses.moments import HeatmapMoments
from benchmark.losses.star_terms import landmark_terms

BETA, EPS = 0.05, 1e-4


@pytest.fixture
def moments():
    """Moments of landmarks with clearly different axes, the last ones of heatmaps with less than the smallest mass."""
    generator = torch.Generator().manual_seed(0)
    options = {'generator': generator, 'dtype': torch.float64}
    factor = torch.randn(1, 8, 2, 2, **options) * 0.2
    scatter = factor @ factor.mT
    mass = torch.tensor([[1, 1, 1, 1, 0.5, 0.1, 1e-3, 1e-6]], dtype=torch.float64)
    return HeatmapMoments(
        torch.rand(1, 8, 2, **options) - 0.5,
        torch.stack((scatter[..., 0, 0], scatter[..., 0, 1], scatter[..., 1, 1]), -1) * mass[..., None],
        mass,
        0.1 * mass**2,
    )


@pytest.fixture
def keypoints(moments):
    return moments.mean + 0.1 * torch.randn(1, 8, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def step_by_step(moments, keypoints, distance, detach, weight):
    """The terms of paper and official code, differentiated by autograd."""
    first, second = moments.mass + EPS, moments.concentration + EPS
    matrices = moments.scatter / (first - second / first).clamp(min=EPS / 2)[..., None]
    full = matrices[..., [0, 1, 1, 2]].unflatten(-1, (2, 2))
    values, vectors = torch.linalg.eigh(full)
    error = (vectors.mT @ (keypoints - moments.mean)[..., None]).squeeze(-1)
    if distance == 'smooth_l1':
        size = torch.where(error.abs() < BETA, error.square() / (2 * BETA), error.abs() - BETA / 2)
    else:
        size = error.abs() if distance == 'l1' else error.square()
    terms = (size / ((values.detach() if detach else values) + EPS).sqrt()).sum(-1)
    return terms if detach else terms + weight * values.sum(-1)


@pytest.mark.parametrize('detach', [False, True])
@pytest.mark.parametrize('distance', ['smooth_l1', 'l1', 'l2'])
def test_terms_and_their_gradient_are_those_of_an_eigendecomposition(moments, keypoints, distance, detach):
    inputs = [part.requires_grad_() for part in (*moments, keypoints)]
    terms = landmark_terms(HeatmapMoments(*inputs[:4]), keypoints, distance, detach, 0.7, BETA, EPS)
    expected = step_by_step(HeatmapMoments(*inputs[:4]), keypoints, distance, detach, 0.7)
    torch.testing.assert_close(terms, expected, rtol=1e-9, atol=0)
    d_terms = torch.linspace(0.5, 2, 8, dtype=torch.float64)[None]
    for one, other in zip(*(torch.autograd.grad(part, inputs, d_terms) for part in (terms, expected)), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-9)


def test_second_derivative_is_refused(moments, keypoints):
    keypoints.requires_grad_()
    terms = landmark_terms(moments, keypoints, 'l2', False, 1.0, BETA, EPS)
    (gradient,) = torch.autograd.grad(terms.sum(), keypoints, create_graph=True)
    with pytest.raises(RuntimeError, match='no second derivative'):
        gradient.sum().backward()


def test_matrix_without_axes_is_neither_turned_nor_stretched():
    scatter = torch.tensor([[[0.04, 0.0, 0.04]]], dtype=torch.float64, requires_grad=True)
    one = torch.ones(1, 1, dtype=torch.float64)
    moments = HeatmapMoments(torch.zeros(1, 1, 2, dtype=torch.float64), scatter, one, 0.01 * one)
    terms = landmark_terms(moments, torch.tensor([[[0.2, 0.1]]]).double(), 'l2', False, 1.0, BETA, EPS)
    (gradient,) = torch.autograd.grad(terms.sum(), scatter)
    assert gradient[0, 0, 0] == gradient[0, 0, 2]
    assert gradient[0, 0, 1] == 0


def test_eigenvalue_of_a_heatmap_along_a_line_is_not_rounded_below_zero():
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(1, 10000, 2, generator=generator).unbind(-1)
    one = torch.ones_like(x)
    moments = HeatmapMoments(torch.zeros(1, 10000, 2), torch.stack((x * x, x * y, y * y), -1), one, 0 * one)
    across = torch.stack((-y, x), -1)
    terms = landmark_terms(moments, across, 'l2', True, 1.0, BETA, 1e-9)
    assert (terms <= across.square().sum(-1) / 1e-9**0.5 * 1.001).all()
