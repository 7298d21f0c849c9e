from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmpose.registry import DATASETS, METRICS, MODELS

from benchmark.losses.moments import heatmap_moments
from benchmark.losses.star_terms import covariance
from benchmark.models import PredictionCollector
from benchmark.protocol.metrics import per_image_nme


@pytest.fixture
def make_result():
    """One predicted sample as the evaluator hands it over; landmarks predicted (1, 0) beside the truth."""

    def make(index, covariances=True, error=(1, 0)):
        truth = np.random.default_rng(index).uniform(0, 100, (1, 68, 2))
        predicted = {'keypoints': (truth + error).astype(np.float32)}
        if covariances:
            predicted['heatmap_covariances'] = np.tile(np.float32([4, 1, 2]), (1, 68, 1))
        return {
            'id': index,
            'pred_instances': predicted,
            'gt_instances': {'keypoints': truth.astype(np.float32)},
            'input_scale': np.array([128.0, 192.0]),
            'input_size': (64, 64),
        }

    return make


def spread_over_four_cells(places):
    """Heatmaps (B, K, 16, 16) whose expectations are places (B, K, 2) in [-1, 1]."""
    columns, rows = (1 - (torch.arange(16) - 7.5 * (places[..., None] + 1)).abs()).clamp(min=0).unbind(2)
    return rows[..., None] * columns[..., None, :]


@pytest.fixture
def collect():
    def collect(batches, size):
        collector = METRICS.build({'type': 'PredictionCollector', 'benchmark': '300w'})
        for batch in batches:
            collector.process({}, batch)
        return collector, collector.evaluate(size)

    return collect


def test_predictions_come_back_in_the_order_of_the_dataset(collect, make_result):
    results = [make_result(index) for index in range(5)]
    collector, _ = collect([[results[3], results[0]], [results[4], results[1], results[2]]], 5)
    expected = np.stack([result['pred_instances']['keypoints'][0] for result in results])
    np.testing.assert_array_equal(collector.keypoints, expected)
    assert collector.keypoints.dtype == collector.covariances.dtype == np.float32
    assert collector.covariances.shape == (5, 68, 3)


def test_covariances_are_in_squared_pixels_of_the_original(collect, make_result):
    collector, _ = collect([[make_result(0)]], 1)
    np.testing.assert_allclose(collector.covariances[0, 0], [4 * 2 * 2, 1 * 2 * 3, 2 * 3 * 3])


def test_logged_nme_is_the_headline_one_in_percent(collect, make_result):
    results = [make_result(index, error=(3, 4)) for index in range(4)]
    collector, logged = collect([results], 4)
    truth = np.stack([result['gt_instances']['keypoints'][0] for result in results]).astype(np.float64)
    expected = 100 * per_image_nme(collector.keypoints.astype(np.float64), truth, '300w', 'inter-ocular').mean()
    assert logged == {'face/nme': pytest.approx(expected, rel=1e-6)}


def test_methods_without_covariances_are_collected_too(collect, make_result):
    collector, _ = collect([[make_result(index, covariances=False) for index in range(2)]], 2)
    assert collector.covariances is None
    assert collector.keypoints.shape == (2, 68, 2)


def test_predictions_that_are_not_finite_are_kept_and_logged_as_such(collect, make_result):
    results = [make_result(0), make_result(1, error=(np.nan, 0))]
    collector, logged = collect([results], 2)
    assert np.isnan(logged['face/nme'])
    assert np.isnan(collector.keypoints[1]).any()
    assert not np.isnan(collector.keypoints[0]).any()


def test_unknown_benchmark_is_refused():
    with pytest.raises(Exception, match='imagenet'):
        PredictionCollector('imagenet')


def test_a_perfect_head_scores_zero_from_image_to_prediction(make_data, pipeline, monkeypatch):
    """Through data set, preprocessor, estimator and evaluator; only the heatmaps are made from the truth."""
    encoder = {'type': 'GenerateTarget', 'encoder': {'type': 'SoftArgmaxLabel', 'input_size': (64, 64)}}
    dataset = DATASETS.build(
        {
            'type': 'FaceDataset',
            'benchmark': '300w',
            'split': 'test',
            'data_root': make_data(test=5),
            'pipeline': pipeline(64, encoder),
        }
    )
    model = MODELS.build(
        {
            'type': 'TopdownPoseEstimator',
            'data_preprocessor': {'type': 'FaceDataPreprocessor', 'mean': [127.5] * 3, 'std': [127.5] * 3},
            'backbone': {'type': 'ResNet', 'depth': 18, 'base_channels': 8, 'stem_channels': 8},
            'head': {
                'type': 'SoftArgmaxHead',
                'in_channels': 64,
                'out_channels': 68,
                'decoder': {'type': 'SoftArgmaxLabel', 'input_size': (64, 64)},
            },
            'test_cfg': {'flip_test': False},
        }
    ).eval()
    collector = PredictionCollector('300w')
    evaluator = Evaluator(collector)
    covariances = []
    for indices in ((0, 1, 2), (3, 4)):
        items = [dataset[index] for index in indices]
        truth = torch.cat([item['data_samples'].gt_instance_labels.keypoint_labels for item in items])
        heatmaps = spread_over_four_cells(truth)
        covariances.append(covariance(heatmap_moments(heatmaps)))
        monkeypatch.setattr(model.head, 'forward', lambda feats, heatmaps=heatmaps: heatmaps)
        with torch.no_grad():
            evaluator.process(data_samples=model.test_step(pseudo_collate(items)), data_batch=None)
    logged = evaluator.evaluate(5)
    assert logged['face/nme'] < 1e-3
    sides = [1.25 * np.ptp(dataset.get_data_info(index)['keypoints'][0], axis=0).max() for index in range(5)]
    expected = torch.cat(covariances).numpy() * (np.array(sides)[:, None, None] / 2) ** 2
    np.testing.assert_allclose(collector.covariances, expected, rtol=1e-4, atol=1e-4)
