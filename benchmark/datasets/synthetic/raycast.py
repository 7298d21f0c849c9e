"""Which point of the head each pixel of the image sees."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.camera import Camera
from benchmark.datasets.synthetic.surface import BACK, GRID, LEFT, TOP

_STEP = 0.07  # how far a ray moves over the frontal plane between two depths, unit lengths
_NOTHING = -99.0


def cast_rays(solid: NDArray[np.float32], camera: Camera, size: int) -> tuple[NDArray, NDArray, NDArray, NDArray]:
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
    depth = np.full((size, size), BACK, dtype=np.float32)
    before = np.full((size, size), -1e-3, dtype=np.float32)
    matrix = np.empty((2, 3))
    matrix[:, :2] = across * GRID
    mode = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for level, above in zip(depths[1:], depths[:-1], strict=True):
        matrix[:, 2] = (offset + level * along - (LEFT, TOP)) * GRID - 0.5
        surfaces = cv2.warpAffine(solid, matrix, (size, size), flags=mode, borderValue=(_NOTHING, _NOTHING))
        excess = surfaces[..., 0] - np.float32(level)
        # Linear between the two depths.
        crossing = before / (before - excess - np.float32(1e-6))
        crossing *= np.float32(level - above)
        crossing += np.float32(above)
        found = excess >= 0
        found &= surfaces[..., 1] <= crossing
        found &= ~seen
        seen |= found
        np.copyto(depth, crossing, where=found)
        before = np.minimum(excess, np.float32(-1e-6), out=excess)
    columns = np.arange(size, dtype=np.float32)
    rows = columns[:, None]
    x = np.float32(across[0, 0]) * columns + np.float32(across[0, 1]) * rows + np.float32(offset[0])
    y = np.float32(across[1, 0]) * columns + np.float32(across[1, 1]) * rows + np.float32(offset[1])
    return x + np.float32(along[0]) * depth, y + np.float32(along[1]) * depth, depth, seen
