"""Signatures: a few landmarks of a few images, the same ones in every record, to look for records that are alike.

The images are chosen by a hash of their names, and again by one of their normalizing distances, which stay with an
image that is given another name.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.records.coding import positive
from benchmark.records.predictions import Predictions

_IMAGES, _LANDMARKS = 48, 16


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
    landmarks = np.unique(np.linspace(0, predictions.distances.shape[1] - 1, _LANDMARKS).astype(int))
    keys, values = [], []
    for hashes in (name_hashes(predictions), distance_hashes(predictions)):
        chosen = np.argsort(hashes, kind='stable')[:_IMAGES]
        scale = positive(predictions.inter_ocular[chosen])[:, None, None]
        points = predictions.keypoints[chosen][:, landmarks].astype(np.float64)
        distances = predictions.distances[chosen][:, landmarks, None].astype(np.float64)
        keys.append(hashes[chosen])
        values.append(np.concatenate([points, distances], axis=-1) / scale)
    return Signature(np.stack(keys), np.stack(values).astype(np.float32))


def name_hashes(predictions: Predictions) -> NDArray[np.uint64]:
    """(N,) hash of each image by its name and, of faces that share an image, its place among them."""
    seen: dict[str, int] = {}
    texts = []
    for name in predictions.image_ids.tolist():
        seen[name] = seen.get(name, -1) + 1
        texts.append(f'{name} {seen[name]}')
    return np.array([_hash(text.encode()) for text in texts], dtype=np.uint64)


def distance_hashes(predictions: Predictions) -> NDArray[np.uint64]:
    """(N,) hash of each image by its two normalizing distances, rounded to a hundredth of a percent."""
    pairs = np.stack([predictions.inter_ocular, predictions.inter_pupil], axis=-1).astype(np.float64)
    whole = np.rint(1e4 * np.log(np.maximum(pairs, 1e-12))).astype(np.int64)
    return np.array([_hash(row.tobytes()) for row in whole], dtype=np.uint64)


def _hash(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), 'little')
