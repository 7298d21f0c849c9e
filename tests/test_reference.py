"""The examples of the Python reference, docs/api/, run as they are printed; tox run -e docs builds the pages."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]


def run_example(name: str, **given: object) -> dict[str, object]:
    page = (ROOT / 'docs' / 'api' / f'{name}.md').read_text()
    (example,) = re.findall(r'```python\n(.*?)```', page, re.DOTALL)
    exec(example, given)
    return given


@pytest.fixture
def face() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 100, (1, 68, 2))


def test_example_of_the_losses_gives_a_loss():
    found = run_example('models', heatmaps=torch.rand(2, 5, 8, 8), keypoints=torch.zeros(2, 5, 2))
    assert found['loss'].shape == () and found['loss'].isfinite()


def test_example_of_the_metrics_gives_an_error_for_each_face(face):
    found = run_example('protocol', predicted=face, truth=face)
    assert found['nme'].tolist() == [0.0]


def test_example_of_the_records_reads_the_published_ones(monkeypatch):
    monkeypatch.chdir(ROOT)
    found = run_example('records')
    assert len(found['table']) == found['records'][0].dataset.test_images


def test_example_of_a_comparison_compares_published_rows(monkeypatch):
    monkeypatch.chdir(ROOT)
    row, reference = run_example('analysis')['comparison'].rows
    assert (row.loss, reference.loss) == ('STAR', 'smooth-L1')
