"""How unlike the published records are, which were trained honestly: what the limits of verification are set by."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmark.analysis.audit.likeness import measure
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
        least_image: least difference or remainder of an image.
    """

    pairs: int
    difference: float
    remainder: float
    image_pairs: int
    least_image: float


def published_pairs() -> list[tuple[Predictions, Predictions]]:
    """Predictions of every pair of finished records of one benchmark."""
    by_benchmark: dict[str, list[Predictions]] = {}
    for record in read_records(RECORDS):
        if record.status == 'done':
            by_benchmark.setdefault(record.benchmark, []).append(read_predictions(RECORDS / record.predictions))
    return [pair for members in by_benchmark.values() for pair in combinations(members, 2)]


@cache
def published_margins() -> Margins:
    """The margins of the published records."""
    medians, images, count = [], [], 0
    for one, other in published_pairs():
        scale = positive(one.inter_ocular)[:, None, None]
        values = (np.dstack([p.keypoints, p.distances[..., None]]) / scale for p in (one, other))
        found = measure(*values)
        medians.append([np.median(found.difference), np.median(found.remainder)])
        images.append(min(found.difference.min(), found.remainder.min()))
        count += len(found.difference)
    difference, remainder = np.min(medians, axis=0).tolist()
    return Margins(len(medians), difference, remainder, count, float(np.min(images)))


if __name__ == '__main__':
    print(published_margins())
