"""Light on the height field."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.interpolation import interpolate
from benchmark.datasets.synthetic.parameters import Light
from benchmark.datasets.synthetic.surface import GRID

# Light scatters in skin, red light farthest: the share by which each colour reaches round into the shade.
_WRAP = (0.38, 0.20, 0.14)
_SHADOW_STEPS = np.array([0.05, 0.11, 0.18, 0.26, 0.36, 0.48])


def direction(light: Light) -> NDArray[np.float64]:
    """Unit vector towards the main light in the image's frame: right, down, towards the viewer."""
    azimuth, elevation = np.deg2rad([light.azimuth, light.elevation])
    return np.array([np.sin(azimuth) * np.cos(elevation), -np.sin(elevation), np.cos(azimuth) * np.cos(elevation)])


def shade(height: NDArray[np.float32], light: Light, rotation: NDArray) -> tuple[NDArray, NDArray]:
    """Light that each place of the height field sends to the viewer.

    Args:
        height: depth over the height canvas.
        light: the lighting, fixed to the image.
        rotation: of the head, from its own frame to the image's.

    Returns:
        Factors on the colour of the surface (3, rows, columns), linear, and highlights to add (rows, columns).
    """
    smooth = cv2.GaussianBlur(height, (0, 0), 0.9)
    slope_x = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=GRID / 8)
    slope_y = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=GRID / 8)
    norm = 1 / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)

    def facing(vector: NDArray) -> NDArray[np.float32]:
        x, y, z = (np.float32(value) for value in vector)
        return (z - x * slope_x - y * slope_y) * norm

    to_light = rotation.T @ direction(light)
    to_viewer = rotation.T[:, 2]
    upwards = -rotation.T[:, 1]
    lambert = facing(to_light)
    lit = 1 - np.float32(light.shadow) * _cast_shadow(smooth, to_light)
    hollow = cv2.GaussianBlur(smooth, (0, 0), 0.13 * GRID) - smooth
    open_sky = np.clip(1.0 - 2.2 * np.clip(hollow, -0.05, 0.25), 0.4, 1.1) * (0.82 + 0.18 * facing(upwards))
    key = light.key * np.array(light.key_colour)
    ambient = light.ambient * np.array(light.ambient_colour)
    factors = np.empty((3, *height.shape), dtype=np.float32)
    for channel, wrap in enumerate(_WRAP):
        diffuse = np.maximum((lambert + np.float32(wrap)) * np.float32(key[channel] / (1 + wrap)), 0) * lit
        factors[channel] = diffuse + np.float32(ambient[channel]) * open_sky
    half = to_light + to_viewer
    gloss = np.maximum(facing(half / max(np.linalg.norm(half), 1e-6)), 0)
    gloss *= gloss
    gloss *= gloss
    gloss *= gloss
    return factors, np.float32(light.gloss * light.key) * gloss * gloss * lit


def _cast_shadow(height: NDArray[np.float32], to_light: NDArray) -> NDArray[np.float32]:
    """How much of the main light is cut off by the surface itself, 0 to 1."""
    rows, columns = (np.arange(cells, dtype=np.float64) for cells in height.shape)
    shadow = np.zeros_like(height)
    for step in _SHADOW_STEPS:
        across, down = to_light[:2] * step * GRID
        above = interpolate(height, columns + across, rows[:, None] + down, cv2.BORDER_CONSTANT, (-9.0,))
        above -= height
        above -= np.float32(step * to_light[2])
        np.maximum(shadow, above * np.float32(1 / (0.02 + 0.12 * step)), out=shadow)
    return cv2.GaussianBlur(np.minimum(shadow, 1), (0, 0), 0.02 * GRID)
