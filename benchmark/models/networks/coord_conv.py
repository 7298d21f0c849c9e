"""A convolution that knows where it is."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class CoordConv2d(nn.Conv2d):
    """Convolution of features and of their positions, with the channels of ADNet and of the official STAR code.

    `An Intriguing Failing of Convolutional Neural Networks and the CoordConv Solution, Liu et al., NeurIPS 2018
    <https://arxiv.org/abs/1807.03247>`_. Behind the features stand three channels: the row and the column, both in
    [-1, 1], and the distance from the middle, at most 1. With ``boundary`` two more follow: row and column where a
    mask holds, 0 elsewhere.

    The positions are the same for all images and are convolved once; nothing is concatenated.

    Args:
        in_channels: channels of the features alone.
        out_channels: channels of the result.
        kernel_size: side of the kernel.
        size: width and height of the features.
        boundary: whether the weights have the two masked channels; ``forward`` then needs a mask.
        stride: stride of the convolution.
        padding: zeros around the features, and around the positions too.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        size: tuple[int, int],
        boundary: bool = False,
        stride: int = 1,
        padding: int = 0,
    ) -> None:
        super().__init__(in_channels + (5 if boundary else 3), out_channels, kernel_size, stride, padding)
        self.boundary = boundary
        self.register_buffer('positions', position_channels(size), persistent=False)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        """Convolve.

        Args:
            features: (B, C, H, W), of the size given at construction.
            mask: (B, 1, H, W), bool, where the boundary is; needed with ``boundary`` and not allowed without.

        Returns:
            (B, out_channels, H', W').

        Raises:
            ValueError: the features' size is not the one given at construction, or the mask is missing or too much.
        """
        if features.shape[2:] != self.positions.shape[2:]:
            given, expected = (tuple(one.shape[:1:-1]) for one in (features, self.positions))
            raise ValueError(f'features: width and height {given} differ from {expected} (set input_size to fit)')
        if self.boundary != (mask is not None):
            raise ValueError(f'mask: {"missing" if self.boundary else "given"} with boundary={self.boundary}')
        split = [features.shape[1], 3, *([2] if self.boundary else [])]
        of_features, of_positions, *of_boundary = self.weight.split(split, dim=1)
        geometry = {'stride': self.stride, 'padding': self.padding}
        result = F.conv2d(features, of_features, self.bias, **geometry)
        result += F.conv2d(self.positions, of_positions, **geometry)
        if mask is not None:
            result += F.conv2d(self.positions[:, :2] * mask, *of_boundary, **geometry)
        return result


def position_channels(size: tuple[int, int]) -> Tensor:
    """Row, column and distance from the middle of every position.

    Args:
        size: width and height, at least 1. A single row or column lies at 0.

    Returns:
        (1, 3, H, W): row and column from -1 to 1, and the distance divided by that of the corners.
    """
    columns, rows = (torch.linspace(-1, 1, length) if length > 1 else torch.zeros(1) for length in size)
    row, column = torch.meshgrid(rows, columns, indexing='ij')
    radius = torch.hypot(row, column)
    return torch.stack((row, column, radius / radius.max().clamp(min=torch.finfo(radius.dtype).tiny)))[None]
