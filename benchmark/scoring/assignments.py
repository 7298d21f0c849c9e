"""Landmarks in another order than the benchmark's, and landmarks of one image under the name of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

_FAR = 0.15  # normalized error from which an image counts as one that was not found
_LEAST_BLOCK = 5  # images
_CHUNK = 1 << 22  # distances that are computed at once
_FEW_LANDMARKS = 12  # that tell two faces apart


def landmark_order(
    predicted: NDArray[np.float64], truth: NDArray[np.float64], distance: NDArray[np.float64]
) -> NDArray[np.int64] | None:
    """The order in which predicted landmarks fit the truth best; None where it is the given one, or hardly another.

    An order counts where the landmarks that it moves are twice as near in it, and were far from their places before:
    two neighbours that a bad network confuses are not.

    Args:
        predicted: (N, K, 2).
        truth: (N, K, 2).
        distance: (N,) normalizing distance.

    Returns:
        (K,) such that ``predicted[:, order]`` are in the order of the truth.
    """
    count = predicted.shape[1]
    cost = np.zeros((count, count))
    for rows in np.array_split(np.arange(len(predicted)), max(1, len(predicted) * count**2 // _CHUNK)):
        gaps = predicted[rows, None] - truth[rows, :, None]
        cost += (np.linalg.norm(gaps, axis=-1) / distance[rows, None, None]).sum(axis=0)
    cost /= len(predicted)
    # From a true landmark to the predicted one in its place.
    order = linear_sum_assignment(cost)[1]
    moved = order != np.arange(count)
    if not moved.any():
        return None
    before, after = np.diag(cost)[moved].mean(), cost[np.arange(count), order][moved].mean()
    return order if after < 0.5 * before and before - after > 0.05 else None


def image_order(
    predicted: NDArray[np.float64], truth: NDArray[np.float64], distance: NDArray[np.float64]
) -> NDArray[np.int64] | None:
    """The prediction that belongs to each image, where many are far off and fit others; None where they do not.

    Args:
        predicted: (N, K, 2).
        truth: (N, K, 2).
        distance: (N,) normalizing distance.

    Returns:
        (N,) such that ``predicted[order]`` are in the order of the truth.
    """
    own = np.linalg.norm(predicted - truth, axis=-1).mean(axis=1) / distance
    far = np.flatnonzero(own > _FAR)
    if len(far) < max(3, 0.05 * len(own)):
        return None
    chosen = np.unique(np.linspace(0, predicted.shape[1] - 1, _FEW_LANDMARKS).round().astype(int))
    cost = np.empty((len(far), len(far)))
    for rows in np.array_split(np.arange(len(far)), max(1, len(far) ** 2 * len(chosen) // _CHUNK)):
        gaps = truth[far[rows]][:, None, chosen] - predicted[far][None, :, chosen]
        cost[rows] = np.linalg.norm(gaps, axis=-1).mean(axis=-1) / distance[far[rows], None]
    places = linear_sum_assignment(cost)[1]
    found = cost[np.arange(len(far)), places]
    if found.mean() > 0.35 * own[far].mean() or (found < _FAR).mean() < 0.8:
        return None
    order = np.arange(len(own))
    order[far] = far[places]
    return order


def shifted_block(own: NDArray[np.float64], shifted: NDArray[np.float64]) -> slice | None:
    """The run of images whose errors are those of a shift by one place, where there is one; else None.

    Args:
        own: (N,) normalized errors as given.
        shifted: (N,) normalized errors with the landmarks of a neighbour.
    """
    better = np.flatnonzero((shifted < 0.5 * own) & (own > 0.5 * _FAR))
    if len(better) < max(_LEAST_BLOCK, 0.1 * len(own)):
        return None
    block = slice(int(better[0]), int(better[-1]) + 1)
    explained = shifted[block].mean() <= min(0.5 * own[block].mean(), 0.2)
    return block if explained and len(better) >= 0.6 * (block.stop - block.start) else None
