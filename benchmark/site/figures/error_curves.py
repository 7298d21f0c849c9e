"""Cumulative error distribution (CED) of several methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure as Drawing
from numpy.typing import NDArray

from benchmark.site.figures.canvas import WIDE, Canvas
from benchmark.site.figures.chart import Entry, Key, Panel, key_width, rectangle, ticks
from benchmark.site.figures.figure import Figure, render
from benchmark.site.figures.theme import DASHES, Colours

_POINTS = 200
# A key inside the axes covers no curve while it is small: the curves rise from the left.
_ENTRIES_INSIDE, _WIDTH_INSIDE = 6, 190.0


@dataclass(frozen=True)
class Curve:
    """One method.

    Attributes:
        label: its name.
        errors: (N,) per-image NME of all seeds together, fractions.
        group: recipe; curves of one recipe have one colour.
        emphasised: drawn solid, e.g. STAR; the others of its group are broken.
    """

    label: str
    errors: NDArray
    group: int
    emphasised: bool


def error_curves(name: str, title: str, curves: Sequence[Curve], normalizer: str, limit: float = 0.10) -> Figure:
    """Draw the share of test images with at most each error.

    Args:
        name: of the figure.
        title: alternative text.
        curves: at least one.
        normalizer: 'inter-ocular' or 'inter-pupil', for the axis.
        limit: upper end of the error axis, a fraction.

    Raises:
        ValueError: there is no curve, or a curve has no error or one that is not finite.
    """
    if not curves:
        raise ValueError(f'{name}: no curve to draw')
    for curve in curves:
        if not len(curve.errors) or not np.isfinite(curve.errors).all():
            raise ValueError(f'{name}: {curve.label}: errors are absent or not finite')
    return render(name, title, partial(_draw, tuple(curves), normalizer, limit))


def _draw(curves: tuple[Curve, ...], normalizer: str, limit: float, colours: Colours) -> Drawing:
    entries = [
        Entry(curve.label, colours.of(curve.group), dashes)
        for curve, dashes in zip(curves, _dashes(curves), strict=True)
    ]
    room = key_width(entries)
    inside = len(entries) <= _ENTRIES_INSIDE and room <= _WIDTH_INSIDE
    key = Key(entries, 1 if inside or len(entries) <= 3 else 2, room if inside else WIDE - 12)
    canvas = Canvas(WIDE, 250 if inside else 258 + key.height, colours)
    panel = Panel(canvas, 44, 8, WIDE - 10, 220, (0, 100 * limit), (0, 100))
    panel.axes(
        f'per-image NME, % of the {normalizer} distance',
        'test images with at most this error, %',
        x_ticks=ticks(0, 100 * limit, 10),
        y_ticks=np.arange(0, 101, 20),
    )
    grid = np.linspace(0, limit, _POINTS + 1)
    for index, (curve, entry) in enumerate(zip(curves, entries, strict=True)):
        share = np.searchsorted(np.sort(curve.errors), grid, side='right') / len(curve.errors)
        # Within a level stretch only the ends are needed.
        bend = np.flatnonzero(np.diff(share, prepend=-1) + np.diff(share, append=2))
        line = 100 * grid[bend], 100 * share[bend]
        panel.line(*line, entry.colour, width=1.8, dashes=entry.dashes, gid=f'curve-{index}')
    if inside:
        left, top = panel.right - room, panel.bottom - key.height - 6
        canvas.path(rectangle(left - 4, top - 3, panel.right, panel.bottom - 2), fill=colours.page, alpha=0.85)
        key.draw(canvas, left, top)
    else:
        key.draw(canvas, 8, panel.bottom + 30)
    return canvas.drawing


def _dashes(curves: tuple[Curve, ...]) -> list[tuple[float, ...]]:
    """Solid where emphasised; the other curves of a group take the broken styles in turn."""
    used: dict[int, int] = {}
    styles = []
    for curve in curves:
        if curve.emphasised:
            styles.append(DASHES[0])
        else:
            used[curve.group] = used.get(curve.group, 0) + 1
            styles.append(DASHES[1 + (used[curve.group] - 1) % (len(DASHES) - 1)])
    return styles
