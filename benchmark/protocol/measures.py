"""Which numbers are measured of a test set, and how each is the mean of one value per image."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.protocol import metrics
from benchmark.protocol.benchmarks import Benchmark
from benchmark.protocol.metrics import NORMALIZERS


class Measure(NamedTuple):
    """Which number: everything that has to agree before two numbers may be compared.

    Attributes:
        subset: subset of the test images.
        normalizer: 'inter-ocular' or 'inter-pupil'.
        metric: 'nme', 'fr' or 'auc'.
        threshold: threshold of fr and auc in percent; None for nme.
    """

    subset: str
    normalizer: str
    metric: str
    threshold: float | None = None

    @property
    def metric_label(self) -> str:
        """Short name of the metric, e.g. 'FR@10'."""
        return self.metric.upper() + ('' if self.threshold is None else f'@{self.threshold:g}')

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger value is the better one."""
        return self.metric == 'auc'

    @property
    def key(self) -> str:
        """Name in exported files, e.g. 'nme.full.inter-ocular' or 'fr10.full.inter-pupil'."""
        at = '' if self.threshold is None else f'{self.threshold:g}'
        return f'{self.metric}{at}.{self.subset}.{self.normalizer}'


def normalizers(benchmark: Benchmark) -> tuple[str, ...]:
    """Both normalizers, the headline one first."""
    headline = benchmark.headline_normalizer
    return (headline, *(other for other in NORMALIZERS if other != headline))


def all_measures(benchmark: Benchmark) -> tuple[Measure, ...]:
    """Everything that is measured: headline normalizer first, NME of each subset before failure rates and areas."""
    percents = [round(100 * threshold, 6) for threshold in sorted(benchmark.thresholds, reverse=True)]
    return tuple(
        Measure(subset, normalizer, metric, threshold)
        for normalizer in normalizers(benchmark)
        for metric in ('nme', 'fr', 'auc')
        for subset in benchmark.subsets
        for threshold in ((None,) if metric == 'nme' else percents)
    )


def per_image(nme: NDArray[np.float64], measure: Measure) -> NDArray[np.float64]:
    """What a measure is the mean of, percent.

    Args:
        nme: (M,) errors of the images of the measure's subset under its normalizer, fractions.
        measure: which measure.

    Returns:
        (M,) float64: the image's error for nme; 100 or 0, whether it fails, for fr; its part of the area for auc.
    """
    if measure.metric == 'nme':
        return 100 * nme
    threshold = measure.threshold / 100
    if measure.metric == 'fr':
        return 100.0 * (nme > threshold)
    return 100 * np.maximum(0.0, 1 - nme / threshold)


def value(nme: NDArray[np.float64], measure: Measure) -> float | None:
    """A measure in percent, of errors as :func:`per_image` takes them; None where there is no image."""
    if len(nme) == 0:
        return None
    if measure.metric == 'nme':
        return float(100 * nme.mean())
    of_all = {'fr': metrics.failure_rate, 'auc': metrics.area_under_curve}[measure.metric]
    return float(100 * of_all(nme, measure.threshold / 100))
