"""Training curves: loss, learning rate and, where it was measured, the test NME."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure as Drawing
from numpy.typing import NDArray

from benchmark.site.figures.canvas import NARROW, WIDE, Canvas
from benchmark.site.figures.chart import Entry, Key, Panel, ticks
from benchmark.site.figures.figure import Figure, render
from benchmark.site.figures.theme import DASHES, Colours

_POINTS = 200


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
    return render(name, title, partial(_draw, tuple(curves)))


def _draw(curves: tuple[TrainingCurve, ...], colours: Colours) -> Drawing:
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
