"""The network of the official STAR loss code: four hourglasses with anisotropic attention."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmpose.models.backbones.base_backbone import BaseBackbone
from mmpose.registry import MODELS
from torch import Tensor, nn

from benchmark.losses.precision import at_least_float32
from benchmark.models.networks.anisotropic_attention import AnisotropicAttention
from benchmark.models.networks.checkpointing import checkpointed
from benchmark.models.networks.coord_conv import CoordConv2d
from benchmark.models.networks.hourglass_blocks import Hourglass, PreActivationBottleneck
from benchmark.protocol.layouts import LAYOUTS, Layout

STRIDE = 4
_BOUNDARY_THRESHOLD = 0.05


class StackOutput(NamedTuple):
    """What one stack says, float32, contiguous.

    Attributes:
        heatmaps: (B, K, H/4, W/4), non-negative, of any mass; with attention the product of the attention's weights
            and the stack's own heatmaps.
        point_maps: (B, K, H/4, W/4), in [0, 1], or None without attention.
        edge_maps: (B, E, H/4, W/4), in [0, 1], or None without attention.
    """

    heatmaps: Tensor
    point_maps: Tensor | None
    edge_maps: Tensor | None


@MODELS.register_module()
class StackedHourglass(BaseBackbone):
    """Stacked hourglasses that see their positions and attend to facial contours.

    The network of `ADNet, Huang et al., ICCV 2021 <https://arxiv.org/abs/2109.05721>`_ as the official code of
    `STAR loss, Zhou et al., CVPR 2023 <https://arxiv.org/abs/2306.02763>`_ builds it; official weights give the
    official output (see :mod:`benchmark.models.official.weights`). With 256 channels it has 17,177,332 parameters on
    WFLW, 17,069,572 on 300W and 16,925,892 on COFW, as the official code counts; 3.70 M of them are shortcuts that
    the official network has and never uses, and do not require a gradient here.

    Heatmaps, point maps and edge maps are float32 under autocast too.

    Args:
        layout: landmarks and contours: 'cofw', '300w' or 'wflw'.
        channels: channels of the hourglasses, even.
        num_stacks: number of hourglasses.
        num_levels: how often a hourglass halves the resolution.
        attention: whether there are point maps, edge maps and the attention made of them; without, a stack gives
            heatmaps only, and passes features and heatmaps on.
        input_size: width and height of the images, multiples of ``4 * 2 ** num_levels``.
        with_cp: whether hourglasses keep their input only and are computed again for the gradient: the same numbers in
            half the memory (6.3 instead of 12.2 GiB for 32 images of 256 x 256 in float32, without what the device
            adds) and about 40 % more time.
        init_cfg: config of MMEngine's initialization. PyTorch's own, the default, is the official one.
    """

    def __init__(
        self,
        layout: str,
        channels: int = 256,
        num_stacks: int = 4,
        num_levels: int = 4,
        attention: bool = True,
        input_size: tuple[int, int] = (256, 256),
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if layout not in LAYOUTS:
            raise ValueError(f'layout: {layout!r} is not one of {", ".join(map(repr, LAYOUTS))}')
        if channels < 2 or channels % 2:
            raise ValueError(f'channels: {channels!r} is not an even, positive number')
        if num_stacks < 1 or num_levels < 1:
            raise ValueError(f'num_stacks, num_levels: {num_stacks!r} and {num_levels!r} are not both positive')
        multiple = STRIDE * 2**num_levels
        if any(side < multiple or side % multiple for side in input_size):
            raise ValueError(f'input_size: {tuple(input_size)} are not multiples of {multiple} (4 * 2 ** num_levels)')
        self.input_size = tuple(input_size)
        self.with_cp = with_cp
        map_size = (input_size[0] // STRIDE, input_size[1] // STRIDE)
        self.stem = nn.Sequential(
            CoordConv2d(3, 64, 7, input_size, stride=2, padding=3),
            nn.BatchNorm2d(64),
            nn.ReLU(inplace=True),
            PreActivationBottleneck(64, 128),
            nn.MaxPool2d(2),
            PreActivationBottleneck(128, 128),
            PreActivationBottleneck(128, channels),
        )
        self.stacks = nn.ModuleList(
            Stack(LAYOUTS[layout], channels, num_levels, map_size, attention, index == 0, index == num_stacks - 1)
            for index in range(num_stacks)
        )
        self.attention = AnisotropicAttention(LAYOUTS[layout]) if attention else None

    def repeated_blocks(self) -> list[nn.Module]:
        """The blocks that take nearly all of the time, and are worth compiling each for itself."""
        return [part for part in self.modules() if isinstance(part, PreActivationBottleneck)]

    def forward(self, images: Tensor) -> tuple[StackOutput, ...]:
        """Maps of every stack.

        Args:
            images: (B, 3, H, W), BGR in [-1, 1] for official weights.

        Returns:
            One output a stack; the last one is the network's answer.

        Raises:
            ValueError: the images' size is not ``input_size``.
        """
        x = self.stem(images)
        boundary = None
        outputs = []
        for stack in self.stacks:
            if self.with_cp and self.training and torch.is_grad_enabled():
                feature = checkpointed(stack.extract, stack, x, boundary)
            else:
                feature = stack.extract(x, boundary)
            heatmaps, point_maps, edge_maps = maps = stack.read_out(feature)
            if stack.merge_features is not None:
                x = stack.merge(x, feature, maps)
                boundary = heatmaps.detach()[:, -1:] > _BOUNDARY_THRESHOLD
            if self.attention is not None:
                with torch.autocast(heatmaps.device.type, enabled=False):
                    heatmaps = self.attention(edge_maps, point_maps) * heatmaps
            outputs.append(StackOutput(heatmaps, point_maps, edge_maps))
        return tuple(outputs)


class Stack(nn.Module):
    """One hourglass with its read-outs and with what it passes on to the next one.

    Args:
        layout: landmarks and contours.
        channels: channels of features.
        num_levels: levels of the hourglass.
        map_size: width and height of features and maps.
        attention: whether there are point maps and edge maps.
        first: whether no stack, and so no boundary, comes before.
        last: whether nothing is passed on.
    """

    def __init__(
        self,
        layout: Layout,
        channels: int,
        num_levels: int,
        map_size: tuple[int, int],
        attention: bool,
        first: bool,
        last: bool,
    ) -> None:
        super().__init__()
        self.locate = CoordConv2d(channels, channels, 1, map_size, boundary=not first)
        self.hourglass = Hourglass(channels, num_levels)
        self.feature = nn.Sequential(
            PreActivationBottleneck(channels, channels),
            nn.Conv2d(channels, channels, 1),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )
        points, edges = layout.num_landmarks, len(layout.curves)
        self.heatmaps = nn.Conv2d(channels, points, 1)
        self.point_maps = nn.Conv2d(channels, points, 1) if attention else None
        self.edge_maps = nn.Conv2d(channels, edges, 1) if attention else None
        self.merge_features = None if last else nn.Conv2d(channels, channels, 1)
        self.merge_heatmaps = None if last else nn.Conv2d(points, channels, 1)
        self.merge_point_maps = nn.Conv2d(points, channels, 1) if attention and not last else None
        self.merge_edge_maps = nn.Conv2d(edges, channels, 1) if attention and not last else None

    def extract(self, x: Tensor, boundary: Tensor | None) -> Tensor:
        """Features (B, C, h, w) of (B, C, h, w) and of the mask (B, 1, h, w) that the stack before it gives."""
        return self.feature(self.hourglass(self.locate(x, boundary)))

    def read_out(self, feature: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Heatmaps before attention, point maps and edge maps, float32 and contiguous."""
        heatmaps = _widen(self.heatmaps(feature))
        with torch.autocast(feature.device.type, enabled=False):
            heatmaps = F.instance_norm(heatmaps).relu()
        if self.point_maps is None:
            return heatmaps, None, None
        return heatmaps, _widen(self.point_maps(feature)).sigmoid(), _widen(self.edge_maps(feature)).sigmoid()

    def merge(self, x: Tensor, feature: Tensor, maps: tuple[Tensor, Tensor | None, Tensor | None]) -> Tensor:
        """Input of the next stack."""
        heatmaps, point_maps, edge_maps = maps
        x = x + self.merge_features(feature)
        x += self.merge_heatmaps(heatmaps)
        if point_maps is not None:
            x += self.merge_point_maps(point_maps)
            x += self.merge_edge_maps(edge_maps)
        return x


def _widen(maps: Tensor) -> Tensor:
    return at_least_float32(maps).contiguous()
