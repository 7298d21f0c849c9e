"""Arithmetic that the published figures of one method must obey, whatever the method.

Figures are rounded to 0.01 (NME, failure rate) or 0.1 (AUC), so each rule allows for the rounding of what it compares.
Figures of an unknown normalizer are compared with no others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.protocol.metrics import NORMALIZERS

if TYPE_CHECKING:
    import pandas as pd

# Largest rounding errors of printed figures, percent.
NME_ROUNDING = 0.005
_FR_ROUNDING = 0.005
_AUC_ROUNDING = 0.05
# In the other published rows the failures average 10 to 18 % of the normalizing distance.
_HIGHEST_FAILURE_MEAN = 50.0
# The outer eye corners lie further apart than the pupils: 1.386 times on average over the 554 common faces of 300W, and
# published pairs range from 1.387 (common) to 1.440 (challenge).
RATIO_RANGE = (1.38, 1.46)
# 300 indoor and 300 outdoor faces of the 300-W challenge (Sagonas et al., ICCV Workshops 2013).
_PRIVATE_TEST_SIZE = 600


@dataclass(frozen=True)
class Violation:
    """Published figures of one method that cannot all be right as they are labelled.

    Attributes:
        rule: 'subsets', 'area', 'normalizers' or 'counting'.
        rows: labels of the figures in the claims' index.
        explanation: one sentence naming the method, the figures and what does not fit.
    """

    rule: str
    rows: tuple[int, ...]
    explanation: str


def subsets_rule(claims: pd.DataFrame) -> list[Violation]:
    """300W: the full set's NME is the mean of common and challenge, weighted by their numbers of images.

    Args:
        claims: published figures, columns as in :mod:`benchmark.protocol.claims`.

    Returns:
        A violation for each method and normalizer whose three figures differ by more than rounding explains.
    """
    sizes = BENCHMARKS['300w'].subset_sizes
    # The weighted mean carries the rounding of its parts, the full figure its own.
    tolerance = 2 * NME_ROUNDING + 0.001
    violations = []
    for (method, normalizer), values, rows in _groups(
        _normalized(claims[(claims['dataset'] == '300w') & (claims['metric'] == 'nme')]),
        ['method', 'normalizer'],
        'subset',
    ):
        if not {'full', 'common', 'challenge'} <= values.keys():
            continue
        mean = sum(sizes[part] * values[part] for part in ('common', 'challenge')) / sizes['full']
        if abs(values['full'] - mean) > tolerance:
            violations.append(
                Violation(
                    'subsets',
                    tuple(rows[part] for part in ('full', 'common', 'challenge')),
                    f'{method} on 300W ({normalizer}): the full NME is printed as {values["full"]:g}, but its parts '
                    f'{values["common"]:g} and {values["challenge"]:g} average {mean:.2f} over {sizes["common"]} and '
                    f'{sizes["challenge"]} images.',
                )
            )
    return violations


def area_rule(claims: pd.DataFrame) -> list[Violation]:
    """NME, failure rate and AUC up to the same threshold t imply each other's range.

    ``AUC = mean(max(0, 1 - nme / t)) >= 1 - NME / t``, equal exactly when nothing fails; the excess, divided by the
    failure rate, is how far the failures' mean error lies above t.

    Args:
        claims: published figures, columns as in :mod:`benchmark.protocol.claims`.

    Returns:
        A violation for each AUC that is too small for its NME, or so large that the failures' mean error would exceed
        half the normalizing distance.
    """
    violations = []
    for (dataset, subset, normalizer, method), figures in _normalized(claims).groupby(
        ['dataset', 'subset', 'normalizer', 'method'], sort=False
    ):
        nme = figures[figures['metric'] == 'nme']
        if nme.empty:
            continue
        for threshold, at_threshold in figures[figures['metric'] != 'nme'].groupby('threshold', sort=False):
            values = dict(zip(at_threshold['metric'], at_threshold['value'], strict=True))
            if 'auc' not in values:
                continue
            problem = area_problem(nme['value'].iloc[0], values['auc'], values.get('fr'), threshold)
            if problem:
                title = BENCHMARKS[dataset].title
                violations.append(
                    Violation(
                        'area',
                        (*nme.index, *at_threshold.index),
                        f'{method} on {title} ({subset}, {normalizer}): {problem}.',
                    )
                )
    return violations


def area_problem(nme: float, auc: float, fr: float | None, threshold: float) -> str | None:
    """What makes an area impossible beside its NME and failure rate at the same threshold, percent; None: nothing."""
    least = 100 * (1 - nme / threshold)
    tolerance = 100 * NME_ROUNDING / threshold + _AUC_ROUNDING
    printed = f'AUC@{threshold:g} is printed as {auc:g}'
    if auc < least - tolerance:
        return f'{printed}, but with NME {nme:g} it is at least {least:.2f}, so one of them is of another protocol'
    excess = auc - least - tolerance
    if fr is None or excess <= 0:
        return None
    if fr == 0:
        return f'{printed}, but with NME {nme:g} and no failures it is {least:.2f}'
    if threshold * (1 + excess / (fr + _FR_ROUNDING)) > _HIGHEST_FAILURE_MEAN:
        failure_mean = threshold * (1 + (auc - least) / fr)
        return (
            f'{printed}, but with NME {nme:g} and FR {fr:g} the failures would average an error of {failure_mean:.0f} %'
        )
    return None


def normalizers_rule(claims: pd.DataFrame) -> list[Violation]:
    """COFW and 300W: a method's inter-pupil NME is 1.38 to 1.46 times its inter-ocular NME.

    Args:
        claims: published figures, columns as in :mod:`benchmark.protocol.claims`.

    Returns:
        A violation for each method and subset whose two figures have another ratio.
    """
    low, high = RATIO_RANGE
    violations = []
    for (dataset, subset, method), values, rows in _groups(
        _normalized(claims[claims['dataset'].isin(['cofw', '300w']) & (claims['metric'] == 'nme')]),
        ['dataset', 'subset', 'method'],
        'normalizer',
    ):
        if len(values) < 2:
            continue
        ratio = values['inter-pupil'] / values['inter-ocular']
        if not low <= ratio <= high:
            violations.append(
                Violation(
                    'normalizers',
                    (rows['inter-pupil'], rows['inter-ocular']),
                    f'{method} on {BENCHMARKS[dataset].title} ({subset}): the inter-pupil NME '
                    f'{values["inter-pupil"]:g} is {ratio:.2f} times the inter-ocular NME {values["inter-ocular"]:g}, '
                    f'but for one model that ratio lies in {low:g} to {high:g}.',
                )
            )
    return violations


def counting_rule(claims: pd.DataFrame) -> list[Violation]:
    """A failure rate on N images is a multiple of 100 / N percent, rounded to the digits printed, at least two.

    Args:
        claims: published figures, columns as in :mod:`benchmark.protocol.claims`.

    Returns:
        A violation for each failure rate that no number of failed images gives; its explanation says where cutting off
        digits instead of rounding gives it.
    """
    violations = []
    for claim in claims[claims['metric'] == 'fr'].itertuples():
        problem = counting_problem(claim.value, claim.threshold, _size(claim.dataset, claim.subset))
        if problem:
            title = BENCHMARKS[claim.dataset].title
            violations.append(
                Violation(
                    'counting',
                    (claim.Index,),
                    f'{claim.method} on {title} ({claim.subset}, {claim.normalizer}): {problem}.',
                )
            )
    return violations


def counting_problem(fr: float, threshold: float, size: int) -> str | None:
    """Why no number of ``size`` images gives a failure rate, percent; None: one does."""
    text = repr(float(fr))
    # A table of numbers keeps no trailing zeros, and failure rates are printed with two digits or more.
    digits = max(2, len(text.partition('.')[2]))
    printed, unit = Fraction(text), Fraction(1, 10**digits)
    below = printed * size // 100
    lower, upper = Fraction(100 * below, size), Fraction(100 * (below + 1), size)
    if min(printed - lower, upper - printed) <= unit / 2:
        return None
    truncated = upper - printed < unit
    return (
        f'FR@{threshold:g} is printed as {fr:.{digits}f}, but on {size} images the nearest possible rates are '
        f'{float(lower):.{digits + 1}f} ({below} images) and {float(upper):.{digits + 1}f} ({below + 1} images)'
        + (', the latter truncated instead of rounded' if truncated else '')
    )


RULES = (subsets_rule, area_rule, normalizers_rule, counting_rule)


def _size(dataset: str, subset: str) -> int:
    """Number of test images."""
    return _PRIVATE_TEST_SIZE if subset == 'private-test' else BENCHMARKS[dataset].subset_sizes[subset]


def _normalized(claims: pd.DataFrame) -> pd.DataFrame:
    """The figures whose normalizer is known."""
    return claims[claims['normalizer'].isin(NORMALIZERS)]


def _groups(
    claims: pd.DataFrame, keys: list[str], column: str
) -> Iterator[tuple[tuple[str, ...], dict[str, float], dict[str, int]]]:
    """For each group the keys, and per entry of ``column`` the value and the row's label."""
    for key, group in claims.groupby(keys, sort=False):
        names = group[column]
        yield key, dict(zip(names, group['value'], strict=True)), dict(zip(names, group.index, strict=True))
