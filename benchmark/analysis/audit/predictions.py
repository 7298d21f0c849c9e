"""What predictions contradict by themselves: distances, normalizing distances and landmarks are tied to each other.

The truth is not at hand, but each landmark's distance to it is, and the triangle inequality holds for whoever computed
them from one truth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.protocol.benchmarks import Benchmark
from benchmark.records.coding import DIGITS, positive, units_below, units_for
from benchmark.records.compact_form import DISTANCE_UNIT, KEYPOINT_UNIT, LAST_DISTANCE_UNIT
from benchmark.records.predictions import Predictions

# In inter-ocular distances: two landmarks off by at most half a unit in x and in y, two distances by at most a unit.
_GEOMETRY_ROUNDING = 2 * (KEYPOINT_UNIT / 2 * 2**0.5 + DISTANCE_UNIT)


def normalizer_fault(predictions: Predictions, benchmark: Benchmark) -> str | None:
    """A normalizing distance that no truth at these distances from the predicted landmarks has; None: there is none.

    The ends of a normalizing distance are means of landmarks. If e is the mean error at an end, the predicted distance
    differs from the true one by at most the mean distances at both ends.
    """
    layout = benchmark.layout
    points = predictions.keypoints.astype(np.float64)
    for name, ends, given in (
        ('inter_ocular', layout.inter_ocular, predictions.inter_ocular),
        ('inter_pupil', layout.inter_pupil, predictions.inter_pupil),
    ):
        first, second = (list(end) for end in ends)
        apart = np.linalg.norm(points[:, first].mean(axis=1) - points[:, second].mean(axis=1), axis=-1)
        room = sum(predictions.distances[:, end].mean(axis=1, dtype=np.float64) for end in (first, second))
        room = room + _GEOMETRY_ROUNDING * predictions.inter_ocular
        wrong = np.abs(apart - given) > room
        if wrong.any():
            worst = int(np.argmax(np.abs(apart - given) - room))
            return (
                f'{name} of {wrong.sum()} images cannot be, first of {predictions.image_ids[wrong][0]}: in '
                f'{predictions.image_ids[worst]} it is {given[worst]:.2f} px, but the predicted landmarks are '
                f'{apart[worst]:.2f} px apart and off by at most {room[worst]:.2f} px'
            )
    return None


def repeated_fault(predictions: Predictions, rows: NDArray[np.uint64]) -> str | None:
    """Two images with the same predicted landmarks to the last bit; None: there are none.

    Args:
        predictions: the predictions.
        rows: (N,) hashes of their landmarks.
    """
    _, first, counts = np.unique(rows, return_index=True, return_counts=True)
    if len(first) == len(rows):
        return None
    one = first[counts > 1].min()
    pair = predictions.image_ids[np.flatnonzero(rows == rows[one])[:2]]
    return f'keypoints: those of {pair[0]} and {pair[1]} are the same'


def mean_fault(predictions: Predictions) -> str | None:
    """A distance in a compact file that was changed after the exact means were taken; None: there is none.

    Rounding takes something from each distance and gives it to the next image. What is on its way after image i is
    ``sum over images up to i of (K exact_mean - sum of distances) / inter_ocular``, never negative, and less than K
    units of the image (see :mod:`benchmark.records.compact_form`); the last image has a unit 128 times as fine.
    """
    scale = positive(predictions.inter_ocular)
    units = units_below(DISTANCE_UNIT * scale)
    units[-1:] = units_below(LAST_DISTANCE_UNIT * scale[-1:])
    if (units_for(predictions.distances, DIGITS) > units).any():
        return None  # such an image keeps what it is given
    landmarks = predictions.distances.shape[1]
    lost = landmarks * predictions.exact_means - predictions.distances.sum(axis=1, dtype=np.float64)
    on_its_way, most = np.cumsum(lost / scale), landmarks * units / scale
    slack = 1e-9 * landmarks
    wrong = (on_its_way < -slack) | (on_its_way > most + slack)
    if not wrong.any():
        return None
    first = int(np.argmax(wrong))
    return f'distances: from {predictions.image_ids[first]} on they are not those that exact_means were taken of'
