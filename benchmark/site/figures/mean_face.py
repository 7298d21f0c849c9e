"""Where on the face a method errs: the mean error of each landmark on the mean face."""

from __future__ import annotations

from functools import partial

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as Drawing
from matplotlib.path import Path
from numpy.typing import NDArray

from benchmark.protocol.layouts import Layout
from benchmark.site.figures.canvas import NARROW, WIDE, Canvas
from benchmark.site.figures.chart import MINUS, number, ticks
from benchmark.site.figures.figure import Figure, render
from benchmark.site.figures.shapes import check_landmarks, colour_bar, contours, fit
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
