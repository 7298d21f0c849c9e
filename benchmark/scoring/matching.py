"""Which prediction belongs to which test image: by name, by number, or by order, and which have no counterpart."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from benchmark.records.formats.landmarks import Landmarks
from benchmark.scoring.truth import Truth

_SUFFIX = re.compile(r'\.(?:jpe?g|png|bmp|tiff?)$', re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Matching:
    """Predictions beside test images.

    Attributes:
        rows: (M,) predictions that have an image, in the order of the test set.
        images: (M,) that image.
        how: how they were matched, for a person.
        missing: names of images without a prediction.
        doubled: what predictions of an image that has one already are called.
        unknown: what predictions without an image are called.
    """

    rows: NDArray[np.int64]
    images: NDArray[np.int64]
    how: str
    missing: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def match(found: Landmarks, truth: Truth) -> Matching:
    """Match predictions with test images.

    Names are compared from their end, without the suffix: ``data/300w/ibug/image_003_1.jpg`` is ``ibug/image_003_1``,
    and so is ``image_003_1`` alone where no other image is called so. Numbers count from 0 or from 1 in the order of
    the prepared set, whichever fits; without both, that order itself is taken. Several faces of one image are told
    apart by where they are.

    Args:
        found: the predictions, of as many landmarks as the truth.
        truth: the test set.
    """
    if found.names is not None:
        return _by_name(found, truth)
    if found.ids is not None:
        return _by_number(found, truth)
    count = min(len(found.keypoints), len(truth))
    order = np.arange(count)
    return Matching(
        order,
        order,
        f'by their order, which has to be that of the prepared set ({truth.names[0]} first)',
        truth.names[count:],
        unknown=tuple(found.labels[count:]),
    )


def _by_number(found: Landmarks, truth: Truth) -> Matching:
    ids = found.ids
    if len(np.unique(ids)) == len(ids) == len(truth) and np.ptp(ids) >= len(truth):
        places = np.argsort(np.argsort(ids))
        how = 'by the order of their image ids, the smallest for the first image of the prepared set'
    else:
        base = min((0, 1), key=lambda first: _misfit(found, truth, ids - first))
        places, how = ids - base, f'by image id, counted from {base} in the order of the prepared set'
    targets = [int(place) if 0 <= place < len(truth) else None for place in places]
    return _collect(found, truth, targets, how)


def _misfit(found: Landmarks, truth: Truth, places: NDArray[np.int64]) -> tuple[int, float]:
    """How many places are those of no image, and how far landmarks are from the truth at the others."""
    inside = (places >= 0) & (places < len(truth))
    distances = np.linalg.norm(found.keypoints[inside] - truth.keypoints[places[inside]], axis=-1)
    return int((~inside).sum()), float(np.median(distances)) if inside.any() else float('inf')


def _by_name(found: Landmarks, truth: Truth) -> Matching:
    known = [_parts(name) for name in truth.names]
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, parts in enumerate(known):
        groups[parts].append(index)
    tails: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    for parts in groups:
        for length in range(1, len(parts) + 1):
            tails[parts[-length:]].add(parts)
    given = [_parts(name) for name in found.names]
    named = [_find(parts, groups, tails) for parts in given]
    how = 'by name'
    if not any(named):
        # Other folders than the dataset's own: the name of the file alone, where that is enough.
        named = [_only(tails.get(parts[-1:], ())) for parts in given]
        how = 'by the name of the file alone, since none of the folders are those of the dataset'
    targets = _tell_apart(found, truth, named, groups)
    if any(parts is not None and len(groups[parts]) > 1 for parts in named):
        how += '; several faces of one image by where they are'
    return _collect(found, truth, targets, how)


def _parts(name: str) -> tuple[str, ...]:
    """The folders and the name of a file, as images are called everywhere: without suffix, blanks and capitals."""
    path = _SUFFIX.sub('', name.replace('\\', '/'))
    return tuple(part for part in ''.join(path.split()).casefold().split('/') if part not in ('', '.'))


def _find(
    parts: tuple[str, ...], groups: Mapping[tuple[str, ...], object], tails: Mapping[tuple[str, ...], set]
) -> tuple[str, ...] | None:
    """The one image whose name ends as this one, one of the two being the whole end of the other."""
    for start in range(len(parts)):
        if parts[start:] in groups:
            return parts[start:]
    return _only(tails.get(parts, ()))


def _only(candidates: Sequence[tuple[str, ...]] | set) -> tuple[str, ...] | None:
    return next(iter(candidates)) if len(candidates) == 1 else None


def _tell_apart(
    found: Landmarks, truth: Truth, named: Sequence[tuple[str, ...] | None], groups: Mapping[tuple[str, ...], list[int]]
) -> list[int | None]:
    """The image of each prediction; those of an image with several faces go to the nearest ones, one to each."""
    rows = defaultdict(list)
    for row, parts in enumerate(named):
        if parts is not None:
            rows[parts].append(row)
    targets: list[int | None] = [None] * len(named)
    for parts, members in rows.items():
        faces = groups[parts]
        for row in members:
            targets[row] = faces[0]
        if len(faces) > 1 and len(members) <= len(faces):
            distances = found.keypoints[members][:, None] - truth.keypoints[faces][None]
            cost = np.nan_to_num(np.linalg.norm(distances, axis=-1).mean(axis=-1), nan=1e9, posinf=1e9)
            for row, face in zip(*linear_sum_assignment(cost), strict=True):
                targets[members[row]] = faces[face]
    return targets


def _collect(found: Landmarks, truth: Truth, targets: Sequence[int | None], how: str) -> Matching:
    labels, taken, doubled, unknown = found.labels, {}, [], []
    for row, target in enumerate(targets):
        if target is None:
            unknown.append(labels[row])
        elif target in taken:
            doubled.append(labels[row])
        else:
            taken[target] = row
    # Where an image has more predictions than faces, all stand for its first face: no other one is missing.
    crowded = {truth.names[target] for target, count in Counter(targets).items() if target is not None and count > 1}
    missing = tuple(name for index, name in enumerate(truth.names) if index not in taken and name not in crowded)
    images = np.array(sorted(taken), dtype=np.int64)
    rows = np.array([taken[index] for index in images.tolist()], dtype=np.int64)
    return Matching(rows, images, how, missing, tuple(doubled), tuple(unknown))
