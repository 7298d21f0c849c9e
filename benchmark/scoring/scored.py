"""The standard numbers of somebody's predictions: NME, failure rate and area, with what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.analysis.intervals import RESAMPLES
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.protocol.measures import Measure, all_measures, per_image, value
from benchmark.protocol.metrics import normalizing_distance
from benchmark.protocol.published_sets import difference, is_published
from benchmark.protocol.statistics import LEAST_IMAGES, Interval, bootstrap_means, percentile_interval, rate_interval
from benchmark.records.faults import content_fault
from benchmark.records.formats import Landmarks, read_landmarks
from benchmark.records.predictions import Predictions
from benchmark.scoring.diagnosis import Finding, diagnose
from benchmark.scoring.matching import Matching, match
from benchmark.scoring.truth import Truth, read_truth

_LARGEST = 1e18  # pixels, whose distances are numbers of float32


@dataclass(frozen=True)
class Number:
    """One number of a test set.

    Attributes:
        measure: which one.
        value: percent.
        images: number of images that it is the mean over.
        interval: 95 % interval over images, percent; None with fewer than 30 images, but for a failure rate.
    """

    measure: Measure
    value: float
    images: int
    interval: Interval | None


@dataclass(frozen=True, eq=False)
class Score:
    """Predictions with their numbers.

    Attributes:
        truth: the test images that were scored.
        predictions: the predictions with their errors, as a record has them.
        form: what the file was taken for.
        how: how predictions and images were matched.
        left_out: what was not scored, in words; empty where everything was.
        limit: what stands in place of the published test set; None where it is that, or none is published.
        numbers: every number of the benchmark, in the order of its measures.
        finding: what is wrong with the predictions as a whole, as far as it shows.
    """

    truth: Truth
    predictions: Predictions
    form: str
    how: str
    left_out: str
    limit: str | None
    numbers: tuple[Number, ...]
    finding: Finding | None

    def worst(self, count: int) -> list[tuple[str, float]]:
        """Names of the images with the largest headline NME, with that NME in percent, largest first."""
        errors = 100 * self.predictions.nme(self.truth.benchmark.headline_normalizer)
        order = np.argsort(-errors, kind='stable')[:count]
        return [(self.truth.names[index], float(errors[index])) for index in order]


def score_file(path: Path, data_root: Path, benchmark: str, allow_incomplete: bool = False) -> Score:
    """Score predictions against a prepared test set, as they are.

    Args:
        path: the predictions, in any format of :mod:`benchmark.records.formats`.
        data_root: folder of all prepared benchmarks.
        benchmark: name of the benchmark.
        allow_incomplete: score the images that have a prediction, and leave out predictions of others.

    Raises:
        BenchmarkError: nothing is prepared; the file cannot be read; it has another number of landmarks, a coordinate
            that is not finite, or an image that is missing, there twice or unknown.
    """
    found = read_landmarks(path)
    truth = read_truth(data_root, benchmark)
    _check_landmarks(path, found, truth)
    # Coordinates that are too large or no numbers are named below, with their image.
    with np.errstate(over='ignore', invalid='ignore'):
        matching = match(found, truth)
    left_out = _check_matching(path, found, matching, truth, allow_incomplete)
    predicted, part = found.keypoints[matching.rows], truth.take(matching.images)
    bad = ~np.isfinite(predicted).all(axis=(1, 2))
    if bad.any():
        raise BenchmarkError(
            f'{path}: a coordinate of {bad.sum()} images is NaN or infinite, first of {part.names[np.argmax(bad)]} '
            '(predict something in every image: a failure counts as a large error)'
        )
    size = np.abs(predicted).max(axis=(1, 2))
    if size.max() > _LARGEST:
        raise BenchmarkError(
            f'{path}: a coordinate of {part.names[np.argmax(size)]} is {size.max():.3g}, more than any image has '
            '(write pixels of the original images)'
        )
    predictions = make_predictions(predicted, part)
    fault = content_fault(vars(predictions), part.benchmark)
    if fault:
        raise BenchmarkError(f'{path}: {fault} (write pixels of the original images)')
    counts = dict(zip(part.benchmark.subsets, part.subsets.sum(axis=0).tolist(), strict=True))
    published = is_published(part.benchmark, part.names, part.benchmark.subsets, part.subsets)
    return Score(
        truth=part,
        predictions=predictions,
        form=found.form,
        how=matching.how,
        left_out=left_out,
        limit=difference(part.benchmark, counts, published),
        numbers=tuple(_numbers(predictions, part)),
        finding=diagnose(predicted, part),
    )


def make_predictions(keypoints: np.ndarray, truth: Truth) -> Predictions:
    """Predicted landmarks with their errors, as :func:`benchmark.records.save_predictions` takes them.

    Args:
        keypoints: (N, K, 2) predicted landmarks, pixels of the original images, finite.
        truth: the same N images.
    """
    name = truth.benchmark.name
    return Predictions(
        image_ids=np.array(truth.names),
        subset_names=np.array(truth.benchmark.subsets),
        subsets=truth.subsets,
        keypoints=keypoints.astype(np.float32),
        distances=np.linalg.norm(keypoints - truth.keypoints, axis=-1).astype(np.float32),
        inter_ocular=normalizing_distance(truth.keypoints, name, 'inter-ocular').astype(np.float32),
        inter_pupil=normalizing_distance(truth.keypoints, name, 'inter-pupil').astype(np.float32),
        ambiguity=truth.ambiguity,
    )


def _numbers(predictions: Predictions, truth: Truth) -> list[Number]:
    measures = [one for one in all_measures(truth.benchmark) if len(predictions.nme(one.normalizer, one.subset))]
    errors = {one: predictions.nme(one.normalizer, one.subset) for one in measures}
    intervals = {
        one: Interval(*(100 * bound for bound in rate_interval(value(errors[one], one) / 100, len(errors[one]))))
        for one in measures
        if one.metric == 'fr'
    }
    for subset in truth.benchmark.subsets:
        alike = [one for one in measures if one.subset == subset and one.metric != 'fr']
        if alike and len(errors[alike[0]]) >= LEAST_IMAGES:
            columns = np.stack([per_image(errors[one], one) for one in alike], axis=1)
            low, high = percentile_interval(bootstrap_means(columns, RESAMPLES))
            intervals |= {one: Interval(float(a), float(b)) for one, a, b in zip(alike, low, high, strict=True)}
    return [Number(one, value(errors[one], one), len(errors[one]), intervals.get(one)) for one in measures]


def _check_landmarks(path: Path, found: Landmarks, truth: Truth) -> None:
    count, expected = found.keypoints.shape[1], truth.benchmark.layout.num_landmarks
    if count == expected:
        return
    others = [b.title for b in BENCHMARKS.values() if b.layout.num_landmarks == count and not b.synthetic]
    hint = f', as {others[0]} has' if others else ''
    raise BenchmarkError(
        f'{path}: {count} landmarks in each image{hint}; {truth.benchmark.title} has {expected} '
        '(name another --dataset, or predict its landmarks)'
    )


def _check_matching(path: Path, found: Landmarks, matching: Matching, truth: Truth, allow_incomplete: bool) -> str:
    """What is left out, in words; raises where that is not allowed."""
    title = truth.benchmark.title
    if not len(matching.rows):
        raise BenchmarkError(
            f'{path}: none of {len(found.keypoints)} predictions is of a test image of {title} '
            f"(there is '{found.labels[0]}', names are as '{truth.names[0]}')"
        )
    parts = [
        _count(matching.missing, f'test images of {title} without a prediction'),
        _count(matching.unknown, 'predictions of no test image'),
        _count(matching.doubled, 'predictions of an image that has one already'),
    ]
    fault = '; '.join(part for part in parts if part)
    if fault and (not allow_incomplete or matching.doubled):
        advice = (
            'mend the file' if matching.doubled else 'mend the file, or score what is there with --allow-incomplete'
        )
        raise BenchmarkError(f'{path}: {fault} ({advice})')
    return fault


def _count(names: Sequence[str], what: str) -> str:
    return f'{len(names)} {what}, first {names[0]}' if names else ''
