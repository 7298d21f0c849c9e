"""Point and edge maps drawn as the official STAR code draws them: one face at a time, at full size, then reduced.

What :mod:`benchmark.models.targets.attention_targets` is compared with, for equality and for speed; the two share no
code.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import splev, splprep

from benchmark.protocol.layouts import Curve

SIGMA = 1.5
SAMPLES = 5  # of the spline between two landmarks
ENLARGEMENT = 4  # of the canvas that curves are drawn on


def draw_point_maps_plainly(
    keypoints: NDArray, input_size: tuple[int, int], map_size: tuple[int, int]
) -> NDArray[np.float32]:
    """Draw a Gaussian around each landmark; around the nearest point of the image if the landmark lies outside.

    Args:
        keypoints: (K, 2), pixels of the network input.
        input_size: width and height of the network input, on which Gaussians are drawn.
        map_size: width and height of the maps.

    Returns:
        (K, h, w), in [0, 1].
    """
    width, height = input_size
    offsets = np.arange(-5, 5, dtype=np.float32)
    gaussian = np.exp(-(offsets**2 + offsets[:, None] ** 2) / np.float32(2 * SIGMA**2))
    canvases = np.zeros((len(keypoints), height, width), dtype=np.float32)
    for canvas, (x, y) in zip(canvases, np.clip(keypoints, 0, (width - 1, height - 1)), strict=True):
        # Three sigma to both sides, cut to whole pixels towards 0: ten pixels, fewer near the left and the top edge.
        left, top, right, bottom = int(x - 4.5), int(y - 4.5), int(x + 5.5), int(y + 5.5)
        columns = slice(max(left, 0), min(right, width))
        rows = slice(max(top, 0), min(bottom, height))
        canvas[rows, columns] = gaussian[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return _reduce(canvases, map_size)


def draw_edge_maps_plainly(
    keypoints: NDArray, curves: Sequence[Curve], input_size: tuple[int, int], map_size: tuple[int, int]
) -> NDArray[np.float32]:
    """Draw each curve one pixel wide, pressed to the image's edge where it leaves the image.

    Args:
        keypoints: (K, 2), pixels of the network input.
        curves: which landmarks are joined.
        input_size: width and height of the network input, on which curves are drawn.
        map_size: width and height of the maps.

    Returns:
        (E, h, w), in [0, 1].
    """
    width, height = input_size
    keypoints = np.asarray(keypoints, dtype=np.float64)
    canvases = np.zeros((len(curves), height, width), dtype=np.float32)
    for canvas, curve in zip(canvases, curves, strict=True):
        points = trace_plainly(keypoints[list(curve.indices)], curve.closed)
        points = (points.clip(0, (width - 1, height - 1)) * ENLARGEMENT + 0.5).astype(np.int32)
        large = np.zeros((height * ENLARGEMENT, width * ENLARGEMENT), dtype=np.float32)
        cv2.polylines(large, [points], curve.closed, 1, ENLARGEMENT)
        cv2.resize(large, input_size, dst=canvas, interpolation=cv2.INTER_AREA)
    return _reduce(canvases, map_size)


def trace_plainly(landmarks: NDArray, closed: bool) -> NDArray[np.float64]:
    """Sample the cubic spline through landmarks, whose parameter is the length of the chords between them.

    Args:
        landmarks: (n, 2), in drawing order.
        closed: whether the last landmark is joined to the first.

    Returns:
        (m, 2); the landmarks themselves where two neighbours coincide or there are too few for a spline.
    """
    knots = np.concatenate((landmarks, landmarks[:1])) if closed else landmarks
    if len(knots) < 4 or not np.diff(knots, axis=0).any(axis=1).all():
        return landmarks
    spline, parameters = splprep(knots.T, s=0, per=closed)
    steps = np.arange(SAMPLES) / SAMPLES
    places = (parameters[:-1, None] + np.diff(parameters)[:, None] * steps).ravel()
    return np.stack(splev(places if closed else np.append(places, 1), spline), axis=-1)


def _reduce(canvases: NDArray, map_size: tuple[int, int]) -> NDArray[np.float32]:
    return np.stack([cv2.resize(canvas, map_size, interpolation=cv2.INTER_LINEAR) for canvas in canvases])
