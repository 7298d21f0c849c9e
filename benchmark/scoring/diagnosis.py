"""What is wrong with predictions whose numbers are bad for a reason that a person can mend, and what it costs.

Nothing is mended here: the score is of the predictions as they are, and a finding says what it would be otherwise. A
finding has to lower the error to half or less in nearly all images, which no honest method's does, good or bad: the
tests hold it to that on the published predictions of this repository and on noise around them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.scoring.assignments import image_order, landmark_order, shifted_block
from benchmark.scoring.offsets import pixel_step
from benchmark.scoring.transforms import Points, of_crops, of_resized_image, of_scaled_images, undone
from benchmark.scoring.truth import Truth

_GAIN = 0.5  # of the error, that is left at most without the fault
_IMAGES = 0.8  # of the images that have to be better without it
_LEAST_IMAGES = 10  # from which on something may be fitted to them
_GAIN_OF_FEW = 0.2  # for fewer
_MENDED = 0.2  # normalized error, that is left at most for a mistake to explain what is seen
_FITTED_GAIN = 0.35
_CROP_ERROR = 0.3  # normalized error, below which nothing is in pixels of crops
_GATHERED = 0.2  # spread of the faces' middles over the images, in sizes of a face: crops have the face in the middle
_SAME = 1e-3  # of the face's size, that landmarks of two images may be apart and still be the same
_LEAST_Z = 5.0  # standard errors by which mending an offset has to be an improvement


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with predictions as a whole.

    Attributes:
        what: in words, e.g. 'x and y are exchanged'.
        before: headline NME as given, percent.
        after: headline NME without the fault, percent; None where nothing is left without it.
        fitted: whether ``after`` was fitted to the truth, and so is what the predictions can reach at best.
    """

    what: str
    before: float
    after: float | None
    fitted: bool = False

    def sentence(self, normalizer: str) -> str:
        """The finding with what it costs, e.g. 'x and y are exchanged: NME 61.20 (inter-ocular); without ... 3.95'."""
        best = ' at best' if self.fitted else ''
        rest = '' if self.after is None else f', without that{best} {self.after:.2f}'
        return f'{self.what}: {normalizer} NME {self.before:.2f} as given{rest}'


def diagnose(predicted: Points, truth: Truth) -> Finding | None:
    """What is wrong with predictions as a whole; None where nothing says so.

    Args:
        predicted: (N, K, 2) predictions of the test set's images, as given.
        truth: the test set.
    """
    case = _Case(predicted, truth, _errors(predicted, truth))
    looks = (_constant, _simple, _shifted, _resized, _scaled, _reordered, _moved, _cropped, _rough, _stepped)
    return next((found for look in looks if (found := look(case))), None)


@dataclass(frozen=True, eq=False)
class _Case:
    predicted: Points
    truth: Truth
    errors: NDArray[np.float64]

    def finding(self, what: str, mended: Points, fitted: bool = False) -> Finding:
        errors = _errors(mended, self.truth)
        return Finding(what, float(100 * self.errors.mean()), float(100 * errors.mean()), fitted)

    def without_rest(self, what: str) -> Finding:
        return Finding(what, float(100 * self.errors.mean()), None)

    def gains(self, mended: Points, gain: float = _GAIN, most: float = _MENDED) -> bool:
        errors = _errors(mended, self.truth)
        gain = gain if self.many else min(gain, _GAIN_OF_FEW)
        enough = errors.mean() <= min(gain * self.errors.mean(), most)
        return enough and (errors < self.errors).mean() >= _IMAGES

    @property
    def many(self) -> bool:
        return len(self.errors) >= _LEAST_IMAGES


def _errors(points: Points, truth: Truth) -> NDArray[np.float64]:
    """(N,) normalized errors, fractions."""
    return np.linalg.norm(points - truth.keypoints, axis=-1).mean(axis=1) / truth.headline_distance


def _constant(case: _Case) -> Finding | None:
    """Landmarks that do not depend on the image, or none at all."""
    points = case.predicted
    if (np.ptp(points, axis=1).max(axis=-1) == 0).mean() >= _IMAGES:
        text = 'all coordinates are 0' if not points.any() else 'all landmarks of an image are in one point'
        return case.without_rest(f'{text}: these are no predictions')
    face = np.median(points, axis=0)
    apart = np.abs(points - face).max(axis=(1, 2))
    count = int((apart <= _SAME * np.ptp(face, axis=0).max()).sum())
    if count < max(2, _IMAGES * len(points)):
        return None
    return case.without_rest(f'{count} of {len(points)} images have the landmarks of one and the same face')


def _simple(case: _Case, most: float = _MENDED) -> Finding | None:
    found = [
        case.finding(what, mended)
        for what, undo in undone(case.truth).items()
        if case.gains(mended := undo(case.predicted), most=most)
    ]
    return min(found, key=lambda one: one.after, default=None)


def _rough(case: _Case) -> Finding | None:
    """The same of a method that is bad besides."""
    return _simple(case, most=np.inf)


def _shifted(case: _Case) -> Finding | None:
    """Images that have the landmarks of their neighbour: all, or those behind a line too many or too few."""
    for step, side in ((1, 'before'), (-1, 'after')):
        shifted = np.roll(case.predicted, -step, axis=0)
        block = shifted_block(case.errors, _errors(shifted, case.truth))
        if block is None:
            continue
        mended = case.predicted.copy()
        mended[block] = shifted[block]
        names = case.truth.names
        where = f'{names[block.start]} to {names[block.stop - 1]}, {block.stop - block.start} images'
        return case.finding(f'each image has the landmarks of the one {side} it ({where})', mended)
    return None


def _resized(case: _Case) -> Finding | None:
    mended, side = of_resized_image(case.predicted, case.truth)
    if side <= 2 or not case.many or not case.gains(mended, _FITTED_GAIN):
        return None
    text = f'the coordinates are pixels of images resized to some {side:.0f} x {side:.0f}'
    return case.finding(text, mended, fitted=True)


def _scaled(case: _Case) -> Finding | None:
    mended, factor = of_scaled_images(case.predicted, case.truth)
    if factor <= 0 or not case.many or not case.gains(mended):
        return None
    if _errors(mended, case.truth).mean() > _errors(case.predicted - _offset(case), case.truth).mean():
        return None
    text = f'all coordinates are multiplied by some {factor:.2g}, as in images scaled by that'
    return case.finding(text, mended, fitted=True)


def _reordered(case: _Case) -> Finding | None:
    if not case.many:
        return None
    truth = case.truth
    order = landmark_order(case.predicted, truth.keypoints, truth.headline_distance)
    if order is not None:
        moved = np.flatnonzero(order != np.arange(len(order)))
        pairs = ', '.join(f'{place} is at {order[place]}' for place in moved[:4])
        more = ' ...' if len(moved) > 4 else ''
        text = f'{len(moved)} landmarks are in another order (the true landmark {pairs}{more})'
        return case.finding(text, case.predicted[:, order], fitted=True)
    order = image_order(case.predicted, truth.keypoints, truth.headline_distance)
    if order is None:
        return None
    moved = np.flatnonzero(order != np.arange(len(order)))
    text = (
        f'the landmarks of {len(moved)} images stand under the names of others '
        f'({truth.names[moved[0]]} seems to have its own at {truth.names[order[moved[0]]]})'
    )
    return case.finding(text, case.predicted[order], fitted=True)


def _cropped(case: _Case) -> Finding | None:
    points = case.predicted
    gathered = _spread(points) <= min(_GATHERED, 0.7 * _spread(case.truth.keypoints))
    if not case.many or case.errors.mean() < _CROP_ERROR or not gathered:
        return None
    mended = of_crops(points, case.truth)
    if not case.gains(mended, _FITTED_GAIN):
        return None
    low, high = np.quantile(points, (0.001, 0.999))
    if low >= -1.5 and high <= 1.5:
        text = f'the coordinates are fractions of a crop, from {0 if low > -0.25 else -1} to 1'
    else:
        text = f'the coordinates are pixels of crops, from {low:.0f} to {high:.0f}'
    return case.finding(f'{text}, not of the original images', mended, fitted=True)


def _spread(points: Points) -> float:
    """Standard deviation of the middles of faces over images, in sizes of a face."""
    middles = (points.max(axis=1) + points.min(axis=1)) / 2
    return float(middles.std(axis=0).max() / max(np.median(np.ptp(points, axis=1).max(axis=1)), 1e-12))


def _offset(case: _Case) -> NDArray[np.float64]:
    """(2,) median over images of how far a face is off, pixels."""
    return np.median((case.predicted - case.truth.keypoints).mean(axis=1), axis=0)


def _moved(case: _Case) -> Finding | None:
    offset = _offset(case)
    mended = case.predicted - offset
    if not case.many or not case.gains(mended):
        return None
    x, y = offset
    return case.finding(f'everything is {x:+.1f} pixels off in x and {y:+.1f} in y', mended, fitted=True)


def _stepped(case: _Case) -> Finding | None:
    residuals = (case.predicted - case.truth.keypoints).mean(axis=1)
    step = pixel_step(residuals, case.truth.headline_distance)
    if step is None:
        return None
    mended = case.predicted - step
    gain = case.errors - _errors(mended, case.truth)
    if gain.mean() < _LEAST_Z * gain.std() / np.sqrt(len(gain)):
        return None
    size = 'one pixel' if abs(step) == 1 else 'half a pixel'
    counted = ', as where the first pixel is counted as 1' if step == 1 else ''
    side = 'large' if step > 0 else 'small'
    return case.finding(f'x and y are {size} too {side}{counted}', mended)
