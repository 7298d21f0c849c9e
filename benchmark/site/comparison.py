"""Differences between rows of one recipe, and the sentences that may be said about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchmark.errors import BenchmarkError
from benchmark.protocol.statistics import MOST_SEEDS, paired_bootstrap_interval, sign_flip_test
from benchmark.site.measures import coverage, images_of
from benchmark.site.rows import Row
from benchmark.site.runs import Run

MINUS = '\u2212'


@dataclass(frozen=True)
class Difference:
    """NME of one row minus NME of another of its recipe, on the full test set, in percentage points.

    Attributes:
        row: the row.
        reference: the row that it is compared with.
        normalizer: 'inter-ocular' or 'inter-pupil'.
        seeds: seeds that both rows finished.
        mean: mean over those seeds of the difference; negative where ``row`` is better.
        interval: 95 % confidence interval: paired bootstrap over images for one seed, Student's t over the seeds'
            differences for more; None where the test set has a single image.
        images: number of test images.
        p_value: exact two-sided sign-flip test over seeds; None for one seed, or for more than 16.
    """

    row: Row
    reference: Row
    normalizer: str
    seeds: tuple[int, ...]
    mean: float
    interval: tuple[float, float] | None
    images: int
    p_value: float | None

    @property
    def decided(self) -> bool:
        """Whether the interval, as it is printed, excludes zero."""
        return self.interval is not None and (round(self.interval[0], 2) > 0 or round(self.interval[1], 2) < 0)

    def sentence(self) -> str:
        """What the difference allows to say, e.g. 'STAR lowers NME by 0.11 [0.06, 0.16] (1 seed, ...)'."""
        seeds = '1 seed' if len(self.seeds) == 1 else f'{len(self.seeds)} seeds'
        images = f'{coverage(self.row, "full") or self.images} images'
        conditions = [seeds, images, self.normalizer]
        if self.p_value is not None:
            conditions.append(f'exact sign-flip p = {self.p_value:.2g}')
        missing = self.row.missing_data or self.reference.missing_data
        if missing:
            conditions.append('partial data')
        star, other = self.row.record.loss, self.reference.record.loss
        if self.interval is None:
            return f'{star} against {other}: no interval from a single image ({", ".join(conditions)}).'
        low, high = self.interval
        if not self.decided:
            text = (
                f'no difference between {star} and {other} can be shown: '
                f'{signed(self.mean)} [{signed(low)}, {signed(high)}]'
            )
        elif high < 0:
            text = f'{star} lowers NME by {-self.mean:.2f} [{-high:.2f}, {-low:.2f}] against {other}'
        else:
            text = f'{star} raises NME by {self.mean:.2f} [{low:.2f}, {high:.2f}] against {other}'
        return f'{text} ({", ".join(conditions)}).'


def signed(value: float) -> str:
    """Two decimals with a sign; zero has none, and minus is the typographic one."""
    text = f'{abs(value):.2f}'
    if float(text) == 0:
        return text
    return ('+' if value > 0 else MINUS) + text


def difference(row: Row, reference: Row, normalizer: str) -> Difference | None:
    """Compare two rows of one recipe over the seeds that both finished; None if there is no such seed.

    Raises:
        BenchmarkError: two runs of one recipe and seed were tested on different images.
    """
    ours = {run.record.seed: run for run in row.done}
    theirs = {run.record.seed: run for run in reference.done}
    seeds = sorted(ours.keys() & theirs.keys())
    if not seeds:
        return None
    pairs = [_paired_nme(ours[seed], theirs[seed], normalizer) for seed in seeds]
    means = np.array([a.mean() - b.mean() for a, b in pairs])
    p_value = None
    if len(seeds) > 1:
        interval = _t_interval(means)
        if len(seeds) <= MOST_SEEDS:
            p_value = sign_flip_test(means)
    else:
        interval = tuple(paired_bootstrap_interval(*pairs[0])) if len(pairs[0][0]) > 1 else None
    return Difference(
        row, reference, normalizer, tuple(seeds), float(means.mean()), interval, images_of(row, 'full'), p_value
    )


def _paired_nme(run: Run, other: Run, normalizer: str) -> tuple[np.ndarray, np.ndarray]:
    a, b = run.predictions, other.predictions
    if not np.array_equal(a.image_ids, b.image_ids) or not np.allclose(a.inter_ocular, b.inter_ocular, rtol=1e-4):
        raise BenchmarkError(
            f'{run.path.with_name(run.record.predictions)}: other test images, or in another order, than '
            f'{other.record.predictions} of the same recipe (run both again)'
        )
    return 100 * a.nme(normalizer), 100 * b.nme(normalizer)


def _t_interval(differences: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """Student's t interval of the mean of one difference per seed."""
    half = stats.t.ppf((1 + confidence) / 2, len(differences) - 1) * stats.sem(differences)
    return float(differences.mean() - half), float(differences.mean() + half)


def baseline_difference(row: Row, recipe: Sequence[Row], normalizer: str) -> Difference | None:
    """Difference of a row to the baseline of its recipe; None for the baseline itself, or without one."""
    baseline = next((other for other in recipe if other.is_baseline), None)
    if baseline is None or row.is_baseline:
        return None
    return difference(row, baseline, normalizer)


def star_differences(recipe: Sequence[Row], normalizer: str) -> list[Difference]:
    """Every STAR row of a recipe against every other loss of it over their common seeds; outdated rows are left out."""
    current = [row for row in recipe if not row.outdated]
    pairs = [
        difference(row, other, normalizer) for row in current if row.is_star for other in current if not other.is_star
    ]
    return [found for found in pairs if found is not None]
