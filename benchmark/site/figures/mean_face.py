"""The mean face: landmarks fitted into a rectangle with contours through them, and where on it a method errs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import matplotlib
import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure as Drawing
from matplotlib.path import Path
from numpy.typing import NDArray

from benchmark.protocol.layouts import Layout
from benchmark.site.figures.canvas import NARROW, WIDE, Canvas
from benchmark.site.figures.chart import MINUS, number, ticks
from benchmark.site.figures.figure import Figure, render
from benchmark.site.figures.style import Colours

_BAR, _MARGIN, _CAPTION = 6.0, 12.0, 16.0
_ERRORS = matplotlib.colormaps['viridis']
_DIFFERENCES = LinearSegmentedColormap.from_list('differences', ['#0072b2', '#9a9a9a', '#d55e00'])


def landmark_errors(
    name: str,
    title: str,
    shape: NDArray,
    layout: Layout,
    errors: NDArray,
    reference: NDArray | None = None,
    unit: str = '% of the inter-ocular distance',
) -> Figure:
    """Draw the error of each landmark as a disc on the mean face, its area and its colour in proportion to the error.

    With a reference, a second panel shows ``errors - reference``: triangles, down and blue where the error is smaller
    than the reference, up and orange where it is larger.

    Args:
        name: of the figure.
        title: alternative text.
        shape: (K, 2), mean face, any unit, y downward.
        layout: gives the contours.
        errors: (K,), not negative.
        reference: (K,), e.g. of the baseline.
        unit: of the errors.

    Raises:
        ValueError: an array does not fit the layout or holds a NaN.
    """
    check_landmarks(name, layout, {'shape': shape, 'errors': errors, 'reference': reference})
    return render(name, title, partial(_draw, shape, layout, errors, reference, unit))


def _draw(
    shape: NDArray, layout: Layout, errors: NDArray, reference: NDArray | None, unit: str, colours: Colours
) -> Drawing:
    panels = 1 if reference is None else 2
    width = NARROW if panels == 1 else WIDE / 2
    shape = np.asarray(shape, float)
    low, high = shape.min(axis=0), shape.max(axis=0)
    room = width - 2 * _MARGIN - 12
    height = room * min((high - low)[1] / max((high - low)[0], 1e-9), 1.2)
    top_radius = min(0.36 * room / np.sqrt(len(shape)), 8.0)
    bar_top = _CAPTION + height + 24 + 3 * top_radius
    canvas = Canvas(width * panels, bar_top + 32, colours)
    for index in range(panels):
        left = index * width + _MARGIN
        place = fit(low, high, left + 6, _CAPTION + 10, room, height)
        points = place(shape)
        lines = Path.make_compound_path(*contours(layout, points))
        canvas.path(lines, colours.muted, 0.7, gid=f'contours-{index}')
        bar = (left + 10, bar_top, width - 2 * _MARGIN - 20, _BAR)
        middle, base = index * width + width / 2, bar[1] + _BAR + 20
        if index == 0:
            canvas.text(middle, 11, 'error of each landmark', anchor='center')
            canvas.text(middle, base, unit, size=7.5, anchor='center')
            _discs(canvas, points, errors, top_radius, bar)
        else:
            canvas.text(middle, 11, f'error {MINUS} reference, same unit', anchor='center')
            canvas.text(bar[0], base, '▽ smaller error', size=7.5)
            canvas.text(bar[0] + bar[2], base, 'larger error △', size=7.5, anchor='right')
            _triangles(canvas, points, np.asarray(errors, float) - reference, top_radius, bar)
    return canvas.drawing


def _discs(canvas: Canvas, points: NDArray, errors: NDArray, top_radius: float, bar: tuple) -> None:
    values = ticks(0, max(errors.max(), 1e-6), 4)
    top = max(errors.max(), values[-1])
    hints = [f'landmark {i}: {error:.2f}' for i, error in enumerate(errors)]
    # Small discs over large ones, so that none is hidden.
    order = np.argsort(-errors, kind='stable')
    radii = top_radius * np.sqrt(errors / top)
    canvas.ellipses(
        points[order],
        radii[order],
        fill=_ERRORS(errors[order] / top),
        colour=canvas.colours.text,
        width=0.4,
        hints=[hints[i] for i in order],
        gid='landmarks',
    )
    places = colour_bar(canvas, _ERRORS, (0, top), values, bar)
    samples = np.column_stack([places, np.full(len(places), bar[1] - top_radius - 2)])
    canvas.ellipses(
        samples, top_radius * np.sqrt(values / top), fill=_ERRORS(values / top), colour=canvas.colours.text, width=0.4
    )


def _triangles(canvas: Canvas, points: NDArray, differences: NDArray, top_radius: float, bar: tuple) -> None:
    top = max(np.abs(differences).max(), 1e-6)
    values = ticks(-top, top, 5)
    order = np.argsort(-np.abs(differences), kind='stable')
    canvas.polygons(
        [_triangle(points[i], differences[i], top, top_radius) for i in order],
        _DIFFERENCES(0.5 + differences[order] / top / 2),
        colour=canvas.colours.text,
        width=0.4,
        hints=[f'landmark {i}: {number(round(differences[i], 2))}' for i in order],
        gid='differences',
    )
    places = colour_bar(canvas, _DIFFERENCES, (-top, top), values, bar)
    centres = np.column_stack([places, np.full(len(places), bar[1] - top_radius - 2)])
    canvas.polygons(
        [_triangle(centre, value, top, top_radius) for centre, value in zip(centres, values, strict=True)],
        _DIFFERENCES(0.5 + values / top / 2),
        colour=canvas.colours.text,
        width=0.4,
    )


def _triangle(centre: NDArray, difference: float, top: float, top_radius: float) -> NDArray:
    """Corners, (3, 2), of an equilateral triangle with the area of a disc; it points up where positive."""
    radius = 1.555 * top_radius * np.sqrt(abs(difference) / top)
    angles = np.radians([90, 210, 330])
    return centre + radius * np.column_stack([np.cos(angles), -np.sign(difference) * np.sin(angles)])


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
