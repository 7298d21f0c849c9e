"""The kernels of STAR loss on heatmaps of real sizes, as trainings have them."""

from __future__ import annotations

import pytest
import torch

from benchmark.losses import star_loss_triton as fused
from benchmark.models import STARLoss


def draw(shape, device):
    """Slanted Gaussians with some noise, as heatmaps (B, K, H, W), and landmarks (B, K, 2) around them."""
    generator = torch.Generator().manual_seed(0)
    numbers = torch.rand(7, *shape[:2], 1, 1, generator=generator)
    middle_x, middle_y = numbers[:2] - 0.5
    wide, narrow, angle = 0.15 + 0.2 * numbers[2], 0.04 + 0.08 * numbers[3], 3 * numbers[4]
    y, x = torch.linspace(-1, 1, shape[2])[:, None] - middle_y, torch.linspace(-1, 1, shape[3]) - middle_x
    along, across = angle.cos() * x + angle.sin() * y, angle.cos() * y - angle.sin() * x
    heatmaps = 20 * torch.exp(-((along / wide) ** 2 + (across / narrow) ** 2) / 2)
    heatmaps += 0.02 * torch.rand(shape, generator=generator)
    shift = 0.2 * (numbers[5:7] - 0.5)
    keypoints = torch.stack((middle_x + shift[0], middle_y + shift[1]), dim=-1)[:, :, 0, 0]
    return heatmaps.to(device), keypoints.to(device)


def with_gradients(loss, heatmaps, keypoints):
    heatmaps, keypoints = (part.detach().clone().requires_grad_() for part in (heatmaps, keypoints))
    value = loss(heatmaps, keypoints)
    value.backward()
    return value.detach(), heatmaps.grad, keypoints.grad


@pytest.fixture
def built(device):
    assert fused.usable(device), 'Triton builds no kernels here; the log says why'


@pytest.mark.parametrize(
    ('shape', 'restriction'),
    [
        ((8, 68, 64, 64), 'value'),
        ((32, 98, 64, 64), 'value'),
        ((32, 98, 64, 64), 'detach'),
        ((3, 5, 33, 47), 'value'),
        ((2, 29, 128, 128), 'value'),
    ],
)
def test_loss_and_gradients_equal_those_of_float64_without_kernels(built, device, shape, restriction):
    heatmaps, keypoints = draw(shape, device)
    loss = STARLoss(restriction=restriction)
    assert fused.fits(heatmaps) and not fused.fits(heatmaps.double())
    results = with_gradients(loss, heatmaps, keypoints)
    expected = with_gradients(loss, heatmaps.double(), keypoints.double())
    for result, other in zip(results, expected, strict=True):
        assert result.dtype == torch.float32
        assert (result - other).norm() < 1e-5 * other.norm()
    # Each heatmap for itself: those with large gradients would hide the others.
    errors, sizes = ((one.flatten(2).norm(dim=-1)) for one in (results[1] - expected[1], expected[1]))
    assert (errors < 3e-4 * sizes).all()


def test_same_heatmaps_give_the_same_bits(built, device):
    given = draw((32, 98, 64, 64), device)
    results = [with_gradients(STARLoss(), *given) for _ in range(2)]
    assert all(torch.equal(*pair) for pair in zip(*results, strict=True))


def test_half_precision_goes_through_the_kernels(built, device):
    """As under autocast: what is computed in float32 is the rounded heatmap."""
    heatmaps, keypoints = draw((8, 68, 64, 64), device)
    rounded = heatmaps.bfloat16()
    value, gradient, _ = with_gradients(STARLoss(), rounded, keypoints)
    expected, other, _ = with_gradients(STARLoss(), rounded.float(), keypoints)
    assert torch.equal(value, expected)
    assert torch.equal(gradient, other.bfloat16())
