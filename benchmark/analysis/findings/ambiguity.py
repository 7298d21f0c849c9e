"""Question D: drawn faces whose annotation noise is along contours or equal in all directions, at the same sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.axes import CHANCE_DEGREES, agreement
from benchmark.analysis.comparison import Pairing, compare, correct, pair, paired_values
from benchmark.analysis.difference import SIGNIFICANT, Difference, p_text, signed_interval
from benchmark.analysis.digest import ROUND, STRETCHED, Axes
from benchmark.analysis.findings.finding import Answer, Finding, of_difference
from benchmark.analysis.intervals import image_values
from benchmark.analysis.rows import count_seeds
from benchmark.analysis.standings import Analysis
from benchmark.protocol.differences import holm, over_seeds
from benchmark.protocol.statistics import Interval

KINDS = {'along': 'noise along contours', 'around': 'noise in all directions'}
UNIT, SIDES = 'ΔNME, percentage points', ('favours STAR', 'favours smooth-L1')
_QUESTION = 'Does STAR pay where annotators disagree along contours, and only there?'


@dataclass(frozen=True)
class Level:
    """STAR and smooth-L1 after training with one annotation noise.

    Attributes:
        kind: key of :data:`KINDS`.
        size: root mean square displacement, percent of the inter-ocular distance.
        difference: NME of STAR minus that of smooth-L1.
        pairing: the runs of both.
    """

    kind: str
    size: float
    difference: Difference
    pairing: Pairing

    @cached_property
    def by_seed(self) -> Mapping[int, float]:
        """The difference of each seed, percentage points."""
        means = paired_values(self.pairing, self.difference.measure).mean(axis=1)
        return dict(zip(self.pairing.seeds, means.tolist(), strict=True))

    @property
    def name(self) -> str:
        """E.g. '2 % noise along contours'; every drawing has a little in all directions."""
        return f'{self.size:g} % {KINDS[self.kind]}' if self.size else 'no added noise'

    @cached_property
    def errors(self) -> tuple[float, float]:
        """NME of smooth-L1 and STAR, percent, means over the seeds of both."""
        sides = (self.pairing.others, self.pairing.runs)
        theirs, ours = (float(image_values(runs, self.difference.measure).mean()) for runs in sides)
        return theirs, ours


def levels(analyses: Mapping[tuple[str, float], Analysis]) -> list[Level]:
    """The levels that were trained, in the order in which they are given, corrected for their number.

    Args:
        analyses: of the drawn benchmark, by kind and size of the annotation noise.
    """
    found = {
        place: pairing
        for place, analysis in analyses.items()
        if analysis.leading_pair and (pairing := pair(*analysis.leading_pair)) is not None and pairing.seeds
    }
    compared = compare([(pairing, analyses[place].measures[0]) for place, pairing in found.items()])
    differences = correct(compared, lambda one: one.measure)
    return [
        Level(*place, difference, pairing)
        for (place, pairing), difference in zip(found.items(), differences, strict=True)
    ]


def on_drawn_faces(analyses: Mapping[tuple[str, float], Analysis], published: Sequence[Analysis]) -> Finding:
    """Question D.

    Args:
        analyses: as :func:`levels` takes them.
        published: of the drawn benchmarks with the noise of real annotators.
    """
    found = levels(analyses)
    on_axes = [text for one in published if (text := _roundness(one))]
    if not found:
        missing = 'No drawn faces with noise of one size were trained on.'
        return Finding('D', _QUESTION, 'not run', (missing, *on_axes))
    claims = [f'With {one.name}: {one.difference.sentence()}' for one in found]
    contrasts = _contrasts(found)
    claims += [contrast.sentence for contrast in contrasts]
    claims += [slope for kind in KINDS if (slope := _slope(found, kind))]
    errors = ', '.join(f'{one.errors[0]:.2f} and {one.errors[1]:.2f} with {one.name}' for one in found)
    claims.append(f'NME of smooth-L1 and STAR against the true landmarks: {errors} (described).')
    claims += [text for one in found if (text := _shape(one))]
    claims += on_axes
    measured = tuple(
        of_difference(one.difference, KINDS[one.kind], f'{one.size:g} %', _note(one.difference)) for one in found
    )
    return Finding('D', _QUESTION, _answer(contrasts), tuple(claims), measured, UNIT, SIDES)


@dataclass(frozen=True)
class _Contrast:
    """What STAR gains with noise along contours beyond what it gains with noise of that size in all directions."""

    size: float
    mean: float
    interval: Interval | None
    p_value: float | None
    seeds: int

    @property
    def decided(self) -> bool:
        low, high = self.interval or (0, 0)
        return self.p_value is not None and self.p_value < SIGNIFICANT and (round(low, 2) > 0 or round(high, 2) < 0)

    @property
    def sentence(self) -> str:
        amount = signed_interval(self.mean, self.interval)
        p_value = f', corrected {p_text(self.p_value)}' if self.p_value is not None else ''
        shown = 'is shown' if self.decided else 'is not shown'
        return (
            f'At {self.size:g} % the difference of STAR to smooth-L1 with noise along contours, less that with noise '
            f'in all directions, is {amount} percentage points ({count_seeds(self.seeds)}{p_value}): that they differ '
            f'{shown}.'
        )


def _contrasts(found: Sequence[Level]) -> list[_Contrast]:
    by_place = {(one.kind, one.size): one for one in found}
    contrasts = []
    for size in sorted({one.size for one in found if one.size}):
        along, around = (by_place.get((kind, size)) for kind in KINDS)
        if along and around:
            values = _common(along, around)
            contrasts.append(_Contrast(size, float(values.mean()), *over_seeds(values), len(values)))
    known = [place for place, one in enumerate(contrasts) if one.p_value is not None]
    for place, p_value in zip(known, holm([contrasts[place].p_value for place in known]), strict=True):
        contrasts[place] = replace(contrasts[place], p_value=p_value)
    return contrasts


def _common(along: Level, around: Level) -> NDArray[np.float64]:
    seeds = sorted(along.by_seed.keys() & around.by_seed.keys())
    return np.array([along.by_seed[seed] - around.by_seed[seed] for seed in seeds])


def _slope(found: Sequence[Level], kind: str) -> str | None:
    """How the difference changes with the size of the noise, from none on: a line through the sizes for each seed."""
    found = [one for one in found if one.kind == kind or not one.size]
    seeds = set.intersection(*(set(one.by_seed) for one in found)) if found else set()
    sizes = np.array([one.size for one in found])
    if len(set(sizes.tolist())) < 3 or not seeds:
        return None
    slopes = [np.polyfit(sizes, [one.by_seed[seed] for one in found], 1)[0] for seed in sorted(seeds)]
    return (
        f'With each percent of {KINDS[kind]} the difference of STAR to smooth-L1 changes by '
        f'{signed_interval(float(np.mean(slopes)), over_seeds(slopes)[0], 3)} percentage points '
        f'({count_seeds(len(slopes))}; described).'
    )


def _shape(one: Level) -> str | None:
    """Axes, stretch and size of the heatmaps beside those of the known noise."""
    sides = (one.pairing.others, one.pairing.runs)
    sizes = [np.mean([_size(run.digest.covariances) for run in runs]) for runs in sides]
    true_size = _size(one.pairing.runs[0].digest.ambiguity)
    size = f'{sizes[0]:.1f} and {sizes[1]:.1f} % of the inter-pupil distance, the noise {true_size:.1f}'
    ours, theirs = agreement(one.pairing.runs), agreement(one.pairing.others)
    if ours is None or theirs is None:
        return f'With {one.name} the heatmaps of smooth-L1 and STAR have a standard deviation of {size} (described).'
    return (
        f'With {one.name} the main axes of the heatmaps of smooth-L1 and STAR lie {theirs.angle.mean:.0f} and '
        f'{ours.angle.mean:.0f} degrees from the contour, their axes have ratios of {theirs.anisotropy.mean:.2f} and '
        f'{ours.anisotropy.mean:.2f}, those of the noise {ours.true_anisotropy:.1f}, and they have a standard '
        f'deviation of {size} (described).'
    )


def _roundness(analysis: Analysis) -> str | None:
    """Where the heatmaps' axes mean something: at how many landmarks they are stretched, and at how many round."""
    if analysis.leading_pair is None:
        return None
    pairing = pair(*analysis.leading_pair)
    sides = [[run.digest.axes for run in runs] for runs in (pairing.others, pairing.runs)] if pairing else []
    if not sides or any(None in side for side in sides):
        return None
    stretched, nearly_round = (
        [(100 * np.mean([getattr(one, name) for one in side]), _median_angle(side, f'{name}_angle')) for side in sides]
        for name in ('stretched', 'round')
    )
    (one, one_angle), (other, other_angle) = stretched
    text = (
        f'{analysis.section.benchmark.title}: heatmaps of smooth-L1 and STAR are stretched (ratio above {STRETCHED:g}) '
        f'at {one:.0f} and {other:.0f} % of the landmarks whose noise has a direction, and there their axes lie '
        f'{one_angle} and {other_angle} degrees from it'
    )
    (one, one_angle), (other, other_angle) = nearly_round
    return (
        f'{text}; they are nearly round (below {ROUND:g}) at {one:.0f} and {other:.0f} %, and there {one_angle} and '
        f'{other_angle} degrees, where chance is {CHANCE_DEGREES:.0f} ({count_seeds(len(pairing.runs))}; described).'
    )


def _median_angle(axes: Sequence[Axes], name: str) -> str:
    values = [getattr(one, name) for one in axes]
    return 'unknown' if None in values else f'{np.mean(values):.0f}'


def _size(covariances: NDArray[np.float64]) -> float:
    """Root mean square standard deviation over landmarks and both directions, percent."""
    return float(100 * np.sqrt((covariances[:, 0] + covariances[:, 2]).mean() / 2))


def _answer(contrasts: Sequence[_Contrast]) -> Answer:
    decided = [one for one in contrasts if one.decided]
    if not decided:
        return 'open'
    signs = {one.mean < 0 for one in decided}
    return ('yes' if signs == {True} else 'no') if len(signs) == 1 else 'open'


def _note(one: Difference) -> str:
    return f'{count_seeds(len(one.seeds))}, {one.images} images'
