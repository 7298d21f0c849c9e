"""Curves: cumulative errors of rows, and training loss and error by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure as Drawing
from numpy.typing import NDArray

from benchmark.site.figures.canvas import NARROW, WIDE, Canvas
from benchmark.site.figures.chart import Entry, Key, Panel, key_width, rectangle, ticks
from benchmark.site.figures.figure import Figure, render
from benchmark.site.figures.style import DASHES, Colours

_POINTS = 200  # of a curve, at most
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
    return render(name, title, partial(_draw_errors, tuple(curves), normalizer, limit))


def _draw_errors(curves: tuple[Curve, ...], normalizer: str, limit: float, colours: Colours) -> Drawing:
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


@dataclass(frozen=True)
class TrainingCurve:
    """One training.

    Attributes:
        label: name of its row; curves with the same label are the seeds of one row.
        epochs: (E,), 1-based.
        loss: (E,), mean training loss of each epoch.
        test_epochs: (T,), epochs after which the test images were measured; may be empty.
        test_nme: (T,), percent.
        learning_rate: (E,), or None.
    """

    label: str
    epochs: NDArray
    loss: NDArray
    test_epochs: NDArray
    test_nme: NDArray
    learning_rate: NDArray | None = None


@dataclass(frozen=True)
class _Series:
    x: NDArray
    y: NDArray
    colour: str
    dashes: tuple[float, ...]


def training_curves(name: str, title: str, curves: Sequence[TrainingCurve]) -> Figure:
    """Draw the loss of every training and, in a second panel, its test NME where there is any.

    Seeds of a row have one colour and different line styles.

    Args:
        name: of the figure.
        title: alternative text.
        curves: at least one.

    Raises:
        ValueError: there is no curve, or one has no epoch or arrays of different lengths.
    """
    if not curves:
        raise ValueError(f'{name}: no curve to draw')
    for curve in curves:
        rates = curve.epochs if curve.learning_rate is None else curve.learning_rate
        pairs = (curve.epochs, curve.loss), (curve.epochs, rates), (curve.test_epochs, curve.test_nme)
        if not len(curve.epochs) or any(len(first) != len(second) for first, second in pairs):
            raise ValueError(f'{name}: {curve.label}: no epoch, or arrays of different lengths')
    return render(name, title, partial(_draw_training, tuple(curves)))


def _draw_training(curves: tuple[TrainingCurve, ...], colours: Colours) -> Drawing:
    labels = list(dict.fromkeys(curve.label for curve in curves))
    styles, seeds = [], dict.fromkeys(labels, 0)
    for curve in curves:
        styles.append((colours.of(labels.index(curve.label)), DASHES[seeds[curve.label] % len(DASHES)]))
        seeds[curve.label] += 1
    loss = [_Series(curve.epochs, curve.loss, *style) for curve, style in zip(curves, styles, strict=True)]
    test = [
        _Series(curve.test_epochs, curve.test_nme, *style)
        for curve, style in zip(curves, styles, strict=True)
        if len(curve.test_epochs)
    ]
    rates = _rates(curves, styles)
    total = WIDE if test else NARROW
    entries = [
        Entry(label if count == 1 else f'{label} ({count} seeds)', colours.of(i))
        for i, (label, count) in enumerate(seeds.items())
    ]
    key = Key(entries, 2 if test and len(entries) > 1 else 1, total - 46)
    canvas = Canvas(total, 184 + key.height + 36, colours)
    epochs = (0.0, float(max(np.max(curve.epochs) for curve in curves)))
    left, right, bottom = 36.0, (WIDE / 2 if test else NARROW) - 10, 184.0
    if rates:
        _panel(canvas, (left, 20, right, 122), epochs, loss, 'loss', 'training loss', labelled=False)
        _panel(canvas, (left, 146, right, bottom), epochs, rates, 'rate', 'learning rate')
    else:
        _panel(canvas, (left, 20, right, bottom), epochs, loss, 'loss', 'training loss')
    if test:
        _panel(canvas, (WIDE / 2 + 28, 20, WIDE - 10, bottom), epochs, test, 'test', 'test NME, %', log=False)
        # The upper right is free: errors fall.
        canvas.text(WIDE - 10, 28, 'test NME chooses nothing', size=7, anchor='right', colour=colours.muted)
    key.draw(canvas, left, bottom + 30)
    return canvas.drawing


def _rates(curves: tuple[TrainingCurve, ...], styles: list[tuple[str, tuple[float, ...]]]) -> list[_Series]:
    """Each schedule once, although rows and seeds share it."""
    found: dict[tuple, _Series] = {}
    for curve, style in zip(curves, styles, strict=True):
        if curve.learning_rate is not None:
            found.setdefault(tuple(curve.learning_rate), _Series(curve.epochs, curve.learning_rate, *style))
    return list(found.values())


def _panel(
    canvas: Canvas,
    box: tuple[float, float, float, float],
    epochs: tuple[float, float],
    series: list[_Series],
    gid: str,
    heading: str,
    labelled: bool = True,
    log: bool = True,
) -> None:
    """One chart; logarithmic where ``log`` and every value is positive, its epochs labelled where ``labelled``."""
    values = np.concatenate([np.asarray(one.y, float) for one in series])
    values = values[np.isfinite(values)]
    low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
    log = log and low > 0
    if log:
        margin = 1.02 * (high / low) ** 0.05
        low, high = low / margin, high * margin
    else:
        margin = 0.05 * (high - low) + 0.01 * (abs(high) or 1)
        low, high = low - margin, high + margin
    panel = Panel(canvas, *box, epochs, (low, high), log)
    count = 4 if box[3] - box[1] > 60 else 2
    whole = [epoch for epoch in ticks(*epochs, 5) if epoch.is_integer()]
    panel.axes(
        'epoch' if labelled else '',
        x_ticks=whole if labelled else (),
        y_ticks=ticks(low, high, count, log),
        gid=f'{gid}-grid',
    )
    canvas.text(box[0], box[1] - 7, heading)
    for index, one in enumerate(series):
        shown = np.unique(np.linspace(0, len(one.x) - 1, _POINTS).round().astype(int))
        x, y = np.asarray(one.x)[shown], np.asarray(one.y)[shown]
        panel.line(x, y, one.colour, width=1.3, dashes=one.dashes, gid=f'{gid}-{index}')
        if len(one.x) <= 20:
            panel.dots(one.x, one.y, one.colour)
