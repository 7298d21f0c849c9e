"""What leaving out the test images with known mistakes does to the numbers of rows, and to their order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.rows import Row
from benchmark.analysis.sections import Section
from benchmark.protocol.errata import Concerned, concerned

REASONS: Mapping[str, str] = dict(zip(Concerned._fields, ('wrong annotations', 'training faces'), strict=True))
_DECIMALS = 2  # that tables print


@dataclass(frozen=True)
class Without:
    """A number without some images.

    Attributes:
        images: how many are left out.
        nme: NME of the others, mean over seeds, percent; None where none is left.
    """

    images: int
    nme: float | None


@dataclass(frozen=True)
class Effect:
    """What leaving images out does to the NME of a row on a subset, under the headline normalizer.

    Attributes:
        row: the row.
        subset: the subset.
        nme: NME of all its images, mean over seeds, percent.
        without: by the reason, one of :data:`REASONS`, the number without its images; only reasons with an image of
            the subset.
    """

    row: Row
    subset: str
    nme: float
    without: Mapping[str, Without]


@dataclass(frozen=True)
class Exchange:
    """Two rows that change places: the first reads lower with all images, the second without some.

    Attributes:
        first: the row that is better with all images.
        second: the row that is better without.
        reason: one of :data:`REASONS`.
    """

    first: Effect
    second: Effect
    reason: str


def effects(section: Section) -> list[Effect]:
    """What leaving images out does to every row with a result, on every subset with such an image.

    The names of the images are read from one file of predictions for each test set; everything else is in the digests.

    Raises:
        BenchmarkError: a predictions file has become unreadable.
    """
    marked: dict[str, Concerned] = {}
    found = []
    for row in section.rows:
        if not row.done:
            continue
        digest = row.done[0].digest
        if digest.test_set not in marked:
            names = row.done[0].read_predictions().image_ids
            benchmark = section.benchmark.name
            marked[digest.test_set] = concerned(benchmark, names, digest.inter_ocular, digest.inter_pupil)
        found += _effects(row, marked[digest.test_set])
    return found


def exchanges(found: Iterable[Effect]) -> tuple[list[Exchange], int]:
    """Rows that change places, as numbers are printed.

    Compared are rows of one test set, published and own ones apart, on each subset and without the images of each
    reason. Rows that read the same either way do not change places.

    Returns:
        Those that do; and how many pairs were compared, each subset and reason counted.
    """
    groups: dict[tuple, list[Effect]] = {}
    for effect in found:
        for reason, without in effect.without.items():
            if without.nme is not None and not effect.row.outdated:
                key = effect.row.done[0].digest.test_set, effect.row.own, effect.subset, reason
                groups.setdefault(key, []).append(effect)
    moved, compared = [], 0
    for (*_, reason), members in groups.items():
        for one, other in combinations(members, 2):
            compared += 1
            all_images = _printed(one.nme) - _printed(other.nme)
            fewer = _printed(one.without[reason].nme) - _printed(other.without[reason].nme)
            if all_images * fewer < 0:
                moved.append(Exchange(*((one, other) if all_images < 0 else (other, one)), reason))
    return moved, compared


def _effects(row: Row, marked: Concerned) -> list[Effect]:
    found, normalizer = [], row.benchmark.headline_normalizer
    for subset in row.done[0].digest.subset_names:
        member = row.done[0].digest.member(subset)
        errors = [100 * run.digest.nme(normalizer, subset) for run in row.done]
        without = {
            reason: _without(errors, getattr(marked, reason)[member])
            for reason in REASONS
            if getattr(marked, reason)[member].any()
        }
        if without:
            found.append(Effect(row, subset, _mean(errors), without))
    return found


def _without(errors: Sequence[NDArray[np.float64]], left_out: NDArray[np.bool_]) -> Without:
    others = None if left_out.all() else _mean([seed[~left_out] for seed in errors])
    return Without(int(left_out.sum()), others)


def _mean(errors: Sequence[NDArray[np.float64]]) -> float:
    """Mean over seeds of the mean over images."""
    return math.fsum(float(seed.mean()) for seed in errors) / len(errors)


def _printed(value: float) -> float:
    return round(value, _DECIMALS)
