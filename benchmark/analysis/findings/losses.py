"""Questions A to C: rows of one recipe that differ in their loss, on 300W and WFLW."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.analysis.comparison import baseline_of
from benchmark.analysis.difference import Difference, signed_interval
from benchmark.analysis.findings.finding import Answer, Finding, Measured, of_difference
from benchmark.analysis.rows import Row, count_seeds
from benchmark.analysis.standings import Analysis

NETWORKS = {'study-resnet': 'first', 'study-hourglass': 'second', 'study-hrnet': 'third'}
LOSSES, WFLW = 'study-losses', 'study-wflw'
UNIT, SIDES = 'ΔNME, percentage points', ('favours this loss', 'favours smooth-L1')
_ON_300W = 'Does STAR lower the error on 300W against smooth-L1, with the same network and recipe?'
_LOSSES = 'Which of the losses is best?'
_ON_WFLW = 'Does STAR lower the error on WFLW against smooth-L1?'


def planned_pairs(analysis: Analysis | None, plan: str) -> list[tuple[Row, Row]]:
    """Rows that were registered under a plan, each with the baseline of its recipe; baselines are left out.

    Args:
        analysis: of the benchmark; None where it has no record.
        plan: name of the plan.
    """
    pairs = []
    for recipe in analysis.section.recipes if analysis else ():
        baseline = baseline_of(recipe)
        named = [row for row in recipe if row.plan is not None and row.plan.name == plan and row is not baseline]
        pairs += [(row, baseline) for row in named if baseline is not None and not row.own]
    return pairs


def on_300w(analysis: Analysis | None) -> Finding:
    """Question A."""
    found, missing = [], []
    for plan, place in NETWORKS.items():
        differences = _headline(analysis, planned_pairs(analysis, plan))
        found += differences
        if not differences:
            missing.append(f'The {place} network has not been trained.')
    if not found:
        return Finding('A', _ON_300W, 'not run', tuple(missing))
    claims = [f'{one.row.network}: {one.sentence()}' for one in found] + missing
    return Finding('A', _ON_300W, _over_networks(found), tuple(claims), _by_subset(analysis, found), UNIT, SIDES)


def between_losses(analysis: Analysis | None) -> Finding:
    """Question B."""
    pairs = planned_pairs(analysis, LOSSES)
    if not pairs:
        return Finding('B', _LOSSES, 'not run', ('The other losses have not been trained.',))
    baseline = pairs[0][1]
    star = [(row, baseline) for row, other in planned_pairs(analysis, 'study-resnet') if other is baseline]
    found = sorted(_headline(analysis, [*star, *pairs]), key=lambda one: one.mean)
    measured = tuple(of_difference(one, baseline.network, one.row.loss, _note(one)) for one in found)
    claims = [one.sentence() for one in found]
    claims[0] = f'The lowest error: {claims[0]}'
    return Finding('B', _LOSSES, 'described', tuple(claims), measured, UNIT, SIDES)


def on_wflw(analysis: Analysis | None) -> Finding:
    """Question C."""
    found = _headline(analysis, planned_pairs(analysis, WFLW))
    if not found:
        return Finding('C', _ON_WFLW, 'not run', ('Nothing has been trained on WFLW.',))
    (one,) = found
    answer: Answer = 'open' if not one.decided else 'yes' if one.is_better else 'no'
    claims = [f'{one.row.network}: {one.sentence()}']
    subsets = [analysis.difference(one.row, one.reference, measure) for measure in analysis.subset_errors[1:]]
    claims += [_described(each) for each in subsets if each]
    return Finding('C', _ON_WFLW, answer, tuple(claims), _by_subset(analysis, found), UNIT, SIDES)


def _described(one: Difference) -> str:
    amount = signed_interval(one.mean, one.interval)
    names = f'{one.row.record.loss} less that of {one.reference.record.loss}'
    return f'On {one.measure.subset}, NME of {names}: {amount} ({one.conditions}; described).'


def _headline(analysis: Analysis | None, pairs: Sequence[tuple[Row, Row]]) -> list[Difference]:
    if analysis is None:
        return []
    found = [analysis.difference(row, baseline, analysis.headlines[0]) for row, baseline in pairs]
    return [one for one in found if one is not None]


def _over_networks(found: Sequence[Difference]) -> Answer:
    """The rule of question A: two networks decided with one sign, and none with the other."""
    better = sum(one.decided and one.is_better for one in found)
    worse = sum(one.decided and not one.is_better for one in found)
    if better >= 2 and not worse:
        return 'yes'
    return 'no' if worse >= 2 and not better else 'open'


def _by_subset(analysis: Analysis, found: Sequence[Difference]) -> tuple[Measured, ...]:
    lines = []
    for one in found:
        for measure in analysis.subset_errors:
            each = analysis.difference(one.row, one.reference, measure)
            if each is not None:
                lines.append(of_difference(each, one.row.network, measure.subset, _note(each)))
    return tuple(lines)


def _note(one: Difference) -> str:
    return f'{count_seeds(len(one.seeds))}, {one.images} images'
