"""Targets of the attention maps: where landmarks and facial contours lie, drawn for whole batches on the device.

The official STAR code draws each map at the size of the network input (contours at four times that size) and reduces
it. Here its values are computed at the size of the map. :mod:`benchmark.suite.speed.reference_targets` draws the
official way.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from benchmark.models.targets.curve_sampling import sample_curves
from benchmark.models.targets.line_drawing import FINE, draw_lines
from benchmark.protocol.layouts import Curve

SIGMA = 1.5


@torch.no_grad()
def draw_point_maps(keypoints: Tensor, input_size: tuple[int, int], map_size: tuple[int, int]) -> Tensor:
    """Draw a Gaussian around each landmark; around the nearest point of the image if the landmark lies outside.

    The Gaussian has sigma 1.5 and is centred on the nearest pixel of the network input. It is cut to the ten pixels
    from 5 before to 4 behind that; less than 4.5 pixels from the left or top edge the official code rounds the centre
    up and draws nine. Bilinear interpolation reduces a product of a row and a column to the product of the reduced
    ones, so that one table of rows holds all maps. They equal the official ones to rounding.

    Args:
        keypoints: (B, K, 2), pixels of the network input, finite.
        input_size: width and height of the network input.
        map_size: width and height of the maps, of which the input's are a whole multiple.

    Returns:
        (B, K, h, w) float32, in [0, 1].

    Raises:
        ValueError: ``input_size`` is no multiple of ``map_size``.
    """
    reduction(input_size, map_size)
    profiles = []
    for axis in (0, 1):
        size = input_size[axis]
        place = keypoints[..., axis].float().clamp(0, size - 1)
        nearest = (place + 0.5).floor()
        rounded_up = (place < 4.5) & (place != nearest - 0.5)
        row = nearest.long() + size * rounded_up
        profiles.append(_gaussian_profiles(size, map_size[axis], keypoints.device)[row])
    columns, rows = profiles
    shape = (*keypoints.shape[:2], map_size[1], map_size[0])
    if keypoints.device.type == 'cpu':
        # NumPy asks for huge pages; getting 50 MB in small ones takes longer than filling them.
        return torch.mul(rows[..., None], columns[..., None, :], out=torch.from_numpy(np.empty(shape, np.float32)))
    return rows[..., None] * columns[..., None, :]


@torch.no_grad()
def draw_edge_maps(
    keypoints: Tensor, curves: Sequence[Curve], input_size: tuple[int, int], map_size: tuple[int, int]
) -> Tensor:
    """Draw each contour one pixel wide: a cubic spline through its landmarks, pressed to the image's edge outside it.

    The lines are those of the official code, their ends on the same grid of quarter pixels. How much of a pixel a line
    covers is taken from its distance to the pixel's centre instead of from sixteen cells that are black or white. On
    faces of the three layouts the maps differ from the official ones by 0.02 to 0.03 in the mean over the cells that
    either draws, nowhere by more than 0.3, and without bias; 2 to 4 % of these cells, none above 0.07, are drawn by
    one of them only.

    Args:
        keypoints: (B, K, 2), pixels of the network input, finite.
        curves: the contours (E).
        input_size: width and height of the network input.
        map_size: width and height of the maps, of which the input's are a whole multiple.

    Returns:
        (B, E, h, w) float32, in [0, 1].

    Raises:
        ValueError: ``input_size`` is no multiple of ``map_size``.
    """
    ratio = reduction(input_size, map_size)
    points, owners = sample_curves(keypoints, curves)
    # On the grid of the official code a cell's corner becomes its centre, and the middle of a pixel's cells lies 1.5
    # cells behind its first one.
    axes = (points[..., axis].clamp(0, input_size[axis] - 1) for axis in (0, 1))
    ends = torch.stack([((axis * FINE + 0.5).floor() - 1.5) / FINE for axis in axes]).float()
    step = ends.diff(dim=-1)
    canvas = torch.arange(len(keypoints), device=keypoints.device)[:, None] * len(curves) + owners
    canvas = canvas[..., None].expand(step.shape[1:])
    maps = draw_lines(
        ends[..., :-1].flatten(1), step.flatten(1), canvas.flatten(), len(keypoints) * len(curves), map_size, ratio
    )
    return maps.view(len(keypoints), len(curves), *map_size[::-1])


def reduction(input_size: tuple[int, int], map_size: tuple[int, int]) -> int:
    """How many pixels of the network input make one of the map, in each direction.

    Raises:
        ValueError: not a whole number, or not the same for both directions.
    """
    ratio = input_size[0] // map_size[0]
    if tuple(size * ratio for size in map_size) != tuple(input_size):
        raise ValueError(f'map_size: {input_size} is not a whole multiple of {map_size}')
    return ratio


@lru_cache
def _gaussian_profiles(size: int, map_size: int, device: torch.device) -> Tensor:
    """Reduced rows (size + 5, map_size): Gaussians around each pixel, then the nine-pixel ones of the first five."""
    ratio = size // map_size
    pixels = torch.arange(size, dtype=torch.float64)
    nearest = torch.cat((pixels, pixels[:5]))[:, None]
    rounded_up = torch.arange(size + 5)[:, None] >= size
    first, behind = nearest - 5 + rounded_up.long(), nearest + 5
    profiles = torch.exp(-((pixels - nearest - rounded_up.long()) ** 2) / (2 * SIGMA**2))
    profiles = torch.where((pixels >= first) & (pixels < behind), profiles, 0.0).view(size + 5, map_size, ratio)
    taps = 2 - ratio % 2
    before = (ratio - taps) // 2
    return profiles[..., before : before + taps].mean(-1).float().to(device)
