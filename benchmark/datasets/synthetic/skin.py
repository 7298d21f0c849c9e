"""Skin, hair and what is worn on the face, painted over the frontal plane."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.canvas import POLAR, Canvas, X, Y, blend, noise
from benchmark.datasets.synthetic.contours import SIDES, Contours
from benchmark.datasets.synthetic.features import shade_of
from benchmark.datasets.synthetic.interpolation import interpolate
from benchmark.datasets.synthetic.parameters import Appearance, Colour, FaceParameters
from benchmark.datasets.synthetic.surface import EAR, Surface, angle_table

_SHAPE = (len(Y), len(X))

# Where hair begins on the way from the middle of the face outwards, as a fraction of the outline, by the angle from
# straight up in degrees.
_HAIRLINES = {
    'short': ((0, 0.655), (35, 0.70), (55, 0.80), (75, 0.925), (98, 0.965), (106, 1.6), (180, 1.6)),
    'long': (
        (0, 0.67),
        (30, 0.70),
        (55, 0.80),
        (75, 0.90),
        (100, 0.985),
        (122, 1.02),
        (132, 1.25),
        (140, 1.9),
        (180, 1.9),
    ),
    'fringe': ((0, 0.40), (25, 0.42), (48, 0.60), (70, 0.84), (100, 0.965), (130, 1.02), (140, 1.9), (180, 1.9)),
    'cap': ((0, 0.58), (30, 0.60), (55, 0.72), (72, 0.92), (78, 1.6), (180, 1.6)),
}


def paint_skin(canvas: Canvas, contours: Contours, parameters: FaceParameters, rng: np.random.Generator) -> None:
    """Paint blotches, freckles, folds and beard on a canvas of plain skin."""
    look, smile = parameters.appearance, max(parameters.expression.smile, 0.0)
    texture = 0.020 * noise(rng, _SHAPE, (14, 11)) + 0.018 * noise(rng, _SHAPE, (120, 95))
    canvas.colour *= (1 + texture).astype(np.float32)
    red = shade_of(look.skin, 0.95, (0.80, 0.25, 0.22), 0.35)
    tip = contours.curves['nose line'][-1]
    for _, sign in SIDES:
        canvas.glow((0.56 * sign, 0.46), (0.22, 0.19), red, 0.7 * look.blush)
        canvas.glow((1.05 * sign, 0.2), (0.12, 0.3), red, 0.4)
        canvas.glow(
            (0.42 * sign, 0.13),
            (0.17, 0.055),
            shade_of(look.skin, 0.72, (0.35, 0.25, 0.35), 0.25),
            0.15 + 0.35 * look.age,
        )
    canvas.glow((float(tip[0]), float(tip[1])), (0.15, 0.12), red, 0.35)
    if look.freckles:
        spots = np.clip(noise(rng, _SHAPE, (170, 134)) - 1.1, 0, 1) * np.exp(-0.5 * ((Y[:, None] - 0.35) / 0.28) ** 2)
        canvas.colour *= (1 - 0.40 * look.freckles * spots * (np.abs(X) < 0.9)).astype(np.float32)
    if look.beard:
        _paint_beard(canvas, contours, look, rng)
    _paint_folds(canvas, contours, look, look.age + 0.8 * smile)


def _paint_beard(canvas: Canvas, contours: Contours, look: Appearance, rng: np.random.Generator) -> None:
    mouth = contours.curves['upper lip outer'].mean(axis=0)[1]
    low = contours.outline[contours.jaw, 1].max()
    height = (Y[:, None] - mouth) / (low - mouth)
    x = np.abs(X)
    jaw = np.clip(2.2 * (height + 0.12 + 0.75 * np.clip(x - 0.40, 0, None)), 0, 1) * np.clip(
        3.0 * (height + 0.6 * x - 0.12), 0, 1
    )
    lip = np.clip(1.4 - ((height + 0.20 + 0.25 * x) / 0.14) ** 2, 0, 1) * np.clip(4 * (0.46 - x), 0, 1)
    weight = np.clip(np.maximum(jaw, lip) * (1 + 0.35 * noise(rng, _SHAPE, (170, 134))), 0, 1) * np.float32(look.beard)
    blend(canvas.colour, weight.astype(np.float32), look.brow)


def _paint_folds(canvas: Canvas, contours: Contours, look: Appearance, strength: float) -> None:
    dark = shade_of(look.skin, 0.60, (0.35, 0.15, 0.10), 0.2)
    base, corner = contours.curves['nose base'], contours.curves['upper lip outer']
    for side, sign in SIDES:
        index = 0 if sign < 0 else -1
        start, end = base[index] + np.array([0.02 * sign, -0.02]), corner[index] + np.array([0.10 * sign, 0.02])
        bend = 0.5 * (start + end) + np.array([0.08 * sign, -0.02])
        share = np.linspace(0, 1, 12)[:, None]
        fold = (1 - share) ** 2 * start + 2 * share * (1 - share) * bend + share**2 * end
        canvas.stroke(fold, 0.03, dark, min(0.55, 0.45 * strength), blur=0.016)
        under = contours.curves[f'{side} lid lower'][4:-8] + np.array([0, 0.07])
        canvas.stroke(under, 0.025, dark, min(0.4, 0.1 + 0.3 * strength), blur=0.014)
    for height in (-0.56, -0.68, -0.80):
        line = np.stack([np.linspace(-0.42, 0.42, 9), height - 0.03 * np.cos(np.linspace(-2, 2, 9))], axis=1)
        canvas.stroke(line, 0.025, dark, 0.35 * max(0.0, strength - 0.35), blur=0.012)


def hair_cover(surface: Surface, look: Appearance, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """How much hair (or cap) there is over the canvas, 0 to 1, and the pattern of its strands around 0."""
    if look.hairline == 'bald':
        return np.zeros(_SHAPE), np.zeros(_SHAPE, dtype=np.float32)
    share = POLAR.radius / POLAR.look_up(surface.radius)
    strands = rng.standard_normal((3, 260), dtype=np.float32).astype(np.float64)
    strands = cv2.resize(strands, (720, 30), interpolation=cv2.INTER_CUBIC)
    turn = (POLAR.angle + np.pi) * (719 / (2 * np.pi)) + 30 * rng.uniform(-1, 1) * share
    pattern = interpolate(strands, turn, share * 15, cv2.BORDER_REFLECT)
    degrees, begins = np.array(_HAIRLINES[look.hairline]).T
    angle = np.deg2rad(np.concatenate([degrees - 90, -90 - degrees]))
    line = POLAR.look_up(angle_table(angle, np.tile(begins, 2)))
    rough = 0.012 * pattern if look.hairline != 'cap' else 0.0
    thickness = 1 + look.hair_volume * (
        1.0 if look.hairline != 'short' else np.clip(1.1 - 0.9 * (Y[:, None] + 0.6), 0.15, 1)
    )
    inside = np.clip((thickness - share) * 25 + 0.5, 0, 1)
    return np.clip((share - line + rough) * 22 + 0.5, 0, 1) * inside, pattern.astype(np.float32)


def paint_hair(canvas: Canvas, cover: NDArray, pattern: NDArray, look: Appearance) -> None:
    """Paint hair or a cap over the skin."""
    if look.hairline == 'bald':
        return
    colour: Colour = look.cap if look.hairline == 'cap' else look.hair
    contrast = 0.04 if look.hairline == 'cap' else 0.22
    blend(
        canvas.colour, cover, np.array(colour, dtype=np.float32)[:, None, None] * (1 + np.float32(contrast) * pattern)
    )


def paint_ears(canvas: Canvas, parameters: FaceParameters) -> None:
    """Paint the hollows of the ears."""
    look = parameters.appearance
    dark = shade_of(look.skin, 0.60, (0.4, 0.15, 0.1), 0.2)
    for _, sign in SIDES:
        turn = np.linspace(-2.2, 1.8, 16)
        ridge = np.stack([sign * (EAR[0] + 0.07 * np.cos(turn)), EAR[1] - 0.03 + 0.2 * np.sin(turn)], axis=1)
        canvas.stroke(ridge, 0.03, dark, 0.7, blur=0.012)
        canvas.glow((sign * (EAR[0] + 0.0), EAR[1] + 0.04), (0.03, 0.08), shade_of(dark, 0.7), 0.8)


def paint_glasses(canvas: Canvas, contours: Contours, look: Appearance) -> list[NDArray]:
    """Paint glasses; the outlines of dark lenses are returned, as polygons of the frontal plane."""
    if look.glasses == 'none':
        return []
    dark = look.glasses == 'dark'
    turn = np.linspace(0, 2 * np.pi, 33)
    corner = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    corner = np.sign(corner) * np.abs(corner) ** 0.65
    lenses = []
    for side, sign in SIDES:
        lids = contours.curves[f'{side} lid upper']
        centre = lids.mean(axis=0) + np.array([0.03 * sign, 0.035])
        lens = centre + corner * ((0.335, 0.235) if dark else (0.305, 0.21))
        if dark:
            canvas.fill(lens, (0.045, 0.045, 0.055), 0.97)
            canvas.fill(centre - (0.08, 0.1) + corner * (0.12, 0.05), (0.5, 0.52, 0.55), 0.35, blur=0.04)
            lenses.append(lens)
        canvas.stroke(lens, 0.026, (0.07, 0.06, 0.06), 0.92)
        hinge = np.array([centre + np.array([0.30 * sign, -0.08]), (1.15 * sign, float(centre[1]) - 0.1)])
        canvas.stroke(hinge, 0.026, (0.07, 0.06, 0.06), 0.92)
    bridge = np.stack([np.linspace(-0.16, 0.16, 9), -0.01 - 0.03 * np.cos(np.linspace(-1.5, 1.5, 9))], axis=1)
    canvas.stroke(bridge, 0.03, (0.07, 0.06, 0.06), 0.92)
    return lenses
