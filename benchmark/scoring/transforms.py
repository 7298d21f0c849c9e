"""What people do to coordinates by mistake, undone: each takes the predictions to what they would be without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from benchmark.scoring.truth import Truth

Points = NDArray[np.float64]


def undone(truth: Truth) -> Mapping[str, Callable[[Points], Points]]:
    """Mistakes without anything to be fitted, each with what undoes it, on (N, K, 2) predictions of these images."""
    flip = list(truth.benchmark.layout.flip_indices)
    sizes = truth.sizes[:, None]
    middle = (truth.keypoints.max(axis=1, keepdims=True) + truth.keypoints.min(axis=1, keepdims=True)) / 2

    def in_image(points: Points) -> Points:
        return np.concatenate([sizes[..., :1] - 1 - points[..., :1], points[..., 1:]], axis=-1)

    def in_box(points: Points) -> Points:
        return np.concatenate([2 * middle[..., :1] - points[..., :1], points[..., 1:]], axis=-1)

    return {
        'x and y are exchanged': lambda points: points[..., ::-1],
        'x and y are negated': lambda points: -points,
        'x is negated': lambda points: points * (-1, 1),
        'y is negated': lambda points: points * (1, -1),
        'all x stand before all y, and were read as x and y by turns': (
            lambda points: points.reshape(len(points), 2, -1).transpose(0, 2, 1)
        ),
        'x and y stand by turns, and were read as all x before all y': (
            lambda points: points.transpose(0, 2, 1).reshape(len(points), -1, 2)
        ),
        'left and right landmarks are exchanged': lambda points: points[:, flip],
        'the coordinates are mirrored in the image': in_image,
        'the coordinates are those of the mirrored image, with its left and right landmarks': (
            lambda points: in_image(points)[:, flip]
        ),
        'the coordinates are mirrored in the face box': in_box,
        'the coordinates are those of the mirrored crop, with its left and right landmarks': (
            lambda points: in_box(points)[:, flip]
        ),
        'y is counted from the lower edge of the image': (
            lambda points: np.concatenate([points[..., :1], sizes[..., 1:] - 1 - points[..., 1:]], axis=-1)
        ),
        'the coordinates are fractions of the image, from 0 to 1': lambda points: points * sizes,
        'the coordinates are fractions of the image, from -1 to 1': lambda points: (points + 1) / 2 * sizes,
    }


def of_resized_image(points: Points, truth: Truth) -> tuple[Points, float]:
    """Predictions in pixels of images that were all resized to one square, taken back, and the side that fits best."""
    wanted = points * truth.sizes[:, None]
    scale = (wanted * truth.keypoints).sum() / max((wanted**2).sum(), 1e-12)
    return wanted * scale, 1 / scale if scale > 0 else 0.0


def of_scaled_images(points: Points, truth: Truth) -> tuple[Points, float]:
    """Predictions in pixels of images that were all scaled by one factor, taken back, and the factor.

    The factor is the median over images of what fits each one best, so that a part of them may have failed.
    """
    scales = (points * truth.keypoints).sum(axis=(1, 2)) / np.maximum((points**2).sum(axis=(1, 2)), 1e-12)
    scale = float(np.median(scales))
    return points * scale, 1 / scale if scale > 0 else 0.0


def of_crops(points: Points, truth: Truth) -> Points:
    """Predictions scaled and moved in each image such that they fit the truth best: what a crop does to coordinates.

    A scale is never negative; nothing is turned.
    """
    means = points.mean(axis=1, keepdims=True), truth.keypoints.mean(axis=1, keepdims=True)
    ours, theirs = points - means[0], truth.keypoints - means[1]
    scale = (ours * theirs).sum(axis=(1, 2)) / np.maximum((ours**2).sum(axis=(1, 2)), 1e-12)
    return np.maximum(scale, 0)[:, None, None] * ours + means[1]
