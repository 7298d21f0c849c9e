"""The square face box and the map from an image to a crop of it, in the two conventions of the field.

MMPose and HRNet take the tight box of the landmarks, enlarge it, and put its centre at ``size / 2`` of the crop. The
official STAR and ADNet code takes the box of its table as it is, and puts its centre at ``(size - 1) / 2``, the middle
between the centres of the crop's outer pixels; a crop of the one is that of the other shifted by half a pixel.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.annotations import Face
from benchmark.protocol.face_boxes import GOLDEN_ANGLE


def face_box(face: Face, padding: float, align_corners: bool = False) -> tuple[NDArray[np.float64], float]:
    """Square face box.

    Args:
        face: an annotated face.
        padding: factor of the box side; 1.25 in MMPose, 1 in the official STAR code.
        align_corners: False for the convention of MMPose, the box of the landmarks; True for that of the official STAR
            code, the box of its table, and of the landmarks only where the face has no other.

    Returns:
        Centre (2,) and side of the box, pixels of the original image.
    """
    if align_corners and face.box is not None:
        x, y, side = face.box
        return np.array([x, y], dtype=np.float64), side * padding
    low, high = face.keypoints.min(axis=0), face.keypoints.max(axis=0)
    return (low + high) / 2, float((high - low).max()) * padding


def crop_matrix(face: Face, padding: float, size: int, align_corners: bool = False) -> NDArray[np.float64]:
    """Map from the original image to a crop of its padded box.

    Args:
        face: an annotated face.
        padding: factor of the box side.
        size: side of the crop, pixels.
        align_corners: the convention (see :func:`face_box`): the box centre comes to ``size / 2`` where False, and to
            ``(size - 1) / 2`` where True.

    Returns:
        (2, 3) float64.
    """
    centre, side = face_box(face, padding, align_corners)
    zoom = size / side
    middle = (size - 1) / 2 if align_corners else size / 2
    return np.array([[zoom, 0, middle - zoom * centre[0]], [0, zoom, middle - zoom * centre[1]]])


def perturbed_box(face: Face, number: int, scale: float, shift: float) -> NDArray[np.float64]:
    """The tight box of the landmarks, of another size and in another place, as a detector might have it.

    Args:
        face: an annotated face.
        number: place of the face in its split; the direction is ``number`` times the golden angle.
        scale: factor of both sides of the box, about its centre; 1 leaves them as they are, to the bit.
        shift: how far the box is moved, in units of its longer side; 0 leaves it where it is, to the bit.

    Returns:
        (4,) left, top, right and bottom, pixels of the original image.
    """
    low, high = face.keypoints.min(axis=0), face.keypoints.max(axis=0)
    grown = (scale - 1) / 2 * (high - low)
    angle = number * GOLDEN_ANGLE
    moved = shift * (high - low).max() * np.array([math.cos(angle), math.sin(angle)])
    return np.concatenate((low - grown + moved, high + grown + moved))
