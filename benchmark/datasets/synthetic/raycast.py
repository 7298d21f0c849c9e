"""Which point of the head each pixel of the image sees."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.camera import Camera
from benchmark.datasets.synthetic.interpolation import interpolate
from benchmark.datasets.synthetic.surface import BACK, GRID, LEFT, TOP

_STEP = 0.07  # how far a ray moves over the frontal plane between two depths, unit lengths
_NOTHING = -99.0


def cast_rays(solid: NDArray[np.float64], camera: Camera, size: int) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """First intersection of every pixel's ray with a solid between two height fields.

    Rays are parallel, so the points where they pass one depth are an affine image of the pixels: the height fields are
    warped once per depth, from the front to the back, and a ray ends at the first depth inside the solid.

    Args:
        solid: (rows, columns, 2) depth of the front and of the back over the height canvas.
        camera: for an image of ``size`` by ``size`` pixels.
        size: side of the image.

    Returns:
        x, y and depth in the head's frame of what each pixel sees, and whether it sees the head at all; each
        (size, size).
    """
    inverse = camera.rotation.T
    # The head's point that a pixel sees at a depth: across @ (column, row) + offset + depth * along.
    along = inverse[:2, 2] / inverse[2, 2]
    across = (inverse[:2, :2] - np.outer(along, inverse[2, :2])) / camera.size
    offset = -across @ camera.origin
    front = float(solid[..., 0].max())
    steps = int(np.clip(np.ceil((front - BACK) * np.linalg.norm(along) / _STEP), 8, 64))
    depths = np.linspace(front, BACK, steps + 1)
    seen = np.zeros((size, size), dtype=bool)
    depth = np.full((size, size), BACK)
    before = np.full((size, size), -1e-3)
    pixels = np.arange(size)
    x = across[0, 0] * pixels + across[0, 1] * pixels[:, None] + offset[0]
    y = across[1, 0] * pixels + across[1, 1] * pixels[:, None] + offset[1]
    columns, rows = (x - LEFT) * GRID - 0.5, (y - TOP) * GRID - 0.5
    for level, above in zip(depths[1:], depths[:-1], strict=True):
        shift = level * along * GRID
        places = columns + shift[0], rows + shift[1]
        surfaces = interpolate(solid, *places, cv2.BORDER_CONSTANT, (_NOTHING, _NOTHING))
        excess = surfaces[..., 0] - level
        # Linear between the two depths.
        crossing = before / (before - excess - 1e-6)
        crossing *= level - above
        crossing += above
        found = excess >= 0
        found &= surfaces[..., 1] <= crossing
        found &= ~seen
        seen |= found
        np.copyto(depth, crossing, where=found)
        before = np.minimum(excess, -1e-6, out=excess)
    return x + along[0] * depth, y + along[1] * depth, depth, seen
