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
# A line on average, where asking the device for the length of lines would make the step wait. The contours of a face
# that fills the crop take 1.1 to 1.4; these are enough for 9.5 pixels a line, several times around the image.
PIECES = 3
# Full coverage of a pixel; four pixels still fit a byte.
FULL = 63


def draw_lines(start: Tensor, step: Tensor, canvas: Tensor, canvases: int, size: tuple[int, int], ratio: int) -> Tensor:
    """Draw lines at the size of the network input, and reduce that by bilinear interpolation.

    Lines are cut into pieces so short that few pixels can be touched by one, and these are computed for all pieces
    together. How much of a pixel is covered follows from its centre's distance to the piece. Where pieces overlap,
    because they join or because lips touch, the larger coverage counts.

    Args:
        start: (2, L) float32, x and y of where lines start, pixels of the network input, inside it.
        step: (2, L) float32, from there to their ends. On a GPU the last lines are left out where all of them take
            more than :data:`PIECES` L pieces.
        canvas: (L,) int64, the canvas of each line.
        canvases: number of canvases.
        size: width and height of a reduced canvas.
        ratio: pixels of the network input in a cell of a reduced canvas, in each direction.

    Returns:
        (canvases, h, w) float32, in [0, 1].
    """
    line, part, parts, spare = _cut(torch.hypot(*step))
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
    if spare is not None:
        covered.masked_fill_(spare, 0)
    columns, rows = cells.long() + window
    rows = (rows * width + taps * plane * tap).flatten(0, 1) + (canvas * (width * height))[line]
    columns = (columns + plane * tap).flatten(0, 1)
    # Bytes are what a CPU is fast with; a GPU compares whole words, and bytes by way of these.
    kind = torch.uint8 if may_ask(step) else torch.int32
    canvas = torch.zeros(taps**2 * plane, dtype=kind, device=step.device)
    canvas.scatter_reduce_(0, (rows[:, None] + columns).flatten(), covered.to(canvas.dtype).flatten(), 'amax')
    canvas = sum(canvas.chunk(taps**2)).view(canvases, height, width)
    return canvas[:, window:-window, window:-window] * (1 / (FULL * taps**2))


def may_ask(values: Tensor) -> bool:
    """Whether values may be looked at: a GPU would be waited for."""
    return values.device.type == 'cpu'


def _cut(length: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Cut lines into pieces.

    Args:
        length: (L,), pixels.

    Returns:
        The line (P,) of each piece, its place (P,) among that line's pieces, the number (L,) of pieces, and which
        pieces (P,) are spare; None where there are none.
    """
    parts = (length / LONGEST_PIECE).ceil().clamp(min=1).long()
    ends = parts.cumsum(0)
    before = ends - parts
    if may_ask(length):
        line = torch.arange(len(length), device=length.device).repeat_interleave(parts)
        return line, torch.arange(len(line), device=length.device) - before[line], parts, None
    pieces = torch.arange(PIECES * len(length), device=length.device)
    line = torch.searchsorted(ends, pieces, right=True)
    spare = line == len(length)
    line = torch.where(spare, pieces % len(length), line)  # dealt out, so that they do not meet in one place
    return line, torch.where(spare, 0, pieces - before[line]), parts, spare


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
