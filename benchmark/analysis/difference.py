"""The difference of two rows in one measure, and the sentence that may be said about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from benchmark.analysis.rows import UNKNOWN_SEED, Row, count_seeds
from benchmark.analysis.summaries import coverage
from benchmark.protocol.differences import LEAST_SEEDS, PairedDifference
from benchmark.protocol.measures import Measure
from benchmark.protocol.statistics import LEAST_IMAGES, Interval

MINUS = '\u2212'
SIGNIFICANT = 0.05
Verdict = Literal['better', 'worse', 'undecided', '1 seed', '2 seeds', 'given weights', 'no claim']


@dataclass(frozen=True)
class Difference(PairedDifference):
    """A measure of one row minus the same measure of another on the same test images, in percentage points.

    Attributes:
        row: the row.
        reference: the row that it is compared with.
        measure: which measure.
        seeds: seeds that both rows finished; empty where given weights were tested, which are compared with the mean
            over the other row's seeds.
        sign_flip_p: exact two-sided sign-flip test over seeds; None for one seed, or for more than 16.
        images: number of test images.
        comparisons: number of comparisons that ``corrected_p`` is corrected for.
        corrected_p: ``p_value`` after Holm's correction; None where there is none.
    """

    row: Row
    reference: Row
    measure: Measure
    seeds: tuple[int, ...]
    sign_flip_p: float | None
    images: int
    comparisons: int
    corrected_p: float | None

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval that is printed: over seeds and images, else over images alone."""
        return self.over_both or self.over_images

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval, as it is printed, lacks zero."""
        return self.interval is not None and (round(self.interval[0], 2) > 0 or round(self.interval[1], 2) < 0)

    @property
    def decided(self) -> bool:
        """Whether one method is shown to differ from the other; everything that marks a difference asks this.

        The interval over seeds and images, as it is printed, excludes zero, and the corrected p is below 0.05.
        """
        return self.over_both is not None and self.excludes_zero and self.corrected_p < SIGNIFICANT

    @property
    def is_better(self) -> bool:
        """Whether the row's mean is on the better side."""
        return (self.mean > 0) == self.measure.higher_is_better

    @property
    def verdict(self) -> Verdict:
        """What may be said in a word; fewer than three seeds give their number instead."""
        if self.decided:
            return 'better' if self.is_better else 'worse'
        if self.over_both:
            return 'undecided'
        if not self.seeds:
            return 'given weights' if any(row.record.weights for row in (self.row, self.reference)) else 'no claim'
        return count_seeds(len(self.seeds)) if len(self.seeds) < LEAST_SEEDS else 'no claim'

    def reversed(self) -> Difference:
        """The same with the rows exchanged."""
        intervals = {
            name: Interval(-found.high, -found.low)
            for name in ('over_images', 'over_seeds', 'over_both')
            if (found := getattr(self, name))
        }
        return replace(self, row=self.reference, reference=self.row, mean=-self.mean, **intervals)

    @property
    def conditions(self) -> str:
        """On what the difference rests, e.g. '3 seeds, 554 images, inter-ocular, p = 0.012'."""
        parts = [count_seeds(len(self.seeds)) if self.seeds else self._given()]
        parts.append(f'{coverage(self.row, self.measure.subset) or self.images} images')
        if self.measure.subset != 'full':
            parts.append(self.measure.subset)
        parts.append(self.measure.normalizer)
        if self.p_value is not None:
            parts.append(p_text(self.p_value))
            if self.comparisons > 1:
                parts.append(f'corrected for {self.comparisons} comparisons {p_text(self.corrected_p)}')
        if self.exact_p is not None:
            parts.append(f'exact paired {p_text(self.exact_p)}')
        if self.sign_flip_p is not None:
            parts.append(f'exact sign-flip {p_text(self.sign_flip_p)}')
        if self.row.missing_data or self.reference.missing_data:
            parts.append('partial data')
        return ', '.join(parts)

    def sentence(self, names: tuple[str, str] | None = None) -> str:
        """What the difference allows to say, e.g. 'STAR lowers NME by 0.11 [0.06, 0.16] against smooth-L1 (...)'.

        With fewer than three seeds it is about the trained networks and says that they cannot tell about the loss.

        Args:
            names: what to call the row and the other; None for their losses where nothing else differs, else labels.
        """
        name, other, what = (*names, 'configuration') if names else self._names()
        text = self._of_methods(name, other) if self.over_both else self._of_networks(name, other, what)
        return f'{text}.'

    def _of_methods(self, name: str, other: str) -> str:
        if self.decided:
            verb = 'lowers' if self.mean < 0 else 'raises'
            size = unsigned_interval(self.mean, self.interval)
            return f'{name} {verb} {self._metric} by {size} against {other} ({self.conditions})'
        why = ''
        if self.excludes_zero:
            exact = self.exact_p is not None and self.exact_p >= SIGNIFICANT
            why = ' by the exact test over images' if exact else ' after the correction'
        metric = '' if self.measure.metric == 'nme' else f' in {self._metric}'
        return (
            f'no difference between {name} and {other} can be shown{why}: '
            f'{signed_interval(self.mean, self.interval)}{metric} ({self.conditions})'
        )

    def _of_networks(self, name: str, other: str, what: str) -> str:
        if not self.seeds:
            subject, objects, than = name, f'{name} and {other}', 'than'
        else:
            trained = 'trained with' if what == 'loss' else 'of'
            subject = f'the network {trained} {name}' if len(self.seeds) == 1 else f'the networks {trained} {name}'
            objects = f'the networks {trained} {name} and {other}'
            than = 'than with' if what == 'loss' else 'than that of' if len(self.seeds) == 1 else 'than those of'
        told_apart = self.excludes_zero and (self.exact_p is None or self.exact_p < SIGNIFICANT)
        if self.interval is None:
            text = f'{subject}: {signed(self.mean)} in {self._metric} against {other}'
        elif told_apart:
            reads = 'reads' if len(self.seeds) < 2 else 'read'
            side = 'lower' if self.mean < 0 else 'higher'
            size = unsigned_interval(self.mean, self.interval)
            text = f'{subject} {reads} {size} {side} in {self._metric} {than} {other}'
        else:
            text = f'{objects} cannot be told apart: {signed_interval(self.mean, self.interval)} in {self._metric}'
        return f'{text} ({self.conditions}); {self._limit(what)}'

    def _given(self) -> str:
        """What is compared where one row at least is of given weights, or of a seed that is not known."""
        rows = (self.row, self.reference)
        trained = next((row for row in rows if row.record.seed is not None), None)
        given = 'given weights' if any(row.record.weights for row in rows) else UNKNOWN_SEED
        return f'{given} against the mean over {count_seeds(len(trained.done))}' if trained else given

    def _limit(self, what: str) -> str:
        if not self.seeds and not any(row.record.weights for row in (self.row, self.reference)):
            return 'without common seeds nothing is said about a loss'
        if not self.seeds:
            return 'given weights were trained and chosen elsewhere, so this says nothing about a loss'
        if len(self.seeds) >= LEAST_SEEDS and self.over_images is None:
            return f'fewer than {LEAST_IMAGES} images have no interval'
        return why_no_claim(len(self.seeds), what)

    def _names(self) -> tuple[str, str, str]:
        """What tells the rows apart, and what kind of thing that is: their losses only where nothing else differs."""
        row, other = self.row.record, self.reference.record
        alike = row.recipe == other.recipe and self.row.maker == self.reference.maker
        if self.seeds and alike and row.loss != other.loss:
            return self.row.loss, self.reference.loss, 'loss'
        return self.row.label, self.reference.label, 'configuration'

    @property
    def _metric(self) -> str:
        return self.measure.metric_label


def why_no_claim(seeds: int, what: str) -> str:
    """Why some seeds allow no claim about a loss or a configuration."""
    if seeds < LEAST_SEEDS:
        return f'{"one seed" if seeds == 1 else "two seeds"} cannot tell whether the {what} makes a difference'
    return 'all seeds give the same difference, so nothing is known of how seeds vary'


def signed(value: float, digits: int = 2) -> str:
    """A number with a sign; zero has none, and minus is the typographic one."""
    text = f'{abs(value):.{digits}f}'
    if float(text) == 0:
        return text
    return ('+' if value > 0 else MINUS) + text


def signed_interval(mean: float, bounds: Interval | None, digits: int = 2) -> str:
    """A mean with its bounds, both signed; without the bounds where there are none."""
    if bounds is None:
        return signed(mean, digits)
    return f'{signed(mean, digits)} [{signed(bounds[0], digits)}, {signed(bounds[1], digits)}]'


def unsigned_interval(mean: float, bounds: Interval, digits: int = 2) -> str:
    """A mean with its bounds as the size of a difference whose direction is said in words."""
    low, high = bounds if mean > 0 else (-bounds.high, -bounds.low)
    return f'{abs(mean):.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]'


def p_number(p_value: float) -> str:
    """'0.012', or '< 0.0001'."""
    return '< 0.0001' if p_value < 1e-4 else f'{p_value:.2g}'


def p_text(p_value: float) -> str:
    """'p = 0.012', or 'p < 0.0001'."""
    text = p_number(p_value)
    return f'p {text}' if text.startswith('<') else f'p = {text}'
