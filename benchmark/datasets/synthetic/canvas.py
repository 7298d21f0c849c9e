"""A colour picture over the frontal plane of the face, to paint on."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.parameters import Colour
from benchmark.datasets.synthetic.surface import LEFT, TOP, PolarGrid, axes

RESOLUTION = 52  # cells per unit length
POLAR = PolarGrid(RESOLUTION)
X, Y = (axis.astype(np.float32) for axis in axes(RESOLUTION))
_BITS = 5
_FIRST = np.array([LEFT, TOP]) * RESOLUTION + 0.5


def to_cells(points: NDArray) -> NDArray[np.float64]:
    """Cell coordinates, cell centres being whole, of points (..., 2) of the frontal plane."""
    return points * RESOLUTION - _FIRST


def noise(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> NDArray[np.float32]:
    """Smooth noise of mean 0 and deviation near 1: ``cells`` (rows, columns) random values stretched to ``shape``."""
    values = rng.standard_normal(cells, dtype=np.float32)
    return cv2.resize(values, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def blend(picture: NDArray[np.float32], weight: NDArray, colour: Colour | NDArray) -> None:
    """Blend a colour, or another picture, into a picture in place.

    Pictures are kept channel by channel, (3, rows, columns): NumPy is ten times slower on (rows, columns, 3).

    Args:
        picture: (3, rows, columns), changed in place.
        weight: (rows, columns), 0 keeps the picture and 1 replaces it.
        colour: three numbers or (3, rows, columns).
    """
    other = np.asarray(colour, dtype=np.float32)
    change = (other if other.ndim == 3 else other[:, None, None]) - picture
    change *= weight
    picture += change


class Canvas:
    """A picture being painted: the whole frontal plane, or a window of it.

    Attributes:
        colour: (3, rows, columns) float32 RGB in [0, 1].
        corner: column and row of the window's first cell in the whole picture.
    """

    def __init__(self, colour: NDArray[np.float32], corner: tuple[int, int] = (0, 0)) -> None:
        self.colour = colour
        self.corner = corner
        self._x = X[corner[0] : corner[0] + colour.shape[2]]
        self._y = Y[corner[1] : corner[1] + colour.shape[1]]

    def fill(self, outline: NDArray, colour: Colour, opacity: float = 1.0, blur: float = 0.0) -> None:
        """Paint the inside of a closed outline (N, 2); ``blur`` is the softness of its edge, unit lengths."""
        self._paint(outline[None], 0.0, colour, opacity, blur)

    def stroke(self, line: NDArray, width: float, colour: Colour, opacity: float = 1.0, blur: float = 0.0) -> None:
        """Paint along an open line (N, 2); ``width`` and ``blur`` in unit lengths."""
        self._paint(line[None], width, colour, opacity, blur)

    def strokes(self, lines: NDArray, width: float, colour: Colour, opacity: float = 1.0) -> None:
        """Paint along many open lines (L, N, 2) at once."""
        self._paint(lines, width, colour, opacity, 0.0)

    def glow(self, centre: tuple[float, float], reach: tuple[float, float], colour: Colour, opacity: float) -> None:
        """Blend a soft spot in: a Gaussian with deviations ``reach`` in x and y."""
        (left, right), (top, bottom) = (
            np.searchsorted(axis, (c - 2.6 * r, c + 2.6 * r))
            for axis, c, r in zip((self._x, self._y), centre, reach, strict=True)
        )
        across = np.exp(-0.5 * ((self._x[left:right] - np.float32(centre[0])) / np.float32(reach[0])) ** 2)
        along = np.exp(-0.5 * ((self._y[top:bottom] - np.float32(centre[1])) / np.float32(reach[1])) ** 2)
        blend(self.colour[:, top:bottom, left:right], np.outer(along * np.float32(opacity), across), colour)

    def window(self, outline: NDArray, margin: float) -> Canvas:
        """A copy of the part of the picture around an outline, to paint on apart."""
        _, rows, columns = self._place(outline, margin * RESOLUTION)
        return Canvas(
            self.colour[:, rows, columns].copy(), (self.corner[0] + columns.start, self.corner[1] + rows.start)
        )

    def paste(self, window: Canvas, outline: NDArray) -> None:
        """Put back what was painted on a window, inside an outline only."""
        column, row = window.corner[0] - self.corner[0], window.corner[1] - self.corner[1]
        rows, columns = window.colour.shape[1:]
        weight = _mask((to_cells(outline) - window.corner)[None], 0, (rows, columns)) * np.float32(1 / 255)
        blend(self.colour[:, row : row + rows, column : column + columns], weight, window.colour)

    def _place(self, points: NDArray, margin: float) -> tuple[NDArray[np.float64], slice, slice]:
        """Points in cells of the region around them that lies on the canvas, and that region's rows and columns."""
        cells = to_cells(points) - self.corner
        rows, columns = (
            slice(
                min(max(int(place.min() - margin), 0), size),
                min(max(int(place.max() + margin) + 2, 0), size),
            )
            for place, size in zip((cells[..., 1], cells[..., 0]), self.colour.shape[1:], strict=True)
        )
        return cells - (columns.start, rows.start), rows, columns

    def _paint(self, lines: NDArray, width: float, colour: Colour, opacity: float, blur: float) -> None:
        cells, rows, columns = self._place(lines, 2 + (3 * blur + width) * RESOLUTION)
        part = self.colour[:, rows, columns]
        if not part.size:
            return
        # Lines of OpenCV have whole widths; thinner ones are painted more faintly.
        thickness = max(1, round(width * RESOLUTION)) if width else 0
        opacity *= min(1.0, width * RESOLUTION / thickness) if width else 1.0
        mask = _mask(cells, thickness, part.shape[1:])
        if blur:
            mask = cv2.GaussianBlur(mask, (0, 0), blur * RESOLUTION)
        blend(part, mask * np.float32(opacity / 255), colour)


def _mask(lines: NDArray, thickness: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Smooth-edged mask, 0 to 255, of polygons (thickness 0) or open lines (L, N, 2) in cell coordinates."""
    mask = np.zeros(shape, dtype=np.uint8)
    drawn = np.round(lines * (1 << _BITS)).astype(np.int32)
    if thickness:
        cv2.polylines(mask, drawn, False, 255, thickness, cv2.LINE_AA, _BITS)
    else:
        cv2.fillPoly(mask, drawn, 255, cv2.LINE_AA, _BITS)
    return mask
