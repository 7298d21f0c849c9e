"""What is behind the face: background, neck and shoulders."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.camera import Camera
from benchmark.datasets.synthetic.canvas import blend, noise
from benchmark.datasets.synthetic.parameters import FaceParameters


def paint_background(size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """A random background, (3, size, size) RGB in [0, 1]: a gradient, blotches and objects out of focus."""
    coarse = size // 2
    tones = rng.uniform(0.05, 0.95, (2, 1)) + rng.uniform(0.0, 0.3) * rng.uniform(-1, 1, (2, 3))
    first, last = np.clip(tones, 0.02, 0.98).astype(np.float32)
    turn = rng.uniform(0, 2 * np.pi)
    place = np.linspace(-0.7, 0.7, coarse, dtype=np.float32)
    ramp = np.clip(0.5 + np.float32(np.cos(turn)) * place + np.float32(np.sin(turn)) * place[:, None], 0, 1)
    cells = int(rng.integers(3, 14))
    blotches = np.float32(rng.uniform(0.0, 0.14)) * noise(rng, (coarse, coarse), (cells, cells))
    picture = cv2.merge([a + ramp * (b - a) + blotches for a, b in zip(first, last, strict=True)])
    for _ in range(int(rng.integers(0, 9))):
        tint = rng.normal(0, 0.22) + rng.normal(0, 0.12, 3)
        colour = np.clip(0.5 * (first + last) + tint, 0, 1).tolist()
        start, end = rng.integers(0, coarse, (2, 2)).tolist()
        kind = rng.integers(3)
        if kind == 0:
            cv2.rectangle(picture, start, end, colour, -1)
        elif kind == 1:
            cv2.circle(picture, start, int(rng.integers(2, coarse // 5)), colour, -1)
        else:
            cv2.line(picture, start, end, colour, int(rng.integers(1, 8)))
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 4.5))
    picture = np.array(cv2.split(cv2.resize(picture, (size, size))))
    picture += np.float32(rng.uniform(0, 0.03)) * noise(rng, (size, size), (coarse, coarse))
    return np.clip(picture, 0, 1, out=picture)


def paint_neck(picture: NDArray[np.float32], parameters: FaceParameters, camera: Camera) -> None:
    """Paint neck and shoulders into the picture; they do not turn with the head."""
    look, light, unit = parameters.appearance, parameters.light, camera.size
    lean = np.array([0.3 * np.sin(np.deg2rad(parameters.pose.roll)), 0.0])
    top = camera.project(np.array([0.0, 0.85, -0.30]))
    foot = top + unit * (np.array([0.0, 1.40]) - lean)
    wide = 0.62 * parameters.identity.face_width
    flare = np.array([(-1.0, -0.3), (-0.98, 0.5), (-1.02, 0.85), (-1.35, 1.15), (-2.2, 1.40), (-2.2, 2.2)]) * (
        wide,
        1.0,
    )
    flare[3:] -= lean
    mirrored = flare * (-1, 1)
    mirrored[3:] -= 2 * lean
    facing = light.key * max(np.cos(np.deg2rad(light.azimuth)), 0.1) * 0.75
    shading = np.array(light.key_colour) * facing + np.array(light.ambient_colour) * light.ambient * 0.8
    skin = np.sqrt(np.clip(np.square(look.skin) * shading, 0, 1))
    # A neck is round: the side towards the light is brighter.
    across = (np.arange(picture.shape[2]) - top[0]) / (wide * unit)
    round_off = 0.92 - 0.22 * across**2 + 0.18 * np.sin(np.deg2rad(light.azimuth)) * across
    tone = skin[:, None, None] * np.clip(round_off, 0.55, 1.1)
    _fill(picture, top + unit * np.concatenate([flare, mirrored[::-1]]), tone)
    shadow = top + unit * np.array([(-0.75, -0.3), (0.75, -0.3), (0.60, 0.62), (0.0, 0.90), (-0.60, 0.62)])
    _fill(picture, shadow, (0.03, 0.02, 0.02), opacity=0.6, blur=0.13 * unit)
    cloth = np.sqrt(np.clip(np.square(look.clothes) * shading, 0, 1))
    collar = [(-0.85, -0.42), (-0.55, 0.05), (0.0, 0.30), (0.55, 0.05), (0.85, -0.42)]
    torso = np.array([*collar, (2.0, 0.05), (2.6, 0.5), (2.6, 3), (-2.6, 3), (-2.6, 0.5), (-2.0, 0.05)])
    _fill(picture, foot + unit * (torso + np.array([0, 0.03])), cloth * 0.6, opacity=0.7, blur=0.04 * unit)
    _fill(picture, foot + unit * (torso + np.array([0, 0.05])), cloth)


def paint_hair_behind(
    picture: NDArray[np.float32], parameters: FaceParameters, camera: Camera, rng: np.random.Generator
) -> None:
    """Paint long hair that hangs behind the neck; where it touches the head it meets the hair of the head itself."""
    look, light, unit = parameters.appearance, parameters.light, camera.size
    wide = (1.0 + 0.8 * look.hair_volume) * parameters.identity.face_width
    length = rng.uniform(1.7, 3.2)
    half = np.array([(-0.7, -0.9), (-1.0, -0.3), (-1.03, 0.6), (-1.08, 1.3), (-1.15, length), (-0.5, length + 0.25)])
    top = camera.project(np.array([0.0, 0.1, -0.35]))
    outline = top + unit * np.concatenate([half, half[::-1] * (-1, 1)]) * (wide, 1.0)
    shading = np.array(light.key_colour) * 0.5 * light.key + np.array(light.ambient_colour) * 0.7 * light.ambient
    tone = np.sqrt(np.clip(np.square(look.hair) * shading, 0, 1))
    size = picture.shape[1]
    pattern = 1 + 0.2 * noise(rng, (size, size), (3, size // 2))
    _fill(picture, outline, tone[:, None, None] * pattern)


def _fill(
    picture: NDArray[np.float32], outline: NDArray, colour: NDArray | tuple, opacity: float = 1.0, blur: float = 0.0
) -> None:
    mask = np.zeros(picture.shape[1:], dtype=np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    weight = mask * np.float32(opacity / 255)
    blend(picture, cv2.GaussianBlur(weight, (0, 0), blur) if blur else weight, colour)
