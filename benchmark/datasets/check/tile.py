"""The picture of one face with its landmarks, each with its number beside it."""

from __future__ import annotations

from collections.abc import Set
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from benchmark.datasets.annotations import Face
from benchmark.datasets.check.images import cut_square, square_around
from benchmark.datasets.check.shape_model import shape_model
from benchmark.protocol.layouts import Layout

TILE_SIDE = 600  # pixels
PADDING = 1.25  # factor of the longer side of the landmarks' box
DOT = 2  # radius of a landmark, pixels
# 'Left' and 'right' are the person's own, by the landmark's number: where they are mixed up, the colours are.
COLOURS = {
    'right': (90, 200, 255),
    'left': (255, 190, 60),
    'middle': (120, 255, 120),
    'of a finding': (255, 70, 70),
}
_NUMBER = 12  # size of the numbers, pixels
_ABSENT = (60, 60, 60)
# Where a number may stand, seen from its landmark: eight directions, the near ones first.
_REACHES = np.repeat([4, 10, 18], 8)[:, None]  # pixels from the landmark to the number
_DIRECTIONS = np.tile([(np.cos(turn), np.sin(turn)) for turn in np.arange(8) * np.pi / 4], (3, 1))


def draw_tile(image: NDArray[np.uint8] | None, face: Face, layout: Layout, marked: Set[int]) -> Image.Image:
    """Draw a face, cut out around its landmarks.

    Args:
        image: (height, width, 3) uint8, BGR; None where there is none to see: the landmarks are drawn on grey.
        face: its annotation.
        layout: the meaning of the landmarks.
        marked: landmarks to point out.
    """
    square = square_around(face, PADDING)
    if image is None:
        tile = Image.new('RGB', (TILE_SIDE, TILE_SIDE), _ABSENT)
    else:
        cut = cut_square(image, square, TILE_SIDE, cv2.BORDER_CONSTANT)
        tile = Image.fromarray(cv2.cvtColor(cut, cv2.COLOR_BGR2RGB))
    points = landmarks_on_tile(face)
    draw = ImageDraw.Draw(tile)
    font = ImageFont.load_default(_NUMBER)
    colours = [COLOURS['of a finding' if landmark in marked else side] for landmark, side in enumerate(_sides(layout))]
    sizes = np.array([font.getbbox(str(landmark), stroke_width=1)[2:] for landmark in range(len(points))])
    centres = place_numbers(points, sizes)
    for landmark, ((x, y), (to_x, to_y), colour) in enumerate(zip(points, centres, colours, strict=True)):
        draw.line((x, y, to_x, to_y), colour, 1)
        draw.text((to_x, to_y), str(landmark), colour, font, anchor='mm', stroke_width=1, stroke_fill='black')
    for (x, y), colour in zip(points, colours, strict=True):
        draw.ellipse((x - DOT - 1, y - DOT - 1, x + DOT + 1, y + DOT + 1), 'black')
        draw.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), colour)
    return tile


def landmarks_on_tile(face: Face) -> NDArray[np.float64]:
    """(K, 2) pixels of the tile; the centre of its first pixel is (0, 0)."""
    left, top, size = square_around(face, PADDING)
    return (face.keypoints - (left, top) + 0.5) * (TILE_SIDE / size) - 0.5


def place_numbers(points: NDArray[np.float64], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Choose places for the landmarks' numbers, one after the other, where they cover least of what is there.

    Args:
        points: (K, 2) landmarks, pixels.
        sizes: (K, 2) width and height of the numbers, pixels.

    Returns:
        (K, 2) centres of the numbers, pixels.
    """
    centres = np.zeros_like(points, dtype=np.float64)
    low, high = points - DOT - 1.0, points + DOT + 1.0  # what must not be covered: landmarks, then numbers too
    for landmark, (point, half) in enumerate(zip(points, sizes / 2, strict=True)):
        choices = point + _DIRECTIONS * (half + _REACHES)
        shared = np.minimum(choices[:, None] + half, high) - np.maximum(choices[:, None] - half, low)
        shared = np.maximum(shared, 0)
        covered = (shared[..., 0] * shared[..., 1]).sum(axis=1)
        outside = np.maximum(np.abs(choices - TILE_SIDE / 2) + half - TILE_SIDE / 2, 0).sum(axis=1)
        centres[landmark] = choices[(covered + 100 * outside + _REACHES[:, 0]).argmin()]
        low = np.concatenate([low, centres[landmark : landmark + 1] - half])
        high = np.concatenate([high, centres[landmark : landmark + 1] + half])
    return centres


@lru_cache
def _sides(layout: Layout) -> list[str]:
    """On which side of a face each landmark belongs."""
    across = shape_model(layout.name).mean.real
    other = across[list(layout.flip_indices)]
    return [
        'middle' if here == there else 'right' if here < there else 'left'
        for here, there in zip(across, other, strict=True)
    ]
