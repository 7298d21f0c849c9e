"""Test sets with honest predictions, and prepared 300W where it is at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark.datasets.preparation import prepare_original
from benchmark.scoring.truth import Truth
from tests.scoring.cases import BENCHMARKS, published, truth_of


@pytest.fixture(scope='session', params=BENCHMARKS)
def case(request) -> tuple[Truth, np.ndarray]:
    """A test set, and honest predictions of it by another network."""
    found = published(request.param)
    truth = truth_of(request.param, next(one for name, one in found.items() if 'smoothl1' in name))
    return truth, next(one for name, one in found.items() if 'star' in name).keypoints.astype(np.float64)


@pytest.fixture(scope='session')
def real(shared, tmp_path_factory) -> Path:
    """Prepared 300W with its true landmarks."""
    source = shared / 'data' / '300w'
    if not source.is_dir():
        pytest.skip('300W is not beside this clone')
    root = tmp_path_factory.mktemp('real')
    prepare_original('300w', [source], root, allow_incomplete=True)
    return root
