"""Honest records, and forgeries of them, with as little writing of files as possible."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.records.parts import Epoch
from benchmark.records.predictions import Predictions, read_predictions, save_predictions
from tests.results import Factory

# A curve that nothing contradicts, and what its configuration says of it.
CURVE = tuple(Epoch(epoch=i, loss=1 / i, learning_rate=0.1 / i, seconds=10 + 1 / i) for i in range(1, 31))
CONFIG = 'train_cfg = dict(max_epochs=30)\ntrain_dataloader = dict(batch_size=16)\n'
SIZES = {'full': 300, 'common': 220, 'challenge': 80}


def with_errors(predictions: Predictions, truth: np.ndarray, errors: np.ndarray) -> Predictions:
    """Predictions of the same images with errors (N, K, 2), pixels."""
    return dataclasses.replace(
        predictions,
        keypoints=(truth + errors).astype(np.float32),
        distances=np.linalg.norm(errors, axis=-1).astype(np.float32),
        exact_means=None,
        covariances=None,
        ambiguity=None,
    )


@pytest.fixture(scope='session')
def truth(tmp_path_factory) -> np.ndarray:
    """(300, 68, 2) true landmarks of the faces that the factory makes for ``SIZES``."""
    made = Factory(Path('nowhere')).predictions('synthetic-68', 'STAR', 0, SIZES, 1e-9)
    return made.keypoints.astype(np.float64)


@pytest.fixture(scope='session')
def seeds(truth) -> list[Predictions]:
    """Four seeds of a training: errors that hard images, hard landmarks and annotators have in common, as real ones."""
    rng = np.random.default_rng(3)
    base = Factory(Path('nowhere')).predictions('synthetic-68', 'STAR', 0, SIZES, 0.04)
    scale = 0.03 * base.inter_ocular[:, None, None] * np.exp(rng.normal(0, 0.4, (300, 1, 1)))
    scale = scale * np.exp(rng.normal(0, 0.3, (1, 68, 1)))
    shared = rng.normal(size=truth.shape)
    return [with_errors(base, truth, scale * (0.8 * shared + 0.6 * _smooth(rng, truth.shape))) for _ in range(4)]


@pytest.fixture(scope='session')
def trained(seeds) -> list[Predictions]:
    """Two of them."""
    return seeds[:2]


def _smooth(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Noise of unit size that neighbouring landmarks have in common."""
    noise = rng.normal(size=shape)
    return (noise + np.roll(noise, 1, axis=1) + np.roll(noise, 2, axis=1)) / np.sqrt(3)


@pytest.fixture(scope='session')
def stored(trained, tmp_path_factory) -> Predictions:
    """The first of them as it comes out of its compact file."""
    path = tmp_path_factory.mktemp('stored') / 'p.npz'
    save_predictions(trained[0], path)
    return read_predictions(path)


@pytest.fixture(scope='session')
def layout():
    return BENCHMARKS['synthetic-68']


@pytest.fixture(scope='session')
def big() -> Predictions:
    """As many faces and landmarks as WFLW has."""
    sizes = dict(BENCHMARKS['wflw'].subset_sizes)
    return Factory(Path('nowhere')).predictions('wflw', 'STAR', 0, sizes, 0.04)
