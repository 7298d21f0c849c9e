from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark.analysis.audit.figures import metric_findings
from benchmark.analysis.audit.predictions import mean_fault, normalizer_fault, repeated_fault
from benchmark.analysis.audit.reading import read_digest
from benchmark.analysis.audit.signature import landmark_hashes
from benchmark.analysis.digest import make_digest
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.records.predictions import read_predictions, save_predictions
from benchmark.records.seal import file_sha256
from tests.analysis.audit.conftest import SIZES

WFLW = BENCHMARKS['wflw']


@pytest.fixture(scope='module')
def compact(big, tmp_path_factory):
    """2,500 faces of 98 landmarks as they come out of their file, and the file."""
    path = tmp_path_factory.mktemp('compact') / 'p.npz'
    save_predictions(big, path)
    return read_predictions(path), path


def test_honest_predictions_have_no_fault(compact, stored, layout):
    for predictions, benchmark in ((compact[0], WFLW), (stored, layout)):
        assert mean_fault(predictions) is None
        assert normalizer_fault(predictions, benchmark) is None
        assert repeated_fault(predictions, landmark_hashes(predictions)) is None
    assert read_digest(compact[1], WFLW).faults == {}


def test_published_predictions_have_no_fault(root):
    from benchmark.records.record import read_records

    for record in read_records(root / 'reports' / 'records'):
        if record.status == 'done':
            path = root / 'reports' / 'records' / record.predictions
            assert read_digest(path, BENCHMARKS[record.benchmark]).faults == {}, record.name


def test_one_changed_value_changes_the_hash_of_the_file(compact, stored, tmp_path):
    rng, path = np.random.default_rng(1), tmp_path / 'q.npz'
    # The large file takes half a second each time.
    for predictions, times in ((compact[0], 4), (stored, 100)):
        save_predictions(predictions, path)
        before, caught = file_sha256(path), 0
        for number in range(times):
            name = ('keypoints', 'distances')[number % 2]
            array = getattr(predictions, name).copy()
            array[tuple(rng.integers(size) for size in array.shape)] += rng.uniform(0.2, 3)
            save_predictions(dataclasses.replace(predictions, exact_means=None, **{name: array}), path)
            caught += file_sha256(path) != before
        assert caught == times


def test_one_changed_distance_contradicts_the_exact_means(compact, tmp_path):
    predictions, _ = compact
    rng, caught = np.random.default_rng(2), 0
    for number in range(100):
        distances = predictions.distances.copy()
        place = tuple(rng.integers(size) for size in distances.shape)
        distances[place] = max(0, distances[place] + rng.choice([-1, 1]) * rng.uniform(0.2, 3))
        if distances[place] == predictions.distances[place]:
            distances[place] += 1
        changed = dataclasses.replace(predictions, distances=distances)
        if number < 3:  # the same out of a file
            save_predictions(changed, tmp_path / 'q.npz')
            changed = read_predictions(tmp_path / 'q.npz')
        fault = mean_fault(changed)
        caught += fault is not None and fault.startswith('distances: from ')
    assert caught == 100


def test_distances_beyond_what_a_unit_holds_are_no_fault(stored):
    distances = stored.distances.copy()
    distances[5, 5] = 1e6
    assert mean_fault(dataclasses.replace(stored, distances=distances)) is None


def test_row_of_another_image_is_caught(stored, layout):
    rng, caught = np.random.default_rng(3), 0
    for _ in range(100):
        to, source = rng.choice(len(stored.image_ids), 2, replace=False)
        keypoints = stored.keypoints.copy()
        keypoints[to] = keypoints[source]
        changed = dataclasses.replace(stored, keypoints=keypoints)
        fault = repeated_fault(changed, landmark_hashes(changed))
        names = stored.image_ids[sorted((to, source))]
        caught += fault == f'keypoints: those of {names[0]} and {names[1]} are the same'
    assert caught == 100


def test_exchanged_normalizing_distances_are_caught(stored, layout):
    exchanged = dataclasses.replace(stored, inter_ocular=stored.inter_pupil, inter_pupil=stored.inter_ocular)
    assert normalizer_fault(exchanged, layout).startswith('inter_ocular of ')


def test_normalizing_distances_of_other_images_are_caught(stored, layout):
    turned = dataclasses.replace(stored, inter_ocular=np.roll(stored.inter_ocular, 1))
    fault = normalizer_fault(turned, layout)
    assert fault.startswith('inter_ocular of ') and ' px apart and off by at most ' in fault


def test_hashes_of_rows_differ_in_a_bit(stored):
    keypoints = stored.keypoints.copy()
    keypoints[7, 3, 1] = np.nextafter(keypoints[7, 3, 1], np.float32(np.inf))
    changed = landmark_hashes(stored) != landmark_hashes(dataclasses.replace(stored, keypoints=keypoints))
    assert changed.sum() == 1 and changed[7]


def test_one_changed_distance_contradicts_the_metrics_where_the_means_are_made_anew(factory, stored, layout, tmp_path):
    record = factory.add('synthetic-68', 'STAR', predictions=stored, sizes=SIZES)
    digest = read_digest(factory.reports / 'records' / record.predictions, BENCHMARKS['synthetic-68'])
    assert metric_findings(tmp_path, record, digest) == []
    rng, caught = np.random.default_rng(4), 0
    for _ in range(100):
        distances = stored.distances.copy()
        distances[tuple(rng.integers(size) for size in distances.shape)] += rng.uniform(0.05, 3)
        changed = dataclasses.replace(stored, distances=distances, exact_means=None)
        (finding, *_) = metric_findings(tmp_path, record, make_digest(changed, layout, ''))
        caught += 'its predictions give' in finding.text
    assert caught == 100
