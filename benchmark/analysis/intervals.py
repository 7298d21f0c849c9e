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
from benchmark.protocol.statistics import Interval, bootstrap_means, percentile_interval

# Places the bounds to some 2 % of the interval's width; a page holds thousands of intervals.
RESAMPLES = 1999


class Request(NamedTuple):
    """What an interval is wanted of: the mean over images of a measure, or of its paired difference.

    What is resampled is the mean over the seeds of each image's value, so the interval is that of these trained
    networks on other images of the same kind.

    Attributes:
        runs: one run for each seed, all of one test set.
        others: runs of the same test set to be subtracted, seed by seed; none for the measure itself.
        measure: the measure.
    """

    runs: tuple[Run, ...]
    others: tuple[Run, ...]
    measure: Measure

    @property
    def key(self) -> str:
        """Name in the store: what the result depends on."""
        parts = [*(run.digest.content for run in self.runs), 'minus', *(run.digest.content for run in self.others)]
        return hashlib.sha256(' '.join((*parts, self.measure.key)).encode()).hexdigest()[:32]

    def column(self) -> NDArray[np.float64]:
        """(M,) values of the images of the measure's subset, percent."""
        values = self._mean(self.runs)
        return values - self._mean(self.others) if self.others else values

    def _mean(self, runs: tuple[Run, ...]) -> NDArray[np.float64]:
        errors = (run.digest.nme(self.measure.normalizer, self.measure.subset) for run in runs)
        return sum(per_image(nme, self.measure) for nme in errors) / len(runs)


def image_intervals(requests: Iterable[Request], store: Store) -> dict[Request, Interval]:
    """95 % intervals by bootstrap over images, percent.

    Args:
        requests: what they are wanted of.
        store: results of earlier builds; the new ones are added.

    Returns:
        An interval for each request; those with fewer than two images are left out.
    """
    keys = {request: request.key for request in requests}
    missing = [request for request, key in keys.items() if key not in store.intervals]
    together = defaultdict(list)
    for request in missing:
        together[request.runs[0].digest.test_set, request.measure.subset].append(request)
    for alike in together.values():
        if alike[0].runs[0].digest.member(alike[0].measure.subset).sum() > 1:
            store.intervals |= zip((keys[request] for request in alike), _bootstrap(alike), strict=True)
    return {r: Interval(*store.intervals[key]) for r, key in keys.items() if key in store.intervals}


def _bootstrap(requests: Sequence[Request], at_once: int = 1000) -> list[tuple[float, float]]:
    found = []
    for start in range(0, len(requests), at_once):
        columns = np.stack([request.column() for request in requests[start : start + at_once]], axis=1)
        low, high = percentile_interval(bootstrap_means(columns, RESAMPLES))
        found += zip(low.tolist(), high.tolist(), strict=True)
    return found
