from __future__ import annotations

import numpy as np
import pytest

from benchmark.records.predictions import Predictions
from benchmark.records.record import Record


@pytest.fixture
def record() -> Record:
    return Record(
        name='tiny-star',
        seed=0,
        benchmark='synthetic-68',
        status='not-run',
        reason='interrupted',
        fingerprint='ab' * 32,
        recipe='cd' * 32,
        loss='STAR',
        backbone='ResNet-18',
        input_size=(64, 64),
        config='model = dict()',
        created='2026-01-01T00:00:00+00:00',
    )


@pytest.fixture
def predictions() -> Predictions:
    rng = np.random.default_rng(0)
    return Predictions(
        image_ids=np.array(['a.png', 'b.png', 'c.png']),
        subset_names=np.array(['full', 'common', 'challenge']),
        subsets=np.array([[True, True, False], [True, True, False], [True, False, True]]),
        keypoints=rng.uniform(0, 64, (3, 68, 2)).astype(np.float32),
        distances=rng.uniform(0, 4, (3, 68)).astype(np.float32),
        inter_ocular=np.array([30, 40, 50], dtype=np.float32),
        inter_pupil=np.array([20, 30, 40], dtype=np.float32),
    )
