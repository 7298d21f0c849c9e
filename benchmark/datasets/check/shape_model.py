"""What landmarks of a face look like, from drawn faces: it needs no dataset, and cannot inherit its mistakes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.annotation import locate
from benchmark.datasets.synthetic.camera import build_camera
from benchmark.datasets.synthetic.contours import build_contours
from benchmark.datasets.synthetic.sampling import sample_parameters
from benchmark.datasets.synthetic.surface import build_surface
from benchmark.protocol.layouts import LAYOUTS

_DRAWN = 200
_COMPONENTS = 16  # and at most a fifth of the landmarks, so that wrong ones cannot be explained away
_ROUNDS = 8
_IMAGE_SIZE = 128


@dataclass(frozen=True, eq=False)
class ShapeModel:
    """Shapes of upright faces; a shape is K complex numbers, x + iy, centred, of norm 1.

    Attributes:
        shapes: (N, K) drawn shapes, turned by up to 75 degrees to either side and with all expressions.
        mean: (K,) their mean.
        basis: (2K, Q) directions in which faces vary, moves and turns of the whole face included; the first K
            components are x, the others y.
        inter_ocular: distance of the outer eye corners of the mean.
    """

    shapes: NDArray[np.complex128]
    mean: NDArray[np.complex128]
    basis: NDArray[np.float64]
    inter_ocular: float

    def distance(self, shapes: NDArray[np.complex128]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Procrustes distance to the nearest drawn shape, rotation and scale apart, without mirroring.

        Args:
            shapes: (N, K) shapes.

        Returns:
            (N,) full Procrustes distances in [0, 1], and (N,) in-plane rotations against the upright face in degrees,
            clockwise in the image.
        """
        product = shapes @ self.shapes.conj().T
        nearest = np.abs(product).argmax(axis=1)
        best = product[np.arange(len(shapes)), nearest]
        return np.sqrt(np.maximum(1 - np.abs(best) ** 2, 0)), np.degrees(np.angle(best))

    def place(self, shapes: NDArray[np.complex128]) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """Fit the model to faces such that single landmarks in wrong places do not count.

        Iteratively reweighted least squares with Cauchy weights, each face's scale from the median of its residuals.

        Args:
            shapes: (N, K) shapes.

        Returns:
            (N, K) the landmarks and (N, K) where the model puts them, both turned upright and in units of the
            inter-ocular distance of the mean face.
        """
        product = shapes @ self.mean.conj()
        upright = shapes / product[:, None]
        count = len(self.mean)
        target = _real(upright) - _real(self.mean)
        weights = np.ones((len(shapes), count))
        ridge = 1e-6 * np.eye(self.basis.shape[1])
        for _ in range(_ROUNDS):
            weighted = np.tile(weights, 2)[:, :, None] * self.basis
            normal = weighted.transpose(0, 2, 1) @ self.basis + ridge
            found = np.linalg.solve(normal, weighted.transpose(0, 2, 1) @ target[:, :, None])[..., 0]
            residual = np.abs(_complex(target - found @ self.basis.T))
            scale = np.maximum(1.4826 * np.median(residual, axis=1, keepdims=True), 1e-9)
            weights = 1 / (1 + (residual / (2.5 * scale)) ** 2)
        placed = self.mean + _complex(found @ self.basis.T)
        return upright / self.inter_ocular, placed / self.inter_ocular


def as_shapes(keypoints: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Landmarks (N, K, 2) as (N, K) shapes."""
    points = keypoints[..., 0] + 1j * keypoints[..., 1]
    points = points - points.mean(axis=1, keepdims=True)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@lru_cache
def shape_model(layout: str) -> ShapeModel:
    """The shape model of a layout, 'cofw', '300w' or 'wflw'; always the same one."""
    shapes = as_shapes(np.stack([_draw(layout, index) for index in range(_DRAWN)]))
    mean = shapes.mean(axis=0)
    mean /= np.linalg.norm(mean)
    upright = shapes / (shapes @ mean.conj())[:, None]
    count = len(mean)
    components = min(_COMPONENTS, count // 5)
    varying = np.linalg.svd(_real(upright) - _real(mean), full_matrices=False)[2][:components].T
    moves = np.stack([_real(move) for move in (mean, 1j * mean, np.ones(count), 1j * np.ones(count))], axis=1)
    right, left = (mean[list(corners)].mean() for corners in LAYOUTS[layout].inter_ocular)
    return ShapeModel(shapes, mean, np.hstack([varying, moves]), float(abs(right - left)))


def _draw(layout: str, index: int) -> NDArray[np.float64]:
    condition = ('pose', 'expression')[index % 2]
    parameters = sample_parameters(np.random.default_rng([_DRAWN, index]), frozenset([condition]))
    contours = build_contours(parameters.identity, parameters.expression)
    surface = build_surface(contours, parameters.identity, parameters.expression)
    camera = build_camera(replace(parameters.pose, roll=0.0), _IMAGE_SIZE)
    return locate(layout, contours, surface, camera).exact


def _real(points: NDArray[np.complex128]) -> NDArray[np.float64]:
    return np.concatenate([points.real, points.imag], axis=-1)


def _complex(points: NDArray[np.float64]) -> NDArray[np.complex128]:
    half = points.shape[-1] // 2
    return points[..., :half] + 1j * points[..., half:]
