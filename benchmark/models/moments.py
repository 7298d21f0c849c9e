"""Mean and scatter of heatmaps, the quantities that soft-argmax and STAR loss share."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

MIN_MASS = 1e-6


class HeatmapMoments(NamedTuple):
    """Moments of heatmaps divided by their mass, on a grid whose outer cell centres lie at -1 and 1.

    Attributes:
        mean: (B, K, 2) expected position (x, y), in [-1, 1].
        scatter: (B, K, 3) sums of ``p (q - mean)(q - mean)^T`` as (xx, xy, yy), not negative on the diagonal.
        mass: (B, K) sum of ``p``: 1, or less where the heatmap's own mass was below 1e-6.
        concentration: (B, K) sum of ``p ** 2``, in [0, 1].
    """

    mean: Tensor
    scatter: Tensor
    mass: Tensor
    concentration: Tensor


def soft_argmax(heatmaps: Tensor) -> Tensor:
    """Expected position of each heatmap.

    Args:
        heatmaps: (B, K, H, W), non-negative, of any mass, float32 or float64 (also under autocast).

    Returns:
        (B, K, 2) positions (x, y) in [-1, 1]; the outer cell centres lie at -1 and 1. A heatmap without mass gives 0.
    """
    with torch.autocast(heatmaps.device.type, enabled=False):
        return _first_moments(heatmaps)[0]


def heatmap_moments(heatmaps: Tensor) -> HeatmapMoments:
    """First and second moments of heatmaps, centred before squaring so that float32 suffices.

    Args:
        heatmaps: (B, K, H, W), non-negative, float32 or float64 (also under autocast), of any mass whose square the
            type can hold: up to 1e18 in float32.

    Returns:
        The moments; their gradients reach ``heatmaps``, once (there is no second derivative).
    """
    with torch.autocast(heatmaps.device.type, enabled=False):
        return HeatmapMoments(*_Moments.apply(heatmaps))


class _Moments(torch.autograd.Function):
    """Keeps the heatmaps and a few numbers per landmark.

    The gradient in each pixel is a quadratic polynomial of its position plus a multiple of the heatmap.
    """

    @staticmethod
    def forward(ctx: Any, heatmaps: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        heatmaps = heatmaps.contiguous()
        mean, mass, row_mass, inverse = _first_moments(heatmaps)
        x, y = _grid(heatmaps)
        dx = x - mean[..., :1]
        dy = y - mean[..., 1:]
        along_x = torch.matmul(heatmaps, torch.stack((dx, dx * dx), dim=-1)) * inverse[..., None, None]
        scatter = torch.stack(
            (along_x[..., 1].sum(-1), (along_x[..., 0] * dy).sum(-1), (row_mass * dy * dy).sum(-1)), dim=-1
        )
        concentration = (torch.linalg.vector_norm(heatmaps, dim=(-2, -1)) * inverse).square()
        ctx.save_for_backward(heatmaps, mean, scatter, mass, concentration, inverse)
        return mean, scatter, mass, concentration

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_mean: Tensor, d_scatter: Tensor, d_mass: Tensor, d_concentration: Tensor) -> Tensor:
        heatmaps, mean, scatter, mass, concentration, inverse = ctx.saved_tensors
        x, y = _grid(heatmaps)
        dy = y - mean[..., 1:]
        # Dividing by the mass removes the gradient's component along the heatmap itself.
        radial = (d_mean * mean).sum(-1) + (d_scatter * scatter).sum(-1)
        radial = radial + d_mass * mass + 2 * d_concentration * concentration
        radial = radial * (inverse < 1 / MIN_MASS)
        d_xx, d_xy, d_yy = d_scatter.split(1, dim=-1)
        mean_x, mean_y = mean.split(1, dim=-1)
        # The scatter does not depend on the mean, to first order, unless the mass falls short of 1.
        short = (1 - mass)[..., None]
        d_x = d_mean[..., :1] - short * (2 * d_xx * mean_x + d_xy * mean_y)
        d_y = d_mean[..., 1:] - short * (2 * d_yy * mean_y + d_xy * mean_x)
        # Along each row the gradient is a polynomial in x; these are its coefficients of 1, x and x ** 2.
        constant = (d_mass - radial)[..., None] + d_y * y + d_yy * dy * dy + (d_xx * mean_x - d_xy * dy) * mean_x
        slope = d_x + d_xy * dy - 2 * d_xx * mean_x
        rows = torch.stack((constant, slope, d_xx.expand_as(dy)), dim=-1) * inverse[..., None, None]
        powers = torch.stack((torch.ones_like(x), x, x * x))
        gradient = heatmaps * (2 * d_concentration * inverse.square())[..., None, None]
        gradient.view(-1, len(x)).addmm_(rows.view(-1, 3), powers)
        return gradient


def _first_moments(heatmaps: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, y = _grid(heatmaps)
    rows = torch.matmul(heatmaps, torch.stack((torch.ones_like(x), x), dim=-1))
    inverse = rows[..., 0].sum(-1).clamp(min=MIN_MASS).reciprocal()
    rows = rows * inverse[..., None, None]
    row_mass = rows[..., 0]
    mean = torch.stack((rows[..., 1].sum(-1), (row_mass * y).sum(-1)), dim=-1)
    return mean, row_mass.sum(-1), row_mass, inverse


def _grid(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    height, width = heatmaps.shape[-2:]
    options = {'dtype': heatmaps.dtype, 'device': heatmaps.device}
    return torch.linspace(-1, 1, width, **options), torch.linspace(-1, 1, height, **options)
