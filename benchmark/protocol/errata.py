"""Known mistakes of the published annotations, and faces that a benchmark has more than once.

``errata/<benchmark>.csv`` beside this file has a line for each, of the faces that were looked through (see
:data:`LOOKED_THROUGH`). Its columns:

- split: 'train' or 'test'.
- image: a test image by the name that :func:`~benchmark.protocol.image_names.canonical_name` gives it, a training image
  in the same form: folder and name without suffix.
- face: which face of the image, where it may have several (WFLW): of a test face the digest of its normalizing
  distances as in :mod:`~benchmark.protocol.test_sets`, of a training face the number of its line in the training list,
  of which the data looked through do not say whether it counts from 0 or from 1.
- kind: one of :data:`WRONG` or :data:`COPIES`, named as ``python -m benchmark.prepare check`` names them.
- landmarks: indices of those that are out of place by what is to be seen, from 0, separated by blanks.
- twin_split, twin_image, twin_face: where a face that occurs twice occurs again.
- found: one of :data:`WAYS`.
- verdict: one of :data:`VERDICTS`, after a look at the face with its numbered landmarks drawn on it, or at both images
  side by side.
- remark: what was to be seen, in words; empty for confirmed copies.

No landmark can be had from it.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.protocol.image_names import canonical_name
from benchmark.protocol.test_sets import has_distances

FOLDER = Path(__file__).with_name('errata')
WRONG = ('swapped', 'outlying-landmark')
ACROSS = 'train-test-duplicate'
COPIES = (ACROSS, 'duplicate', 'repeated-annotation')
WAYS: Mapping[str, str] = {
    'check': 'python -m benchmark.prepare check',
    'order': 'the order of the landmarks along lids, brows and lips',
}
VERDICTS = ('confirmed', 'no mistake', 'undecided')
# What the order of landmarks was looked through for, inter-ocular distances: upper landmarks of a lid, brow or lip that
# lie below the lower ones by more, and contours that exchanging two of their landmarks makes shorter by more.
LEAST_BELOW, LEAST_SHORTER = 0.04, 0.1


class Faces(NamedTuple):
    """Numbers of faces that were looked through, of the published ones."""

    train: int
    test: int


LOOKED_THROUGH: Mapping[str, Faces] = {'300w': Faces(2012, 689), 'wflw': Faces(1038, 206)}


class Place(NamedTuple):
    """Where a face is: split, image, and which face of the image; see the columns of this module's docstring."""

    split: str
    image: str
    face: str


class Erratum(NamedTuple):
    """One line of a list.

    Attributes:
        place: the face.
        kind: one of :data:`WRONG` or :data:`COPIES`.
        landmarks: indices of the landmarks out of place; empty for copies.
        twin: where the face occurs again; None unless it is a copy.
        found: one of :data:`WAYS`.
        verdict: one of :data:`VERDICTS`.
        remark: what was to be seen, in words.
    """

    place: Place
    kind: str
    landmarks: tuple[int, ...]
    twin: Place | None
    found: str
    verdict: str
    remark: str

    @property
    def confirmed(self) -> bool:
        """Whether it is to be seen."""
        return self.verdict == 'confirmed'


def read_errata(benchmark: str) -> tuple[Erratum, ...]:
    """The errata of a benchmark in the order of the file; none where no list ships."""
    return _read(FOLDER / f'{benchmark}.csv')


@cache
def _read(path: Path) -> tuple[Erratum, ...]:
    if not path.is_file():
        return ()
    return tuple(_erratum(line) for line in csv.DictReader(io.StringIO(path.read_text(encoding='utf-8'))))


class Concerned(NamedTuple):
    """Test images that confirmed errata are about.

    Attributes:
        wrong: (N,) bool, whether the annotation is wrong.
        trained: (N,) bool, whether the face is a training face as well.
    """

    wrong: NDArray[np.bool_]
    trained: NDArray[np.bool_]


def concerned(benchmark: str, image_ids: Sequence[str], inter_ocular: ArrayLike, inter_pupil: ArrayLike) -> Concerned:
    """Which test images of a result have a confirmed mistake.

    Args:
        benchmark: name of the benchmark.
        image_ids: (N,) names of the images, in any order and below any folder.
        inter_ocular: (N,) normalizing distances, pixels.
        inter_pupil: (N,) normalizing distances, pixels.
    """
    by_name = defaultdict(list)
    for index, image in enumerate(image_ids):
        by_name[canonical_name(benchmark, str(image))].append(index)
    distances = np.stack([inter_ocular, inter_pupil], axis=-1).astype(np.float64)
    found = Concerned(*np.zeros((2, len(image_ids)), dtype=bool))
    for erratum in read_errata(benchmark):
        split, name, face = erratum.place
        if split != 'test' or not erratum.confirmed or erratum.kind not in (*WRONG, ACROSS):
            continue
        marked = found.trained if erratum.kind == ACROSS else found.wrong
        for index in by_name[name]:
            marked[index] |= not face or has_distances(benchmark, name, face, *distances[index])
    return found


def _erratum(line: Mapping[str, str]) -> Erratum:
    twin = Place(line['twin_split'], line['twin_image'], line['twin_face'])
    return Erratum(
        Place(line['split'], line['image'], line['face']),
        line['kind'],
        tuple(map(int, line['landmarks'].split())),
        twin if twin.image else None,
        line['found'],
        line['verdict'],
        line['remark'],
    )
