"""Predictions against the true landmarks, where the dataset is at hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.audit.finding import Finding
from benchmark.analysis.runs import Run
from benchmark.protocol.benchmarks import Benchmark
from benchmark.protocol.image_names import canonical_name
from benchmark.protocol.metrics import normalizing_distance
from benchmark.records.coding import positive
from benchmark.records.compact_form import DISTANCE_UNIT, KEYPOINT_UNIT
from benchmark.records.predictions import Predictions

# What the compact form rounds, in inter-ocular distances: half a unit of x and of y, and a distance by a unit.
SLACK = KEYPOINT_UNIT / 2 * 2**0.5 + DISTANCE_UNIT
_SINGLE = 1e-5  # relative: single precision, and another order of sums
_COORDINATE = 2.0**-22  # relative, of a coordinate in single precision, and of the truth that it was compared with
# Inter-ocular distances that all distances may be off by on average: rounding goes both ways.
ON_AVERAGE = 2e-5


class Faces(NamedTuple):
    """The test set of prepared data.

    Attributes:
        fingerprint: of the data.
        images: (M,) names.
        keypoints: (M, K, 2) true landmarks, pixels.
        subsets: of each face, without 'full'.
    """

    fingerprint: str
    images: Sequence[str]
    keypoints: NDArray[np.float64]
    subsets: Sequence[frozenset[str]]


class Truth:
    """Test sets of the prepared data at hand.

    Args:
        data_root: folder of all prepared benchmarks; None where there is none.
    """

    def __init__(self, data_root: Path | None) -> None:
        self.data_root = data_root
        self.test_faces = cache(self._read)

    def _read(self, benchmark: str) -> Faces | None:
        """The test set of a benchmark; None where nothing is prepared.

        Raises:
            BenchmarkError: the prepared data is damaged.
        """
        if self.data_root is None or not (self.data_root / benchmark / 'manifest.json').exists():
            return None
        # Not with the module: records are verified without any data, too.
        from benchmark.datasets.prepared import read_faces

        manifest, faces = read_faces(self.data_root, benchmark, 'test')
        return Faces(
            manifest.fingerprint,
            [face.image for face in faces],
            np.array([face.keypoints for face in faces]),
            [frozenset(face.subsets) for face in faces],
        )


def truth_findings(run: Run, truth: Truth) -> list[Finding]:
    """What of a finished run is not so against the truth: subsets, normalizing distances, and every stored distance.

    Where the data at hand has another fingerprint than the record's, an image whose normalizing distances differ is
    left to a person: annotations and photographs go round in versions.

    Raises:
        BenchmarkError: the prepared data is damaged, or the predictions have become unreadable.
    """
    faces = truth.test_faces(run.benchmark.name)
    if faces is None or not len(faces.images):
        where = f'in {truth.data_root}' if truth.data_root else 'at hand (name it with --data-root)'
        said = f'its distances to the truth are not checked: no prepared {run.benchmark.name} {where}'
        return [Finding('no-truth', f'{run.predictions_path}: {said}')]
    predictions = run.read_predictions()
    places, found = match_faces(predictions, faces, run.benchmark.name)
    images, path = predictions.image_ids, run.predictions_path
    same = faces.fingerprint == run.record.dataset.fingerprint
    if not len(places):
        return [Finding('no-truth', f'{path}: none of its images is in {truth.data_root / run.benchmark.name}')]
    findings = []
    if len(places) < len(images):
        said = f'{len(images) - len(places)} of {len(images)} images are not in {truth.data_root}, and not checked'
        findings.append(Finding('no-truth', f'{path}: {said}'))
    code = 'truth' if same else 'other-truth'
    moved, other = _normalizer_problem(predictions, faces, places, found, run.benchmark)
    problems = [(code, _subset_problem(predictions, faces, places, found)), (code, other)]
    kept = ~moved
    problems.append(('truth', _distance_problem(predictions, faces, places[kept], found[kept])))
    what_to_do = 'compute it again from the truth'
    return findings + [Finding(kind, f'{path}: {text} ({what_to_do})') for kind, text in problems if text]


def match_faces(predictions: Predictions, faces: Faces, benchmark: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of images in the predictions, and of the same faces in the data; an image that is not there has none.

    Args:
        predictions: of N images.
        faces: the test set at hand, of M faces.
        benchmark: name of the benchmark.

    Returns:
        Two arrays (P,), in the order of the predictions.
    """
    by_name = defaultdict(list)
    for index, name in enumerate(faces.images):
        by_name[canonical_name(benchmark, name) or name].append(index)
    pairs = []
    for place, name in enumerate(predictions.image_ids.tolist()):
        candidates = by_name.get(canonical_name(benchmark, name) or name, [])
        if candidates:
            # Of faces that share an image the one that the predicted landmarks are nearest to.
            apart = np.abs(faces.keypoints[candidates] - predictions.keypoints[place]).mean(axis=(1, 2))
            pairs.append((place, candidates[int(np.argmin(apart))]))
    places = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return places[:, 0], places[:, 1]


def _subset_problem(
    predictions: Predictions, faces: Faces, places: NDArray[np.intp], found: NDArray[np.intp]
) -> str | None:
    names = predictions.subset_names.tolist()
    wrong = [
        place
        for place, face in zip(places.tolist(), found.tolist(), strict=True)
        if {name for name, member in zip(names, predictions.subsets[place], strict=True) if member} - {'full'}
        != faces.subsets[face]
    ]
    if not wrong:
        return None
    return f'{len(wrong)} images are in other subsets than in the data, first {predictions.image_ids[wrong[0]]}'


def _normalizer_problem(
    predictions: Predictions,
    faces: Faces,
    places: NDArray[np.intp],
    found: NDArray[np.intp],
    benchmark: Benchmark,
) -> tuple[NDArray[np.bool_], str | None]:
    """Which of the matched images have other normalizing distances than the truth, and a line on the first."""
    wrong, text = np.zeros(len(places), dtype=bool), None
    for normalizer, stored in (
        ('inter-ocular', predictions.inter_ocular),
        ('inter-pupil', predictions.inter_pupil),
    ):
        true = normalizing_distance(faces.keypoints[found], benchmark.name, normalizer)
        off = ~np.isclose(stored[places], true, rtol=_SINGLE, atol=0)
        if off.any() and text is None:
            first = int(np.argmax(off))
            text = (
                f'{normalizer.replace("-", "_")} of {off.sum()} images is not that of the truth, first of '
                f'{predictions.image_ids[places[first]]}: {stored[places[first]]:.6g} px, true {true[first]:.6g} px'
            )
        wrong |= off
    return wrong, text


def _distance_problem(
    predictions: Predictions, faces: Faces, places: NDArray[np.intp], found: NDArray[np.intp]
) -> str | None:
    scale = positive(predictions.inter_ocular[places])
    true = np.linalg.norm(predictions.keypoints[places] - faces.keypoints[found], axis=-1)
    stored = predictions.distances[places].astype(np.float64)
    slack = _SINGLE * true
    if predictions.exact_means is None:
        slack += _COORDINATE * np.abs(predictions.keypoints[places]).max(axis=(1, 2), initial=0)[:, None]
    else:
        slack += SLACK * scale[:, None]
    off = np.abs(true - stored) > slack
    if off.any():
        image, landmark = np.argwhere(off)[0]
        name, said, is_so = predictions.image_ids[places[image]], stored[image, landmark], true[image, landmark]
        return (
            f'distances: {off.sum()} of {off.size} are not those of the landmarks, first of landmark {landmark} in '
            f'{name}: {said:.4g} px, true {is_so:.4g} px'
        )
    means, true_means = predictions.mean_distance[places], true.mean(axis=1)
    off = np.abs(means - true_means) > slack.mean(axis=1)
    if off.any():
        first = int(np.argmax(off))
        return (
            f'exact_means of {off.sum()} images are not those of the landmarks, first of '
            f'{predictions.image_ids[places[first]]}: {means[first]:.6g} px, true {true_means[first]:.6g} px'
        )
    return _average_problem((means - true_means) / scale, true_means / scale, true.size)


def _average_problem(apart: NDArray[np.float64], true: NDArray[np.float64], count: int) -> str | None:
    """Errors, each within what rounding allows, that are too small or too large on average over ``count`` landmarks."""
    if not len(apart):
        return None
    mean = float(apart.mean())
    # Five standard deviations of what rounding does to one landmark are 1.3 times the slack.
    if abs(mean) <= ON_AVERAGE + 1.5 * SLACK / count**0.5:
        return None
    size = 'smaller' if mean < 0 else 'larger'
    return f'distances: {100 * abs(mean) / true.mean():.2g} % {size} on average than those of the landmarks'
