"""What the contour maps say about where landmarks may be."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmark.protocol.layouts import Layout


class AnisotropicAttention(nn.Module):
    """Weights of landmark heatmaps: a landmark must lie on its contour and near its point.

    The anisotropic attention module of `ADNet: Leveraging Error-Bias Towards Normal Direction in Face Alignment, Huang
    et al., ICCV 2021 <https://arxiv.org/abs/2109.05721>`_, section 3.2, as STAR loss uses it. It has no parameters.

    Args:
        layout: the landmarks (K) and their contours (E).
    """

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        membership, free = contour_membership(layout)
        self.register_buffer('membership', membership, persistent=False)
        self.register_buffer('free', free[:, None], persistent=False)

    def forward(self, edge_maps: Tensor, point_maps: Tensor) -> Tensor:
        """Weights of the heatmaps.

        Args:
            edge_maps: (B, E, H, W), in [0, 1].
            point_maps: (B, K, H, W), in [0, 1].

        Returns:
            (B, K, H, W), non-negative: the sum of the edge maps of a landmark's contours, or 1 for a landmark on
            none, times its point map.
        """
        on_contour = torch.matmul(self.membership, edge_maps.flatten(2)) + self.free
        return on_contour.view_as(point_maps) * point_maps


def contour_membership(layout: Layout) -> tuple[Tensor, Tensor]:
    """Which landmark lies on which contour.

    Returns:
        (K, E), 1 where the landmark is on the contour and 0 elsewhere, and (K,), 1 for landmarks on no contour.
    """
    membership = torch.zeros(layout.num_landmarks, len(layout.curves))
    for edge, curve in enumerate(layout.curves):
        membership[list(curve.indices), edge] = 1
    return membership, (membership.sum(1) == 0).float()
