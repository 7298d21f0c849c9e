"""Which package may import which: the contracts in pyproject.toml, and that they notice what they are there for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# What import-linter's command does, at a width that breaks no line of a chain.
CODE = 'from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True, no_logo=True))'
TERMINAL = {**os.environ, 'COLUMNS': '200'}


def check(folder: Path) -> subprocess.CompletedProcess:
    """Hold the package in ``folder`` to the contracts of the ``pyproject.toml`` there."""
    command = [sys.executable, '-c', CODE]
    return subprocess.run(command, cwd=folder, env=TERMINAL, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope='module')
def copy(tmp_path_factory) -> Path:
    """A copy of the modules, to make mistakes in."""
    folder = tmp_path_factory.mktemp('copy')
    for path in sorted((ROOT / 'benchmark').rglob('*.py')):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    shutil.copy(ROOT / 'pyproject.toml', folder)
    return folder


def test_every_import_leads_down():
    result = check(ROOT)
    assert result.returncode == 0, f'\n{result.stdout}{result.stderr}'
    assert ' 0 broken' in result.stdout


@pytest.mark.parametrize(
    ('module', 'line', 'chain'),
    [
        ('protocol/metrics', 'import benchmark.records.record', 'protocol.metrics -> benchmark.records.record'),
        ('records/record', 'import benchmark.datasets.boxes', 'records.record -> benchmark.datasets.boxes'),
        ('records/speed', 'def late():\n    import torch', 'records.speed -> torch'),
        ('datasets/boxes', 'from benchmark.models import STARLoss', 'datasets.boxes -> benchmark.models'),
        ('models/hooks', 'import benchmark.suite.room', 'models.hooks -> benchmark.suite.room'),
        ('suite/weights', 'import benchmark.site.tables', 'suite.weights -> benchmark.site.tables'),
        ('analysis/rows', 'import benchmark.suite.room', 'analysis.rows -> benchmark.suite.room'),
        ('analysis/rows', 'import benchmark.site.tables', 'analysis.rows -> benchmark.site.tables'),
        ('site/tables', 'import cv2', 'site.tables -> cv2'),
        ('report', 'from benchmark.suite import weights', 'report -> benchmark.suite.weights'),
        ('prepare', 'import benchmark.site.build', 'prepare -> benchmark.site.build'),
        (
            'losses/moments',
            'import benchmark.models.heads.decoding',
            'moments -> benchmark.models.heads.decoding',
        ),
        ('models/official/weights', 'import benchmark.models.heads.decoding', 'benchmark.models.heads.decoding'),
        ('export', 'from benchmark.models import official', 'export -> benchmark.models.official'),
        ('errors', 'import benchmark.files', 'errors -> benchmark.files'),
        ('attic', '', 'benchmark.attic'),
    ],
)
def test_mistake_is_named(copy, module, line, chain):
    path = copy / 'benchmark' / f'{module}.py'
    before = path.read_text() if path.exists() else None
    path.write_text(f'{before or ""}\n{line}\n')
    try:
        result = check(copy)
    finally:
        path.unlink() if before is None else path.write_text(before)
    assert result.returncode == 1, result.stdout
    assert chain in result.stdout
