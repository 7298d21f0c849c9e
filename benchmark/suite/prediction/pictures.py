"""A picture with the landmarks of its faces, and the ellipses of their heatmaps."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.suite.prediction.predictor import Faces

# Blue, green, red.
POINT, EDGE, ELLIPSE, BOX = (120, 255, 120), (0, 0, 0), (0, 200, 255), (255, 255, 255)
# Radius of an ellipse, standard deviations: heatmaps are far wider than landmarks lie apart.
RADIUS = 0.2
_OPACITY = 0.75  # of ellipses and boxes
_BITS = 4  # of OpenCV's coordinates behind the point
_FURTHEST = 2**20  # pixels; beyond them nothing is drawn


def draw_faces(image: NDArray[np.uint8], faces: Faces) -> NDArray[np.uint8]:
    """Draw landmarks as dots, and heatmaps as ellipses of :data:`RADIUS` standard deviations with their main axis.

    Lines and dots grow with the face, so that they look alike on a small face and on a large photograph.

    Args:
        image: (height, width, 3) uint8, BGR; it is not changed.
        faces: what was predicted in it.
    """
    lines = image.copy()
    for index, (box, points) in enumerate(zip(faces.boxes, faces.landmarks, strict=True)):
        width = _line_width(box)
        low, high = (_fixed(corner) for corner in (box[:2], box[:2] + box[2:]))
        cv2.rectangle(lines, low, high, BOX, width, cv2.LINE_AA, _BITS)
        if faces.covariances is not None:
            for point, covariance in zip(points, faces.covariances[index], strict=True):
                _draw_ellipse(lines, point, covariance, width)
    drawn = cv2.addWeighted(lines, _OPACITY, image, 1 - _OPACITY, 0)
    for box, points in zip(faces.boxes, faces.landmarks, strict=True):
        radius = max(box[2:].max() / 110, 1.0)
        for point in points:
            if np.abs(point).max() < _FURTHEST:
                for size, colour in ((1.5 * radius, EDGE), (radius, POINT)):
                    centre, side = _fixed(point), round(size * 2**_BITS)
                    cv2.circle(drawn, centre, side, colour, cv2.FILLED, cv2.LINE_AA, _BITS)
    return drawn


def ellipse_axes(covariance: NDArray) -> tuple[tuple[float, float], float]:
    """Principal axes of a covariance (xx, xy, yy).

    Returns:
        The standard deviations along the larger and the smaller axis, and the angle of the larger one from x towards y,
        degrees in (-90, 90].

    >>> ellipse_axes(np.array([4.0, 0.0, 1.0]))
    ((2.0, 1.0), 0.0)
    """
    xx, xy, yy = np.asarray(covariance, dtype=np.float64)
    middle, radius = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    # Rounding may leave a variance just below zero.
    major, minor = (float(np.sqrt(max(variance, 0.0))) for variance in (middle + radius, middle - radius))
    return (major, minor), float(np.degrees(np.arctan2(2 * xy, xx - yy) / 2))


def _draw_ellipse(image: NDArray[np.uint8], point: NDArray, covariance: NDArray, width: int) -> None:
    deviations, angle = ellipse_axes(covariance)
    axes = RADIUS * np.array(deviations)
    if max(*np.abs(point), *axes) < _FURTHEST:
        cv2.ellipse(image, _fixed(point), _fixed(axes), angle, 0, 360, ELLIPSE, width, cv2.LINE_AA, _BITS)
        along = axes[0] * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        cv2.line(image, _fixed(point - along), _fixed(point + along), ELLIPSE, width, cv2.LINE_AA, _BITS)


def _line_width(box: NDArray) -> int:
    return max(round(box[2:].max() / 300), 1)


def _fixed(point: NDArray | tuple[float, float]) -> tuple[int, int]:
    """A point in OpenCV's fixed-point coordinates."""
    x, y = np.round(np.clip(point, -_FURTHEST, _FURTHEST) * 2**_BITS).astype(int).tolist()
    return x, y
