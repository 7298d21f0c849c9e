"""STAR loss: self-adaptive ambiguity reduction for facial landmark detection."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from mmpose.registry import MODELS
from torch import Tensor, nn

from benchmark.models.moments import HeatmapMoments, heatmap_moments


@MODELS.register_module()
class STARLoss(nn.Module):
    """Error along the principal axes of the predicted heatmap, each part divided by that axis' standard deviation.

    `STAR Loss: Reducing Semantic Ambiguity in Facial Landmark Detection, Zhou et al., CVPR 2023
    <https://arxiv.org/abs/2306.02763>`_, equations 3 to 6. The 2 x 2 eigenproblem is solved in closed form on the
    heatmaps' own device; there is no decomposition whose gradient could overflow. Note for the symbols: ``B`` images,
    ``K`` landmarks, heatmaps of height ``H`` and width ``W``.

    Args:
        distance: 'smooth_l1', 'l1' or 'l2', the distance applied to each projected error.
        restriction: what keeps eigenvalues from growing without bound. 'value' adds ``eigenvalue_weight`` times their
            sum; 'detach' stops the gradient through the division and adds nothing.
        eigenvalue_weight: weight of the sum of eigenvalues under the 'value' restriction.
        smooth_l1_beta: error below which smooth-L1 is quadratic, in units of half the heatmap's width.
        eps: added to eigenvalues before the square root, and to the sums of the unbiased covariance.
        use_target_weight: whether landmarks are weighted by ``keypoint_weights``; the loss is then a weighted mean.
        loss_weight: factor of the whole loss.

    Attributes:
        takes_heatmaps: True tells :class:`SoftArgmaxHead` to pass heatmaps, not coordinates.
        debug: check values, not only shapes, on every device: targets on a GPU that are not finite, and heatmaps that
            are negative or NaN. Inside ``torch.autograd.detect_anomaly`` values are checked as well. (Targets on the
            CPU are always checked.)
    """

    takes_heatmaps = True

    def __init__(
        self,
        distance: Literal['smooth_l1', 'l1', 'l2'] = 'smooth_l1',
        restriction: Literal['value', 'detach'] = 'value',
        eigenvalue_weight: float = 1.0,
        smooth_l1_beta: float = 0.01,
        eps: float = 1e-5,
        use_target_weight: bool = False,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if distance not in ('smooth_l1', 'l1', 'l2'):
            raise ValueError(f"distance: {distance!r} is not one of 'smooth_l1', 'l1', 'l2'")
        if restriction not in ('value', 'detach'):
            raise ValueError(f"restriction: {restriction!r} is not one of 'value', 'detach'")
        if not eps > 0:
            raise ValueError(f'eps: {eps!r} is not positive')
        self.distance = distance
        self.restriction = restriction
        self.eigenvalue_weight = eigenvalue_weight
        self.smooth_l1_beta = smooth_l1_beta
        self.eps = eps
        self.use_target_weight = use_target_weight
        self.loss_weight = loss_weight
        self.debug = False

    def forward(self, heatmaps: Tensor, keypoints: Tensor, keypoint_weights: Tensor | None = None) -> Tensor:
        """Compute the loss.

        Args:
            heatmaps: (B, K, H, W), non-negative, of any mass. Half precision is computed in float32.
            keypoints: (B, K, 2), true positions (x, y); the image's edges lie at -1 and 1.
            keypoint_weights: (B, K), non-negative; used with ``use_target_weight`` only. 0 leaves a landmark out.

        Returns:
            Scalar, the mean over images and landmarks.

        Raises:
            ValueError: a shape does not fit, ``keypoints`` is not finite, ``keypoint_weights`` is needed and missing,
                or (when debugging) ``heatmaps`` is negative or NaN somewhere. The message names the argument.
        """
        self._check(heatmaps, keypoints, keypoint_weights)
        with torch.autocast(heatmaps.device.type, enabled=False):
            heatmaps = _at_least_float32(heatmaps)
            moments = heatmap_moments(heatmaps)
            # Below this a covariance is the rounding of the mean: a single hot pixel has no axes.
            noise = (4 * torch.finfo(heatmaps.dtype).eps) ** 2 / self.eps
            small, large, axis = principal_axes(covariance(moments, self.eps), noise)
            error = keypoints.to(heatmaps.dtype) - moments.mean
            along = (error * axis).sum(-1)
            across = axis[..., 0] * error[..., 1] - axis[..., 1] * error[..., 0]
            detached = self.restriction == 'detach'
            loss = sum(
                self._distance(part) / ((value.detach() if detached else value) + self.eps).sqrt()
                for part, value in ((across, small), (along, large))
            )
            if not detached:
                loss = loss + self.eigenvalue_weight * (small + large)
            return self.loss_weight * self._reduce(loss, keypoint_weights)

    def _distance(self, error: Tensor) -> Tensor:
        zero = torch.zeros_like(error)
        if self.distance == 'smooth_l1':
            return F.smooth_l1_loss(error, zero, reduction='none', beta=self.smooth_l1_beta)
        return error.abs() if self.distance == 'l1' else error.square()

    def _reduce(self, loss: Tensor, keypoint_weights: Tensor | None) -> Tensor:
        if not self.use_target_weight:
            return loss.mean()
        weights = keypoint_weights.to(loss.dtype)
        return (loss * weights).sum() / weights.sum().clamp(min=torch.finfo(loss.dtype).tiny)

    def _check(self, heatmaps: Tensor, keypoints: Tensor, keypoint_weights: Tensor | None) -> None:
        if heatmaps.ndim != 4:
            raise ValueError(f'heatmaps: expected shape (B, K, H, W), got {tuple(heatmaps.shape)}')
        if not heatmaps.is_floating_point():
            raise ValueError(f'heatmaps: expected floating point, got {heatmaps.dtype}')
        if 0 in heatmaps.shape:
            raise ValueError(f'heatmaps: empty, shape {tuple(heatmaps.shape)}')
        expected = tuple(heatmaps.shape[:2])
        if tuple(keypoints.shape) != (*expected, 2):
            raise ValueError(f'keypoints: expected shape {(*expected, 2)}, got {tuple(keypoints.shape)}')
        if self.use_target_weight and keypoint_weights is None:
            raise ValueError('keypoint_weights: needed with use_target_weight=True, got None')
        if self.use_target_weight and tuple(keypoint_weights.shape) != expected:
            raise ValueError(f'keypoint_weights: expected shape {expected}, got {tuple(keypoint_weights.shape)}')
        if torch.compiler.is_compiling():
            return
        debug = self.debug or torch.is_anomaly_enabled()
        # Reading a value back from a GPU would stall the training step.
        if (debug or keypoints.device.type == 'cpu') and not keypoints.isfinite().all():
            raise ValueError('keypoints: NaN or infinite values')
        if debug and not (heatmaps >= 0).all():
            raise ValueError(f'heatmaps: negative or NaN values, the smallest is {heatmaps.min().item():g}')


def covariance(moments: HeatmapMoments, eps: float = 1e-5) -> Tensor:
    """Unbiased weighted covariance of heatmaps (STAR loss, equation 3, with the official normalization).

    Args:
        moments: moments of (B, K, H, W) heatmaps.
        eps: added to the sums of weights and of squared weights.

    Returns:
        (B, K, 3) as (xx, xy, yy), in squared units of half the heatmap's size.
    """
    first = moments.mass + eps
    second = moments.concentration + eps
    # At least eps for any heatmap whose mass is 1; only maps with next to no mass are bounded here.
    return moments.scatter / (first - second / first).clamp(min=eps / 2)[..., None]


def principal_axes(matrices: Tensor, noise: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
    """Eigenvalues and major axis of symmetric, positive semi-definite 2 x 2 matrices, in closed form.

    Args:
        matrices: (..., 3) as (xx, xy, yy).
        noise: half the difference of eigenvalues below which a matrix counts as isotropic whatever its size.

    Returns:
        Smaller eigenvalue (...), larger eigenvalue (...), both non-negative, and the unit eigenvector (..., 2) of the
        larger one. A matrix that is isotropic within rounding has no axes: it gets the x axis, without gradient.
    """
    xx, xy, yy = matrices.unbind(-1)
    middle = (xx + yy) / 2
    half = (xx - yy) / 2
    squared = half.square() + xy.square()
    isotropic = squared.detach() <= (8 * torch.finfo(matrices.dtype).eps * middle.detach()).square()
    isotropic |= squared.detach() < max(noise**2, torch.finfo(matrices.dtype).tiny)
    radius = torch.where(isotropic, 0, torch.where(isotropic, 1, squared).sqrt())
    # Of the two equivalent eigenvectors, the one that does not cancel.
    wide = half >= 0
    x = torch.where(wide, half + radius, xy)
    y = torch.where(wide, xy, radius - half)
    axis = torch.stack((torch.where(isotropic, 1, x), torch.where(isotropic, 0, y)), dim=-1)
    axis = axis / torch.linalg.vector_norm(axis, dim=-1, keepdim=True)
    return (middle - radius).clamp(min=0), middle + radius, axis


def _at_least_float32(heatmaps: Tensor) -> Tensor:
    if heatmaps.dtype not in (torch.float16, torch.bfloat16):
        return heatmaps
    wide = heatmaps.float()
    if heatmaps.dtype == torch.float16 and wide.requires_grad:
        # The gradient of an empty heatmap is some 1e6, more than float16 holds.
        limit = torch.finfo(torch.float16).max
        wide.register_hook(lambda gradient: gradient.clamp(-limit, limit))
    return wide
