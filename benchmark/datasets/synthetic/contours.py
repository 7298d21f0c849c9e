"""The contours of a face seen from the front, as curves that landmarks of every layout lie on.

Unit: half the width of the mean face. The origin lies between the eyes, x points to the right of the image, y down.
'Right' and 'left' are the person's own: the right eye has negative x. Proportions follow the mean shape of 300W.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.parameters import Expression, Identity
from benchmark.datasets.synthetic.splines import spline

Curves = dict[str, NDArray[np.float64]]

SIDES = (('right', -1.0), ('left', 1.0))
OUTLINE_CENTRE = (0.0, 0.35)
_SAMPLES = 41
_OUTLINE_STEP = 6  # samples per control point of the outline

# Right half of the outline of the head, from the top of the skull to the chin: x, y and depth.
_OUTLINE = np.array(
    [
        (0.00, -1.70, 0.00), (0.44, -1.58, 0.00), (0.78, -1.24, 0.00), (0.94, -0.78, 0.00), (0.99, -0.34, 0.00),
        (0.995, 0.06, 0.02), (0.965, 0.42, 0.08), (0.905, 0.76, 0.20), (0.805, 1.07, 0.38), (0.645, 1.36, 0.60),
        (0.44, 1.58, 0.80), (0.215, 1.70, 0.92), (0.00, 1.735, 0.97),
    ]
)  # fmt: skip
_EAR = 5  # control point at which the jaw contour begins


@dataclass(frozen=True)
class Contours:
    """Contours of one face.

    Attributes:
        curves: (M, 2) polylines by name: '<side> brow upper', '<side> brow lower' (both from the inner end to the tip),
            '<side> lid upper', '<side> lid lower' (from the inner corner to the outer one), 'nose line' (downwards),
            'nose base', 'upper lip outer', 'upper lip inner', 'lower lip inner', 'lower lip outer' (these from the
            right to the left of the person, that is from image-left to image-right).
        pupils: (2, 2) centres of the right and left iris.
        outline: (N, 3) closed outline of the head: x, y and the depth of the surface there, clockwise from its top.
        jaw: (M,) indices into ``outline`` of the face contour, from the person's right ear over the chin to the left.
    """

    curves: Curves
    pupils: NDArray[np.float64]
    outline: NDArray[np.float64]
    jaw: NDArray[np.int64]


def build_contours(identity: Identity, expression: Expression) -> Contours:
    """Contours of a face with that shape and expression."""
    outline, jaw = _outline(identity, expression)
    curves = {**_nose(identity, expression), **_lips(identity, expression)}
    pupils = np.empty((2, 2))
    for index, (side, sign) in enumerate(SIDES):
        brow = _brow(identity, expression, expression.brow_raise[index])
        lids, centre, reach = _lids(identity, expression.eyes_open[index])
        mirror = np.array([sign, 1.0])
        curves.update({f'{side} {name}': curve * mirror for name, curve in (brow | lids).items()})
        pupils[index] = centre * mirror + np.array(expression.gaze) * reach
    return Contours(curves, pupils, outline, jaw)


def _outline(identity: Identity, expression: Expression) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    half = _OUTLINE.copy()
    below = np.clip(half[:, 1] / _OUTLINE[-1, 1], 0, 1)
    half[:, 0] *= identity.face_width * (1 + (identity.jaw_width - 1) * below)
    half[:, 0] += identity.chin_squareness * np.exp(-(((half[:, 1] - 1.62) / 0.16) ** 2)) * (half[:, 0] > 0)
    drop = np.clip((half[:, 1] - 0.55) / 1.1, 0, 1) ** 1.5
    half[:, 1] += drop * (identity.chin_length + 0.30 * expression.mouth_open)
    half[:, 2] -= drop * 0.12 * expression.mouth_open
    control = np.vstack([half, half[-2:0:-1] * (-1, 1, 1)])
    outline = spline(control, len(control) * _OUTLINE_STEP, periodic=True)
    jaw = np.arange((len(control) - _EAR) * _OUTLINE_STEP, _EAR * _OUTLINE_STEP - 1, -1)
    return outline, jaw


def _brow(identity: Identity, expression: Expression, raised: float) -> Curves:
    inner, thick = 0.165 - 0.05 * expression.frown, identity.brow_thickness
    lift = 0.07 * raised + identity.brow_height
    upper = np.array([(inner, -0.25), (0.33, -0.32), (0.52, -0.345), (0.695, -0.295), (0.835, -0.17)])
    lower = upper + np.array([(0.01, thick), (0, thick), (0, 0.95 * thick), (-0.012, 0.65 * thick), (0, 0.0)])
    arch = np.array([-0.3, 0.3, 1.0, 0.5, -0.4])
    shift = -lift - arch * (identity.brow_arch + 0.02 * max(raised, 0.0))
    shift += expression.frown * np.array([0.07, 0.03, 0.0, -0.01, 0.0])
    upper[:, 1] += shift
    lower[:, 1] += shift
    return {'brow upper': spline(upper, _SAMPLES), 'brow lower': spline(lower, _SAMPLES)}


def _lids(identity: Identity, opened: float) -> tuple[Curves, NDArray[np.float64], NDArray[np.float64]]:
    """Lids of the left eye, the centre of its opening, and how far the iris moves in x and y."""
    width, tilt = identity.eye_width, identity.eye_tilt
    place = np.linspace(-1, 1, _SAMPLES)  # -1 inner corner, 1 outer corner
    place = np.sign(place) * np.abs(np.sin(place * np.pi / 2))
    line = -tilt * place
    arch = 1 - np.abs(place) ** 2.3
    below = 0.048 * arch * (1 + 0.12 * place) * (0.75 + 0.25 * min(opened, 1.0))
    above = identity.eye_height * arch * (1 - 0.10 * place)
    upper = np.stack(
        [identity.eye_distance + width * place, line - opened * above + (1 - min(opened, 1.0)) * 0.9 * below], 1
    )
    lower = np.stack([identity.eye_distance + width * place, line + below], 1)
    centre = np.array([identity.eye_distance, 0.02 - 0.45 * identity.eye_height * opened])
    reach = np.array([width * 0.75, identity.eye_height * opened * 0.6])
    return {'lid upper': upper, 'lid lower': lower}, centre, reach


def _nose(identity: Identity, expression: Expression) -> Curves:
    tip = 0.52 + identity.nose_length
    wide = identity.nose_width * (1 + 0.07 * max(expression.smile, 0.0))
    half = [(0.245, 0.05), (0.222, 0.115), (0.118, 0.155), (0.055, 0.168), (0.0, 0.19)]
    half = np.array(half) * (wide, 1.0) + (0.0, tip)
    base = np.vstack([half * (-1, 1), half[-2::-1]])
    line = np.stack([np.zeros(_SAMPLES), np.linspace(-0.02, tip, _SAMPLES)], axis=1)
    return {'nose line': line, 'nose base': spline(base, 2 * _SAMPLES - 1)}


def _lips(identity: Identity, expression: Expression) -> Curves:
    opened, smile = expression.mouth_open, expression.smile
    middle = 0.97 + identity.mouth_height
    laugh = max(smile, 0.0)
    half = 0.385 * identity.mouth_width * (1 + 0.22 * smile - 0.45 * expression.pucker) - 0.06 * opened
    corner = middle - 0.10 * smile + 0.10 * opened
    top, bottom = identity.upper_lip * (1 - 0.25 * laugh), identity.lower_lip * (1 - 0.15 * laugh)
    fuller = 1 + 0.35 * expression.pucker
    rise, fall = 0.03 * opened + 0.02 * laugh, 0.34 * opened + 0.03 * laugh * (opened > 0.05)
    place = np.array([-1.0, -0.62, -0.25, 0.0, 0.25, 0.62, 1.0])
    bend = (corner - middle) * place**2  # the mouth's line follows its corners
    side = 1 - np.abs(place) ** 3

    def curve(inside: float, heights: tuple[float, ...], shift: float) -> NDArray[np.float64]:
        y = middle + bend + np.array(heights) + shift * side
        return spline(np.stack([half * inside * place, y], axis=1), _SAMPLES)

    upper = tuple(-top * fuller * h for h in (0.0, 0.065, 0.098, 0.080, 0.098, 0.065, 0.0))
    lower = tuple(bottom * fuller * h for h in (0.0, 0.085, 0.128, 0.135, 0.128, 0.085, 0.0))
    seam = (0.0, 0.0, 0.004, 0.012, 0.004, 0.0, 0.0)
    return {
        'upper lip outer': curve(1.0, upper, -rise),
        'upper lip inner': curve(0.88, seam, -rise),
        'lower lip inner': curve(0.88, seam, fall),
        'lower lip outer': curve(1.0, lower, fall),
    }
