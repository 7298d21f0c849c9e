from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from benchmark.analysis.audit.finding import Finding
from benchmark.analysis.runs import Run, read_runs
from benchmark.analysis.store import Store
from benchmark.datasets.pts import parse_pts
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.records.predictions import Predictions, read_predictions, save_predictions
from benchmark.records.record import read_records
from benchmark.verification.truth import SLACK, Faces, Truth, truth_findings


class Given:
    """A run whose predictions were made up here, not read."""

    def __init__(self, run: Run, predictions: Predictions) -> None:
        self.record, self.benchmark, self.predictions_path = run.record, run.benchmark, run.predictions_path
        self.read_predictions = lambda: predictions


@pytest.fixture
def check(write, honest, factory, data):
    """What is found of predictions in place of the honest ones, which come out of their compact file."""
    write(honest)
    (run,) = read_runs([factory.reports], Store())
    truth, stored = Truth(data), run.read_predictions()

    def check(change=None, **changes) -> list[Finding]:
        changed = {**changes, **(change(stored) if change else {})}
        return truth_findings(Given(run, dataclasses.replace(stored, **changed)), truth)

    check.stored = stored
    return check


def test_honest_predictions_are_those_of_the_truth(check):
    assert check() == []


def test_one_changed_landmark_is_caught_with_all_hashes_made_anew(check):
    rng, caught = np.random.default_rng(1), 0
    for _ in range(100):
        keypoints = check.stored.keypoints.copy()
        image, landmark, axis = (rng.integers(size) for size in keypoints.shape)
        # Twice the error and more, so that no direction leaves the distance as it was.
        distance = check.stored.distances[image, landmark]
        keypoints[image, landmark, axis] += rng.choice([-1, 1]) * (2 * distance + rng.uniform(1, 5))
        (finding,) = check(keypoints=keypoints)
        caught += finding.code == 'truth' and f'first of landmark {landmark} in ' in finding.text
    assert caught == 100


def test_one_changed_distance_is_caught(check):
    rng, caught = np.random.default_rng(2), 0
    for _ in range(100):
        distances = check.stored.distances.copy()
        distances[tuple(rng.integers(size) for size in distances.shape)] += rng.uniform(0.5, 3)
        (finding,) = check(distances=distances)
        caught += 'distances: 1 of 1160 are not those of the landmarks' in finding.text
    assert caught == 100


def test_shrunk_distances_are_caught(check):
    rng, caught = np.random.default_rng(3), 0
    for _ in range(100):
        # All of them by 10 %, or those of single images by more.
        factor = np.full((40, 1), 0.9)
        if caught % 2:
            factor[:] = 1
            factor[rng.integers(40)] = rng.uniform(0.3, 0.8)
        (finding,) = check(distances=(factor * check.stored.distances).astype(np.float32))
        caught += finding.code == 'truth' and 'are not those of the landmarks' in finding.text
    assert caught == 100


def test_shrunk_exact_means_are_caught(check):
    (finding,) = check(exact_means=0.9 * check.stored.exact_means)
    assert 'exact_means of ' in finding.text and ' images are not those of the landmarks, first of ' in finding.text


def test_distances_that_are_all_a_little_too_small_are_caught(check):
    """Each of them by less than rounding could have changed it."""
    less = 0.1 * SLACK * check.stored.inter_ocular.astype(float)
    distances = np.maximum(check.stored.distances - less[:, None], 0).astype(np.float32)
    (finding,) = check(distances=distances, exact_means=check.stored.exact_means - less)
    assert finding.code == 'truth' and ' % smaller on average than those of the landmarks' in finding.text


def test_distances_that_were_not_rounded_are_held_to_their_last_digits(check):
    (finding,) = check(exact_means=None)
    assert 'are not those of the landmarks, first of landmark ' in finding.text


def test_other_normalizing_distances_and_subsets_are_caught(check):
    (finding,) = check(inter_pupil=check.stored.inter_pupil * np.float32(1.001))
    assert finding.code == 'truth' and finding.text.count('inter_pupil of 40 images is not that of the truth') == 1


def test_other_version_of_the_data_is_for_a_person(write, honest, factory, data):
    changed = dataclasses.replace(honest, inter_pupil=honest.inter_pupil * np.float32(1.0005))
    write(changed, fingerprint='ab' * 32)
    (run,) = read_runs([factory.reports], Store())
    (finding,) = truth_findings(run, Truth(data))
    assert (finding.code, finding.severity) == ('other-truth', 'flag')


def test_images_that_are_not_at_hand_are_said(check):
    names = check.stored.image_ids.copy()
    names[:3] = ['x/1.png', 'x/2.png', 'x/3.png']
    (finding,) = check(image_ids=names)
    assert finding.code == 'no-truth' and '3 of 40 images are not in ' in finding.text


def test_record_without_data_at_hand_has_a_note(write, honest, factory, tmp_path):
    write(honest)
    (run,) = read_runs([factory.reports], Store())
    (finding,) = truth_findings(run, Truth(None))
    assert finding.text.endswith('no prepared synthetic-29 at hand (name it with --data-root)')
    (finding,) = truth_findings(run, Truth(tmp_path))
    assert finding.text.endswith(f'no prepared synthetic-29 in {tmp_path}')


class Pts(Truth):
    """The truth of 300W as it is distributed, without its photographs."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        super().__init__(folder)
        points = np.array([parse_pts((folder / name).with_suffix('.pts').read_bytes(), 68) for name in names])
        subsets = [frozenset({'challenge' if name.startswith('ibug') else 'common'}) for name in names]
        self.test_faces = lambda _: Faces('ab' * 32, names, points, subsets)


def test_published_records_of_300w_are_those_of_the_truth(shared, root):
    for record in read_records(root / 'reports' / 'records'):
        if record.benchmark == '300w' and record.status == 'done':
            path = root / 'reports' / 'records' / record.file_name
            run = Run(record, path, '', BENCHMARKS['300w'], datetime.now(), None)
            names = read_predictions(path.with_name(record.predictions)).image_ids.tolist()
            assert truth_findings(run, Pts(shared / 'data' / '300w', names)) == []


def test_rounding_of_the_compact_form_is_within_the_bounds(honest, tmp_path, check):
    save_predictions(honest, tmp_path / 'p.npz')
    stored = read_predictions(tmp_path / 'p.npz')
    assert not np.array_equal(stored.keypoints, honest.keypoints)
    assert check(keypoints=stored.keypoints, distances=stored.distances) == []
