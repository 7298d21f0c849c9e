"""Question F: whether networks that see faces both ways lean to one side of the annotation, and what mends it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from benchmark.analysis.difference import Difference, signed, signed_interval
from benchmark.analysis.findings.directed import Directions, group
from benchmark.analysis.findings.finding import Answer, Finding, Measured
from benchmark.analysis.rows import Row, count_seeds
from benchmark.protocol.differences import over_seeds
from benchmark.protocol.statistics import Interval
from benchmark.records.residuals import Group, Residuals

UNIT, SIDES = 'mean horizontal error, % of the inter-ocular distance', ('left of the annotation', 'right of it')
MIRRORED = 'with mirroring'
_QUESTION = 'Do networks that are trained with mirrored faces lean to one side of the annotation, and what mends it?'


@dataclass(frozen=True)
class Lean:
    """Mean horizontal error of a row on test or on training faces.

    Attributes:
        row: the row.
        faces: 'test' or 'training'.
        files: what was measured, a file for each seed.
    """

    row: Row
    faces: str
    files: Sequence[Residuals]

    @cached_property
    def mean(self) -> float:
        """Over seeds, percent of the inter-ocular distance, negative to the left."""
        return float(np.mean([one.image_mean[0] for one in self._of('all')]))

    @cached_property
    def interval(self) -> Interval:
        """95 % interval over images of the mean over seeds, as if seeds erred alike on an image."""
        groups = self._of('all')
        images = groups[0].images
        deviation = float(np.mean([one.image_deviation[0] for one in groups]))
        half = float(special.stdtrit(images - 1, 0.975)) * deviation / math.sqrt(images)
        return Interval(self.mean - half, self.mean + half)

    @property
    def side(self) -> int:
        """-1 left and 1 right of the annotation, 0 where the interval includes zero."""
        return int(self.interval.low > 0) - int(self.interval.high < 0)

    @property
    def what(self) -> str:
        """Data, network, loss and treatment of mirrored faces."""
        return f'{self.row.benchmark.title}, {self.row.network}, {self.row.record.loss}, {treatment(self.row)}'

    def sentence(self) -> str:
        """Mean and interval, then the means of the groups of images."""
        parts = [
            f'{one.name} {signed(float(np.mean([each.image_mean[0] for each in self._of(one.name)])))}'
            for one in self.files[0].groups
            if one.name not in ('all', *self.row.benchmark.subsets)
        ]
        by_group = f' ({", ".join(parts)})' if parts else ''
        return f'{signed_interval(self.mean, self.interval)} on {self._images} {self.faces} faces{by_group}'

    def measured(self) -> Measured:
        """The line of the figure."""
        note = f'{count_seeds(len(self.files))}, {self._images} images'
        return Measured(self.what, f'{self.faces} faces', self.mean, *self.interval, bool(self.side), note)

    def errors(self) -> dict[int, tuple[float, float]]:
        """By seed, NME and what it would be without the lean, percent."""
        groups = self._of('all')
        return {one.seed: (found.nme, found.nme_centred) for one, found in zip(self.files, groups, strict=True)}

    @property
    def _images(self) -> int:
        return self._of('all')[0].images

    def _of(self, name: str) -> list[Group]:
        return [found for one in self.files if (found := group(one, name)) is not None]


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
    leans = [found for row in rows for found in _leans(row, directions)]
    if not leans:
        return Finding('F', _QUESTION, 'not run', ('The direction of errors was not measured.',))
    claims = [*_verdicts(leans), *_costs(leans), *_by_row(leans)]
    claims += [f'{treatment(one.row)}: {one.sentence()}' for one in (*remedies, *star)]
    return Finding('F', _QUESTION, _answer(leans), tuple(claims), tuple(one.measured() for one in leans), UNIT, SIDES)


def treatment(row: Row) -> str:
    """How a row was trained on mirrored faces and tested."""
    if '-unmirrored-' in row.record.name:
        return 'without mirroring'
    settings = row.record.settings
    if settings and settings.mirror_shift:
        return 'with shifted labels of mirrored faces'
    return 'with an offset measured on training faces' if settings and settings.mirror_offset else MIRRORED


def _leans(row: Row, directions: Directions) -> list[Lean]:
    found = {
        'test': list(directions.of_row(row).values()),
        'training': directions.on_training_faces(row.record.name),
    }
    return [Lean(row, faces, files) for faces, files in found.items() if files]


def _established(leans: Sequence[Lean]) -> dict[str, bool]:
    """The rule of question F, by data set: one sign in all networks trained with mirroring, on both kinds of faces."""
    mirrored = [one for one in leans if treatment(one.row) == MIRRORED]
    found = {}
    for title in dict.fromkeys(one.row.benchmark.title for one in mirrored):
        own = [one for one in mirrored if one.row.benchmark.title == title]
        both = {one.faces for one in own} == {'test', 'training'}
        found[title] = both and {one.side for one in own} in ({-1}, {1})
    return found


def _answer(leans: Sequence[Lean]) -> Answer:
    found = _established(leans).values()
    return 'yes' if found and all(found) else 'in part' if any(found) else 'open'


def _verdicts(leans: Sequence[Lean]) -> list[str]:
    """A sentence for each data set."""
    told = []
    for title, established in _established(leans).items():
        own = [one for one in leans if one.row.benchmark.title == title and treatment(one.row) == MIRRORED]
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
            told.append(
                f'{title}: a lean is not established; measured on {faces} faces, means from {signed(low)} to '
                f'{signed(high)} % of the inter-ocular distance ({networks})'
            )
    return [f'{text}.' for text in told]


def _costs(leans: Sequence[Lean]) -> list[str]:
    """A sentence for each network trained with mirroring: what the lean adds to NME, and what STAR changes without."""
    own = [one for one in leans if one.faces == 'test' and treatment(one.row) == MIRRORED]
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
            text += f'; STAR changes NME by {changes[0]} against smooth-L1, and where it is taken off by {changes[1]}'
        told.append(f'{text} (intervals over seeds; described).')
    return told


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
            f'{what}: mean horizontal error {parts}, % of the inter-ocular distance, negative to the left '
            f'({count_seeds(len(own[0].files))}).'
        )
    return told
