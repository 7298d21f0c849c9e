"""Question F: whether networks that see faces both ways lean to one side of the annotation, and what mends it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmark.analysis.difference import Difference, signed, signed_interval
from benchmark.analysis.findings.directed import Directions
from benchmark.analysis.findings.finding import Answer, Finding
from benchmark.analysis.findings.lean import MIRRORED, UNMIRRORED, Lean, find_leans, treatment
from benchmark.analysis.rows import Row, count_seeds
from benchmark.protocol.differences import over_seeds

UNIT, SIDES = 'mean horizontal error, % of the inter-ocular distance', ('left of the annotation', 'right of it')
SECOND = 'study-hourglass'  # its crops are centred where they are mirrored
_QUESTION = 'Do networks that are trained with mirrored faces lean to one side of the annotation, and what mends it?'


def leaning(
    rows: Sequence[Row], directions: Directions, remedies: Sequence[Difference], star: Sequence[Difference]
) -> Finding:
    """Question F.

    Args:
        rows: rows whose errors are looked at.
        directions: what was measured of their errors.
        remedies: rows with a remedy against those of the same loss without.
        star: STAR against smooth-L1, with each remedy.
    """
    leans = [found for row in rows for found in find_leans(row, directions)]
    if not leans:
        return Finding('F', _QUESTION, 'not run', ('The direction of errors was not measured.',))
    mirrored = [one for one in leans if treatment(one.row) == MIRRORED]
    claims = [*_verdicts(mirrored), _cause(leans), *_costs(mirrored), *_by_row(leans)]
    claims += _remedies(remedies)
    claims += [one.sentence((_method(one.row), _method(one.reference))) for one in (*remedies, *star)]
    return Finding(
        'F', _QUESTION, _answer(mirrored), tuple(claims), tuple(one.measured() for one in leans), UNIT, SIDES
    )


def _established(mirrored: Sequence[Lean]) -> dict[str, bool]:
    """The rule of question F, by data set: one sign in all networks trained with mirroring, on both kinds of faces."""
    found = {}
    for title in dict.fromkeys(one.row.benchmark.title for one in mirrored):
        own = [one for one in mirrored if one.row.benchmark.title == title]
        both = {one.faces for one in own} == {'test', 'training'}
        found[title] = both and {one.side for one in own} in ({-1}, {1})
    return found


def _answer(mirrored: Sequence[Lean]) -> Answer:
    found = _established(mirrored).values()
    return 'yes' if found and all(found) else 'in part' if any(found) else 'open'


def _verdicts(mirrored: Sequence[Lean]) -> list[str]:
    """A sentence for each data set."""
    told = []
    for title, established in _established(mirrored).items():
        own = [one for one in mirrored if one.row.benchmark.title == title]
        low, high = min(one.mean for one in own), max(one.mean for one in own)
        networks = ', '.join(dict.fromkeys(one.row.network for one in own))
        if established:
            side = SIDES[0] if own[0].side < 0 else SIDES[1]
            told.append(
                f'{title}: all networks trained with mirroring predict to the {side}, on test and on training faces: '
                f'means from {signed(low)} to {signed(high)} % of the inter-ocular distance ({networks})'
            )
        else:
            faces = ' and '.join(dict.fromkeys(one.faces for one in own))
            lacking = sum(not one.side for one in own)
            told.append(
                f'{title}: a lean is not established on {faces} faces: means from {signed(low)} to {signed(high)} % of '
                f'the inter-ocular distance, and 0 is in {lacking} of {len(own)} intervals ({networks})'
            )
    return [f'{text}.' for text in told]


def _cause(leans: Sequence[Lean]) -> str:
    """The rule of question F that tells the annotation from the crop."""
    mirrored = [one for one in leans if treatment(one.row) == MIRRORED]
    second = [one.side for one in mirrored if one.row.plan and one.row.plan.name == SECOND]
    without = [one.side for one in leans if treatment(one.row) == UNMIRRORED]
    centred = 'the second network, whose crops are centred where they are mirrored'
    seen = (
        (centred, second, all(second), 'leans', 'does not'),
        ('the first network, trained without mirroring', without, not any(without), 'shows no lean', 'leans'),
    )
    told = [f'{who}, {(yes if met else no) if sides else "has not been measured"}' for who, sides, met, yes, no in seen]
    cause = 'the annotation' if all(sides and met for _, sides, met, *_ in seen) else 'not decided'
    return f'Whether it is the annotation or the crop: {cause}; {"; ".join(told)}.'


def _costs(mirrored: Sequence[Lean]) -> list[str]:
    """A sentence for each network trained with mirroring: what the lean adds to NME, and what STAR changes without."""
    own = [one for one in mirrored if one.faces == 'test']
    told = []
    for where in dict.fromkeys(map(_where, own)):
        errors = {one.row.record.loss: one.errors() for one in own if _where(one) == where}
        gains = {
            loss: [full - centred for full, centred in errors[loss].values()] for loss in sorted(errors, key=str.lower)
        }
        costs = [f'{loss} {_over_seeds(found)}' for loss, found in gains.items()]
        text = f'{where}: the lean adds to NME {" and ".join(costs)}'
        star, baseline = errors.get('STAR', {}), errors.get('smooth-L1', {})
        seeds = sorted(star.keys() & baseline.keys())
        if seeds:
            changes = [_over_seeds([star[seed][place] - baseline[seed][place] for seed in seeds]) for place in (0, 1)]
            text += f'; STAR changes NME by {changes[0]} against smooth-L1, and by {changes[1]} after it is taken off'
        told.append(f'{text} (intervals over seeds; described).')
    return told


def _remedies(remedies: Sequence[Difference]) -> list[str]:
    """The rule of question F on remedies, in a sentence for each."""
    told = []
    for remedy in dict.fromkeys(treatment(one.row) for one in remedies):
        own = [one for one in remedies if treatment(one.row) == remedy]
        right = [one.row.record.loss for one in own if one.excludes_zero and one.is_better]
        wrong = [one.row.record.loss for one in own if one.row.record.loss not in right]
        but = f', not for {" and ".join(wrong)}' if right and wrong else ''
        told.append(
            f'{remedy}, the test error is lower by more than its interval, as the plan asks of a remedy, for '
            f'{" and ".join(right) or "no loss"}{but}.'
        )
    return told


def _method(row: Row) -> str:
    return f'{row.record.loss} {treatment(row)}'


def _where(lean: Lean) -> str:
    return f'{lean.row.benchmark.title}, {lean.row.network}'


def _over_seeds(values: Sequence[float]) -> str:
    return signed_interval(float(np.mean(values)), over_seeds(np.array(values))[0])


def _by_row(leans: Sequence[Lean]) -> list[str]:
    """A sentence for each row."""
    told = []
    for what in dict.fromkeys(one.what for one in leans):
        own = [one for one in leans if one.what == what]
        parts = '; '.join(one.sentence() for one in own)
        told.append(
            f'{what}: mean horizontal error in % of the inter-ocular distance, negative to the left: {parts} '
            f'({count_seeds(len(own[0].files))}, intervals over images).'
        )
    return told
