"""Prepared drawn faces, and a record of predictions for them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchmark.datasets.prepared import open_prepared
from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.protocol.metrics import normalizing_distance
from benchmark.records.predictions import Predictions
from tests.results import Factory, edit_record


@pytest.fixture(scope='session')
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('data')
    prepare_synthetic(folder, 'synthetic-29', train_images=1, test_images=40)
    return folder


@pytest.fixture(scope='session')
def faces(data):
    return open_prepared(data, 'synthetic-29')


@pytest.fixture(scope='session')
def honest(faces) -> Predictions:
    """Predictions with errors of some 4 % of the inter-ocular distance."""
    truth = np.array([face.keypoints for face in faces.test])
    ocular, pupil = (normalizing_distance(truth, 'synthetic-29', one) for one in ('inter-ocular', 'inter-pupil'))
    errors = 0.03 * ocular[:, None, None] * np.random.default_rng(0).normal(size=truth.shape)
    return Predictions(
        image_ids=np.array([face.image for face in faces.test]),
        subset_names=np.array(['full']),
        subsets=np.ones((len(truth), 1), dtype=bool),
        keypoints=(truth + errors).astype(np.float32),
        distances=np.linalg.norm((truth + errors).astype(np.float32) - truth, axis=-1).astype(np.float32),
        inter_ocular=ocular.astype(np.float32),
        inter_pupil=pupil.astype(np.float32),
    )


@pytest.fixture
def write(factory: Factory, faces):
    """Writes a record of predictions, whatever they are, with all hashes as they have to be."""

    def write(predictions: Predictions, seed: int = 0, fingerprint: str | None = None, **options) -> Path:
        predictions = dataclasses.replace(predictions, exact_means=None)
        record = factory.add('synthetic-29', 'STAR', seed, predictions=predictions, **options)
        path = factory.reports / 'records' / record.file_name
        dataset = {**record.dataset.model_dump(), 'fingerprint': fingerprint or faces.manifest.fingerprint}
        edit_record(path, dataset=dataset)
        return path

    return write
