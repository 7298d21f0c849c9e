"""Which way the contour of a face runs at each landmark that lies on one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.protocol.layouts import Curve, Layout


def tangents(keypoints: ArrayLike, layout: Layout) -> NDArray[np.float64]:
    """Unit tangents of the contours; their sign has no meaning.

    The tangent at a landmark is that of the circle through it and its two neighbours on the curve, a line where the
    three lie on one: the derivative of the parabola through them whose parameter is the length of the chords. At an end
    of an open curve it is the circle through the end and the next two. Where both neighbours coincide, as at the corner
    of a closed mouth, it is the smallest circle through them; where one coincides with the landmark, the line to the
    other. A landmark on several curves has the tangent of the first of them in the layout, and a curve is closed where
    its mirror image is: the left eye of COFW as well as the right one.

    Args:
        keypoints: landmarks of N faces, (N, K, 2), any unit.
        layout: the meaning of the landmarks.

    Returns:
        (N, K, 2); NaN for a landmark on no curve, where both neighbours coincide with it, and at an end of an open
        curve where the next two coincide.

    Raises:
        ValueError: ``keypoints`` has another shape.
    """
    points = np.asarray(keypoints, dtype=np.float64)
    if points.ndim != 3 or points.shape[1:] != (layout.num_landmarks, 2):
        raise ValueError(f'keypoints: expected shape (N, {layout.num_landmarks}, 2), got {points.shape}')
    found = np.full(points.shape, np.nan)
    # The first curve of a landmark is written last.
    for curve in reversed(layout.curves):
        found[:, curve.indices] = _curve_tangents(points[:, curve.indices], _is_closed(curve, layout))
    return found


def _is_closed(curve: Curve, layout: Layout) -> bool:
    mirrored = {layout.flip_indices[index] for index in curve.indices}
    return curve.closed or any(other.closed and mirrored == set(other.indices) for other in layout.curves)


def _curve_tangents(points: NDArray[np.float64], closed: bool) -> NDArray[np.float64]:
    """Of the (N, n, 2) landmarks of one curve, n at least 3."""
    before, after = (_inverted(np.roll(points, turn, axis=1) - points) for turn in (1, -1))
    direction = after - before
    coincide = (direction == 0).all(axis=-1)
    direction[coincide] = after[coincide][:, ::-1] * (-1, 1)
    if not closed:
        direction[:, 0] = after[:, 0] - _inverted(points[:, 2] - points[:, 0])
        direction[:, -1] = before[:, -1] - _inverted(points[:, -3] - points[:, -1])
    length = np.linalg.norm(direction, axis=-1, keepdims=True)
    return np.divide(direction, length, out=np.full(direction.shape, np.nan), where=length > 0)


def _inverted(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Steps to other points, inverted in the unit circle; a step of no length stays.

    Inversion turns a circle through the centre into a line parallel to its tangent there.
    """
    squared = (steps * steps).sum(axis=-1, keepdims=True)
    return np.divide(steps, squared, out=np.zeros_like(steps), where=squared > 0)
