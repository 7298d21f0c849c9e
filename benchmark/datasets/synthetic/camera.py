"""Rotation and projection of the head into an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.parameters import Pose


@dataclass(frozen=True)
class Camera:
    """Rotation, scaling and shift of the head into an image.

    Attributes:
        rotation: (3, 3) from the head's frame to the image's.
        size: pixels per unit length.
        origin: (2,) image position of the head frame's origin, pixels.
    """

    rotation: NDArray[np.float64]
    size: float
    origin: NDArray[np.float64]

    def project(self, points: NDArray) -> NDArray[np.float64]:
        """Image positions of points of the head: (..., 3) -> (..., 2), pixels."""
        return self.size * (points @ self.rotation[:2].T) + self.origin


def build_camera(pose: Pose, image_size: int) -> Camera:
    """Camera that puts the middle of the face near the middle of a square image."""
    yaw, pitch, roll = np.deg2rad([pose.yaw, pose.pitch, pose.roll])
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    nod = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
    tilt = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    rotation = tilt @ nod @ turn
    middle = rotation[:2] @ np.array([0.0, 0.62, 0.55])
    origin = (image_size - 1) / 2 + np.array(pose.shift) - pose.size * middle
    return Camera(rotation, pose.size, origin)
