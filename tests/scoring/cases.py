"""The published predictions of one network in the place of the truth of another's: real shapes of faces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark.datasets.annotations import Face
from benchmark.datasets.prepared import write_prepared
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.predictions import Predictions, read_predictions
from benchmark.scoring.truth import Truth

RECORDS = Path(__file__).resolve().parents[2] / 'reports' / 'records'
BENCHMARKS = ('synthetic-29', 'synthetic-68', 'synthetic-98', '300w')


def published(benchmark: str) -> dict[str, Predictions]:
    """Published predictions of a benchmark, by the name of their file."""
    return {path.name: read_predictions(path) for path in sorted(RECORDS.glob(f'*_{benchmark}-*.npz'))}


def truth_of(benchmark: str, predictions: Predictions) -> Truth:
    """A test set whose true landmarks are predicted ones."""
    points = predictions.keypoints.astype(np.float64)
    sizes = np.ceil(1.2 * np.maximum(points.max(axis=1), 128))
    if benchmark.startswith('synthetic'):
        sizes = np.full((len(points), 2), 128.0)
    names = tuple(map(str, predictions.image_ids))
    return Truth(get_benchmark(benchmark), None, names, points, sizes, predictions.subsets, predictions.ambiguity)


def write_test_set(root: Path) -> tuple[Truth, np.ndarray]:
    """Prepare 60 test faces of 300W without their images; the test set, and honest predictions of it."""
    found = published('300w')
    whole = truth_of('300w', next(one for name, one in found.items() if 'smoothl1' in name))
    chosen = np.r_[0:25, 300:330, 557:562]
    truth = whole.take(chosen)
    # The list of 300W knows the distances of its images; these have others.
    truth = replace(truth, names=tuple(f'{Path(name).with_suffix("")}_made.jpg' for name in truth.names))
    faces = [
        Face(name, *map(int, size), points, tuple(np.array(truth.benchmark.subsets)[1:][members[1:]]))
        for name, size, points, members in zip(truth.names, truth.sizes, truth.keypoints, truth.subsets, strict=True)
    ]
    train = [replace(faces[0], image='afw/1.jpg', subsets=())]
    digests = {face.image: face.image.encode() for face in (*faces, *train)}
    write_prepared(root, '300w', train, faces, Path('.'), ['most of it'], digests=digests)
    return truth, next(one for name, one in found.items() if 'star' in name).keypoints[chosen].astype(np.float64)
