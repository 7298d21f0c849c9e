"""Landmarks in the image: exact ones, and ones that slide along the contours as annotators' do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.drawing import Noise
from benchmark.datasets.synthetic.camera import Camera
from benchmark.datasets.synthetic.contours import Contours
from benchmark.datasets.synthetic.landmarks import PLACES, PUPILS, deviations
from benchmark.datasets.synthetic.splines import Path, arc_length
from benchmark.datasets.synthetic.surface import Surface
from benchmark.datasets.synthetic.visible import image_curves

# Gaussian quadrature: places of a standard normal variable, and their weights.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(16)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True)
class Track:
    """Landmarks that lie on one contour.

    Attributes:
        indices: (N,) which of the K landmarks.
        path: the contour in the image, pixels.
        lengths: (N,) their places on it, pixels from its first point.
    """

    indices: NDArray[np.int64]
    path: Path
    lengths: NDArray[np.float64]


@dataclass(frozen=True)
class Landmarks:
    """The K landmarks of one face.

    Attributes:
        exact: (K, 2) places on the contours, pixels.
        ambiguity: (K, 2, 2) covariance of the annotation noise, squared pixels.
        deviation: (K, 2) standard deviations of the noise along the contour and in all directions, pixels.
        tracks: the contours; pupils lie on none.
    """

    exact: NDArray[np.float64]
    ambiguity: NDArray[np.float64]
    deviation: NDArray[np.float64]
    tracks: tuple[Track, ...]

    def annotate(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """One annotator's landmarks, (K, 2): moved along the contours and, less, in all directions."""
        along = rng.standard_normal(len(self.exact)) * self.deviation[:, 0]
        around = rng.standard_normal(self.exact.shape) * self.deviation[:, 1:]
        points = self.exact.copy()
        for track in self.tracks:
            points[track.indices] = track.path.at(track.lengths + along[track.indices])
        return points + around


def locate(layout: str, contours: Contours, surface: Surface, camera: Camera, noise: Noise | None = None) -> Landmarks:
    """Landmarks of a layout, 'cofw', '300w' or 'wflw', on a face in an image.

    The noise is given by :func:`~benchmark.datasets.synthetic.landmarks.deviations` as a fraction of the distance of
    the outer eye corners in space, so that it does not shrink where the head is turned.
    """
    seen = image_curves(contours, surface, camera)
    flat = {**contours.curves, 'jaw': contours.outline[contours.jaw, :2]}
    corners = np.stack([contours.curves[f'{side} lid upper'][-1] for side in ('right', 'left')])
    inter_ocular = camera.size * np.linalg.norm(np.diff(surface.lift(corners), axis=0))
    pupils = dict(zip(PUPILS, camera.project(surface.lift(contours.pupils)), strict=True))

    places = PLACES[layout]
    names = np.array([place.contour for place in places])
    shares = np.array([place.share for place in places])
    deviation = np.array([deviations(place, noise) for place in places])
    deviation *= inter_ocular
    exact, ambiguity = np.empty((len(places), 2)), np.zeros((len(places), 2, 2))
    tracks = []
    for name in dict.fromkeys(names):
        indices = np.flatnonzero(names == name)
        if name in pupils:
            exact[indices] = pupils[name]
            continue
        path, measure = Path(seen[name]), arc_length(flat[name])
        steps = np.interp(shares[indices] * measure[-1], measure, np.arange(len(measure)))
        lengths = np.interp(steps, np.arange(len(measure)), path.lengths)
        exact[indices] = path.at(lengths)
        ambiguity[indices] = _sliding_covariance(path, lengths, deviation[indices, 0])
        tracks.append(Track(indices, path, lengths))
    ambiguity += np.square(deviation[:, 1])[:, None, None] * np.eye(2)
    return Landmarks(exact, ambiguity, deviation, tuple(tracks))


def _sliding_covariance(path: Path, lengths: NDArray, deviation: NDArray) -> NDArray[np.float64]:
    """Covariance (N, 2, 2) of points that move along a path by Gaussian steps, with the path's bending.

    Args:
        path: the contour.
        lengths: (N,) where the points are without noise.
        deviation: (N,) standard deviation of the steps.
    """
    points = path.at((lengths[:, None] + deviation[:, None] * _NODES).ravel()).reshape(len(lengths), -1, 2)
    points = points - (points * _WEIGHTS[:, None]).sum(axis=1, keepdims=True)
    covariance = np.einsum('w,nwi,nwj->nij', _WEIGHTS, points, points)
    return 0.5 * (covariance + covariance.transpose(0, 2, 1))
