"""The terms of STAR loss, one a landmark, from the moments of its heatmap, and their gradient."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.losses.moments import HeatmapMoments


def landmark_terms(
    moments: HeatmapMoments, keypoints: Tensor, distance: str, detach: bool, weight: float, beta: float, eps: float
) -> Tensor:
    """Error along the principal axes, divided by their standard deviations (STAR loss, equations 4 to 6).

    Args:
        moments: moments of (B, K, H, W) heatmaps.
        keypoints: (B, K, 2), in [-1, 1].
        distance: 'smooth_l1', 'l1' or 'l2'.
        detach: whether the gradient stops at the eigenvalues, to which nothing is added then.
        weight: of the sum of eigenvalues, unless ``detach``.
        beta: error below which smooth-L1 is quadratic.
        eps: added to eigenvalues and to the sums of the unbiased covariance.

    Returns:
        (B, K); the gradient reaches moments and keypoints, once (there is no second derivative).
    """
    return _Terms.apply(*moments, keypoints, distance, detach, weight, beta, eps)


class _Terms(torch.autograd.Function):
    """Derives each term at once, in half of the operations that differentiating step by step takes.

    For the angle of the major axis, whose double is that of the vector ``((xx - yy) / 2, xy)``, an error has
    ``d along = across * d angle`` and ``d across = -along * d angle``.
    """

    @staticmethod
    def forward(
        ctx: Any,
        mean: Tensor,
        scatter: Tensor,
        mass: Tensor,
        concentration: Tensor,
        keypoints: Tensor,
        distance: str,
        detach: bool,
        weight: float,
        beta: float,
        eps: float,
    ) -> Tensor:
        matrices = covariance(HeatmapMoments(mean, scatter, mass, concentration), eps)
        # Below this a covariance is the rounding of the mean: a single hot pixel has no axes.
        noise = (4 * torch.finfo(mean.dtype).eps) ** 2 / eps
        middle, half, radius, axis_x, axis_y = _solve(matrices, noise)
        small, large = (middle - radius).clamp(min=0), middle + radius
        error_x, error_y = (keypoints - mean).unbind(-1)
        along, across = error_x * axis_x + error_y * axis_y, error_y * axis_x - error_x * axis_y
        size_along, d_along = _distance(along, distance, beta)
        size_across, d_across = _distance(across, distance, beta)
        by_large, by_small = (large + eps).rsqrt(), (small + eps).rsqrt()
        part_along, part_across = size_along * by_large, size_across * by_small
        terms = part_across + part_along
        if not detach:
            terms = terms + weight * (small + large)
        if not any(ctx.needs_input_grad):
            return terms

        xy = matrices[..., 1]
        d_along, d_across = d_along * by_large, d_across * by_small
        d_angle = d_along * across - d_across * along
        # A matrix without axes has no direction to turn or stretch them.
        squared = torch.where(radius > 0, radius * radius, torch.inf)
        d_half, d_xy = -0.5 * d_angle * xy / squared, 0.5 * d_angle * half / squared
        d_middle = 0
        if not detach:
            d_large = weight - 0.5 * part_along * by_large * by_large
            d_small = torch.where(middle >= radius, weight - 0.5 * part_across * by_small * by_small, 0)
            d_radius = (d_large - d_small) * radius / squared
            d_half, d_xy = d_half + d_radius * half, d_xy + d_radius * xy
            d_middle = d_large + d_small
        d_matrices = torch.stack(((d_middle + d_half) / 2, d_xy, (d_middle - d_half) / 2), dim=-1)
        d_error = torch.stack((d_along * axis_x - d_across * axis_y, d_along * axis_y + d_across * axis_x), dim=-1)
        derivatives = _through_covariance(d_matrices, matrices, mass, concentration, eps)
        ctx.save_for_backward(mean, keypoints, d_error, *derivatives)
        return terms

    @staticmethod
    def backward(ctx: Any, d_terms: Tensor) -> tuple:
        mean, keypoints, d_error, d_scatter, d_mass, d_concentration = ctx.saved_tensors
        if torch.is_grad_enabled():
            d_terms = _Once.apply(d_terms, mean, keypoints)
        column = d_terms[..., None]
        d_moments = -column * d_error, column * d_scatter, d_terms * d_mass, d_terms * d_concentration
        return *d_moments, column * d_error, *[None] * 5


class _Once(torch.autograd.Function):
    """Stands for the dependence of the gradient on what it was taken at, which has no derivative here."""

    @staticmethod
    def forward(ctx: Any, d_terms: Tensor, *_: Tensor) -> Tensor:
        return d_terms.clone()

    @staticmethod
    def backward(ctx: Any, *_: Tensor) -> tuple:
        raise RuntimeError('STARLoss is once_differentiable: there is no second derivative')


def _distance(error: Tensor, distance: str, beta: float) -> tuple[Tensor, Tensor]:
    """The distance and its slope."""
    if distance == 'l2':
        return error.square(), 2 * error
    if distance == 'l1' or beta == 0:
        return error.abs(), error.sign()
    size = F.smooth_l1_loss(error, torch.zeros_like(error), reduction='none', beta=beta)
    return size, (error / beta).clamp(-1, 1)


def covariance(moments: HeatmapMoments, eps: float = 1e-5) -> Tensor:
    """Unbiased weighted covariance of heatmaps (STAR loss, equation 3, with the official normalization).

    Args:
        moments: moments of (B, K, H, W) heatmaps.
        eps: added to the sums of weights and of squared weights.

    Returns:
        (B, K, 3) as (xx, xy, yy), in squared units of half the heatmap's size.
    """
    return moments.scatter / _divisor(moments.mass, moments.concentration, eps).clamp(min=eps / 2)[..., None]


def _divisor(mass: Tensor, concentration: Tensor, eps: float) -> Tensor:
    """At least eps for any heatmap whose mass is 1; only for one with next to no mass it has to be bounded."""
    return mass + eps - (concentration + eps) / (mass + eps)


def _through_covariance(
    d_matrices: Tensor, matrices: Tensor, mass: Tensor, concentration: Tensor, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients with respect to scatter, mass and concentration from those with respect to the covariance."""
    unbounded = _divisor(mass, concentration, eps)
    divisor = unbounded.clamp(min=eps / 2)
    d_divisor = torch.where(unbounded >= eps / 2, -(d_matrices * matrices).sum(-1) / divisor, 0)
    first = mass + eps
    return d_matrices / divisor[..., None], d_divisor * (1 + (concentration + eps) / first**2), -d_divisor / first


def _solve(matrices: Tensor, noise: float) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Mean of the eigenvalues, ``(xx - yy) / 2``, half the difference of the eigenvalues, and the major axis."""
    xx, xy, yy = matrices.unbind(-1)
    middle, half = (xx + yy) / 2, (xx - yy) / 2
    squared = half * half + xy * xy
    isotropic = squared <= (8 * torch.finfo(matrices.dtype).eps * middle).square()
    isotropic |= squared < max(noise**2, torch.finfo(matrices.dtype).tiny)
    radius = squared.sqrt().masked_fill(isotropic, 0)
    # Of the two equivalent eigenvectors, the one that does not cancel.
    wide = half >= 0
    longer = half.abs() + radius
    x = torch.where(wide, longer, xy).masked_fill(isotropic, 1)
    y = torch.where(wide, xy, longer).masked_fill(isotropic, 0)
    length = torch.hypot(x, y)
    return middle, half, radius, x / length, y / length
