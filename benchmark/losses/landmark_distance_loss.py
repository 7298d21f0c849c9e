"""The losses on coordinates that STAR loss is compared with."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from benchmark.losses.precision import at_least_float32
from benchmark.losses.registration import register


@register
class LandmarkDistanceLoss(nn.Module):
    """Smooth-L1, L1, L2 or Wing loss as the official STAR code computes them.

    'smooth_l1' and 'wing' act on each landmark's Euclidean distance, where MMPose's losses act on each coordinate;
    'l1' and 'l2' are the mean absolute and the mean squared difference of coordinates. Distances below 1e-3 count as
    1e-3 in the square root, so that its gradient is finite.

    The Wing loss of `Feng et al., CVPR 2018 <https://arxiv.org/abs/1711.06753>`_ has, on coordinates in pixels,
    omega = 10 and epsilon = 2. The defaults here are those of the official STAR code, 0.01 and 2 on coordinates in
    [-1, 1], which make the logarithmic part all but linear. The paper's on an input of 256 pixels would be
    omega = 10 / 128 and epsilon = 2 / 128.

    Args:
        distance: 'smooth_l1', 'l1', 'l2' or 'wing'.
        scale: 'smooth_l1': distance below which the loss is quadratic.
        omega: 'wing': distance below which the loss is logarithmic.
        epsilon: 'wing': curvature of the logarithmic part; a small one makes it steep at 0.
        use_target_weight: whether landmarks are weighted by ``keypoint_weights``; the loss is then a weighted mean.
        loss_weight: factor of the whole loss.
    """

    def __init__(
        self,
        distance: Literal['smooth_l1', 'l1', 'l2', 'wing'] = 'smooth_l1',
        scale: float = 0.01,
        omega: float = 0.01,
        epsilon: float = 2.0,
        use_target_weight: bool = False,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if distance not in ('smooth_l1', 'l1', 'l2', 'wing'):
            raise ValueError(f"distance: {distance!r} is not one of 'smooth_l1', 'l1', 'l2', 'wing'")
        for name, value in (('scale', scale), ('omega', omega), ('epsilon', epsilon)):
            if not value > 0:
                raise ValueError(f'{name}: {value!r} is not positive')
        self.distance = distance
        self.scale = scale
        self.omega = omega
        self.epsilon = epsilon
        self.use_target_weight = use_target_weight
        self.loss_weight = loss_weight

    def forward(self, predicted: Tensor, target: Tensor, keypoint_weights: Tensor | None = None) -> Tensor:
        """Compute the loss.

        Args:
            predicted: (B, K, 2), in [-1, 1]. Half precision is computed in float32.
            target: (B, K, 2), in [-1, 1].
            keypoint_weights: (B, K), non-negative; used with ``use_target_weight`` only.

        Returns:
            Scalar, the mean over images and landmarks.

        Raises:
            ValueError: the shapes differ, or ``keypoint_weights`` are needed and missing or of another shape.
        """
        if predicted.shape != target.shape:
            raise ValueError(f'target: shape {tuple(target.shape)} differs from predicted, {tuple(predicted.shape)}')
        if self.use_target_weight and keypoint_weights is None:
            raise ValueError('keypoint_weights: needed with use_target_weight=True, got None')
        if self.use_target_weight and keypoint_weights.shape != predicted.shape[:-1]:
            found, expected = tuple(keypoint_weights.shape), tuple(predicted.shape[:-1])
            raise ValueError(f'keypoint_weights: shape {found}, expected {expected}')
        predicted, target = at_least_float32(predicted), at_least_float32(target)
        loss = self._per_landmark(predicted - target)
        if not self.use_target_weight:
            return self.loss_weight * loss.mean()
        weights = keypoint_weights.to(loss.dtype)
        return self.loss_weight * (loss * weights).sum() / weights.sum().clamp(min=torch.finfo(loss.dtype).tiny)

    def _per_landmark(self, error: Tensor) -> Tensor:
        if self.distance == 'l1':
            return error.abs().mean(-1)
        if self.distance == 'l2':
            return error.square().mean(-1)
        squared = error.square().sum(-1)
        distance = squared.clamp(min=1e-6).sqrt()
        if self.distance == 'smooth_l1':
            return torch.where(squared < self.scale**2, squared * (0.5 / self.scale), distance - 0.5 * self.scale)
        bend = self.omega - self.omega * math.log1p(self.omega / self.epsilon)
        return torch.where(distance < self.omega, self.omega * (distance / self.epsilon).log1p(), distance - bend)
