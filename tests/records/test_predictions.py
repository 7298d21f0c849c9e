from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.predictions import load_predictions, save_predictions, summarize


def test_predictions_survive_writing_and_reading(predictions, tmp_path):
    save_predictions(predictions, tmp_path / 'p.npz')
    loaded = load_predictions(tmp_path / 'p.npz')
    for field in dataclasses.fields(predictions):
        np.testing.assert_array_equal(getattr(loaded, field.name), getattr(predictions, field.name))
    assert loaded.covariances is None


def test_nme_is_mean_distance_over_normalizing_distance(predictions):
    expected = [np.mean(predictions.distances[i].astype(float)) / predictions.inter_pupil[i] for i in (0, 1)]
    np.testing.assert_allclose(predictions.nme('inter-pupil', 'common'), expected, rtol=1e-12)


@pytest.mark.parametrize('name', ['keypoints', 'distances'])
@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_nan_prediction_is_refused_by_name_of_its_image_and_stores_nothing(predictions, tmp_path, name, value):
    getattr(predictions, name)[1, 5] = value
    with pytest.raises(BenchmarkError, match=rf'{name} of 1 images are NaN or infinite, first of b\.png'):
        save_predictions(predictions, tmp_path / 'p.npz')
    assert not (tmp_path / 'p.npz').exists()


def test_finished_predictions_stay_when_new_ones_are_nan(predictions, tmp_path):
    save_predictions(predictions, tmp_path / 'p.npz')
    before = (tmp_path / 'p.npz').read_bytes()
    predictions.keypoints[0] = np.nan
    with pytest.raises(BenchmarkError):
        save_predictions(predictions, tmp_path / 'p.npz')
    assert (tmp_path / 'p.npz').read_bytes() == before


def test_damaged_file_is_refused_in_one_line(predictions, tmp_path):
    path = tmp_path / 'p.npz'
    save_predictions(predictions, path)
    content = path.read_bytes()
    for damaged in (b'', b'not a zip', content[: len(content) // 2], content[:-10]):
        path.write_bytes(damaged)
        with pytest.raises(BenchmarkError, match=r'p\.npz: not a readable predictions file') as error:
            load_predictions(path)
        assert '\n' not in str(error.value)


def test_pickled_array_is_never_unpickled(predictions, tmp_path):
    np.savez(tmp_path / 'p.npz', image_ids=np.array([object()], dtype=object))
    with pytest.raises(BenchmarkError, match='not a readable predictions file'):
        load_predictions(tmp_path / 'p.npz')


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
