"""The contours of a face as they are seen in an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.camera import Camera
from benchmark.datasets.synthetic.contours import OUTLINE_CENTRE, Contours, Curves
from benchmark.datasets.synthetic.surface import Surface

_INWARDS = 1 - np.linspace(0, 0.7, 13) ** 2  # candidates for the visible contour, as fractions of the outline


def image_curves(contours: Contours, surface: Surface, camera: Camera) -> Curves:
    """The contours in the image, pixels; 'jaw' is the face contour as it is seen (see :func:`visible_jaw`)."""
    names = list(contours.curves)
    sizes = [len(contours.curves[name]) for name in names]
    points = camera.project(surface.lift(np.concatenate([contours.curves[name] for name in names])))
    curves = dict(zip(names, np.split(points, np.cumsum(sizes)[:-1]), strict=True))
    curves['jaw'] = visible_jaw(contours, surface, camera)
    return curves


def visible_jaw(contours: Contours, surface: Surface, camera: Camera) -> NDArray[np.float64]:
    """The face contour in the image, (M, 2): the jaw's edge, or where the cheek hides it, the silhouette of the cheek.

    For each point of the edge, the line from it to the middle of the face is searched for the point that lies farthest
    outwards in the image, as in landmark marching (Zhu et al., CVPR 2015, section 3.3).
    """
    edge = contours.outline[contours.jaw, :2] - OUTLINE_CENTRE
    points = camera.project(surface.lift(OUTLINE_CENTRE + _INWARDS[:, None] * edge[:, None]))
    contour = points[:, 0]
    rows = np.arange(len(edge))
    for _ in range(3):
        direction = np.gradient(contour, axis=0)
        outwards = np.stack([-direction[:, 1], direction[:, 0]], axis=1)
        outwards = _smooth(outwards / np.linalg.norm(outwards, axis=1, keepdims=True))
        reach = (points * outwards[:, None]).sum(axis=-1)
        best = reach.argmax(axis=1)
        middle = np.clip(best, 1, len(_INWARDS) - 2)
        before, at, after = (reach[rows, middle + step] for step in (-1, 0, 1))
        # The top of the parabola through the best candidate and its neighbours.
        bend = np.minimum(before - 2 * at + after, -1e-9)
        place = np.where(best == 0, 0.0, middle + np.clip(0.5 * (before - after) / bend, -1, 1))
        place = np.clip(_smooth(place[:, None])[:, 0], 0, len(_INWARDS) - 1.001)
        first = place.astype(int)
        share = (place - first)[:, None]
        contour = points[rows, first] * (1 - share) + points[rows, first + 1] * share
    return contour


def _smooth(values: NDArray, reach: int = 3) -> NDArray[np.float64]:
    """Moving average over neighbours, (M, D), ends repeated."""
    padded = np.pad(values, ((reach, reach), (0, 0)), mode='edge')
    sums = np.cumsum(np.vstack([np.zeros((1, values.shape[1])), padded]), axis=0)
    return (sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1)
