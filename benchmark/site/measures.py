"""Figures of a row, computed from the stored predictions: percent, mean and deviation over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmark.protocol import metrics
from benchmark.site.rows import Row
from benchmark.suite.predictions import Predictions


class Figure(NamedTuple):
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
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Summary(float(np.mean(values)), deviation, images)


def value(predictions: Predictions, figure: Figure) -> float | None:
    """A figure of one run in percent; None where no image belongs to the subset."""
    if figure.subset not in predictions.subset_names:
        return None
    nme = predictions.nme(figure.normalizer, figure.subset)
    if len(nme) == 0:
        return None
    if figure.metric == 'nme':
        return float(100 * nme.mean())
    of_all = {'fr': metrics.failure_rate, 'auc': metrics.area_under_curve}[figure.metric]
    return 100 * of_all(nme, figure.threshold / 100)


def summary(row: Row, figure: Figure) -> Summary | None:
    """A figure of a row over its finished seeds; None where there is none."""
    values = [value(run.predictions, figure) for run in row.done]
    if not values or None in values:
        return None
    return summarize(values, images_of(row, figure.subset))


def images_of(row: Row, subset: str) -> int:
    """Number of test images of a subset that the row has."""
    predictions = row.done[0].predictions
    if subset not in predictions.subset_names:
        return 0
    return int(predictions.subsets[:, list(predictions.subset_names).index(subset)].sum())


def coverage(row: Row, subset: str) -> str | None:
    """'8 of 135' where a subset lacks images of the published benchmark; None where it is complete."""
    published = row.benchmark.subset_sizes.get(subset)
    have = images_of(row, subset)
    return f'{have} of {published}' if published and have < published else None
