"""Whether the numbers in a record are those that its predictions give."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.analysis.audit.finding import Finding
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.measures import Measure, value
from benchmark.records.record import SEALED_SINCE, Record

if TYPE_CHECKING:
    from benchmark.analysis.digest import Digest

ROUNDED = 0.01  # percentage points that a metric of an older record may be off by, more than two decimals take away
EXACT = 1e-9  # relative, of later ones: what another order of sums makes


def data_findings(path: Path, record: Record, digest: Digest) -> list[Finding]:
    """Numbers of images in ``dataset`` that are not those of the predictions, or contradict each other."""
    data, predictions = record.dataset, path.with_name(record.predictions)
    images = len(digest.mean_distance)
    if images != data.test_images:
        text = f'{images} images, the record has {data.test_images} (restore it or run the experiment again)'
        return [Finding('data', f'{predictions}: {text}')]
    benchmark, problems = get_benchmark(record.benchmark), []
    if data.missing and (data.complete or (digest.published and data.train_images >= benchmark.train_size)):
        problems.append(f'dataset.missing is {data.missing}, but complete or the numbers of images say that none is')
    if record.method is None and benchmark.train_size:
        absent = max(0, benchmark.train_size - data.train_images) + max(0, benchmark.subset_sizes['full'] - images)
        if data.missing < absent:
            problems.append(f'dataset.missing is {data.missing}, the numbers of images say that {absent} are')
    for subset, count in data.subset_images.items():
        if digest.counts.get(subset) != count:
            found = digest.counts.get(subset, 0)
            problems.append(f'dataset.subset_images: {count} in {subset!r}, its predictions have {found}')
    return _as_findings('data', path, record, problems)


def metric_findings(path: Path, record: Record, digest: Digest) -> list[Finding]:
    """Metrics that the predictions do not give, and from version 3 on those that are not there."""
    exact = record.schema_version >= SEALED_SINCE
    problems, seen = [], set()
    for metric in record.metrics:
        threshold = metric.threshold
        if (metric.metric == 'nme') != (threshold is None):
            problems.append(f'metrics: {metric.metric} with the threshold {threshold} is no metric')
            continue
        measure, key = _measure(metric.subset, metric.normalizer, metric.metric, threshold)
        if key in seen:
            problems.append(f'metrics: {key} is there twice')
        seen.add(key)
        images = digest.counts.get(metric.subset, 0)
        if not 0 < metric.images == images:
            problems.append(f'metrics: {key} is of {metric.images} images, its predictions have {images}')
            continue
        found = digest.values.get(key)
        if found is None:  # at a threshold of its own
            found = value(digest.nme(metric.normalizer, metric.subset), measure)
        if not abs(metric.value - found) <= (EXACT * max(1.0, abs(found)) if exact else ROUNDED):
            digits = 12 if exact else 6
            problems.append(f'metrics: {key} is {metric.value:.{digits}g}, its predictions give {found:.{digits}g}')
    missing = [key for key in digest.values if key not in seen] if exact else []
    if missing:
        problems.append(f'metrics: {len(missing)} of {len(digest.values)} are missing, first {missing[0]}')
    return _as_findings('metrics', path, record, problems)


def _as_findings(code: str, path: Path, record: Record, problems: list[str]) -> list[Finding]:
    what_to_do = f'write the record anew, or restore {record.predictions}'
    return [Finding(code, f'{path}: {problem} ({what_to_do})') for problem in problems]


@lru_cache(maxsize=1024)
def _measure(*parts: str | float | None) -> tuple[Measure, str]:
    measure = Measure(*parts)
    return measure, measure.key
