"""Question E: errors along and across the contour, and the heatmaps beside it, on real faces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmark.analysis.difference import SIGNIFICANT, signed_interval
from benchmark.analysis.findings.directed import Directions, group, indices_of
from benchmark.analysis.findings.finding import Finding, Measured
from benchmark.analysis.rows import Row, count_seeds
from benchmark.protocol.differences import over_seeds
from benchmark.records.residuals import Residuals

UNIT, SIDES = 'Δ mean absolute error, % of the inter-ocular distance', ('STAR smaller', 'smooth-L1 smaller')
_DIRECTIONS = ('along', 'across')
_QUESTION = 'Do heatmaps stretch along contours, and does STAR move errors from across to along?'


def along_and_across(pairs: Sequence[tuple[Row, Row]], directions: Directions) -> Finding:
    """Question E.

    Args:
        pairs: rows of STAR, each with its baseline.
        directions: what was measured of their errors.
    """
    claims, measured = [], []
    for star, baseline in pairs:
        ours, theirs = directions.of_row(star), directions.of_row(baseline)
        seeds = sorted(ours.keys() & theirs.keys())
        if not seeds:
            continue
        where = f'{star.benchmark.title}, {star.network}'
        sides = [[files[seed] for seed in seeds] for files in (ours, theirs)]
        lines = _differences(where, star.benchmark.name, *sides)
        measured += lines
        claims += [_sentence(where, lines[place::2], direction) for place, direction in enumerate(_DIRECTIONS)]
        claims += [_heatmaps(where, star.benchmark.name, *sides), _agreement(where, *sides), _sizes(where, *sides)]
    if not claims:
        return Finding('E', _QUESTION, 'not run', ('The direction of errors was not measured.',))
    return Finding('E', _QUESTION, 'described', tuple(claims), tuple(measured), UNIT, SIDES)


def _differences(where: str, benchmark: str, ours: Sequence[Residuals], theirs: Sequence[Residuals]) -> list[Measured]:
    """STAR minus smooth-L1 in mean absolute error along and across, by part of the face."""
    lines = []
    for part, indices in indices_of(benchmark).items():
        errors = [np.array([_errors(one)[indices].mean(axis=0) for one in side]) for side in (ours, theirs)]
        for place, direction in enumerate(_DIRECTIONS):
            differences = errors[0][:, place] - errors[1][:, place]
            interval, p_value = over_seeds(differences)
            shown = p_value is not None and p_value < SIGNIFICANT
            note = f'{errors[1][:, place].mean():.2f} to {errors[0][:, place].mean():.2f}, {count_seeds(len(ours))}'
            lines.append(
                Measured(
                    where, f'{part}, {direction}', float(differences.mean()), *(interval or (None, None)), shown, note
                )
            )
    return lines


def _sentence(where: str, lines: Sequence[Measured], direction: str) -> str:
    """What STAR changes in one direction, part by part."""
    parts = [
        f'{one.label.partition(",")[0]} {signed_interval(one.mean, None if one.low is None else (one.low, one.high))}'
        for one in lines
    ]
    return (
        f'{where}: against smooth-L1, STAR changes the mean absolute error {direction} the contour by '
        f'{", ".join(parts)} % of the inter-ocular distance (intervals over seeds; described).'
    )


def _errors(residuals: Residuals) -> NDArray[np.float64]:
    """(K, 2) mean absolute error along and across; NaN for landmarks on no contour."""
    return _by_landmark(group(residuals, 'all').mean_absolute)


def _cosines(residuals: Residuals) -> NDArray[np.float64]:
    heatmaps = group(residuals, 'all').heatmaps
    return np.array([np.nan if one is None else one for one in heatmaps.squared_cosine])


def _heatmaps(where: str, benchmark: str, ours: Sequence[Residuals], theirs: Sequence[Residuals]) -> str:
    parts = indices_of(benchmark)
    cosines = [np.mean([_cosines(one) for one in side], axis=0) for side in (theirs, ours)]
    told = [
        f'{part} {cosines[0][indices].mean():.2f} and {cosines[1][indices].mean():.2f}'
        for part, indices in parts.items()
    ]
    return (
        f'{where}: the squared cosine between the main axis of the heatmap and the contour, of smooth-L1 and STAR '
        f'(1 along, 0 across, 0.5 neither): {", ".join(told)} ({count_seeds(len(ours))}; described).'
    )


def _agreement(where: str, ours: Sequence[Residuals], theirs: Sequence[Residuals]) -> str:
    """Whether heatmaps are stretched at those landmarks where errors are."""
    told = []
    for loss, side in (('smooth-L1', theirs), ('STAR', ours)):
        groups = [group(one, 'all') for one in side]
        errors = np.mean([_stretch(one.mean_square) for one in groups], axis=0)
        heatmaps = np.mean([_stretch(one.heatmaps.variance) for one in groups], axis=0)
        known = np.isfinite(errors) & np.isfinite(heatmaps)
        found = stats.spearmanr(errors[known], heatmaps[known])
        told.append(f'{loss} {found.statistic:.2f}')
    return (
        f'{where}: rank correlation over landmarks between how far errors and how far heatmaps are stretched along the '
        f'contour: {" and ".join(told)} ({int(known.sum())} landmarks, {count_seeds(len(ours))}; described).'
    )


def _sizes(where: str, ours: Sequence[Residuals], theirs: Sequence[Residuals]) -> str:
    """How large heatmaps are beside the errors, whose spread they would have if they were estimates of it."""
    told = []
    for loss, side in (('smooth-L1', theirs), ('STAR', ours)):
        groups = [group(one, 'all') for one in side]
        heatmaps = _root_mean([one.heatmaps.variance for one in groups])
        errors = _root_mean([one.mean_square for one in groups])
        told.append(
            f'{loss} heatmaps {heatmaps[0]:.1f} and {heatmaps[1]:.1f}, errors {errors[0]:.1f} and {errors[1]:.1f}'
        )
    return (
        f'{where}: standard deviation of the heatmaps, and root mean square error, along and across the contour: '
        f'{"; ".join(told)} % of the inter-ocular distance ({count_seeds(len(ours))}; described).'
    )


def _root_mean(squares: Sequence[Sequence[tuple[float, float] | None]]) -> NDArray[np.float64]:
    """Along and across, over files and landmarks."""
    return np.sqrt(np.nanmean([_by_landmark(pairs) for pairs in squares], axis=(0, 1)))


def _by_landmark(pairs: Sequence[tuple[float, float] | None]) -> NDArray[np.float64]:
    """(K, 2); NaN for landmarks on no contour."""
    return np.array([pair or (np.nan, np.nan) for pair in pairs])


def _stretch(pairs: Sequence[tuple[float, float] | None]) -> NDArray[np.float64]:
    """(K,) logarithm of the ratio of squares along and across."""
    values = _by_landmark(pairs)
    return np.log(values[:, 0] / values[:, 1])
