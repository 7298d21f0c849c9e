"""Axes and keys of the charts: data to points of a canvas, ticks, grid and labels at fixed margins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.path import Path
from matplotlib.ticker import LogLocator, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from benchmark.site.figures.canvas import Canvas
from benchmark.site.figures.style import plain, width, wrap

LINE_HEIGHT = 11.0
MINUS = '\u2212'
_SIZE = 7.5
# Length of a sample line, and what it takes together with the space around the label.
_SAMPLE, _FRAME = 22.0, 39.0


def ticks(low: float, high: float, count: int, log: bool = False) -> NDArray:
    """Round numbers in [low, high], about ``count`` of them.

    Args:
        low: positive where ``log``.
        high: greater than ``low``.
        count: wished number of intervals.
        log: whether the axis is logarithmic.
    """
    values = MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    if log:
        for subdivisions in ((1, 2, 5), (1, 3), (1,)):
            found = LogLocator(subs=subdivisions, numticks=count + 3).tick_values(low, high)
            found = found[(found >= low) & (found <= high)]
            if 2 <= len(found) <= count + 1:
                return found
    slack = 1e-9 * (high - low)
    return values[(values >= low - slack) & (values <= high + slack)]


def number(value: float) -> str:
    """A tick's label, e.g. '-0.05' with a true minus sign."""
    return f'{round(value, 12) + 0.0:g}'.replace('-', MINUS)


def polyline(x: ArrayLike, y: ArrayLike) -> Path:
    """A line through points, interrupted where a coordinate is not finite."""
    points = np.column_stack([x, y]).astype(float)
    shown = np.isfinite(points).all(axis=1)
    codes = np.full(len(points), Path.LINETO)
    codes[np.flatnonzero(np.append(True, ~shown[:-1]))] = Path.MOVETO
    return Path(points[shown], codes[shown])


def rectangle(left: float, top: float, right: float, bottom: float) -> Path:
    """A closed rectangle."""
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    return Path(corners, [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY])


@dataclass(frozen=True)
class Panel:
    """A rectangle of a canvas with data coordinates.

    Attributes:
        canvas: where it lies.
        left: points.
        top: points.
        right: points.
        bottom: points.
        x_limits: data at the left and right side.
        y_limits: data at the bottom and top side.
        log: whether the y axis is logarithmic.
    """

    canvas: Canvas
    left: float
    top: float
    right: float
    bottom: float
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]
    log: bool = False

    def x(self, values: ArrayLike) -> NDArray:
        """Data to points."""
        low, high = self.x_limits
        return self.left + (np.asarray(values, float) - low) / (high - low) * (self.right - self.left)

    def y(self, values: ArrayLike) -> NDArray:
        """Data to points."""
        values, (low, high) = np.asarray(values, float), self.y_limits
        if self.log:
            values, low, high = np.log(values), np.log(low), np.log(high)
        return self.bottom - (values - low) / (high - low) * (self.bottom - self.top)

    def axes(
        self,
        x_label: str = '',
        y_label: str = '',
        *,
        x_ticks: ArrayLike = (),
        y_ticks: ArrayLike = (),
        gid: str = 'grid',
    ) -> None:
        """Draw the grid, as group ``gid``, the left and the lower side and, outside the rectangle, the labels."""
        canvas, colours = self.canvas, self.canvas.colours
        across = [([self.left, self.right], [y, y]) for y in self.y(y_ticks)]
        along = [([x, x], [self.top, self.bottom]) for x in self.x(x_ticks)]
        if across or along:
            grid = Path.make_compound_path(*(polyline(x, y) for x, y in across + along))
            canvas.path(grid, colours.grid, 0.6, gid=gid)
        sides = polyline([self.left, self.left, self.right], [self.top, self.bottom, self.bottom])
        canvas.path(sides, colours.text, 0.8)
        for value, x in zip(x_ticks, self.x(x_ticks), strict=True):
            canvas.text(x, self.bottom + 10, number(value), size=_SIZE, anchor='center')
        for value, y in zip(y_ticks, self.y(y_ticks), strict=True):
            canvas.text(self.left - 4, y + 2.7, number(value), size=_SIZE, anchor='right')
        middle = (self.left + self.right) / 2
        canvas.text(middle, self.bottom + 22, x_label, anchor='center')
        canvas.text(self.left - 28, (self.top + self.bottom) / 2, y_label, anchor='center', rotation=90)

    def line(
        self,
        x: NDArray,
        y: NDArray,
        colour: str,
        *,
        width: float = 1.5,
        dashes: Sequence[float] = (),
        gid: str | None = None,
    ) -> None:
        """Draw a line through data."""
        self.canvas.path(polyline(self.x(x), self.y(y)), colour, width, dashes=dashes, gid=gid)

    def dots(self, x: NDArray, y: NDArray, colour: str) -> None:
        """Draw a dot at each finite point of data."""
        points = np.column_stack([self.x(x), self.y(y)])
        points = points[np.isfinite(points).all(axis=1)]
        self.canvas.dots(points, 1.6, colour)


@dataclass(frozen=True)
class Entry:
    """One entry of a key: what a line style or a circle means.

    Attributes:
        label: its meaning.
        colour: of the sample.
        dashes: of the sample's line.
        width: of the sample's line, points.
        circle: whether the sample is a circle instead of a line.
        backdrop: colour behind the sample, if any.
    """

    label: str
    colour: str
    dashes: tuple[float, ...] = ()
    width: float = 1.5
    circle: bool = False
    backdrop: str | None = None


@dataclass(frozen=True)
class Key:
    """Entries laid out in columns, as narrow as their labels allow; where they do not fit, labels are wrapped.

    Attributes:
        entries: in reading order, column by column.
        columns: number of columns.
        width: most that all columns may take, points.
    """

    entries: Sequence[Entry]
    columns: int
    width: float

    @property
    def _columns(self) -> list[tuple[float, list[tuple[Entry, list[str]]]]]:
        """Width of each column and its entries with their lines."""
        rows = -(-len(self.entries) // self.columns)
        columns = [self.entries[start : start + rows] for start in range(0, len(self.entries), rows)]
        widths = [key_width(column) for column in columns]
        if sum(widths) > self.width:
            widths = [self.width / len(columns)] * len(columns)
        return [
            (
                column_width,
                [(entry, wrap(entry.label, column_width - _FRAME + 0.1, _SIZE, lines=2)) for entry in column],
            )
            for column_width, column in zip(widths, columns, strict=True)
        ]

    @property
    def height(self) -> float:
        """Points."""
        return max(sum(LINE_HEIGHT * len(lines) for _, lines in column) for _, column in self._columns)

    def draw(self, canvas: Canvas, left: float, top: float) -> None:
        """Draw it with its upper left corner at (left, top), points."""
        x = left
        for column_width, column in self._columns:
            y = top + LINE_HEIGHT / 2
            for entry, lines in column:
                if entry.backdrop:
                    canvas.path(rectangle(x - 2, y - 5, x + _SAMPLE + 2, y + 5), fill=entry.backdrop)
                if entry.circle:
                    centre = np.array([[x + _SAMPLE / 2, y]])
                    canvas.ellipses(centre, np.array([3.6]), colour=entry.colour, width=entry.width)
                else:
                    sample = polyline([x, x + _SAMPLE], [y, y])
                    canvas.path(sample, entry.colour, entry.width, dashes=entry.dashes)
                for line in lines:
                    canvas.text(x + _SAMPLE + 5, y + 2.7, line, size=_SIZE)
                    y += LINE_HEIGHT
            x += column_width


def key_width(entries: Sequence[Entry]) -> float:
    """Width of a column of a key without wrapped labels, points."""
    return _FRAME + max(width(plain(entry.label), _SIZE) for entry in entries)
