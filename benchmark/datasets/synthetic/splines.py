"""Smooth curves through control points, as fixed matrices."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline


@lru_cache(maxsize=64)
def _weights(count: int, samples: int, periodic: bool) -> NDArray[np.float64]:
    """Matrix that takes ``count`` control values to ``samples`` values of the cubic spline through them."""
    unit = np.eye(count)
    if periodic:
        spline = CubicSpline(np.arange(count + 1), np.vstack([unit, unit[:1]]), bc_type='periodic')
        return spline(np.arange(samples) * (count / samples))
    return CubicSpline(np.arange(count), unit, bc_type='natural')(np.linspace(0, count - 1, samples))


def spline(control: NDArray, samples: int, periodic: bool = False) -> NDArray[np.float64]:
    """Cubic spline through control points at equal parameter steps.

    Args:
        control: (N, D) control points.
        samples: number of points M of the result; the first is the first control point and, unless periodic, the last
            is the last.
        periodic: whether the curve closes; the first point is not repeated at the end.

    Returns:
        (M, D) points.
    """
    return _weights(len(control), samples, periodic) @ np.asarray(control, dtype=np.float64)


def arc_length(curve: NDArray) -> NDArray[np.float64]:
    """Length of a polyline up to each of its points: (M, D) -> (M,), starting at 0."""
    steps = curve[1:] - curve[:-1]
    lengths = np.zeros(len(curve))
    np.cumsum(np.sqrt((steps * steps).sum(axis=1)), out=lengths[1:])
    return lengths


class Path:
    """A polyline measured along its length; beyond its ends it goes on straight.

    Attributes:
        points: (M, D) vertices, no two neighbours alike.
        lengths: (M,) length up to each of them.
    """

    def __init__(self, points: NDArray) -> None:
        self.points = points
        self.lengths = arc_length(points)

    def at(self, length: NDArray) -> NDArray[np.float64]:
        """Points at given lengths: (N,) -> (N, D)."""
        # The inner points alone: what lies beyond the ends belongs to the first or the last piece.
        first = np.searchsorted(self.lengths[1:-1], length, side='right')
        start = self.lengths[first]
        share = (length - start) / (self.lengths[first + 1] - start)
        begin = self.points[first]
        return begin + share[:, None] * (self.points[first + 1] - begin)
