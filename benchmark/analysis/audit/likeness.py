"""How like two predictions of the same images are, and whether two trainings can be so like.

The truth t is not needed. Of predictions p and p' the distances e = |t - p| and e' = |t - p'| are known, and with
c = |p' - p| the three sides of a triangle, which gives the product of the error vectors, (e^2 + e'^2 - c^2) / 2. An
image is measured by two numbers, both in units of its errors, so that they do not depend on its size:

- *difference*: median over landmarks of |p' - p|, after the mean of p' - p was taken off, over the median of e. A copy
  has 0, also one that was shifted.
- *remainder*: what is left of the errors of p' when the multiple of the errors of p that fits best was taken off.
  Predictions that were moved towards the truth or away from it, all landmarks by the same share, have 0.

Two more say of how many landmarks, each for itself, the same holds, since what was taken from several records, or moved
by shares that vary, is like none of them as a whole:

- *coinciding*: those that lie no further apart than the compact form rounds.
- *in line*: those whose way from p to p' leads along the line to the truth.

``docs/verifying.md`` says how far from the limits the pairs of published records are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.records.compact_form import KEYPOINT_UNIT

LIKE = 0.12  # of the median image, a third of what two trainings have at least
IMAGE_LIKE = 0.05  # of one image
SHARE = 0.05  # of the images that have to be so like
LEARNED = (
    0.15  # inter-ocular distances, median error from which on networks may be alike that have not learned anything
)
FLOOR = 1e-3  # inter-ocular distances: errors below that are what rounding leaves
_LEAST_MOVE = 0.02
COINCIDING = 0.05  # of the landmarks, from which on they were taken from the other record
IN_LINE = 0.5  # of the landmarks that have moved
_ALONG = 0.96  # cosine between a landmark's way and the line to the truth; 18 % of random ways have more
_NO_TRIANGLE = 1.3  # a "cosine" beyond 1 by more than rounding: the two were not measured against one truth
_BLURRED = 0.005  # inter-ocular distances, below which rounding blurs what lies where
# Noise that was added does not know which images, landmarks and errors are hard, nor which landmarks are neighbours.
# The limits lie between white noise, which has 1.35, 1.09 and 0, and every pair of published records.
_NOISE = 1.0
_EVEN_OVER_IMAGES, _EVEN_OVER_LANDMARKS, _ALONE = 1.6, 1.25, 0.1


class Measured(NamedTuple):
    """The two numbers of each image, (..., N), and the factor of the errors that fits it best."""

    difference: NDArray[np.float64]
    remainder: NDArray[np.float64]
    factor: NDArray[np.float64]


def measure(first: NDArray, second: NDArray) -> Measured:
    """Measure pairs of images.

    Args:
        first: (..., N, K, 3), x, y and distance to the truth in inter-ocular distances.
        second: the same of the other predictions.
    """
    moved = second[..., :2] - first[..., :2]
    aside = moved - moved.mean(axis=-2, keepdims=True)
    errors, others = first[..., 2], second[..., 2]
    typical = np.maximum(np.median(errors, axis=-1), FLOOR)
    difference = np.median(np.sqrt((aside**2).sum(axis=-1)), axis=-1) / typical
    square, other = (errors**2).sum(axis=-1), (others**2).sum(axis=-1)
    product = (square + other - (moved**2).sum(axis=(-1, -2))) / 2
    square = np.maximum(square, errors.shape[-1] * FLOOR**2)
    factor = product / square
    # Negative beyond rounding where there is no such triangle, since the two were not measured against one truth.
    return Measured(difference, np.sqrt(np.abs(other - factor * product) / square), factor)


def coinciding(first: NDArray, second: NDArray) -> NDArray[np.float64]:
    """Share of the landmarks of predictions (..., N, K, 3) that are the same but for rounding, and not just right."""
    apart = np.abs(second[..., :2] - first[..., :2]).max(axis=-1)
    return ((apart <= KEYPOINT_UNIT) & (first[..., 2] > _BLURRED)).mean(axis=(-1, -2))


def in_line(first: NDArray, second: NDArray) -> NDArray[np.float64]:
    """Share of the landmarks of predictions (..., N, K, 3) that lie on one line with the other ones and the truth.

    Only landmarks that lie apart, from each other and from the truth, count.
    """
    way = np.sqrt(((second[..., :2] - first[..., :2]) ** 2).sum(axis=-1))
    sides = np.stack(np.broadcast_arrays(first[..., 2], second[..., 2]))
    near, far = sides.min(axis=0), sides.max(axis=0)
    counted = (way > _BLURRED) & (near > _BLURRED)
    # By the law of cosines, at the truth and at the landmark further from it: the first alone is that of two networks
    # that are nearly alike, the second that of one that is far better than the other.
    at_truth = (near**2 + far**2 - way**2) / np.maximum(2 * near * far, _BLURRED**2)
    at_far = (far**2 + way**2 - near**2) / np.maximum(2 * far * way, _BLURRED**2)
    cosines = np.abs(np.stack([at_truth, at_far]))
    along = counted & (cosines.min(axis=0) > _ALONG) & (cosines.max(axis=0) < _NO_TRIANGLE)
    return along.mean(axis=(-1, -2)) / np.maximum(counted.mean(axis=(-1, -2)), COINCIDING)


def has_learned(first: NDArray, second: NDArray) -> NDArray[np.bool_]:
    """Whether one of two predictions (..., N, K, 3) is so good that it cannot be like another by chance.

    Networks that have not learned anything predict nearly the same for all faces.
    """
    return np.minimum(*(np.median(one[..., 2], axis=(-1, -2)) for one in (first, second))) < LEARNED


@dataclass(frozen=True)
class Likeness:
    """What two predictions are to each other that no two trainings are.

    Attributes:
        code: 'copy' or 'moved'.
        text: how, e.g. 'the same but for noise of 0.1 px'.
    """

    code: str
    text: str


def likeness(first: NDArray, second: NDArray, scale: NDArray) -> Likeness | None:
    """Whether predictions are a copy of others, or others moved towards the truth or away from it.

    Args:
        first: (N, K, 3) as :func:`measure` takes them.
        second: the same of the other predictions, image by image.
        scale: (N,) inter-ocular distances, pixels.

    Returns:
        None where two trainings may have made them, and where neither has learned anything.
    """
    if not has_learned(first, second):
        return None
    found = measure(first, second)
    difference, remainder = (float(np.median(values)) for values in (found.difference, found.remainder))
    factor = float(np.median(found.factor))
    moved = abs(1 - factor)
    if remainder < LIKE and moved >= max(_LEAST_MOVE, 2 * remainder):
        return Likeness('moved', f'moved {"towards" if factor < 1 else "away from"} the truth by {100 * moved:.3g} %')
    line = float(in_line(first, second))
    if line >= IN_LINE:
        return Likeness('moved', f'{100 * line:.0f} % of the landmarks that differ moved along the line to the truth')
    if difference < LIKE:
        return Likeness('copy', _how(first, second, scale))
    if difference < _NOISE and _is_noise(first, second, scale):
        return Likeness('copy', f'{_how(first, second, scale)}, evenly over images and landmarks, as noise is')
    alike = (found.difference < IMAGE_LIKE) | (found.remainder < IMAGE_LIKE)
    if alike.mean() >= SHARE:
        return Likeness('copy', f'in {alike.sum()} of {len(alike)} images the same, or moved along their errors')
    same = float(coinciding(first, second))
    if same >= COINCIDING:
        return Likeness('copy', f'in {100 * same:.0f} % of the landmarks the same')
    return None


def _how(first: NDArray, second: NDArray, scale: NDArray) -> str:
    apart = np.linalg.norm(second[..., :2] - first[..., :2], axis=-1) * scale[:, None]
    if not apart.any():
        return 'the same'
    typical = float(np.median(apart))
    if not typical:
        return f'in {100 * (apart == 0).mean():.0f} % of the landmarks the same'
    return f'the same but for {typical:.2g} px in the median landmark'


def _is_noise(first: NDArray, second: NDArray, scale: NDArray) -> bool:
    moved = (second[..., :2] - first[..., :2]).astype(np.float64)
    aside = moved - moved.mean(axis=1, keepdims=True)
    by_image = np.sqrt((aside**2).mean(axis=(1, 2)))
    over_images = min(spread(by_image), spread(by_image * scale))
    over_landmarks = spread(np.sqrt(((aside * scale[:, None, None]) ** 2).mean(axis=(0, 2))))
    neighbours = (aside[:, 1:] * aside[:, :-1]).sum() / max((aside**2).sum(), 1e-30)
    return bool(over_images < _EVEN_OVER_IMAGES and over_landmarks < _EVEN_OVER_LANDMARKS and abs(neighbours) < _ALONE)


def spread(values: NDArray) -> NDArray[np.float64]:
    """How unequal values (..., N) >= 0 are: the ninth decile over the first one."""
    low, high = np.quantile(values, [0.1, 0.9], axis=-1)
    return high / np.maximum(low, 1e-30)
