from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from benchmark.datasets.prepared import open_prepared
from benchmark.records.predictions import read_predictions
from benchmark.suite.mirror_offset import mirror_offset


def test_offset_is_the_mean_horizontal_error_in_sides_of_the_crop():
    truth = np.random.default_rng(0).uniform(0, 100, (3, 5, 2))
    sides = np.array([50.0, 100.0, 200.0])
    lean = np.array([0.01, 0.02, 0.0, -0.03, 0.005])
    noise = np.array([0.001, -0.002, 0.001])
    predicted = truth.copy()
    predicted[..., 0] -= sides[:, None] * (lean + noise[:, None])
    predicted[..., 1] += 3
    faces = [SimpleNamespace(keypoints=points) for points in truth]
    found = mirror_offset(SimpleNamespace(keypoints=predicted, sides=sides), faces)
    np.testing.assert_allclose(found[:, 0], lean, atol=1e-12)
    np.testing.assert_array_equal(found[:, 1], 0)


def test_a_row_with_the_offset_differs_by_one_number_a_landmark_and_says_so(finished, make_workshop, tmp_path):
    plain, _ = finished
    one = make_workshop(tmp_path)
    one.write_config('tiny-offset', "_base_ = './tiny-smoothl1.py'\nmirror_offset = True\n")
    done = one.run('--name', 'tiny-offset')
    assert done.returncode == 0, done.stderr
    (record,) = one.records()
    (before,) = (record for record in plain.records() if record.name == 'tiny-smoothl1')
    assert record.settings.mirror_offset and not before.settings.mirror_offset
    assert record.recipe != before.recipe
    with_offset, without = (
        read_predictions(workshop.folder / 'results' / 'records' / result.predictions)
        for workshop, result in ((one, record), (plain, before))
    )
    faces = open_prepared(one.folder / one.data, 'synthetic-29').test
    sides = np.array([1.25 * np.ptp(face.keypoints, axis=0).max() for face in faces])
    moved = (with_offset.keypoints - without.keypoints) / sides[:, None, None]
    # Both are stored to a 2048th of the inter-ocular distance, which is less than half a side.
    assert np.abs(moved - moved.mean(axis=0)).max() < 1 / 2048
    assert np.abs(moved[..., 1]).max() < 1 / 2048
    assert np.abs(moved[..., 0].mean(axis=0)).max() > 2 / 2048


def test_a_misspelt_switch_is_one_line(workshop):
    workshop.write_config('tiny-offset', "_base_ = './tiny-smoothl1.py'\nmirror_ofset = True\n")
    done = workshop.run('--name', 'tiny-offset')
    assert 'unknown setting mirror_ofset (did you mean mirror_offset?)' in done.stderr
