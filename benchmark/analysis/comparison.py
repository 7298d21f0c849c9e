"""Differences between rows, and the sentences that may be said about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmark.analysis.intervals import Request, image_intervals
from benchmark.analysis.rows import Row
from benchmark.analysis.runs import Run
from benchmark.analysis.store import Store
from benchmark.analysis.summaries import coverage, images_of
from benchmark.errors import BenchmarkError
from benchmark.protocol.measures import Measure
from benchmark.protocol.statistics import MOST_SEEDS, Interval, sign_flip_test

MINUS = '\u2212'


@dataclass(frozen=True)
class Difference:
    """A measure of one row minus the same measure of another on the same test images, in percentage points.

    Attributes:
        row: the row.
        reference: the row that it is compared with.
        measure: which measure.
        seeds: seeds that both rows finished; empty where given weights were tested.
        mean: mean over those seeds of the difference.
        over_images: 95 % confidence interval by paired bootstrap over images of the differences' mean over seeds; None
            where there is a single image.
        over_seeds: 95 % confidence interval by Student's t over the seeds' differences; None for fewer than two.
        p_value: exact two-sided sign-flip test over seeds; None for one seed, or for more than 16.
        images: number of test images.
    """

    row: Row
    reference: Row
    measure: Measure
    seeds: tuple[int, ...]
    mean: float
    over_images: Interval | None
    over_seeds: Interval | None
    p_value: float | None
    images: int

    @property
    def interval(self) -> Interval | None:
        """The interval that decides: over seeds where there are several, else over images."""
        return self.over_seeds if len(self.seeds) > 1 else self.over_images

    @property
    def decided(self) -> bool:
        """Whether the interval, as it is printed, excludes zero."""
        return self.interval is not None and (round(self.interval[0], 2) > 0 or round(self.interval[1], 2) < 0)

    @property
    def conditions(self) -> str:
        """On what the difference rests, e.g. '3 seeds, 554 images, inter-ocular'."""
        seeds = '1 seed' if len(self.seeds) == 1 else f'{len(self.seeds)} seeds'
        parts = [seeds] if self.seeds else []
        parts += [f'{coverage(self.row, self.measure.subset) or self.images} images', self.measure.normalizer]
        if self.measure.subset != 'full':
            parts.insert(-1, self.measure.subset)
        if self.p_value is not None:
            parts.append(f'exact sign-flip p = {self.p_value:.2g}')
        if self.row.missing_data or self.reference.missing_data:
            parts.append('partial data')
        return ', '.join(parts)

    def sentence(self) -> str:
        """What the difference allows to say, e.g. 'STAR lowers NME by 0.11 [0.06, 0.16] (1 seed, ...)'."""
        star, other = _names(self.row, self.reference)
        if self.interval is None:
            return f'{star} against {other}: no interval from a single image ({self.conditions}).'
        low, high = self.interval
        metric = self.measure.metric_label
        if not self.decided:
            text = (
                f'no difference between {star} and {other} can be shown: '
                f'{signed(self.mean)} [{signed(low)}, {signed(high)}]'
            )
            if self.measure.metric != 'nme':
                text += f' in {metric}'
        elif high < 0:
            text = f'{star} lowers {metric} by {-self.mean:.2f} [{-high:.2f}, {-low:.2f}] against {other}'
        else:
            text = f'{star} raises {metric} by {self.mean:.2f} [{low:.2f}, {high:.2f}] against {other}'
        return f'{text} ({self.conditions}).'


def _names(row: Row, reference: Row) -> tuple[str, str]:
    """What tells two rows apart: their losses, or their configurations where the losses are the same."""
    if row.record.loss != reference.record.loss:
        return row.record.loss, reference.record.loss
    return row.record.name, reference.record.name


def signed(value: float) -> str:
    """Two decimals with a sign; zero has none, and minus is the typographic one."""
    text = f'{abs(value):.2f}'
    if float(text) == 0:
        return text
    return ('+' if value > 0 else MINUS) + text


class Pairing(NamedTuple):
    """Two rows with the runs of both that can be paired.

    Attributes:
        row: the row.
        reference: the row that it is compared with.
        seeds: seeds that both finished; empty where given weights were tested, which are compared as one run.
        runs: runs of ``row``, one for each seed.
        others: runs of ``reference`` for the same seeds.
    """

    row: Row
    reference: Row
    seeds: tuple[int, ...]
    runs: tuple[Run, ...]
    others: tuple[Run, ...]


def pair(row: Row, reference: Row) -> Pairing | None:
    """Pair two rows over the seeds that both finished; None if there is no such seed.

    Raises:
        BenchmarkError: two runs that should be paired were tested on different images.
    """
    if not row.done or not reference.done:
        return None
    ours, theirs = ({run.record.seed: run for run in one.done} for one in (row, reference))
    if row.record.weights or reference.record.weights:
        found = Pairing(row, reference, (), row.done[:1], reference.done[:1])
    else:
        seeds = tuple(sorted(ours.keys() & theirs.keys()))
        if not seeds:
            return None
        found = Pairing(row, reference, seeds, *(tuple(side[seed] for seed in seeds) for side in (ours, theirs)))
    for other in (*found.runs, *found.others):
        _check_pair(found.runs[0], other)
    return found


def _check_pair(run: Run, other: Run) -> None:
    a, b = run.digest, other.digest
    if a.test_set != b.test_set or not np.allclose(a.inter_ocular, b.inter_ocular, rtol=1e-4):
        raise BenchmarkError(
            f'{run.predictions_path}: other test images, or in another order, than '
            f'{other.record.predictions}, so the two cannot be paired (run both again on the same data)'
        )


def compare(wanted: Sequence[tuple[Pairing, Measure]], store: Store) -> list[Difference]:
    """Compare pairs of rows.

    Args:
        wanted: pairs of rows, each with what is to be compared.
        store: results of earlier builds; the new ones are added.

    Returns:
        One difference each, but none where the rows have no image in the measure's subset.
    """
    wanted = [one for one in wanted if one[1].key in one[0].runs[0].digest.values]
    requests = [Request(pairing.runs, pairing.others, measure) for pairing, measure in wanted]
    over_images = image_intervals(requests, store)
    per_seed = [_per_seed(*one) for one in wanted]
    over_seeds = _over_seeds(per_seed)
    return [
        Difference(
            pairing.row,
            pairing.reference,
            measure,
            pairing.seeds,
            float(values.mean()),
            over_images.get(request),
            *certainty,
            images_of(pairing.row, measure.subset),
        )
        for (pairing, measure), request, values, certainty in zip(wanted, requests, per_seed, over_seeds, strict=True)
    ]


def _per_seed(pairing: Pairing, measure: Measure) -> NDArray[np.float64]:
    """(seeds,) differences of the measure, percentage points."""
    ours, theirs = ([run.digest.values[measure.key] for run in side] for side in (pairing.runs, pairing.others))
    return np.subtract(ours, theirs)


def _over_seeds(differences: Sequence[NDArray[np.float64]]) -> list[tuple[Interval | None, float | None]]:
    """For each set of differences over seeds the 95 % interval by Student's t, and the sign-flip test's p-value."""
    found: list[tuple[Interval | None, float | None]] = [(None, None)] * len(differences)
    by_seeds = defaultdict(list)
    for index, values in enumerate(differences):
        by_seeds[len(values)].append(index)
    for seeds, indices in by_seeds.items():
        if seeds < 2:
            continue
        table = np.stack([differences[index] for index in indices])
        middle = table.mean(axis=1)
        half = stats.t.ppf(0.975, seeds - 1) * stats.sem(table, axis=1)
        bounds = [Interval(*pair) for pair in np.stack([middle - half, middle + half], axis=1).tolist()]
        p_values = sign_flip_test(table).tolist() if seeds <= MOST_SEEDS else [None] * len(indices)
        for index, *certainty in zip(indices, bounds, p_values, strict=True):
            found[index] = tuple(certainty)
    return found


def baseline_of(recipe: Sequence[Row]) -> Row | None:
    """The row of a recipe that the others are compared with, if there is one."""
    return next((row for row in recipe if row.is_baseline), None)


def star_pairs(recipe: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Every STAR row of a recipe with every other loss of it; outdated rows are left out."""
    current = [row for row in recipe if not row.outdated]
    return [(row, other) for row in current if row.is_star for other in current if not other.is_star]
