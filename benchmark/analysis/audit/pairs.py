"""Between records: predictions that are another record's, and test images that are not those of the same data."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.audit.finding import Finding
from benchmark.analysis.audit.likeness import (
    COINCIDING,
    IMAGE_LIKE,
    IN_LINE,
    LIKE,
    SHARE,
    Likeness,
    coinciding,
    has_learned,
    in_line,
    likeness,
    measure,
    spread,
)
from benchmark.analysis.audit.mixtures import mixture_findings
from benchmark.analysis.audit.signature import Signature, distance_hashes, name_hashes
from benchmark.records.coding import positive
from benchmark.records.predictions import Predictions
from benchmark.records.record import Record

if TYPE_CHECKING:
    from benchmark.analysis.runs import Run

_SCREENED = 1.4  # how much less like than refused a signature may be, since it is of few images
_SPREAD = 2.0  # of a signature's differences over its images, below which they may be noise
_SPREAD_OVER_LANDMARKS = 1.7  # the same over its landmarks; white noise has up to 1.5, most pairs of trainings more
SAME_RESULT = 0.005  # relative, of NME: what other kernels make of a run whose predictions stay alike
_LEAST_IMAGES = 8  # of a signature that two records have in common


class Pair(NamedTuple):
    """A finding about two runs; it is about the second one, which was created later or is doubted."""

    finding: Finding
    first: Run
    second: Run


def pair_findings(runs: Sequence[Run], doubted: Collection[Path] = ()) -> list[Pair]:
    """Runs that share predictions, or whose predictions are those of others, moved, mixed or with noise; and runs of
    the same data that were tested on different images.

    Records of one run may have the same predictions: the same configuration and seed, trained twice, with a result that
    is the same as well. Where name or configuration differ, but loss, network and seed do not, or where one of them
    tested given weights, which may be those of the other, that the predictions are the same is for a person to judge.
    The same weights in other face boxes may predict what they like.

    Args:
        runs: finished ones, of any benchmarks.
        doubted: paths of records that a finding is about rather than the others, whatever ``created`` says.

    Raises:
        BenchmarkError: a predictions file has become unreadable.
    """
    by_benchmark = defaultdict(list)
    for run in sorted(runs, key=lambda run: (run.path in doubted, run.created, run.path.name, run.path)):
        by_benchmark[run.benchmark.name].append(run)
    found = []
    for members in by_benchmark.values():
        found += _other_data(members)
        for first, second in sorted(_suspects(members)):
            pair = _judge(members[first], members[second])
            found += [pair] if pair else []
        # Weights that are tested in several boxes predict nearly the same in each, which their records say.
        found += [Pair(*mixture) for mixture in mixture_findings([run for run in members if not run.record.boxes])]
    return found


def _other_data(runs: Sequence[Run]) -> Iterator[Pair]:
    by_data = defaultdict(list)
    for run in runs:
        by_data[run.record.dataset.fingerprint].append(run)
    for members in by_data.values():
        sets = [run.digest.test_set for run in members]
        usual = members[sets.index(max(sets, key=sets.count))]
        for run in members:
            fault = usual.digest.differs_from(run.digest)
            if fault:
                text = f'{fault} than {usual.predictions_path}, though dataset.fingerprint is the same'
                what_to_do = 'restore it, or test both on the same data'
                finding = Finding('other-data', f'{run.predictions_path}: {text} ({what_to_do})')
                yield Pair(finding, usual, run)


def _suspects(runs: Sequence[Run]) -> set[tuple[int, int]]:
    """Pairs, by their places, whose signatures or some rows are alike."""
    pairs = _with_common_rows(runs)
    signatures = [Signature(run.digest.signature_keys, run.digest.signature) for run in runs]
    # Where names and distances go together in the same way, both ways of pairing images are one.
    order = [(run.digest.test_set, run.digest.inter_ocular.tobytes()) for run in runs]
    for way in range(2):
        groups = defaultdict(list)
        for place, one in enumerate(signatures):
            groups[one.keys[way].tobytes()].append(place)
        for members in groups.values():
            values = np.stack([signatures[place].values[way] for place in members])
            for index, place in enumerate(members):
                later = [i for i in range(index + 1, len(members)) if not way or order[members[i]] != order[place]]
                if later:
                    alike = _is_suspect(values[index], values[later])
                    pairs |= {(place, members[i]) for i, found in zip(later, alike, strict=True) if found}
        for one, other in combinations(groups.values(), 2):
            crossed = ((min(i, j), max(i, j)) for i in one for j in other)
            pairs |= {(i, j) for i, j in crossed if have_like_images(signatures[i], signatures[j], way)}
    return pairs


def have_like_images(first: Signature, second: Signature, way: int) -> bool:
    """Whether the images that two signatures have in common, by names (way 0) or distances (1), are worth a look."""
    _, left, right = np.intersect1d(first.keys[way], second.keys[way], return_indices=True)
    return len(left) >= _LEAST_IMAGES and bool(_is_suspect(first.values[way, left], second.values[way, right]))


def _is_suspect(first: NDArray, second: NDArray) -> NDArray[np.bool_]:
    """Of signatures (S, L, 3) and (..., S, L, 3), whether they are worth a look at all landmarks."""
    found = measure(first, second)
    difference, remainder = (np.median(values, axis=-1) for values in (found.difference, found.remainder))
    images = np.minimum(found.difference, found.remainder)
    by_image = found.difference * np.maximum(np.median(first[..., 2], axis=-1), 1e-30)
    even = (spread(by_image) < _SPREAD) & (_over_landmarks(first, second) < _SPREAD_OVER_LANDMARKS)
    return has_learned(first, second) & (
        (np.minimum(difference, remainder) < _SCREENED * LIKE)
        | ((images < _SCREENED * IMAGE_LIKE).mean(axis=-1) >= SHARE / 2)
        | ((difference < 1) & even)
        | (coinciding(first, second) >= COINCIDING / 2)
        | (in_line(first, second) >= IN_LINE / _SCREENED)
    )


def _over_landmarks(first: NDArray, second: NDArray) -> NDArray[np.float64]:
    """How much the differences of signatures (..., S, L, 3) spread over landmarks, each image in units of its own."""
    moved = second[..., :2] - first[..., :2]
    aside = moved - moved.mean(axis=-2, keepdims=True)
    square = (aside**2).sum(axis=-1)
    share = square / np.maximum(square.mean(axis=-1, keepdims=True), 1e-30)
    return np.sqrt(spread(share.mean(axis=-2)))


def _with_common_rows(runs: Sequence[Run]) -> set[tuple[int, int]]:
    """Pairs that have the landmarks of an image in common to the last bit, under whatever name."""
    rows = np.concatenate([run.digest.rows for run in runs])
    owners = np.repeat(np.arange(len(runs)), [len(run.digest.rows) for run in runs])
    order = np.argsort(rows, kind='stable')
    rows, owners = rows[order], owners[order]
    # Owners of the same row are neighbours now, in ascending order.
    same = (rows[1:] == rows[:-1]) & (owners[1:] != owners[:-1])
    pairs = np.unique(np.stack([owners[:-1][same], owners[1:][same]], axis=-1), axis=0)
    return {tuple(pair) for pair in pairs.tolist()}


def _judge(first: Run, second: Run) -> Pair | None:
    in_other_boxes = first.record.boxes != second.record.boxes
    if in_other_boxes and _weights_of(first.record) == _weights_of(second.record):
        return None
    one, other = first.read_predictions(), second.read_predictions()
    found = compare_predictions(one, other)
    if found is None:
        return None
    code = found.code
    if code == 'copy' and _same_result(first, second):
        if _identity(first.record) == _identity(second.record):
            return None
        code = 'twin' if _are_twins(first.record, second.record) else code
    elif in_other_boxes and _networks_are_alike(first.record, second.record):
        code = 'twin'  # of given weights, which may be those that the other record trained
    text = f'{second.predictions_path}: holds the predictions of another record, {first.predictions_path}: {found.text}'
    what_to_do = {'twin': 'look whether both are one training'}.get(code, 'restore it or run the experiment again')
    return Pair(Finding(code, f'{text} ({what_to_do})'), first, second)


def _identity(record: Record) -> tuple:
    weights = _weights_of(record)
    return record.benchmark, record.name, record.seed, record.recipe, record.config, weights, record.method


def _weights_of(record: Record) -> str | None:
    return record.weights and record.weights.sha256


def _same_result(first: Run, second: Run) -> bool:
    key = f'nme.full.{first.benchmark.headline_normalizer}'
    return math.isclose(first.digest.values[key], second.digest.values[key], rel_tol=SAME_RESULT)


def _are_twins(first: Record, second: Record) -> bool:
    if first.method or second.method:
        return False
    if first.weights or second.weights:
        return True
    return first.seed is not None and first.seed == second.seed and _networks_are_alike(first, second)


def _networks_are_alike(first: Record, second: Record) -> bool:
    parts = ((one.loss, one.backbone, one.input_size) for one in (first, second))
    return len(set(parts)) == 1


def compare_predictions(first: Predictions, second: Predictions) -> Likeness | None:
    """Whether no two trainings can have made these predictions, image names aside; None: they can.

    Images are paired by their names, and by their normalizing distances; landmarks of single images that are the same
    to the last bit are found under any name.
    """
    # Where names and distances go together in the same way, both ways of pairing images are one.
    for pairing in dict.fromkeys(_pairing(hashes(first), hashes(second)) for hashes in (name_hashes, distance_hashes)):
        if not pairing:
            continue
        left, right = np.array(sorted(pairing)).T
        scale = positive(first.inter_ocular[left])
        values = (_values(one, places, scale) for one, places in ((first, left), (second, right)))
        found = likeness(*values, scale)
        if found:
            renamed = int((first.image_ids[left] != second.image_ids[right]).sum())
            return Likeness(found.code, f'{found.text}, {renamed} of them under other names') if renamed else found
    rows = [{row.tobytes() for row in one.keypoints} for one in (first, second)]
    common = len(rows[0] & rows[1])
    return Likeness('copy', f'in {common} of {len(rows[1])} images the same, under whatever name') if common else None


def _pairing(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> frozenset[tuple[int, int]]:
    _, left, right = np.intersect1d(first, second, return_indices=True)
    return frozenset(zip(left.tolist(), right.tolist(), strict=True))


def _values(predictions: Predictions, places: NDArray, scale: NDArray) -> NDArray[np.float64]:
    columns = predictions.keypoints[places], predictions.distances[places][..., None]
    return np.concatenate(columns, axis=-1).astype(np.float64) / scale[:, None, None]
