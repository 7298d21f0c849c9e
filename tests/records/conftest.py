from __future__ import annotations

import pytest

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
