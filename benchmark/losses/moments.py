"""Mean and scatter of heatmaps, the quantities that soft-argmax and STAR loss share."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

MIN_MASS = 1e-6
CACHED_BYTES = 4 * 2**20  # of heatmaps worked on at once on a CPU


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
        x, y = _grid(heatmaps)
        rows = torch.matmul(heatmaps, torch.stack((torch.ones_like(x), x), dim=-1))
        rows = rows * _inverse(rows[..., 0].sum(-1))[..., None, None]
        return torch.stack((rows[..., 1].sum(-1), (rows[..., 0] * y).sum(-1)), dim=-1)


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
    """Reads the heatmaps once forward, reads and writes them once backward, and keeps them and seven numbers each.

    The gradient in each pixel is a quadratic polynomial of its position plus a multiple of the heatmap, so that the
    numbers kept are the moments themselves. On a CPU a part of the heatmaps that its cache can hold is finished before
    the next one: memory is then read once although there are three sums. (On a GPU the loss has kernels of its own.)
    """

    @staticmethod
    def forward(ctx: Any, heatmaps: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        heatmaps = heatmaps.contiguous()
        parts = [_sums(part) for part in heatmaps.flatten(0, 1).split(_together(heatmaps))]
        kept = torch.cat(parts).view(*heatmaps.shape[:2], 7)
        ctx.save_for_backward(heatmaps, kept)
        mean, scatter, concentration, raw_mass = kept.split((2, 3, 1, 1), dim=-1)
        raw_mass = raw_mass.squeeze(-1)
        return mean.clone(), scatter.clone(), raw_mass * _inverse(raw_mass), concentration.squeeze(-1).clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_mean: Tensor, d_scatter: Tensor, d_mass: Tensor, d_concentration: Tensor) -> Tensor:
        heatmaps, kept = ctx.saved_tensors
        # The backward pass may run where autocast is on although the forward pass did not.
        with torch.autocast(heatmaps.device.type, enabled=False):
            return _gradient(heatmaps, kept, d_mean, d_scatter, d_mass, d_concentration)


def _gradient(
    heatmaps: Tensor, kept: Tensor, d_mean: Tensor, d_scatter: Tensor, d_mass: Tensor, d_concentration: Tensor
) -> Tensor:
    maps, kept = heatmaps.flatten(0, 1), kept.flatten(0, 1)
    d_mass, d_concentration = d_mass.reshape(-1, 1), d_concentration.reshape(-1, 1)
    x, y = _grid(heatmaps)
    dx, dy = x - kept[:, :1], y - kept[:, 1:2]
    by_power_of_y = _coefficients(kept, dx, d_mean.flatten(0, 1), d_scatter.flatten(0, 1), d_mass, d_concentration)
    powers_of_y = torch.stack((torch.ones_like(dy), dy, dy * dy), dim=1).mT
    factor = (2 * d_concentration * _inverse(kept[:, 6:]).square())[..., None]
    if torch.compiler.is_compiling():
        return torch.baddbmm(maps * factor, powers_of_y, by_power_of_y).view_as(heatmaps)
    gradient = torch.empty_like(heatmaps)
    whole = (gradient.flatten(0, 1), maps, factor, powers_of_y, by_power_of_y)
    pieces = (part.split(_together(heatmaps)) for part in whole)
    for target, part, times, left, right in zip(*pieces, strict=True):
        torch.mul(part, times, out=target).baddbmm_(left, right)
    return gradient


def _sums(maps: Tensor) -> Tensor:
    """Mean (2), scatter (3), concentration and mass before division of heatmaps (N, H, W), as (N, 7)."""
    x, y = _grid(maps)
    rows = maps.sum(-1)
    raw_mass = rows.sum(-1, keepdim=True)
    inverse = _inverse(raw_mass)
    rows = rows * inverse
    mean_y = (rows @ y)[:, None]
    dy = y - mean_y
    # A product from the left, whose inner loops run along rows: three times as fast as one from the right.
    columns, leaning = torch.bmm(torch.stack((torch.ones_like(dy), dy), dim=1) * inverse[..., None], maps).unbind(1)
    mean_x = (columns @ x)[:, None]
    dx = x - mean_x
    scatter = [
        (weights * offset).sum(-1, keepdim=True)
        for weights, offset in ((columns, dx * dx), (leaning, dx), (rows, dy * dy))
    ]
    concentration = (torch.linalg.vector_norm(maps, dim=(-2, -1))[:, None] * inverse).square()
    return torch.cat((mean_x, mean_y, *scatter, concentration, raw_mass), dim=-1)


def _coefficients(
    kept: Tensor, dx: Tensor, d_mean: Tensor, d_scatter: Tensor, d_mass: Tensor, d_concentration: Tensor
) -> Tensor:
    """Gradient as a polynomial in the distance from the mean: factors (N, 3, W) of its powers along y."""
    mean_x, mean_y, scatter, concentration, raw_mass = kept.split((1, 1, 3, 1, 1), dim=-1)
    inverse = _inverse(raw_mass)
    d_xx, d_xy, d_yy = d_scatter.split(1, dim=-1)
    # The scatter does not depend on the mean, to first order, unless the mass falls short of 1.
    short = 1 - raw_mass * inverse
    d_x = d_mean[:, :1] - short * (2 * d_xx * mean_x + d_xy * mean_y)
    d_y = d_mean[:, 1:] - short * (2 * d_yy * mean_y + d_xy * mean_x)
    # Dividing by the mass removes the gradient's component along the heatmap itself.
    divided = -(d_scatter * scatter).sum(-1, keepdim=True) - 2 * d_concentration * concentration
    constant = torch.where(raw_mass > MIN_MASS, divided, d_x * mean_x + d_y * mean_y + d_mass)
    constant, d_x, d_y = constant * inverse, d_x * inverse, d_y * inverse
    d_xx, d_xy, d_yy = d_xx * inverse, d_xy * inverse, d_yy * inverse
    return torch.stack((constant + dx * (d_x + d_xx * dx), d_y + d_xy * dx, d_yy.expand_as(dx)), dim=1)


def _inverse(raw_mass: Tensor) -> Tensor:
    return raw_mass.clamp(min=MIN_MASS).reciprocal()


def _together(heatmaps: Tensor) -> int:
    """How many heatmaps are worked on at once."""
    if heatmaps.device.type != 'cpu' or torch.compiler.is_compiling():
        return max(heatmaps.shape[:-2].numel(), 1)
    return max(CACHED_BYTES // max(heatmaps.shape[-2:].numel() * heatmaps.element_size(), 1), 1)


def _grid(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    height, width = heatmaps.shape[-2:]
    options = {'dtype': heatmaps.dtype, 'device': heatmaps.device}
    return torch.linspace(-1, 1, width, **options), torch.linspace(-1, 1, height, **options)
