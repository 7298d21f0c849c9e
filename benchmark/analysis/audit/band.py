"""Whether a seed lies where the other seeds of its recipe lead one to expect it."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from scipy import stats

from benchmark.analysis.audit.finding import Finding
from benchmark.protocol.measures import Measure

if TYPE_CHECKING:
    from benchmark.analysis.runs import Run

LEAST_SEEDS = 3  # besides the one that is looked at
COVERAGE = 0.999


def band(values: Sequence[float]) -> tuple[float, float]:
    """Where the next value of a normal distribution falls in 99.9 % of cases, as n earlier ones let expect.

    ``mean +- t s sqrt(1 + 1 / n)`` with the quantile t of Student's distribution with n - 1 degrees of freedom and the
    sample's standard deviation s.

    Args:
        values: at least two.
    """
    count = len(values)
    quantile = stats.t.ppf((1 + COVERAGE) / 2, count - 1)
    reach = quantile * statistics.stdev(values) * (1 + 1 / count) ** 0.5
    return statistics.fmean(values) - reach, statistics.fmean(values) + reach


def band_findings(runs: Sequence[Run]) -> Iterator[tuple[Run, Finding]]:
    """Runs whose headline NME lies outside the band of the other seeds of their recipe, and those that have too few.

    Args:
        runs: finished ones; of a seed that is there twice the newest counts for the others.
    """
    by_recipe = defaultdict(list)
    for run in runs:
        record = run.record
        if record.seed is not None:
            own = record.experiment or (record.recipe, record.config)
            by_recipe[record.benchmark, record.name, own].append(run)
    for members in by_recipe.values():
        newest = {run.record.seed: run for run in sorted(members, key=lambda run: run.created)}
        for run in members:
            others = [other for seed, other in newest.items() if seed != run.record.seed]
            yield from ((run, finding) for finding in _of(run, others))


def _of(run: Run, others: Sequence[Run]) -> Iterator[Finding]:
    if len(others) < LEAST_SEEDS:
        said = f'{len(others)} other seeds of its recipe, too few to say where a seed may lie (3 are needed)'
        yield Finding('no-band', f'{run.path}: {said}')
        return
    for subset in run.benchmark.subsets:
        key = Measure(subset, run.benchmark.headline_normalizer, 'nme').key
        values = [other.digest.values.get(key) for other in others]
        found = run.digest.values.get(key)
        if found is None or None in values:
            continue
        low, high = band(values)
        if not low <= found <= high:
            text = f'{key} is {found:.4g}, {len(others)} other seeds of its recipe let expect {low:.4g} to {high:.4g}'
            yield Finding('band', f'{run.path}: {text} (train it again, or look what was different)')
