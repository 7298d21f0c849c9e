"""The command that prepares data, and a source of 300W to prepare."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.prepare import main

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDERS = ('afw', 'helen/trainset', 'helen/testset', 'lfpw/trainset', 'lfpw/testset', 'ibug')


@pytest.fixture
def prepare(tmp_path, monkeypatch, capfd):
    """Run the command in an empty folder; returns stdout and the lines of stderr."""
    monkeypatch.chdir(tmp_path)

    def prepare(*arguments, status=0):
        capfd.readouterr()
        try:
            done = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            done = ended.code
        stdout, stderr = capfd.readouterr()
        assert done == status, stderr
        return stdout, stderr.splitlines()

    return prepare


@pytest.fixture
def prepare_process(tmp_path):
    """The same in a process of its own, as users run it."""

    def prepare_process(*arguments, status=0, **more):
        done = subprocess.run(
            [sys.executable, '-m', 'benchmark.prepare', *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, 'PYTHONPATH': str(REPOSITORY)},
            capture_output=True,
            text=True,
            timeout=300,
            **more,
        )
        assert done.returncode == status, done.stderr
        assert 'Traceback' not in done.stderr
        return done.stdout, done.stderr.splitlines()

    return prepare_process


@pytest.fixture
def source(tmp_path):
    """Two faces in each folder of 300W."""
    for number, name in enumerate(FOLDERS):
        folder = tmp_path / 'source' / name
        folder.mkdir(parents=True)
        for index in range(2):
            Image.new('RGB', (80, 60), (number, index, 0)).save(folder / f'face {index}.jpg')
            points = np.random.default_rng([number, index]).uniform(1, 90, (68, 2))
            lines = ['version: 1', 'n_points: 68', '{', *(f'{x:.4f} {y:.4f}' for x, y in points), '}']
            (folder / f'face {index}.pts').write_text('\n'.join(lines))
    return tmp_path / 'source'
