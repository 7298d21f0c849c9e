"""Predicted heatmaps beside the true ambiguity: covariances drawn as ellipses on the mean face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure as Drawing
from matplotlib.path import Path
from numpy.typing import NDArray

from benchmark.protocol.layouts import Layout
from benchmark.site.figures.canvas import NARROW, WIDE, Canvas
from benchmark.site.figures.chart import Entry, Key, number
from benchmark.site.figures.figure import Figure, render
from benchmark.site.figures.mean_face import check_landmarks, contours, fit
from benchmark.site.figures.style import DASHES, Colours

_MARGIN = 12.0
_SIGMA = '\N{GREEK SMALL LETTER SIGMA}'
_ROUND = np.array([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8])


def ambiguity_ellipses(
    name: str,
    title: str,
    shape: NDArray,
    layout: Layout,
    covariances: NDArray | Mapping[str, NDArray],
    truth: NDArray | None = None,
    scale: float | None = None,
) -> Figure:
    """Draw the covariance of each landmark as an ellipse with its main axis.

    Args:
        name: of the figure.
        title: alternative text.
        shape: (K, 2), mean face, y downward.
        layout: gives the contours.
        covariances: (K, 3) of the predicted heatmaps as (xx, xy, yy), squared units of ``shape``; or up to three such
            sets by name, each drawn in a panel of its own.
        truth: (K, 3), true covariances of the annotations, drawn in every panel.
        scale: radius of an ellipse in standard deviations; None: a round number at which they are visible, one for all
            predictions and, as heatmaps are far wider than annotations scatter, another for the truth. The figure
            states it.

    Raises:
        ValueError: there are more than three sets or none, or an array does not fit the layout or holds a NaN.
    """
    sets = dict(covariances) if isinstance(covariances, Mapping) else {'': covariances}
    if not 1 <= len(sets) <= 3:
        raise ValueError(f'{name}: {len(sets)} sets of covariances, expected 1 to 3')
    check_landmarks(name, layout, {'shape': shape, 'true ambiguity': truth})
    check_landmarks(name, layout, sets)
    shape = np.asarray(shape, float)
    panels = {label: _drawn(shape, found, scale) for label, found in sets.items()}
    if scale is None:
        common = min(drawn.scale for drawn in panels.values())
        panels = {label: _drawn(shape, found, common) for label, found in sets.items()}
    true = None if truth is None else _drawn(shape, truth, scale)
    return render(name, title, partial(_draw, shape, layout, panels, true))


@dataclass(frozen=True)
class _Ellipses:
    """Ellipses of one set.

    Attributes:
        radii: (K, 2), along and across the main axis, units of the shape.
        angles: (K,), of the main axis, radians from the x axis.
        scale: radius in standard deviations.
    """

    radii: NDArray
    angles: NDArray
    scale: float


def _drawn(shape: NDArray, covariances: NDArray, scale: float | None) -> _Ellipses:
    xx, xy, yy = np.asarray(covariances, float).T
    middle, radius = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    deviations = np.sqrt(np.maximum(np.column_stack([middle + radius, middle - radius]), 0))
    scale = _visible_scale(shape, deviations[:, 0]) if scale is None else scale
    return _Ellipses(scale * deviations, np.arctan2(2 * xy, xx - yy) / 2, scale)


def _visible_scale(shape: NDArray, deviations: NDArray) -> float:
    """The greatest round factor at which nine in ten deviations take at most a share of the face that falls with K."""
    room = np.ptp(shape, axis=0).max() * min(0.4 / np.sqrt(len(shape)), 0.045)
    wanted = room / max(np.percentile(deviations, 90), 1e-9 * room)
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(_ROUND[np.searchsorted(_ROUND, wanted / power, side='right') - 1] * power)


def _draw(
    shape: NDArray, layout: Layout, panels: dict[str, _Ellipses], truth: _Ellipses | None, colours: Colours
) -> Drawing:
    total = NARROW if len(panels) == 1 else WIDE
    width = total / len(panels)
    reach = np.max([drawn.radii for drawn in (*panels.values(), *([truth] if truth else []))], axis=(0, 2))[:, None]
    low, high = (shape - reach).min(axis=0), (shape + reach).max(axis=0)
    room = width - 2 * _MARGIN
    height = room * min((high - low)[1] / max((high - low)[0], 1e-9), 1.2)
    top = 20 if any(panels) else _MARGIN
    predicted = next(iter(panels.values()))
    entries = [Entry(f'predicted heatmap, radius {number(predicted.scale)} {_SIGMA}', colours.of(0), width=1.0)]
    if truth is not None:
        entries.append(
            Entry(f'true ambiguity, radius {number(truth.scale)} {_SIGMA}', colours.of(1), DASHES[1], width=1.0)
        )
    key = Key(entries, 1 if total == NARROW else 2, total - 2 * _MARGIN)
    canvas = Canvas(total, top + height + 8 + key.height + 8, colours)
    for index, (label, drawn) in enumerate(panels.items()):
        place = fit(low, high, index * width + _MARGIN, top, room, height)
        centres = place(shape)
        canvas.text((index + 0.5) * width, 12, label, anchor='center')
        canvas.path(Path.make_compound_path(*contours(layout, centres)), colours.grid, 0.6)
        if truth is not None:
            _put(canvas, centres, truth, place.factor, colours.of(1), (2.0, 1.0), f'truth-{index}')
        _put(canvas, centres, drawn, place.factor, colours.of(0), (), f'predicted-{index}')
    key.draw(canvas, _MARGIN, top + height + 8)
    return canvas.drawing


def _put(
    canvas: Canvas,
    centres: NDArray,
    drawn: _Ellipses,
    factor: float,
    colour: str,
    dashes: tuple[float, ...],
    gid: str,
) -> None:
    """Draw ellipses and their main axes."""
    half = factor * drawn.radii[:, :1] * np.column_stack([np.cos(drawn.angles), np.sin(drawn.angles)])
    ends = np.stack([centres - half, centres + half], axis=1).reshape(-1, 2)
    canvas.path(Path(ends, [Path.MOVETO, Path.LINETO] * len(centres)), colour, 0.5, gid=f'{gid}-axes')
    canvas.ellipses(centres, factor * drawn.radii, drawn.angles, colour=colour, width=0.7, dashes=dashes, gid=gid)
