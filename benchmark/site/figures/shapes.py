"""Faces on a canvas: fitting landmarks into a rectangle, contours through them and colour bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import Colormap
from matplotlib.path import Path
from numpy.typing import NDArray

from benchmark.protocol.layouts import Layout
from benchmark.site.figures.canvas import Canvas
from benchmark.site.figures.chart import number


@dataclass(frozen=True)
class Fit:
    """A similarity that puts a box of the image plane into the middle of a rectangle.

    Attributes:
        factor: points per unit of the image plane.
        offset: (2,), points.
    """

    factor: float
    offset: NDArray

    def __call__(self, points: NDArray) -> NDArray:
        """Image plane, (..., 2), to points of the canvas."""
        return np.asarray(points, float) * self.factor + self.offset


def fit(low: NDArray, high: NDArray, left: float, top: float, width: float, height: float) -> Fit:
    """Fit the box from ``low`` to ``high``, both (2,), into a rectangle given in points."""
    extent = np.maximum(high - low, 1e-9)
    factor = float(min(width / extent[0], height / extent[1]))
    return Fit(factor, np.array([left + width / 2, top + height / 2]) - factor * (low + high) / 2)


def contours(layout: Layout, points: NDArray) -> list[Path]:
    """Facial contours through the K landmarks ``points``, (K, 2)."""
    paths = []
    for curve in layout.curves:
        vertices, codes = points[list(curve.indices)], [Path.MOVETO] + [Path.LINETO] * (len(curve.indices) - 1)
        if curve.closed:
            vertices, codes = np.vstack([vertices, vertices[:1]]), [*codes, Path.CLOSEPOLY]
        paths.append(Path(vertices, codes))
    return paths


def check_landmarks(name: str, layout: Layout, arrays: Mapping[str, NDArray | None]) -> None:
    """Raise ValueError unless every given array has one finite row for each landmark of the layout."""
    for kind, array in arrays.items():
        if array is None:
            continue
        if len(array) != layout.num_landmarks:
            raise ValueError(f'{name}: {kind}: {len(array)} landmarks, expected {layout.num_landmarks}')
        if not np.isfinite(array).all():
            raise ValueError(f'{name}: {kind}: a value is NaN or infinite')


def colour_bar(
    canvas: Canvas,
    colour_map: Colormap,
    limits: tuple[float, float],
    values: Sequence[float],
    rectangle: tuple[float, float, float, float],
) -> NDArray:
    """Draw a horizontal colour bar.

    Args:
        canvas: where to.
        colour_map: from [0, 1].
        limits: values at its left and right end.
        values: to label.
        rectangle: left, top, width and height, points.

    Returns:
        Where the labelled values are, x in points.
    """
    left, top, width, height = rectangle
    strip = (255 * colour_map(np.linspace(0, 1, 128))[None, :, :3]).round().astype(np.uint8)
    canvas.image(strip, left, top, width, height)
    places = left + (np.asarray(values) - limits[0]) / (limits[1] - limits[0]) * width
    for value, x in zip(values, places, strict=True):
        canvas.text(x, top + height + 9, number(value), size=7, anchor='center')
    return places
