from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from mmpose.registry import DATASETS

from benchmark.models.collector import PredictionCollector
from benchmark.predict import Predictor
from benchmark.suite.estimators import build_estimator
from benchmark.suite.experiments import find_experiment
from tests.conftest import ROOT

CONFIGS = ROOT / 'mmpose_configs'
# On 29 landmarks: the official crop and attention; landmarks that are no expectations, at another size.
OFFICIAL = 'td-softargmax_hg1w32-attn-star_16b-40e_cofw-128x128'
HEATMAPS = 'td-hm_hrnet-w8-mse_16b-40e_cofw-128x128'


@pytest.mark.parametrize('name', [OFFICIAL, HEATMAPS])
def test_predictions_are_those_of_the_evaluation_for_every_recipe(trained, tmp_path, name):
    config = find_experiment(name, CONFIGS).config
    torch.manual_seed(0)
    estimator = build_estimator(config).eval()
    torch.save({'state_dict': estimator.state_dict()}, tmp_path / 'weights.pth')
    dataset = dict(
        config.test_dataloader.dataset, benchmark='synthetic-29', data_root=str(trained.prepared.folder.parent)
    )
    collector = PredictionCollector('synthetic-29')
    with DefaultScope.overwrite_default_scope('mmpose'), torch.no_grad():
        samples = estimator.test_step(pseudo_collate(list(DATASETS.build(dataset))))
    collector.process({}, [sample.to_dict() for sample in samples])
    collector.compute_metrics(collector.results)
    predictor = Predictor(tmp_path / 'weights.pth', name, CONFIGS)
    images = [trained.read(index) for index in range(len(trained.photographs))]
    faces = predictor.together(images, trained.boxes[:, None])
    np.testing.assert_allclose(np.stack([one.landmarks[0] for one in faces]), collector.keypoints, atol=1e-3)
    assert predictor.gives_covariances == (name == OFFICIAL) == (collector.covariances is not None)
    if name == OFFICIAL:
        found = np.stack([one.covariances[0] for one in faces])
        np.testing.assert_allclose(found, collector.covariances, rtol=1e-3, atol=1e-2)


def test_faces_of_several_images_are_those_of_each(trained, predictor):
    images = [trained.read(index) for index in range(3)]
    boxes = [trained.boxes[:1], np.zeros((0, 4)), trained.boxes[[2, 2]] + [[0, 0, 0, 0], [2, 3, 4, 5]]]
    together = predictor.together(images, boxes)
    assert [one.landmarks.shape for one in together] == [(1, 29, 2), (0, 29, 2), (2, 29, 2)]
    assert [one.covariances.shape for one in together] == [(1, 29, 3), (0, 29, 3), (2, 29, 3)]
    for image, box, found in zip(images, boxes, together, strict=True):
        alone = predictor(image, box)
        np.testing.assert_allclose(found.landmarks, alone.landmarks, atol=1e-3)
        np.testing.assert_allclose(
            found.zooms, 64 / (1.25 * np.max(box[:, 2:], axis=1, initial=0)[: len(box)]), rtol=1e-5
        )
    np.testing.assert_array_equal(predictor(images[0], trained.boxes[0]).boxes, trained.boxes[:1])


def test_many_faces_take_several_batches(trained, predictor):
    boxes = np.repeat(trained.boxes[:1], 70, axis=0)
    found = predictor(trained.read(0), boxes).landmarks
    assert found.shape == (70, 29, 2) and np.ptp(found, axis=0).max() < 1e-3


def test_colours_count_and_the_image_stays_as_it_is(trained, predictor):
    image = trained.read(0)
    before = image.copy()
    box = trained.boxes[0]
    assert np.abs(predictor(image, box).landmarks - predictor(image[..., ::-1], box).landmarks).max() > 0.01
    np.testing.assert_array_equal(image, before)


def test_without_boxes_the_whole_image_is_one_face(trained, predictor):
    image = trained.read(0)
    whole, given = predictor(image), predictor(image, [0, 0, image.shape[1], image.shape[0]])
    np.testing.assert_array_equal(whole.landmarks, given.landmarks)
    np.testing.assert_array_equal(predictor.together([image])[0].landmarks, given.landmarks)


@pytest.mark.parametrize(
    ('change', 'error', 'message'),
    [
        (lambda image: image.astype(np.float32) / 255, TypeError, 'image of float32, expected an array of uint8'),
        (lambda image: image.tolist(), TypeError, 'image of list, expected an array of uint8'),
        (lambda image: image[..., 0], ValueError, r'image of shape \(\d+, \d+\), expected \(height, width, 3\)'),
        (lambda image: image[None], ValueError, 'expected'),
        (lambda image: image.transpose(2, 0, 1), ValueError, r'image of shape \(3, '),
        (lambda image: image[:0], ValueError, r'image of shape \(0, '),
    ],
)
def test_image_of_another_kind_is_refused(trained, predictor, change, error, message):
    with pytest.raises(error, match=message):
        predictor(change(trained.read(0)))


@pytest.mark.parametrize(
    ('boxes', 'message'),
    [
        ([[1, 2, 3]], r'boxes of shape \(1, 3\), expected \(N, 4\)'),
        ([[1, 2, 3, 0]], 'box 1,2,3,0: no area'),
        ([[np.nan, 2, 3, 4]], 'box nan,2,3,4: not finite'),
        ([[1000, 2, 3, 4]], 'box 1000,2,3,4: outside the image of'),
    ],
)
def test_box_of_another_kind_is_refused(trained, predictor, boxes, message):
    with pytest.raises(ValueError, match=message):
        predictor(trained.read(0), boxes)
