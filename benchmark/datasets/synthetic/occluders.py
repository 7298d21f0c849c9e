"""Things in front of the face."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.synthetic.canvas import blend, noise
from benchmark.datasets.synthetic.parameters import Colour, FaceParameters

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]


def draw_occluder(
    kind: str, targets: NDArray, unit: float, size: int, parameters: FaceParameters, rng: np.random.Generator
) -> Layer:
    """Draw one occluder.

    Args:
        kind: 'hand', 'object', 'strand', 'stick' or 'cloth'.
        targets: (N, 2) places on the face, one of which is covered.
        unit: pixels per unit length of the face.
        size: side of the image in pixels.
        parameters: of the face; hands have its skin, strands its hair.
        rng: source of randomness.

    Returns:
        Colour (3, size, size) and opacity (size, size), both in [0, 1].
    """
    if kind == 'cloth':  # a scarf covers the lower half at most
        targets = targets[targets[:, 1] > np.median(targets[:, 1])]
    target = targets[rng.integers(len(targets))] + rng.normal(0, 0.12 * unit, 2)
    bright = np.sqrt(parameters.light.key * 0.8 + parameters.light.ambient)
    draw = {'hand': _hand, 'object': _object, 'strand': _strands, 'stick': _stick, 'cloth': _cloth}[kind]
    colour, opacity = draw(target, unit, size, parameters, rng)
    return np.clip(colour * np.float32(bright), 0, 1), opacity


def _mask(size: int) -> NDArray[np.uint8]:
    return np.zeros((size, size), dtype=np.uint8)


def _polygon(mask: NDArray[np.uint8], outline: NDArray) -> None:
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)


def _capsule(mask: NDArray[np.uint8], start: NDArray, end: NDArray, width: float) -> None:
    ends = np.round(np.stack([start, end]) * 16).astype(np.int32)
    cv2.line(mask, ends[0].tolist(), ends[1].tolist(), 255, max(1, round(width)), cv2.LINE_AA, 4)


def _rounded(mask: NDArray[np.uint8], depth: float) -> NDArray[np.float32]:
    """Shading of a mask as if it bulged: 1 inside, darker towards its edge."""
    inner = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    return np.float32(0.62) + np.float32(0.38) * np.sqrt(np.clip(inner / depth, 0, 1))


def _tinted(tone: Colour | NDArray, pattern: NDArray) -> NDArray[np.float32]:
    return np.array(tone, dtype=np.float32)[:, None, None] * pattern.astype(np.float32)


def _hand(target: NDArray, unit: float, size: int, parameters: FaceParameters, rng: np.random.Generator) -> Layer:
    turn = rng.uniform(0.15, np.pi - 0.15)  # the arm comes from below or from the side
    along = np.array([np.cos(turn), np.sin(turn)])
    across = np.array([-along[1], along[0]]) * rng.choice([-1, 1])
    finger = 0.19 * unit
    palm = target + along * 0.75 * unit  # where the fingers begin

    def at(sideways: float, backwards: float) -> NDArray[np.float64]:
        return palm + sideways * finger * across + backwards * unit * along

    mask = _mask(size)
    _polygon(mask, np.array([at(-2, 0), at(2, 0), at(1.5, 1), at(1.7, 10), at(-1.7, 10), at(-1.5, 1)]))
    shading = _rounded(mask, 0.5 * unit)
    spread = rng.uniform(0.0, 0.22)
    limbs = [(at(1.7, 0.5), at(1.7 + 0.56 * unit / finger, 0.01), 1.15 * finger)]  # the thumb
    for place, length in zip((-1.5, -0.5, 0.5, 1.5), (0.92, 1.04, 0.96, 0.76), strict=True):
        start = at(1.02 * place, 0.1)
        lean = place * spread
        limbs.append((start, start - length * unit * (along * np.cos(lean) - across * np.sin(lean)), finger))
    for start, end, width in limbs:
        limb = _mask(size)
        _capsule(limb, start, end, width)
        shading = np.where(limb > 127, _rounded(limb, 0.5 * width), shading)
        mask = np.maximum(mask, limb)
    tone = np.array(parameters.appearance.skin) * rng.uniform(0.9, 1.05)
    return _tinted(tone, shading * (1 + 0.02 * noise(rng, (size, size), (40, 40)))), mask * np.float32(1 / 255)


def _object(target: NDArray, unit: float, size: int, parameters: FaceParameters, rng: np.random.Generator) -> Layer:
    half = unit * rng.uniform(0.25, 0.6, 2)
    turn = rng.uniform(0, np.pi)
    frame = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    if rng.random() < 0.6:
        outline = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half @ frame.T + target
    else:
        around = np.linspace(0, 2 * np.pi, 33)[:-1, None]
        outline = np.hstack([np.cos(around), np.sin(around)]) * half * 1.1 @ frame.T + target
    mask = _mask(size)
    _polygon(mask, outline)
    tones = rng.uniform(0.03, 0.9, (2, 3))
    cells = int(rng.integers(4, 30))
    colour = _tinted(tones[0], 1 + 0.18 * noise(rng, (size, size), (cells, cells)))
    if rng.random() < 0.5:
        place = np.linspace(0, rng.uniform(20, 60), size, dtype=np.float32)
        stripes = np.sin(place * np.float32(np.cos(turn)) + place[:, None] * np.float32(np.sin(turn))) > 0
        blend(colour, 0.6 * stripes.astype(np.float32), tones[1])
    return colour * _rounded(mask, 0.12 * unit), mask * np.float32(1 / 255)


def _strands(target: NDArray, unit: float, size: int, parameters: FaceParameters, rng: np.random.Generator) -> Layer:
    mask = _mask(size)
    top = target - unit * np.array([rng.uniform(-0.5, 0.5), rng.uniform(1.0, 1.5)])
    share = np.linspace(0, 1, 14)[:, None]
    bend = 0.5 * (top + target) + unit * rng.normal(0, 0.25, 2)
    below = target + unit * np.array([rng.uniform(-0.4, 0.4), rng.uniform(0.1, 0.7)])
    middle = (1 - share) ** 2 * top + 2 * share * (1 - share) * bend + share**2 * below
    count = int(rng.integers(14, 34))
    offset = rng.normal(0, 0.10 * unit, (count, 1, 2)) * np.array([1, 0.3]) * (0.6 + share)
    wave = 0.03 * unit * np.sin(6 * share + rng.uniform(0, 6, (count, 1, 1)))
    lines = [np.round(line * 16).astype(np.int32) for line in middle + offset + wave]
    cv2.polylines(mask, lines, False, 255, 2, cv2.LINE_AA, 4)
    pattern = 1 + 0.25 * noise(rng, (size, size), (12, size // 2))
    return _tinted(parameters.appearance.hair, pattern), mask * np.float32(1 / 255)


def _stick(target: NDArray, unit: float, size: int, parameters: FaceParameters, rng: np.random.Generator) -> Layer:
    turn = rng.uniform(0.2, np.pi - 0.2)
    along = np.array([np.cos(turn), np.sin(turn)])
    mask = _mask(size)
    _capsule(mask, target, target + 9 * unit * along, unit * rng.uniform(0.10, 0.2))
    head = _mask(size)
    radius = unit * rng.uniform(0.18, 0.34)
    cv2.ellipse(
        head, (np.round(target).tolist(), (2 * radius, 2.5 * radius), np.rad2deg(turn) - 90), 255, -1, cv2.LINE_AA
    )
    shading = np.where(head > 127, _rounded(head, radius), _rounded(mask, 0.08 * unit))
    tone = rng.uniform(0.05, 0.35) + rng.uniform(0, 0.3, 3)
    pattern = shading * (1 + 0.1 * noise(rng, (size, size), (size // 2, size // 2)))
    return _tinted(tone, pattern), np.maximum(mask, head) * np.float32(1 / 255)


def _cloth(target: NDArray, unit: float, size: int, parameters: FaceParameters, rng: np.random.Generator) -> Layer:
    mask = _mask(size)
    x = np.linspace(-1, size, 24)
    level = target[1] + unit * rng.uniform(0.1, 0.5)
    y = (
        level
        + 0.06 * unit * np.sin(x / unit * rng.uniform(1, 4) + rng.uniform(0, 6))
        + (x - target[0]) * rng.uniform(-0.35, 0.35)
    )
    _polygon(mask, np.vstack([np.stack([x, y], axis=1), [(size, 2 * size), (-1, 2 * size)]]))
    tone = rng.uniform(0.05, 0.85, 3)
    folds = noise(rng, (size, size), (6, 22)) * 0.10 + noise(rng, (size, size), (size // 2, size // 2)) * 0.04
    return _tinted(tone, (1 + folds) * _rounded(mask, 0.15 * unit)), mask * np.float32(1 / 255)
