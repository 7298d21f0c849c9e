"""From predictions to the metrics of a record."""

from __future__ import annotations

from benchmark.protocol.benchmarks import Benchmark
from benchmark.protocol.metrics import NORMALIZERS, area_under_curve, failure_rate
from benchmark.suite.predictions import Predictions
from benchmark.suite.records import Metric


def summarize(predictions: Predictions, benchmark: Benchmark) -> tuple[Metric, ...]:
    """NME, FR and AUC of every subset that has an image, under both normalizers and at all thresholds, in percent."""
    metrics = []
    for subset in benchmark.subsets:
        for normalizer in NORMALIZERS:
            nme = predictions.nme(normalizer, subset)
            if len(nme) == 0:
                continue
            values = [('nme', None, nme.mean())]
            for threshold in benchmark.thresholds:
                values.append(('fr', threshold, failure_rate(nme, threshold)))
                values.append(('auc', threshold, area_under_curve(nme, threshold)))
            metrics += [
                Metric(
                    subset=subset,
                    normalizer=normalizer,
                    metric=metric,
                    threshold=None if threshold is None else round(100 * threshold, 6),
                    value=100 * float(value),
                    images=len(nme),
                )
                for metric, threshold, value in values
            ]
    return tuple(metrics)
