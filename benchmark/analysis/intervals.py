"""Confidence intervals over images for many rows at once, with the same resamples for all that share a test set."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.runs import Run
from benchmark.analysis.store import Store
from benchmark.protocol.measures import Measure, per_image
from benchmark.protocol.statistics import (
    LEAST_IMAGES,
    Interval,
    bootstrap_means,
    percentile_interval,
    rate_interval,
)

# Places the bounds to some 2 % of the interval's width; a page holds thousands of intervals.
RESAMPLES = 1999


class Request(NamedTuple):
    """What an interval is wanted of: the mean over images of a measure.

    What is resampled is the mean over the seeds of each image's value, so the interval is that of these trained
    networks on other images of the same kind.

    Attributes:
        runs: one run for each seed, all of one test set.
        measure: the measure.
    """

    runs: tuple[Run, ...]
    measure: Measure

    @property
    def key(self) -> str:
        """Name in the store: what the result depends on."""
        parts = [*(run.digest.content for run in self.runs), self.measure.key]
        return hashlib.sha256(' '.join(parts).encode()).hexdigest()[:32]

    @property
    def images(self) -> int:
        """Number of images of the measure's subset."""
        return self.runs[0].digest.counts.get(self.measure.subset, 0)

    def column(self) -> NDArray[np.float64]:
        """(M,) values of the images of the measure's subset, percent."""
        return image_values(self.runs, self.measure).mean(axis=0)


def image_values(runs: Sequence[Run], measure: Measure) -> NDArray[np.float64]:
    """(S, M) values of a measure for each of S runs of one test set and M images of its subset, percent."""
    return np.stack([per_image(run.digest.nme(measure.normalizer, measure.subset), measure) for run in runs])


def image_intervals(requests: Iterable[Request], store: Store) -> dict[Request, Interval]:
    """95 % intervals over images, percent: exact ones of failure rates, by bootstrap of the other measures.

    Args:
        requests: what they are wanted of.
        store: results of earlier builds; the new ones are added.

    Returns:
        An interval for each request; those without an image, and those of other measures than rates with fewer than
        ``LEAST_IMAGES``, are left out.
    """
    found, keys = {}, {}
    for request in requests:
        if request.measure.metric != 'fr':
            keys[request] = request.key
        elif request.images:
            rate = np.mean([run.digest.values[request.measure.key] for run in request.runs]) / 100
            found[request] = Interval(*(100 * bound for bound in rate_interval(rate, request.images)))
    together = defaultdict(list)
    for request, key in keys.items():
        if key not in store.intervals and request.images >= LEAST_IMAGES:
            together[request.runs[0].digest.test_set, request.measure.subset].append(request)
    for alike in together.values():
        store.intervals |= zip((keys[request] for request in alike), _bootstrap(alike), strict=True)
    return found | {r: Interval(*store.intervals[key]) for r, key in keys.items() if key in store.intervals}


def _bootstrap(requests: Sequence[Request], at_once: int = 1000) -> list[tuple[float, float]]:
    found = []
    for start in range(0, len(requests), at_once):
        columns = np.stack([request.column() for request in requests[start : start + at_once]], axis=1)
        low, high = percentile_interval(bootstrap_means(columns, RESAMPLES))
        found += zip(low.tolist(), high.tolist(), strict=True)
    return found
