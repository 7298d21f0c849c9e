from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

import benchmark.models  # noqa: F401  (prepares the imports of MMPose)
from benchmark.datasets.prepared import Face, write_prepared
from benchmark.protocol.benchmarks import get_benchmark

from mmpose.structures import PoseDataSample  # isort: skip


@pytest.fixture(autouse=True)
def mmpose_scope():
    """MMPose's registries answer first, as in a Runner."""
    with DefaultScope.overwrite_default_scope('mmpose'):
        yield


@pytest.fixture
def make_data(tmp_path):
    """Prepare smooth random images with random landmarks; returns the data root."""

    def make(name='300w', train=4, test=3, seed=0):
        rng = np.random.default_rng(seed)
        source = tmp_path / 'source'
        source.mkdir(exist_ok=True)
        faces = []
        for index in range(train + test):
            coarse = rng.integers(0, 256, (6, 7, 3)).astype(np.uint8)
            cv2.imwrite(str(source / f'{index}.png'), cv2.resize(coarse, (210, 180), interpolation=cv2.INTER_CUBIC))
            keypoints = rng.uniform((20, 30), (150, 190), (get_benchmark(name).layout.num_landmarks, 2))
            faces.append(Face(f'{index}.png', 210, 180, keypoints))
        write_prepared(tmp_path / 'data', name, faces[:train], faces[train:], source)
        return str(tmp_path / 'data')

    return make


@pytest.fixture
def pipeline():
    """MMPose's plain top-down pipeline, as the test configuration has it."""

    def make(size=64, *more):
        return [
            {'type': 'LoadImage', 'color_type': 'color_ignore_orientation'},
            {'type': 'GetBBoxCenterScale', 'padding': 1.25},
            {'type': 'TopdownAffine', 'input_size': (size, size)},
            *more,
            {'type': 'PackPoseInputs'},
        ]

    return make


@pytest.fixture
def make_samples():
    """Data samples with targets (B, K, 2) in [-1, 1] and the meta information of a square input."""

    def make(targets, flip_indices=(), size=64):
        samples = []
        for labels in targets:
            sample = PoseDataSample(
                metainfo={
                    'flip_indices': list(flip_indices) or list(range(len(labels))),
                    'input_size': (size, size),
                    'input_center': np.array([100.0, 80.0], dtype=np.float32),
                    'input_scale': np.array([128.0, 128.0], dtype=np.float32),
                }
            )
            sample.gt_instance_labels = InstanceData(
                keypoint_labels=labels[None], keypoint_weights=torch.ones(1, len(labels))
            )
            sample.gt_instances = InstanceData(bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1))
            samples.append(sample)
        return samples

    return make
