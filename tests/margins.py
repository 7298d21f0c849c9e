"""How unlike the published records are, which were trained honestly: what the limits of verification are set by."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmark.analysis.audit.likeness import IMAGE_LIKE, coinciding, in_line, measure
from benchmark.analysis.audit.mixtures import fit_mixture
from benchmark.analysis.audit.signature import make_signature
from benchmark.records.coding import positive
from benchmark.records.predictions import Predictions, read_predictions
from benchmark.records.record import read_records

RECORDS = Path(__file__).resolve().parents[1] / 'reports' / 'records'


class Margins(NamedTuple):
    """Over all pairs of finished records of one benchmark.

    Attributes:
        pairs: number of pairs.
        difference: least difference of a pair's median image.
        remainder: least remainder of a pair's median image.
        image_pairs: number of pairs of images.
        alike: largest share of a pair's images whose difference or remainder is below the limit of one image.
        coinciding: largest share of a pair's landmarks that are the same but for rounding.
        in_line: largest share of a pair's landmarks on one line with the truth.
    """

    pairs: int
    difference: float
    remainder: float
    image_pairs: int
    alike: float
    coinciding: float
    in_line: float


@cache
def published_predictions() -> list[list[Predictions]]:
    """Predictions of all finished trainings of each benchmark."""
    by_benchmark: dict[str, list[Predictions]] = {}
    for record in read_records(RECORDS):
        if record.status == 'done' and record.weights is None:
            by_benchmark.setdefault(record.benchmark, []).append(read_predictions(RECORDS / record.predictions))
    return list(by_benchmark.values())


def published_pairs() -> list[tuple[Predictions, Predictions]]:
    """Predictions of every pair of finished records of one benchmark."""
    return [pair for members in published_predictions() for pair in combinations(members, 2)]


@cache
def published_margins() -> Margins:
    """The margins of the published records."""
    medians, images, landmarks, count = [], [], [], 0
    for one, other in published_pairs():
        scale = positive(one.inter_ocular)[:, None, None]
        values = [np.dstack([p.keypoints, p.distances[..., None]]) / scale for p in (one, other)]
        found = measure(*values)
        landmarks += [(coinciding(*values), in_line(*values))]
        medians.append([np.median(found.difference), np.median(found.remainder)])
        images.append((np.minimum(found.difference, found.remainder) < IMAGE_LIKE).mean())
        count += len(found.difference)
    difference, remainder = np.min(medians, axis=0).tolist()
    most = np.max(landmarks, axis=0).tolist()
    return Margins(len(medians), difference, remainder, count, float(np.max(images)), *most)


@cache
def least_mixed() -> float:
    """Least that the others of its benchmark leave of a published record."""
    left = []
    for members in published_predictions():
        values = np.stack([make_signature(one).values[0] for one in members]).astype(np.float64)
        left += [fit_mixture(values[i], np.delete(values, i, axis=0))[0] for i in range(len(values))]
    return min(left)


if __name__ == '__main__':
    print(published_margins(), least_mixed())
