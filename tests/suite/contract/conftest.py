from __future__ import annotations

import pytest

from benchmark.suite.contract import relative_speed


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Time losses as few times as can be."""
    monkeypatch.setattr(relative_speed, 'SECONDS', 0)
    monkeypatch.setattr(relative_speed, 'IMAGES', 2)
