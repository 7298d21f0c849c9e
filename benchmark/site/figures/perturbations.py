"""NME against the face box: a panel for its size and one for its place."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure as Drawing
from numpy.typing import NDArray

from benchmark.site.figures.canvas import WIDE, Canvas
from benchmark.site.figures.chart import Panel, ticks
from benchmark.site.figures.figure import Figure, render
from benchmark.site.figures.style import Colours


def box_curves(name: str, title: str, scales: NDArray, shifts: NDArray) -> Figure:
    """Draw NME against the size of the face box, and against how far it is moved.

    Args:
        name: of the figure.
        title: alternative text.
        scales: (S, 2) factor of the box and NME in percent, factors ascending.
        shifts: (T, 2) distance in sides of the box and NME in percent, distances ascending.

    Raises:
        ValueError: there are fewer than two points of one of them, or one is not finite.
    """
    for points in (scales, shifts):
        if len(points) < 2 or not np.isfinite(points).all():
            raise ValueError(f'{name}: expected two finite points at least')
    return render(name, title, partial(_draw, scales, shifts))


def _draw(scales: NDArray, shifts: NDArray, colours: Colours) -> Drawing:
    canvas = Canvas(WIDE, 190, colours)
    values = np.concatenate((scales, shifts))[:, 1]
    limits = 0.0, 1.05 * float(values.max()) or 1.0
    panels = (
        (scales, 36.0, WIDE / 2 - 10, "size (1: the landmarks' box)", 'scale'),
        (shifts, WIDE / 2 + 28, WIDE - 10, 'shift, in sides of the box', 'shift'),
    )
    for points, left, right, label, gid in panels:
        panel = Panel(canvas, left, 20, right, 152, (points[0, 0], points[-1, 0]), limits)
        panel.axes(label, x_ticks=points[:, 0], y_ticks=ticks(*limits, 4), gid=f'{gid}-grid')
        panel.line(*points.T, colours.of(0), width=1.8, gid=gid)
        canvas.text(left, 13, 'NME, %')
    return canvas.drawing
