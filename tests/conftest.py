from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope='session')
def shared() -> Path:
    """Folder with golden values and real faces, kept outside the repository because of the faces' license."""
    folder = Path(__file__).resolve().parents[2] / 'shared'
    if not folder.is_dir():
        pytest.skip('golden values and licensed faces are not beside this clone')
    return folder
