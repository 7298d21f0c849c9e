"""Numbers of a row over its seeds: its measures, and on how many of the published images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.analysis.rows import Row
from benchmark.protocol.measures import Measure


@dataclass(frozen=True)
class Summary:
    """A number over seeds.

    Attributes:
        mean: mean over seeds.
        deviation: sample standard deviation over seeds, None for a single seed.
        images: number of images behind each seed's value.
    """

    mean: float
    deviation: float | None
    images: int


def summarize(values: Sequence[float], images: int) -> Summary:
    """Mean and sample standard deviation of one value per seed."""
    mean, deviation = math.fsum(values) / len(values), None
    if len(values) > 1:
        deviation = math.sqrt(math.fsum((one - mean) ** 2 for one in values) / (len(values) - 1))
    return Summary(mean, deviation, images)


def summary(row: Row, measure: Measure) -> Summary | None:
    """A measure of a row over its finished seeds; None where there is none."""
    values = [run.digest.values.get(measure.key) for run in row.done]
    if not values or None in values:
        return None
    return summarize(values, images_of(row, measure.subset))


def images_of(row: Row, subset: str) -> int:
    """Number of test images of a subset that the row has."""
    return row.done[0].digest.counts.get(subset, 0)


def coverage(row: Row, subset: str) -> str | None:
    """'8 of 135' where a subset lacks images of the published benchmark; None where it is complete."""
    published = row.benchmark.subset_sizes.get(subset)
    have = images_of(row, subset)
    return f'{have} of {published}' if published and have < published else None
