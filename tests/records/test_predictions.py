from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.predictions import is_compact, read_predictions, save_predictions, summarize


def test_predictions_survive_writing_and_reading(predictions, tmp_path):
    save_predictions(predictions, tmp_path / 'p.npz')
    loaded = read_predictions(tmp_path / 'p.npz')
    for name in ('image_ids', 'subset_names', 'subsets', 'inter_ocular', 'inter_pupil'):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(predictions, name))
        assert getattr(loaded, name).dtype == getattr(predictions, name).dtype
    for name in ('keypoints', 'distances'):
        assert np.abs(getattr(loaded, name) - getattr(predictions, name)).max() <= 50 / 2048
    np.testing.assert_array_equal(loaded.exact_means, predictions.mean_distance)
    assert loaded.covariances is None and loaded.ambiguity is None


def test_nme_is_mean_distance_over_normalizing_distance(predictions):
    expected = [np.mean(predictions.distances[i].astype(float)) / predictions.inter_pupil[i] for i in (0, 1)]
    np.testing.assert_allclose(predictions.nme('inter-pupil', 'common'), expected, rtol=1e-12)


def test_file_of_plain_arrays_is_read_as_it_is(predictions, tmp_path):
    arrays = {name: array for name, array in vars(predictions).items() if array is not None}
    np.savez(tmp_path / 'plain.npz', **arrays)
    loaded = read_predictions(tmp_path / 'plain.npz')
    for field in dataclasses.fields(predictions):
        np.testing.assert_array_equal(getattr(loaded, field.name), getattr(predictions, field.name))
    np.testing.assert_array_equal(loaded.nme('inter-pupil'), predictions.nme('inter-pupil'))


def test_form_can_be_told_from_the_file_alone(predictions, tmp_path):
    save_predictions(predictions, tmp_path / 'p.npz')
    np.savez(tmp_path / 'plain.npz', **{'image_ids': predictions.image_ids})
    assert is_compact(tmp_path / 'p.npz') and not is_compact(tmp_path / 'plain.npz')
    with np.load(tmp_path / 'p.npz') as file:
        assert file['format'] == 2


def test_summary_holds_every_subset_normalizer_and_threshold(predictions):
    metrics = summarize(predictions, get_benchmark('synthetic-68'))
    assert len(metrics) == 3 * 2 * (1 + 2 * 2)
    by_key = {(m.subset, m.normalizer, m.metric, m.threshold): m for m in metrics}
    nme = predictions.distances.mean(1, dtype=float) / predictions.inter_ocular
    assert by_key['full', 'inter-ocular', 'nme', None].value == pytest.approx(100 * nme.mean())
    assert by_key['full', 'inter-ocular', 'fr', 8.0].value == pytest.approx(100 * np.mean(nme > 0.08))
    area = np.mean(np.clip(1 - nme / 0.1, 0, None))
    assert by_key['full', 'inter-ocular', 'auc', 10.0].value == pytest.approx(100 * area)
    assert by_key['challenge', 'inter-pupil', 'nme', None].images == 1


def test_summary_leaves_out_a_subset_without_images(predictions):
    predictions.subsets[:, 2] = False
    assert {metric.subset for metric in summarize(predictions, get_benchmark('300w'))} == {'full', 'common'}
