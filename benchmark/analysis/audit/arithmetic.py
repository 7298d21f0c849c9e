"""Whether the figures of a record obey the arithmetic that every method's figures must, as published ones do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmark.analysis.audit.finding import Finding
from benchmark.protocol.benchmarks import Benchmark, get_benchmark
from benchmark.protocol.claim_rules import NME_ROUNDING, RATIO_RANGE, area_problem, counting_problem
from benchmark.records.parts import Metric
from benchmark.records.record import Record

_Figures = dict[tuple[str, str], dict[tuple[str, float | None], Metric]]


def arithmetic_findings(path: Path, record: Record) -> list[Finding]:
    """Figures that cannot all be right: a failure rate that no number of images gives, an area that its NME excludes,
    subsets that do not make up the whole. And, for a person, an unusual ratio of the normalizers, and failures that are
    far larger than those of published methods.

    It is the record's own list that is looked at, without its predictions, by the rules that published figures are held
    to (:mod:`benchmark.protocol.claim_rules`), with the record's own numbers of images.
    """
    benchmark = get_benchmark(record.benchmark)
    figures: _Figures = {}
    for metric in record.metrics:
        figures.setdefault((metric.subset, metric.normalizer), {})[metric.metric, metric.threshold] = metric
    broken = [*_threshold_problems(figures, True), *_partition_problems(figures, benchmark)]
    unusual = [*_threshold_problems(figures, False), *_ratio_problems(figures, benchmark)]
    what_to_do = 'compute the metrics from the predictions again'
    return [Finding('arithmetic', f'{path}: metrics: {one} ({what_to_do})') for one in broken] + [
        Finding('unusual', f'{path}: metrics: {one} (look at the predictions)') for one in unusual
    ]


def _threshold_problems(figures: _Figures, impossible: bool) -> Iterator[str]:
    """Failure rates and areas that cannot be; or those that can, but only with very large failures."""
    for (subset, normalizer), found in figures.items():
        nme = found.get(('nme', None))
        for (kind, threshold), metric in found.items():
            problem = None
            if kind == 'fr' and threshold and impossible:
                # Rounded as in print, which is what the rules allow for.
                problem = counting_problem(round(metric.value, 2), threshold, metric.images)
            elif kind == 'auc' and threshold and nme:
                rate = found['fr', threshold].value if ('fr', threshold) in found else None
                possible = area_problem(nme.value, metric.value, None if rate else rate, threshold) is None
                if possible is not impossible:
                    problem = area_problem(nme.value, metric.value, rate, threshold)
            if problem:
                yield f'{subset}, {normalizer}: {problem}'


def _partition_problems(figures: _Figures, benchmark: Benchmark) -> Iterator[str]:
    """The full NME is the mean of those of its parts, weighted by their numbers of images."""
    for normalizer in dict.fromkeys(normalizer for _, normalizer in figures):
        nme = {name: found.get(('nme', None)) for (name, kind), found in figures.items() if kind == normalizer}
        parts, full = [nme[name] for name in benchmark.partition if nme.get(name)], nme.get('full')
        images = sum(part.images for part in parts)
        if not parts or full is None or images != full.images:
            continue
        mean = sum(part.images * part.value for part in parts) / images
        if abs(mean - full.value) > 2 * NME_ROUNDING + 0.001:
            yield f'the full NME ({normalizer}) is {full.value:g}, but its parts average {mean:g}'


def _ratio_problems(figures: _Figures, benchmark: Benchmark) -> Iterator[str]:
    if benchmark.name not in ('cofw', '300w'):
        return
    low, high = RATIO_RANGE
    for subset in benchmark.subsets:
        pair = [figures.get((subset, kind), {}).get(('nme', None)) for kind in ('inter-pupil', 'inter-ocular')]
        if None in pair or not pair[1].value > 0:
            continue
        ratio = pair[0].value / pair[1].value
        if not low <= ratio <= high:
            yield (
                f'{subset}: the inter-pupil NME is {ratio:.2f} times the inter-ocular NME, but for one model that '
                f'ratio lies in {low:g} to {high:g}'
            )
