"""The parts that stacked hourglasses are made of."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class PreActivationBottleneck(nn.Module):
    """Residual block with normalization before each convolution: 1x1 to half the channels, 3x3, 1x1.

    `Identity Mappings in Deep Residual Networks, He et al., ECCV 2016 <https://arxiv.org/abs/1603.05027>`_.
    The official STAR code gives every block a 1x1 convolution for its shortcut, but uses it only where the number of
    channels changes. Here the unused ones are there as well, so that the weights and the number of parameters are
    the official ones; they do not require a gradient, so that neither optimizer nor distributed training waits for it.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output, even.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        middle = out_channels // 2
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, middle, 1)
        self.norm2 = nn.BatchNorm2d(middle)
        self.conv2 = nn.Conv2d(middle, middle, 3, padding=1)
        self.norm3 = nn.BatchNorm2d(middle)
        self.conv3 = nn.Conv2d(middle, out_channels, 1)
        self.relu = nn.ReLU(inplace=True)
        self.projects = in_channels != out_channels
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1).requires_grad_(self.projects)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) to (B, out_channels, H, W)."""
        out = self.conv1(self.relu(self.norm1(x)))
        out = self.conv2(self.relu(self.norm2(out)))
        out = self.conv3(self.relu(self.norm3(out)))
        out += self.shortcut(x) if self.projects else x
        return out


class Hourglass(nn.Module):
    """One hourglass: blocks at every resolution, joined from the lowest to the highest.

    `Stacked Hourglass Networks for Human Pose Estimation, Newell et al., ECCV 2016 <https://arxiv.org/abs/1603.06937>`_.

    Args:
        channels: channels at every resolution.
        num_levels: how often the resolution is halved, at least 1.
    """

    def __init__(self, channels: int, num_levels: int) -> None:
        super().__init__()
        self.same = PreActivationBottleneck(channels, channels)
        self.down = PreActivationBottleneck(channels, channels)
        self.inner = (
            Hourglass(channels, num_levels - 1) if num_levels > 1 else PreActivationBottleneck(channels, channels)
        )
        self.up = PreActivationBottleneck(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape; H and W are multiples of 2 to the number of levels."""
        low = self.up(self.inner(self.down(F.max_pool2d(x, 2))))
        return self.same(x) + F.interpolate(low, scale_factor=2.0, mode='nearest')
