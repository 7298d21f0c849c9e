"""Eyes, brows, nose and mouth, painted inside the contours that the landmarks lie on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.canvas import Canvas
from benchmark.datasets.synthetic.contours import SIDES, Contours
from benchmark.datasets.synthetic.parameters import Appearance, Colour, FaceParameters

_IRIS = 0.088
_CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 25)), np.sin(np.linspace(0, 2 * np.pi, 25))], axis=1)


def shade_of(colour: Colour, factor: float, other: Colour = (0.0, 0.0, 0.0), share: float = 0.0) -> Colour:
    """A colour made darker or brighter by a factor, mixed with another one."""
    red, green, blue = ((1 - share) * factor * a + share * b for a, b in zip(colour, other, strict=True))
    return red, green, blue


def below(points: NDArray, distance: float) -> NDArray[np.float64]:
    """Points (N, 2) moved down by a distance in unit lengths."""
    return points + np.array([0.0, distance])


def paint_features(canvas: Canvas, contours: Contours, parameters: FaceParameters, rng: np.random.Generator) -> None:
    """Paint everything that lies within the face, over its skin."""
    look = parameters.appearance
    _paint_nose(canvas, contours, look)
    _paint_mouth(canvas, contours, look)
    for index, (side, _) in enumerate(SIDES):
        _paint_eye(canvas, contours, side, index, look)
        _paint_brow(canvas, contours, side, look, rng)


def _paint_eye(canvas: Canvas, contours: Contours, side: str, index: int, look: Appearance) -> None:
    upper, lower = contours.curves[f'{side} lid upper'], contours.curves[f'{side} lid lower']
    opening = np.concatenate([upper, lower[::-1]])
    dark = shade_of(look.skin, 0.30, (0.08, 0.05, 0.05), 0.5)
    crease = upper.copy()
    crease[:, 1] -= 0.035 + 0.035 * np.sin(np.linspace(0, np.pi, len(upper)))
    if look.eye_shadow is not None:
        colour, opacity = look.eye_shadow
        lid = np.concatenate([upper, below(crease[::-1], -0.02)])
        canvas.fill(lid, colour, opacity, blur=0.022)
    canvas.fill(
        np.concatenate([upper, below(lower[::-1], 0.03)]), shade_of(look.skin, 0.78, (0.5, 0.3, 0.3), 0.15), 0.5, 0.035
    )
    canvas.stroke(crease, 0.018, shade_of(look.skin, 0.55), 0.55, blur=0.008)
    # The eyeball is painted apart, and only its part inside the lids is kept.
    ball = canvas.window(opening, 0.03)
    ball.fill(opening, (0.88, 0.85, 0.82))
    for corner in (upper[0], upper[-1]):
        ball.glow(
            (float(corner[0]), float(corner[1])), (0.05, 0.05), shade_of(look.skin, 0.75, (0.7, 0.35, 0.35), 0.5), 0.8
        )
    pupil = contours.pupils[index]
    ball.fill(pupil + _IRIS * _CIRCLE, shade_of(look.iris, 0.45), 1.0)
    ball.fill(pupil + 0.84 * _IRIS * _CIRCLE, look.iris, 0.95, 0.006)
    ball.fill(pupil + (0, 0.35 * _IRIS) + 0.5 * _IRIS * _CIRCLE, shade_of(look.iris, 1.5), 0.5, 0.015)
    ball.fill(pupil + 0.40 * _IRIS * _CIRCLE, (0.02, 0.02, 0.02))
    ball.stroke(below(upper, 0.012), 0.035, (0.12, 0.08, 0.08), 0.55, 0.012)
    ball.fill(pupil + (0.028, -0.03) + 0.018 * _CIRCLE, (1.0, 1.0, 1.0), 0.95)
    canvas.paste(ball, opening)
    canvas.stroke(lower, 0.012, shade_of(look.skin, 0.55, (0.4, 0.2, 0.2), 0.3), 0.7)
    canvas.stroke(upper, 0.022 * look.eye_liner, dark, min(1.0, 0.75 + 0.15 * look.eye_liner))


def _paint_brow(canvas: Canvas, contours: Contours, side: str, look: Appearance, rng: np.random.Generator) -> None:
    upper, lower = contours.curves[f'{side} brow upper'], contours.curves[f'{side} brow lower']
    canvas.fill(np.concatenate([upper, lower[::-1]]), look.brow, 0.75 * look.brow_opacity, blur=0.010)
    count = 44
    place = np.sort(rng.uniform(0.0, 0.93, count))
    first = (place * (len(upper) - 1)).astype(int)
    last = np.minimum(first + rng.integers(2, 7, count), len(upper) - 1)
    low, high = rng.uniform(0.5, 1.0, count)[:, None], rng.uniform(0.0, 0.45, count)[:, None]
    start = upper[first] + low * (lower[first] - upper[first])
    end = upper[last] + high * (lower[last] - upper[last])
    canvas.strokes(np.stack([start, end], axis=1), 0.0126, shade_of(look.brow, 0.6), 0.55 * look.brow_opacity)


def _paint_nose(canvas: Canvas, contours: Contours, look: Appearance) -> None:
    base = contours.curves['nose base']
    tip = contours.curves['nose line'][-1]
    half = float(base[-1, 0])
    dark = shade_of(look.skin, 0.45, (0.3, 0.1, 0.08), 0.25)
    canvas.glow((0.0, float(tip[1]) + 0.13), (0.6 * half, 0.045), shade_of(look.skin, 0.72), 0.55)
    for _, sign in SIDES:
        nostril = np.array([sign * 0.46 * half, tip[1] + 0.128]) + (0.052, 0.024) * _CIRCLE
        canvas.fill(nostril, shade_of(dark, 0.35), 0.9, blur=0.012)
    count = len(base)
    for part in (slice(0, count * 3 // 10), slice(count - count * 3 // 10, count)):
        canvas.stroke(base[part], 0.025, dark, 0.50, blur=0.012)
    canvas.stroke(base, 0.014, dark, 0.45, blur=0.006)


def _paint_mouth(canvas: Canvas, contours: Contours, look: Appearance) -> None:
    curves = contours.curves
    over, under = curves['upper lip outer'], curves['lower lip outer']
    inner_above, inner_below = curves['upper lip inner'], curves['lower lip inner']
    upper = np.concatenate([over, inner_above[::-1]])
    lower = np.concatenate([inner_below, under[::-1]])
    canvas.fill(below(lower, 0.07), shade_of(look.skin, 0.72), 0.35, blur=0.03)
    canvas.fill(upper, shade_of(look.lips, 0.86), 0.95, blur=0.005)
    canvas.fill(lower, look.lips, 0.95, blur=0.005)
    middle = (inner_below + under)[len(under) // 2] / 2
    canvas.glow(
        (float(middle[0]), float(middle[1]) - 0.005), (0.12, 0.018), shade_of(look.lips, 0.8, (1, 0.9, 0.9), 0.45), 0.6
    )
    canvas.stroke(under, 0.012, shade_of(look.lips, 0.7), 0.5, blur=0.006)
    canvas.stroke(over, 0.010, shade_of(look.lips, 0.75), 0.4, blur=0.006)
    gap = float((inner_below - inner_above)[:, 1].max())
    if gap > 0.03:
        cavity = np.concatenate([inner_above, inner_below[::-1]])
        inside = canvas.window(cavity, 0.03)
        inside.fill(cavity, (0.20, 0.05, 0.05))
        teeth = np.concatenate([inner_above, below(inner_above[::-1], min(0.13, 0.75 * gap))])
        inside.fill(teeth, (0.90, 0.87, 0.82), 0.95, blur=0.008)
        if gap > 0.16:
            inside.glow((0.0, float(inner_below[:, 1].max())), (0.17, 0.07), (0.66, 0.28, 0.28), 0.9)
        inside.stroke(inner_above, 0.03, (0.25, 0.08, 0.08), 0.6, blur=0.012)
        canvas.paste(inside, cavity)
    line = shade_of(look.lips, 0.35)
    canvas.stroke(inner_above, 0.014, line, 0.75)
    canvas.stroke(inner_below, 0.012, line, 0.55)
