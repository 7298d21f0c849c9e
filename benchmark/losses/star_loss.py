"""STAR loss: self-adaptive ambiguity reduction for facial landmark detection."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from benchmark.losses import star_loss_triton as fused
from benchmark.losses.moments import heatmap_moments
from benchmark.losses.precision import at_least_float32
from benchmark.losses.registration import register
from benchmark.losses.star_terms import landmark_terms


@register
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
            heatmaps = _widened(heatmaps)
            keypoints = keypoints.to(heatmaps.dtype)
            make_terms = self._fused_terms if fused.fits(heatmaps) else self._terms
            return self.loss_weight * self._reduce(make_terms(heatmaps, keypoints), keypoint_weights)

    def _terms(self, heatmaps: Tensor, keypoints: Tensor) -> Tensor:
        """Loss of each landmark (B, K)."""
        return landmark_terms(heatmap_moments(heatmaps), keypoints, *self._options)

    def _fused_terms(self, heatmaps: Tensor, keypoints: Tensor) -> Tensor:
        """The same in one kernel."""
        return fused.star_terms(heatmaps.contiguous(), keypoints.contiguous(), *self._options)[0]

    @property
    def _options(self) -> tuple[str, bool, float, float, float]:
        scales = (self.eigenvalue_weight, self.smooth_l1_beta, self.eps)
        return self.distance, self.restriction == 'detach', *map(float, scales)

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


def _widened(heatmaps: Tensor) -> Tensor:
    wide = at_least_float32(heatmaps)
    if heatmaps.dtype == torch.float16 and wide.requires_grad:
        # The gradient of an empty heatmap is some 1e6, more than float16 holds.
        limit = torch.finfo(torch.float16).max
        wide.register_hook(lambda gradient: gradient.clamp(-limit, limit))
    return wide
