"""Differences between rows: which runs are paired, and what they show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.difference import Difference
from benchmark.analysis.intervals import image_values
from benchmark.analysis.rows import Row
from benchmark.analysis.runs import Run
from benchmark.analysis.summaries import images_of
from benchmark.errors import BenchmarkError
from benchmark.protocol.differences import MOST_SEEDS, holm, paired_difference, sign_flip_test
from benchmark.protocol.measures import Measure

Corrected = TypeVar('Corrected')


class Pairing(NamedTuple):
    """Two rows with the runs of both that can be paired.

    Attributes:
        row: the row.
        reference: the row that it is compared with.
        seeds: seeds that both finished; empty where one of them is of given weights, or of a seed that is not known.
        runs: runs of ``row``, one for each of ``seeds``, or all.
        others: runs of ``reference``, one for each of ``seeds``, or all.
    """

    row: Row
    reference: Row
    seeds: tuple[int, ...]
    runs: tuple[Run, ...]
    others: tuple[Run, ...]


def pair(row: Row, reference: Row) -> Pairing | None:
    """Pair two rows over the seeds that both finished; None if there is no such seed.

    Given weights have no seed, and of results made elsewhere it may not be known; beside them stand all seeds of the
    other row.

    Raises:
        BenchmarkError: two runs that should be paired were tested on different images.
    """
    if not row.done or not reference.done:
        return None
    if any(run.record.seed is None for run in (*row.done, *reference.done)):
        found = Pairing(row, reference, (), row.done, reference.done)
    else:
        ours, theirs = ({run.record.seed: run for run in one.done} for one in (row, reference))
        seeds = tuple(sorted(ours.keys() & theirs.keys()))
        if not seeds:
            return None
        found = Pairing(row, reference, seeds, *(tuple(side[seed] for seed in seeds) for side in (ours, theirs)))
    for other in (*found.runs, *found.others):
        _check_pair(found.runs[0], other)
    return found


def _check_pair(run: Run, other: Run) -> None:
    fault = run.digest.differs_from(other.digest)
    if fault:
        raise BenchmarkError(
            f'{run.predictions_path}: {fault} than {other.record.predictions}, so the two cannot be paired '
            '(run both again on the same data)'
        )


def compare(wanted: Sequence[tuple[Pairing, Measure]]) -> list[Difference]:
    """Compare pairs of rows.

    Args:
        wanted: pairs of rows, each with what is to be compared.

    Returns:
        One difference each, not corrected for their number, but none where the rows have no image in the measure's
        subset.
    """
    wanted = [one for one in wanted if one[1].key in one[0].runs[0].digest.values]
    tables = [paired_values(*one) for one in wanted]
    flips = _sign_flips([table.mean(axis=1) for table in tables])
    found = []
    for (pairing, measure), table, flip in zip(wanted, tables, flips, strict=True):
        shown = paired_difference(table, rate=measure.metric == 'fr')
        found.append(
            Difference(
                **vars(shown),
                row=pairing.row,
                reference=pairing.reference,
                measure=measure,
                seeds=pairing.seeds,
                sign_flip_p=flip,
                images=images_of(pairing.row, measure.subset),
                comparisons=1,
                corrected_p=shown.p_value,
            )
        )
    return found


def correct(found: Sequence[Corrected], family: Callable[[Corrected], object]) -> list[Corrected]:
    """Correct p-values for the number of comparisons of the same family that have one, by Holm's method.

    Args:
        found: comparisons with ``p_value``, ``comparisons`` and ``corrected_p``.
        family: which family one belongs to.
    """
    families = defaultdict(list)
    for index, one in enumerate(found):
        if one.p_value is not None:
            families[family(one)].append(index)
    corrected = list(found)
    for members in families.values():
        for index, p_value in zip(members, holm([found[i].p_value for i in members]), strict=True):
            corrected[index] = replace(found[index], comparisons=len(members), corrected_p=p_value)
    return corrected


def paired_values(pairing: Pairing, measure: Measure) -> NDArray[np.float64]:
    """(seeds, images) differences, percentage points; (1, images) of the means over runs without common seeds."""
    ours, theirs = (image_values(runs, measure) for runs in (pairing.runs, pairing.others))
    if not pairing.seeds:
        ours, theirs = (values.mean(axis=0, keepdims=True) for values in (ours, theirs))
    return ours - theirs


def _sign_flips(differences: Sequence[NDArray[np.float64]]) -> list[float | None]:
    """For each set of differences over seeds the sign-flip test's p-value."""
    found: list[float | None] = [None] * len(differences)
    by_seeds = defaultdict(list)
    for index, values in enumerate(differences):
        by_seeds[len(values)].append(index)
    for seeds, indices in by_seeds.items():
        if 1 < seeds <= MOST_SEEDS:
            p_values = sign_flip_test(np.stack([differences[index] for index in indices])).tolist()
            for index, p_value in zip(indices, p_values, strict=True):
                found[index] = p_value
    return found


def baseline_of(recipe: Sequence[Row]) -> Row | None:
    """The row of a recipe that the others are compared with, if there is one."""
    return next((row for row in current(recipe) if row.is_baseline), None)


def star_pairs(recipe: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Every STAR row of a recipe with every other loss of it."""
    rows = current(recipe)
    return [(row, other) for row in rows if row.is_star for other in rows if not other.is_star]


def current(recipe: Sequence[Row]) -> list[Row]:
    """The rows of a recipe that are compared: without those of older configurations, and without given weights."""
    return [row for row in recipe if not row.outdated and not row.record.weights]
