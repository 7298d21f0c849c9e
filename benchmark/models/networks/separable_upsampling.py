"""Bilinear upsampling whose gradient is the same in every run, on a GPU as well."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from mmpose.models.necks import FeatureMapProcessor
from torch import Tensor, nn


class SeparableUpsampling(nn.Module):
    """``nn.Upsample`` in bilinear mode by whole factors, with :func:`upsample_bilinear`.

    Args:
        factors: how many times as many rows and columns there are to be, whole numbers of at least 1.
    """

    def __init__(self, factors: tuple[int, int]) -> None:
        super().__init__()
        self.factors = factors

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, factor * H, factor * W)."""
        return upsample_bilinear(features, self.factors)

    def extra_repr(self) -> str:
        """Called by PyTorch when the network is printed."""
        return f'factors={self.factors}'


class SeparableFeatureMapProcessor(FeatureMapProcessor):
    """MMPose's neck, which enlarges maps by whole factors with :func:`upsample_bilinear` to concatenate them.

    Other maps are resized with ``F.interpolate``, as MMPose does with all.
    """

    def _concat(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        size = inputs[0].shape[2:]
        return [torch.cat([_resize(features, size) for features in inputs], dim=1)]


def make_upsampling_deterministic(model: nn.Module) -> None:
    """Replace what upsamples bilinearly by whole factors inside a model; parameters and their names stay.

    Replaced are ``nn.Upsample`` and the concatenation of MMPose's ``FeatureMapProcessor``, both with ``align_corners``
    off. Other modes, factors that are not whole and given sizes stay as they are.

    Args:
        model: the network, changed in place.
    """
    # A module that stands in several places is replaced in each.
    for path, module in list(model.named_modules(remove_duplicate=False))[1:]:
        replacement = _replacement(module)
        if replacement is not None:
            parent, _, name = path.rpartition('.')
            setattr(model.get_submodule(parent), name, replacement)


def upsample_bilinear(features: Tensor, factors: tuple[int, int]) -> Tensor:
    """What ``F.interpolate`` gives in bilinear mode with ``align_corners=False``, to rounding.

    With deterministic algorithms ``F.interpolate`` is made of dozens of operations on a GPU, and its gradient of sums
    at indices. This is a product of matrices for the columns and one for the rows, and so is its gradient. Float32
    products are as precise as ``torch.backends.cuda.matmul`` says, by default in full. In half precision weights are
    exact for factors that are powers of two, up to 128, and each of the two products is rounded.

    Args:
        features: (B, C, H, W), floating point.
        factors: how many times as many rows and columns there are to be, whole numbers of at least 1.

    Returns:
        (B, C, factor * H, factor * W), channels last where the features are; of their type, and under autocast of the
        type that it gives to products of matrices. The features themselves where both factors are 1.

    Raises:
        ValueError: a factor is not a whole number of at least 1.
    """
    if any(factor < 1 or factor % 1 for factor in factors):
        raise ValueError(f'factors: {tuple(factors)} are not whole numbers of at least 1')
    down, across = map(int, factors)
    if down == across == 1:
        return features
    batch, channels, height, width = features.shape
    # The compiler would not see the cache.
    matrix = interpolation_matrix if torch.compiler.is_compiling() else _kept_matrix
    rows = matrix(height, down, features.dtype, features.device)
    columns = matrix(width, across, features.dtype, features.device)
    if not features.is_contiguous() and features.is_contiguous(memory_format=torch.channels_last):
        lines = features.permute(0, 2, 3, 1).view(batch * height, width, channels)
        wide = torch.bmm(columns.expand(batch * height, -1, -1), lines).view(batch, height, -1)
        maps = torch.bmm(rows.expand(batch, -1, -1), wide)
        return maps.view(batch, down * height, across * width, channels).permute(0, 3, 1, 2)
    wide = torch.mm(features.reshape(-1, width), columns.t()).view(batch * channels, height, -1)
    maps = torch.bmm(rows.expand(batch * channels, -1, -1), wide)
    return maps.view(batch, channels, down * height, across * width)


def interpolation_matrix(length: int, factor: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Weights with which a line of values becomes one of ``factor`` times as many.

    Args:
        length: number of values.
        factor: how many times as many there are to be.
        dtype: type of the weights.
        device: where the weights are to be.

    Returns:
        (factor * length, length), multiples of ``1 / (2 * factor)`` in [0, 1] that sum to 1 in each row.
    """
    places = (torch.arange(factor * length, dtype=torch.float64, device=device) + 0.5) / factor - 0.5
    distances = places.clamp(0, length - 1)[:, None] - torch.arange(length, device=device)
    return (1 - distances.abs()).clamp(min=0).to(dtype)


@lru_cache(maxsize=256)
def _kept_matrix(length: int, factor: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):  # a gradient may need later what is computed without one now
        return interpolation_matrix(length, factor, dtype, device)


def _resize(features: Tensor, size: Sequence[int]) -> Tensor:
    if any(target % length for target, length in zip(size, features.shape[2:], strict=True)):
        return F.interpolate(features, size=tuple(size), mode='bilinear', align_corners=False)
    return upsample_bilinear(features, (size[0] // features.shape[2], size[1] // features.shape[3]))


def _replacement(module: nn.Module) -> nn.Module | None:
    """What takes the place of a module, or None where it stays. Subclasses may compute something else, and stay."""
    if type(module) is nn.Upsample and module.mode == 'bilinear' and not module.align_corners:
        scale = module.scale_factor
        down, across = scale if isinstance(scale, tuple) else (scale, scale)
        if scale is not None and min(down, across) >= 1 and down % 1 == across % 1 == 0:
            return SeparableUpsampling((int(down), int(across)))
    if type(module) is FeatureMapProcessor and not module.align_corners:
        return SeparableFeatureMapProcessor(module.select_index, module.concat, module.scale_factor, module.apply_relu)
    return None
