"""Forest plot: differences between two methods with their confidence intervals, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import numpy as np
from matplotlib.figure import Figure as Drawing
from matplotlib.path import Path

from benchmark.site.figures.canvas import WIDE, Canvas
from benchmark.site.figures.chart import MINUS, Panel, number, polyline, rectangle, ticks
from benchmark.site.figures.figure import Figure, render
from benchmark.site.figures.style import Colours, plain, width, wrap

_ROW, _HEADING, _MARGIN, _SIZE, _NOTE_SIZE = 13.0, 12.0, 8.0, 8.0, 7.0
_LEAST_AXIS = 120.0


@dataclass(frozen=True)
class Effect:
    """One line of a forest plot.

    Attributes:
        label: e.g. 'full'.
        mean: difference, percentage points; negative where the method is better than the baseline.
        low: lower end of the interval; None where there is no interval.
        high: upper end of the interval; None where there is no interval.
        group: heading that it stands under, e.g. 'STAR against smooth-L1, ResNet-18, 256 x 256'; effects of one group
            follow each other.
        decided: whether the difference is shown, by the rule of the tables.
        note: e.g. '3 seeds, 554 images'.
    """

    label: str
    mean: float
    low: float | None
    high: float | None
    group: str
    decided: bool
    note: str = ''

    @property
    def numbers(self) -> str:
        """Mean and interval as printed, e.g. '+0.12 [-0.20, +0.44]' with true minus signs."""
        if self.low is None or self.high is None:
            return f'{_signed(self.mean)} (no interval)'
        return f'{_signed(self.mean)} [{_signed(self.low)}, {_signed(self.high)}]'


def forest_plot(
    name: str,
    title: str,
    effects: Sequence[Effect],
    unit: str = 'ΔNME, percentage points',
    favours_negative: str = 'favours STAR',
    favours_positive: str = 'favours the baseline',
) -> Figure:
    """Draw effects as squares with whiskers beside a line at zero: filled where the difference is decided.

    Args:
        name: of the figure.
        title: alternative text.
        effects: at least one, groups one after the other.
        unit: what the axis shows.
        favours_negative: stands at the negative end of the axis.
        favours_positive: stands at the positive end.

    Raises:
        ValueError: there is no effect, a number is not finite, or an interval has only one end.
    """
    if not effects:
        raise ValueError(f'{name}: no effect to draw')
    for effect in effects:
        ends = [end for end in (effect.low, effect.high) if end is not None]
        if len(ends) == 1 or not np.isfinite([effect.mean, *ends]).all():
            raise ValueError(f'{name}: {effect.label}: {effect.mean} [{effect.low}, {effect.high}] cannot be drawn')
    return render(name, title, partial(_draw, tuple(effects), unit, favours_negative, favours_positive))


def _signed(value: float) -> str:
    text = f'{value:+.2f}'
    return ('0.00' if float(text) == 0 else text).replace('-', MINUS)


def _draw(effects: tuple[Effect, ...], unit: str, negative: str, positive: str, colours: Colours) -> Drawing:
    groups = [(heading, list(lines)) for heading, lines in groupby(effects, lambda effect: effect.group)]
    headings = {heading: wrap(heading, (WIDE - 2 * _MARGIN) / 1.12, _SIZE) for heading, _ in groups}
    numbers_room = max(width(effect.numbers, _NOTE_SIZE) for effect in effects)
    rest = WIDE - 2 * _MARGIN - numbers_room - _LEAST_AXIS - 24
    label_room = min(max(width(plain(effect.label), _SIZE) for effect in effects), 0.6 * rest)
    note_room = min(max(width(plain(effect.note), _NOTE_SIZE) for effect in effects), rest - label_room)
    labels = [wrap(effect.label, label_room + 0.1, _SIZE, lines=2) for effect in effects]
    notes = [wrap(effect.note, note_room + 0.1, _NOTE_SIZE, lines=2) for effect in effects]
    rows = [max(len(label), len(note)) * (_ROW - 3) + 3 for label, note in zip(labels, notes, strict=True)]
    bottom = _MARGIN + sum(rows) + sum(_HEADING * len(headings[heading]) + 8 for heading, _ in groups)
    canvas = Canvas(WIDE, bottom + 38, colours)
    left, right = _MARGIN + label_room + note_room + 16, WIDE - _MARGIN - numbers_room - 8
    limits = _limits(effects)
    panel = Panel(canvas, left, _MARGIN, right, bottom, limits, (0, 1))
    y, places, blocks = _MARGIN, [], []
    lines = iter(zip(effects, labels, notes, rows, strict=True))
    for heading, members in groups:
        for text in headings[heading]:
            y += _HEADING
            canvas.text(_MARGIN, y - 2, text, size=_SIZE, bold=True)
        y += 2
        start = y
        for effect, label, note, height in (next(lines) for _ in members):
            places.append(y + _ROW / 2)
            for i, text in enumerate(label):
                canvas.text(_MARGIN, y + 9 + 10 * i, text, size=_SIZE)
            for i, text in enumerate(note):
                canvas.text(left - 8, y + 9 + 10 * i, text, size=_NOTE_SIZE, anchor='right', colour=colours.muted)
            canvas.text(WIDE - _MARGIN, y + 9, effect.numbers, size=_NOTE_SIZE, anchor='right')
            y += height
        blocks.append((start, y))
        y += 6
    _axis(panel, blocks, unit, negative, positive)
    _marks(panel, effects, places)
    return canvas.drawing


def _limits(effects: tuple[Effect, ...]) -> tuple[float, float]:
    """Both sides of zero are on the axis, so that the direction of an effect can be seen."""
    values = [end for effect in effects for end in (effect.mean, effect.low, effect.high) if end is not None]
    reach = max(np.abs(values).max(), 1e-3)
    return min(min(values) * 1.1, -0.25 * reach), max(max(values) * 1.1, 0.25 * reach)


def _axis(panel: Panel, blocks: list[tuple[float, float]], unit: str, negative: str, positive: str) -> None:
    canvas, colours = panel.canvas, panel.canvas.colours
    canvas.path(polyline([panel.left, panel.right], [panel.bottom] * 2), colours.text, 0.8)
    zero = panel.x(0)
    # Interrupted at the headings.
    ends = [*blocks[:-1], (blocks[-1][0], panel.bottom)]
    canvas.path(Path.make_compound_path(*(polyline([zero, zero], end) for end in ends)), colours.text, 0.8, gid='zero')
    for value in ticks(*panel.x_limits, 4):
        x = panel.x(value)
        canvas.path(polyline([x, x], [panel.bottom, panel.bottom + 3]), colours.text, 0.8)
        canvas.text(x, panel.bottom + 11, number(value), size=_NOTE_SIZE, anchor='center')
    canvas.text((panel.left + panel.right) / 2, panel.bottom + 32, unit, size=_NOTE_SIZE, anchor='center')
    canvas.text(zero - 5, panel.bottom + 21, f'← {negative}', size=_NOTE_SIZE, anchor='right')
    canvas.text(zero + 5, panel.bottom + 21, f'{positive} →', size=_NOTE_SIZE)


def _marks(panel: Panel, effects: tuple[Effect, ...], places: list[float]) -> None:
    canvas, colour = panel.canvas, panel.canvas.colours.of(0)
    whiskers = [
        polyline(panel.x([effect.low, effect.high]), [y, y])
        for effect, y in zip(effects, places, strict=True)
        if effect.low is not None
    ]
    if whiskers:
        canvas.path(Path.make_compound_path(*whiskers), colour, 1.4, gid='intervals')
    for gid, fill, wanted in (('decided', colour, True), ('others', canvas.colours.page, False)):
        squares = [
            _square(panel, effect.mean, y)
            for effect, y in zip(effects, places, strict=True)
            if effect.decided == wanted
        ]
        if squares:
            canvas.path(Path.make_compound_path(*squares), colour, 1.2, fill=fill, gid=gid)


def _square(panel: Panel, mean: float, y: float, half: float = 2.8) -> Path:
    x = float(panel.x(mean))
    return rectangle(x - half, y - half, x + half, y + half)
