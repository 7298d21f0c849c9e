"""The head as a height field: its depth over the frontal plane."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.contours import OUTLINE_CENTRE, Contours
from benchmark.datasets.synthetic.parameters import Expression, Identity

LEFT, TOP, RIGHT, BOTTOM = -1.8, -2.2, 1.8, 2.4
GRID = 36  # height samples per unit length
FRONT = 1.18  # depth of the middle of the face, in front of the ears
BACK = -1.15
_JAW_THICKNESS = 0.07
_HALF_CELL = 0.012  # half a sample of the height field, so that its edge is not eaten away
EAR = (1.06, 0.19)  # middle of the left ear
_BINS = 720
_CLIFF = 60.0  # slope of the surface outside the outline, which stands for the side of the head


def axes(resolution: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of the cell centres of a canvas over the frontal plane, ``resolution`` cells per unit length."""
    x = LEFT + (np.arange(round((RIGHT - LEFT) * resolution)) + 0.5) / resolution
    y = TOP + (np.arange(round((BOTTOM - TOP) * resolution)) + 0.5) / resolution
    return x, y


class PolarGrid:
    """Polar coordinates of a canvas around the middle of the face, with fast look-up of functions of the angle."""

    def __init__(self, resolution: int) -> None:
        x, y = axes(resolution)
        dx, dy = x[None] - OUTLINE_CENTRE[0], y[:, None] - OUTLINE_CENTRE[1]
        self.angle = np.arctan2(dy, dx)
        self.radius = np.hypot(dx, dy)
        place = (self.angle / (2 * np.pi) % 1.0) * _BINS
        self._first = np.floor(place).astype(np.int32) % _BINS
        self._share = place - np.floor(place)

    def look_up(self, table: NDArray) -> NDArray[np.float64]:
        """Values over the canvas of a function given at the angles of :func:`angle_table`."""
        table = np.append(table, table[0])
        low = table[self._first]
        return low + self._share * (table[1:][self._first] - low)


def angle_table(angle: NDArray, values: NDArray) -> NDArray[np.float64]:
    """A periodic function, given at some angles (radians, any order), at the angles that look-ups are made from."""
    return np.interp(np.arange(_BINS) * (2 * np.pi / _BINS), angle, values, period=2 * np.pi)


GRID_POLAR = PolarGrid(GRID)
_GRID_X, _GRID_Y = axes(GRID)
SOLID_SHAPE = len(_GRID_Y), len(_GRID_X)


@dataclass(frozen=True)
class Surface:
    """The front of a head, without hair and ears.

    Attributes:
        radius: distance of the outline from the middle of the face, by angle (see :func:`angle_table`).
        rim: depth of the surface at the outline, by angle.
        bumps: (N, 5) Gaussian bumps: x, y, their deviations in x and y, and height.
    """

    radius: NDArray[np.float64]
    rim: NDArray[np.float64]
    bumps: NDArray[np.float64]

    def height(self, points: NDArray) -> NDArray[np.float64]:
        """Depth of the surface at points (..., 2) of the frontal plane; outside the outline, the rim's."""
        dx, dy = points[..., 0] - OUTLINE_CENTRE[0], points[..., 1] - OUTLINE_CENTRE[1]
        place = (np.arctan2(dy, dx) / (2 * np.pi) % 1.0) * _BINS
        radius = np.interp(place, np.arange(_BINS + 1), np.append(self.radius, self.radius[0]))
        rim = np.interp(place, np.arange(_BINS + 1), np.append(self.rim, self.rim[0]))
        x, y, wide, high, tall = self.bumps.T
        bumps = np.exp(-0.5 * (((points[..., :1] - x) / wide) ** 2 + ((points[..., 1:] - y) / high) ** 2)) @ tall
        return _dome(np.hypot(dx, dy) / radius, rim) + bumps

    def height_grid(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Over the height canvas: depth, distance from the middle as a fraction of the outline's, depth of the rim."""
        share = GRID_POLAR.radius / GRID_POLAR.look_up(self.radius)
        x, y, wide, high, tall = self.bumps.T[:, :, None]
        across = np.exp(-0.5 * ((_GRID_X - x) / wide) ** 2)
        along = np.exp(-0.5 * ((_GRID_Y - y) / high) ** 2) * tall
        rim = GRID_POLAR.look_up(self.rim)
        return _dome(share, rim) + along.T @ across, share, rim

    def lift(self, points: NDArray) -> NDArray[np.float64]:
        """Points of the surface over points of the frontal plane: (..., 2) -> (..., 3)."""
        return np.concatenate([points, self.height(points)[..., None]], axis=-1)


def _dome(share: NDArray, rim: NDArray) -> NDArray:
    return rim + (FRONT - rim) * _vault(share)


def _vault(share: NDArray) -> NDArray:
    """1 in the middle, 0 from the outline on, falling steeply there."""
    share = np.minimum(share, 1.0)
    return np.sqrt(1 - share * share * np.sqrt(share))


def build_surface(contours: Contours, identity: Identity, expression: Expression) -> Surface:
    """Surface under the contours of a face."""
    dx, dy = (contours.outline[:, :2] - OUTLINE_CENTRE).T
    angle = np.arctan2(dy, dx)
    mouth = 0.5 * (contours.curves['upper lip inner'].mean(axis=0) + contours.curves['lower lip inner'].mean(axis=0))
    upper = contours.curves['upper lip outer'][len(contours.curves['upper lip outer']) // 2][1]
    lower = contours.curves['lower lip outer'][len(contours.curves['lower lip outer']) // 2][1]
    tip = contours.curves['nose line'][-1, 1]
    chin = contours.outline[:, 1].max()
    deep, wide = identity.nose_depth, identity.nose_width
    smile = max(expression.smile, 0.0)
    middle = [
        (0.0, 0.38 * tip, 0.085 * wide, 0.15, 0.15 * deep),
        (0.0, 0.70 * tip, 0.095 * wide, 0.14, 0.17 * deep),
        (0.0, tip, 0.115 * wide, 0.105, 0.27 * deep),
        (0.0, 0.04, 0.11, 0.10, -0.06),
        (0.0, mouth[1], 0.33, 0.24, 0.13),
        (0.0, 0.5 * (upper + mouth[1]) - 0.01, 0.20, 0.035, 0.035),
        (0.0, lower - 0.055, 0.18, 0.045, 0.05),
        (0.0, lower + 0.09, 0.20, 0.05, -0.05),
        (0.0, upper - 0.06, 0.03, 0.05, -0.02),
        (0.0, chin - 0.20, 0.20, 0.13, 0.12),
        (0.0, -0.65, 0.45, 0.28, 0.04),
    ]
    lateral = [
        (0.165 * wide, tip + 0.09, 0.062 * wide, 0.065, 0.125 * deep),
        (identity.eye_distance - 0.03, -0.05, 0.23, 0.12, -0.17),
        (identity.eye_distance, 0.0, 0.13, 0.085, 0.09),
        (0.45, -0.31, 0.26, 0.075, 0.055),
        (0.56, 0.40 - 0.06 * smile, 0.19, 0.17, identity.cheeks + 0.05 * smile),
        (0.62, 0.95, 0.16, 0.25, -0.03),
    ]
    mirrored = [(sign * x, *rest) for sign in (-1, 1) for x, *rest in lateral]
    return Surface(
        angle_table(angle, np.hypot(dx, dy)), angle_table(angle, contours.outline[:, 2]), np.array(middle + mirrored)
    )


def build_solid(surface: Surface, hair: NDArray[np.float64], volume: float, ear_size: float) -> NDArray[np.float64]:
    """The whole head as a solid between two height fields, with ears and hair.

    In double precision, like the rays: whether a pixel sees the head turns on comparisons of depths, which the rounding
    of single precision would decide differently on another processor.

    Args:
        surface: the bare front.
        hair: how much hair there is, 0 to 1, over the height canvas.
        volume: thickness of the hair, as a fraction of the head.
        ear_size: factor on the size of the ears.

    Returns:
        Depth of the front and of the back, (rows, columns, 2); outside the head the front lies behind the back.
    """
    front, share, rim = surface.height_grid()
    y = _GRID_Y[:, None]
    falling = np.maximum(share - 1 - _HALF_CELL, 0) * _CLIFF
    back = rim - (rim - BACK) * _vault(share)
    underside = np.minimum(np.minimum(-0.25 + 0.77 * (y - 0.3), -0.06 - 6 * (0.55 - y)), rim - _JAW_THICKNESS)
    back = np.maximum(back, underside)
    ears = ear_distance(_GRID_X, y, ear_size)
    ear = -0.2 - 0.5 * np.maximum(ears + 0.07, 0) - np.maximum(ears, 0) * _CLIFF
    seen = np.maximum(front - falling, ear)
    back = np.where((ear > -0.6) & (share > 1), -0.42, back)
    cover = cv2.GaussianBlur(hair, (0, 0), 0.05 * GRID)
    reach = share / (1.0 + volume)
    dome = np.sqrt(np.clip(1 - np.square(np.square(reach)), 0, 1))
    shell = -0.45 + 1.45 * dome
    thick = np.minimum(np.maximum(shell, front + 0.35 * volume), shell + 0.3)
    hairy = hair > 0.5
    bare = np.maximum(seen, -0.4)
    seen = np.where(hairy, np.maximum(seen, bare + cover * (thick - bare)), seen)
    back = np.where(hairy, np.minimum(np.where(share < 1, back, 9), -0.75 - 0.4 * dome), back)
    return np.stack([seen, back], axis=-1)


def ear_distance(x: NDArray, y: NDArray, size: float) -> NDArray[np.float64]:
    """Signed distance from the outline of the ears, roughly, negative inside; x and y broadcast."""
    dx, dy = np.abs(x) - EAR[0] + 0.18 * (y - EAR[1]), y - EAR[1]
    return (np.hypot(dx / (0.125 * size), dy / (0.31 * size)) - 1) * 0.13
