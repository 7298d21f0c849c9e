"""Signatures: a few landmarks of a few images, the same ones in every record, to look for records that are alike.

The images are chosen by a hash of their names, and again by one of their normalizing distances, which stay with an
image that is given another name.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.records.coding import positive
from benchmark.records.predictions import Predictions

IMAGES, LANDMARKS = 32, 16


class Signature(NamedTuple):
    """Predictions of the images that a hash chooses.

    Attributes:
        keys: (2, S) uint64: hash of each image, ascending; by names, and by normalizing distances.
        values: (2, S, L, 3) float32: x, y and distance to the truth of some landmarks, in inter-ocular distances.
    """

    keys: NDArray[np.uint64]
    values: NDArray[np.float32]


def make_signature(predictions: Predictions) -> Signature:
    """The signature of predictions."""
    landmarks = np.unique(np.linspace(0, predictions.distances.shape[1] - 1, LANDMARKS).astype(int))
    keys, values = [], []
    for hashes in (name_hashes(predictions), distance_hashes(predictions)):
        chosen = np.argsort(hashes, kind='stable')[:IMAGES]
        scale = positive(predictions.inter_ocular[chosen])[:, None, None]
        points = predictions.keypoints[chosen][:, landmarks].astype(np.float64)
        distances = predictions.distances[chosen][:, landmarks, None].astype(np.float64)
        keys.append(hashes[chosen])
        values.append(np.concatenate([points, distances], axis=-1) / scale)
    return Signature(np.stack(keys), np.stack(values).astype(np.float32))


def name_hashes(predictions: Predictions) -> NDArray[np.uint64]:
    """(N,) hash of each image by its name and, of faces that share an image, its place among them."""
    names = np.ascontiguousarray(predictions.image_ids)
    hashes = row_hashes(names.view(np.uint32).reshape(len(names), -1))
    _, first, inverse, counts = np.unique(hashes, return_index=True, return_inverse=True, return_counts=True)
    if len(first) < len(hashes):
        seen = np.zeros(len(counts), dtype=np.uint64)
        for index in np.flatnonzero(counts[inverse] > 1):
            hashes[index] += seen[inverse[index]]
            seen[inverse[index]] += 1
    return hashes


def distance_hashes(predictions: Predictions) -> NDArray[np.uint64]:
    """(N,) hash of each image by its two normalizing distances, rounded to a hundredth of a percent."""
    pairs = np.stack([predictions.inter_ocular, predictions.inter_pupil], axis=-1).astype(np.float64)
    return row_hashes(np.rint(1e4 * np.log(np.maximum(pairs, 1e-12))).astype(np.int32).view(np.uint32))


def row_hashes(values: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """(N,) hash of the rows of (N, L): sums of products with random odd numbers modulo 2**64.

    Zeros at the end of a row do not change it.
    """
    random = np.random.default_rng(0).integers(0, 2**63, values.shape[1], dtype=np.uint64)
    return (values.astype(np.uint64) * (random * np.uint64(2) + np.uint64(1))).sum(axis=1, dtype=np.uint64)


def landmark_hashes(predictions: Predictions) -> NDArray[np.uint64]:
    """(N,) hash of the landmarks of each image; other ones where a bit differs, but for one case in 2**63."""
    bits = np.ascontiguousarray(predictions.keypoints, dtype=np.float32).view(np.uint32)
    return row_hashes(bits.reshape(len(bits), -1))
