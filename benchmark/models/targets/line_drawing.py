"""Straight lines, one pixel wide, drawn on many small canvases at once."""

from __future__ import annotations

import math

import torch
from torch import Tensor

# The official code draws on a grid four times as fine as the network input, where four by four cells make a pixel.
FINE = 4
# A line four cells wide covers another half cell on either side, measured along an axis.
HALF_WIDTH, RIM = 2 / FINE, 0.5 / FINE
# Pixels. A piece of a line touches pixels whose centres are up to REACH away from it.
LONGEST_PIECE, REACH = 4.75, 1.125
# Where asking the device for the length of lines would make the step wait: enough for lines of 76 pixels.
PIECES = 16
# Full coverage of a pixel; four pixels still fit a byte.
FULL = 63


def draw_lines(start: Tensor, step: Tensor, canvas: Tensor, canvases: int, size: tuple[int, int], ratio: int) -> Tensor:
    """Draw lines at the size of the network input, and reduce that by bilinear interpolation.

    Lines are cut into pieces so short that few pixels can be touched by one, and these are computed for all pieces
    together. How much of a pixel is covered follows from its centre's distance to the piece. Where pieces overlap,
    because they join or because lips touch, the larger coverage counts.

    Args:
        start: (2, L) float32, x and y of where lines start, pixels of the network input, inside it.
        step: (2, L) float32, from there to their ends. On a GPU, lines of more than 76 pixels get gaps.
        canvas: (L,) int64, the canvas of each line.
        canvases: number of canvases.
        size: width and height of a reduced canvas.
        ratio: pixels of the network input in a cell of a reduced canvas, in each direction.

    Returns:
        (canvases, h, w) float32, in [0, 1].
    """
    line, part, parts = _cut(torch.hypot(*step))
    step = (step / parts)[:, line]
    start = start[:, line] + step * part
    window = math.ceil((LONGEST_PIECE + 2 * REACH + 1) / ratio)
    taps = 2 - ratio % 2  # pixels that a cell is interpolated from, in each direction
    # A margin of a window on all sides takes what lies outside.
    width, height = (side + 2 * window for side in size)
    plane = canvases * width * height
    first = ((torch.minimum(start, start + step) - REACH - (ratio + taps - 2) / 2) / ratio).ceil()
    cells = first[:, None, None] + torch.arange(window, device=step.device)[:, None, None]
    tap = torch.arange(taps, device=step.device)[:, None]
    pixels = (cells * ratio + (ratio - taps) // 2 + tap).flatten(1, 2) - (start + step / 2)[:, None]
    covered = _coverage(*pixels, step)
    columns, rows = cells.long() + window
    rows = (rows * width + taps * plane * tap).flatten(0, 1) + (canvas * (width * height))[line]
    columns = (columns + plane * tap).flatten(0, 1)
    canvas = torch.zeros(taps**2 * plane, dtype=torch.uint8, device=step.device)
    canvas.scatter_reduce_(0, (rows[:, None] + columns).flatten(), covered.flatten(), 'amax')
    canvas = sum(canvas.chunk(taps**2)).view(canvases, height, width)
    return canvas[:, window:-window, window:-window] * (1 / (FULL * taps**2))


def _cut(length: Tensor) -> tuple[Tensor, Tensor, Tensor | int]:
    """Cut lines into pieces.

    Args:
        length: (L,), pixels.

    Returns:
        The line (P,) of each piece, its place (P,) among that line's pieces, and the number (L,) of pieces.
    """
    lines = torch.arange(len(length), device=length.device)
    if length.device.type != 'cpu':
        places = torch.arange(PIECES, device=length.device)
        return lines.repeat_interleave(PIECES), places.repeat(len(length)), PIECES
    parts = (length / LONGEST_PIECE).ceil().clamp(min=1).long()
    line = lines.repeat_interleave(parts)
    return line, torch.arange(len(line)) - (parts.cumsum(0) - parts)[line], parts


def _coverage(x: Tensor, y: Tensor, step: Tensor) -> Tensor:
    """Share of pixels that lines cover.

    Args:
        x: (columns, lines), from the middle of a line to pixel centres.
        y: (rows, lines), likewise.
        step: (2, lines), from start to end of each line.

    Returns:
        (rows, columns, lines) uint8, from 0 to FULL.
    """
    length = torch.hypot(*step)
    # A line of no length is a dot; any direction will do.
    right = torch.where(length == 0, 1.0, step[0] / length)
    down = torch.where(length == 0, 0.0, step[1] / length)
    half_width = HALF_WIDTH + RIM * torch.maximum(right.abs(), down.abs())
    across = (y * -right)[:, None] + x * down
    beyond = ((y * down)[:, None] + x * right).abs_().sub_(length / 2).clamp_(min=0)
    distance = across.square_().addcmul_(beyond, beyond).sqrt_()
    return distance.neg_().add_(half_width + 0.5).clamp_(0, 1).mul_(FULL).add_(0.5).to(torch.uint8)
