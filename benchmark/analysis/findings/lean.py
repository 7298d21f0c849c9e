"""How far a row errs to one side of the annotation, on test and on training faces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from benchmark.analysis.difference import signed, signed_interval
from benchmark.analysis.findings.directed import Directions, group
from benchmark.analysis.findings.finding import Measured
from benchmark.analysis.rows import Row, count_seeds
from benchmark.protocol.statistics import Interval
from benchmark.records.residuals import Group, Residuals

MIRRORED, UNMIRRORED = 'with mirroring', 'without mirroring'
_TREATMENTS = {
    None: MIRRORED,
    'no mirroring': UNMIRRORED,
    'mirror shift': 'with shifted labels of mirrored faces',
    'mirror offset': 'with an offset measured on training faces',
}


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
        row = self.row
        parts = (row.benchmark.title, row.record.backbone, row.input_size, row.record.loss, treatment(row))
        return ', '.join(parts)

    def sentence(self) -> str:
        """Mean and interval, at how many landmarks the mean has its sign, then the means of the groups of images."""
        landmarks = np.mean([one.mean for one in self._of('all')], axis=0)[:, 0]
        alike = f'this sign at {int((landmarks * self.mean > 0).sum())} of {len(landmarks)} landmarks'
        parts = [
            f'{one.name} {signed(float(np.mean([each.image_mean[0] for each in self._of(one.name)])))}'
            for one in self.files[0].groups
            if one.name not in ('all', *self.row.benchmark.subsets)
        ]
        by_group = f' ({", ".join(parts)})' if parts else ''
        return f'{signed_interval(self.mean, self.interval)} on {self._images} {self.faces} faces, {alike}{by_group}'

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


def treatment(row: Row) -> str:
    """How a row was trained on mirrored faces and tested."""
    return _TREATMENTS[row.mirroring]


def find_leans(row: Row, directions: Directions) -> list[Lean]:
    """What was measured of a row: on test faces, on training faces, or both."""
    found = {
        'test': list(directions.of_row(row).values()),
        'training': directions.on_training_faces(row.record.name),
    }
    return [Lean(row, faces, files) for faces, files in found.items() if files]
