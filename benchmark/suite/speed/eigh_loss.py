"""STAR loss as the official code computes it: step by step, with an eigendecomposition on the CPU.

What :class:`benchmark.models.STARLoss` is measured against, written for this comparison after Zhou et al., CVPR 2023,
equations 3 to 6, in the order of the official code: the gradient passes through the normalized heatmaps, the offsets of
every pixel and ``torch.linalg.eigh``, whose matrices are copied to the CPU.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def eigh_star_loss(
    heatmaps: Tensor, keypoints: Tensor, weight: float = 1.0, beta: float = 0.01, eps: float = 1e-5
) -> Tensor:
    """STAR loss with smooth-L1 distance and value restriction.

    Args:
        heatmaps: (B, K, H, W), non-negative.
        keypoints: (B, K, 2), in [-1, 1].
        weight: of the sum of eigenvalues.
        beta: error below which smooth-L1 is quadratic.
        eps: added to eigenvalues and to the sums of the unbiased covariance.

    Returns:
        Scalar, the mean over images and landmarks.
    """
    batch, landmarks, height, width = heatmaps.shape
    weights = heatmaps.flatten(2)
    weights = (weights / weights.sum(-1, keepdim=True).clamp(min=1e-6))[..., None]
    y, x = (torch.linspace(-1, 1, length, dtype=heatmaps.dtype, device=heatmaps.device) for length in (height, width))
    grid = torch.stack(torch.meshgrid(x, y, indexing='xy'), -1).reshape(1, 1, -1, 2)
    mean = (weights * grid).sum(2)
    offsets = grid - mean[:, :, None]
    matrices = (weights * offsets).mT @ offsets
    first, second = weights.sum(2, keepdim=True) + eps, weights.square().sum(2, keepdim=True) + eps
    matrices = (matrices / (first - second / first)).view(batch * landmarks, 2, 2)
    values, vectors = torch.linalg.eigh(matrices.cpu())
    values, vectors = (part.to(heatmaps.device).unflatten(0, (batch, landmarks)) for part in (values, vectors))
    error = ((keypoints - mean)[..., None, :] @ vectors).squeeze(-2)
    distance = F.smooth_l1_loss(error, torch.zeros_like(error), reduction='none', beta=beta)
    return (distance / (values + eps).sqrt()).sum(-1).mean() + weight * values.sum(-1).mean()
