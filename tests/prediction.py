"""What tests of predictions share: trained weights, drawn faces, and the command on them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from benchmark.datasets.prepared import Prepared, open_prepared
from benchmark.predict import main

if TYPE_CHECKING:
    from benchmark.suite.prediction.predictor import Predictor

NAME = 'tiny-star'
BOX = '30,40,70,72'  # around the first face


@dataclass(frozen=True)
class Trained:
    """A finished training of drawn faces with 29 landmarks.

    Attributes:
        weights: its checkpoint.
        configs: the folder of its configuration.
        results: the folder of its records.
        prepared: its data.
    """

    weights: Path
    configs: Path
    results: Path
    prepared: Prepared

    @property
    def photographs(self) -> list[Path]:
        """The test pictures."""
        return [self.prepared.image_path(face) for face in self.prepared.test]

    @property
    def boxes(self) -> np.ndarray:
        """The evaluation's boxes (N, 4)."""
        points = np.stack([face.keypoints for face in self.prepared.test])
        return np.concatenate((points.min(axis=1), np.ptp(points, axis=1)), axis=1)

    def read(self, index: int) -> np.ndarray:
        """A test picture, RGB."""
        return cv2.imread(str(self.photographs[index]))[..., ::-1].copy()

    def command(self, *arguments: object) -> list[str]:
        """The command's arguments, with these weights and configurations unless others are named behind them."""
        given = ('--weights', self.weights, '--configs', self.configs, '--device', 'cpu', *arguments)
        return [str(one) for one in given]


@pytest.fixture(scope='session')
def trained(finished) -> Trained:
    workshop, done = finished
    assert done.returncode == 0, done.stderr
    (weights,) = workshop.folder.glob(f'work/{NAME}-seed0-*/epoch_6.pth')
    prepared = open_prepared(workshop.data, 'synthetic-29')
    return Trained(weights, workshop.folder / 'configs', workshop.folder / 'results' / 'records', prepared)


@pytest.fixture(scope='session')
def predictor(trained, cached_predictor) -> Predictor:
    return cached_predictor(trained.weights, None, trained.configs, 'cpu')


@dataclass(frozen=True)
class Done:
    """What a command did."""

    status: int
    out: str
    err: str
    output: Path

    @property
    def lines(self) -> list[str]:
        """What it said."""
        return self.err.splitlines()

    def files(self) -> list[str]:
        """What it has written."""
        return sorted(path.name for path in self.output.iterdir()) if self.output.is_dir() else []

    def document(self, name: str) -> dict:
        """A JSON file that it has written."""
        return json.loads((self.output / f'{name}.landmarks.json').read_text())


@pytest.fixture(scope='session')
def cached_predictor() -> Callable[..., Predictor]:
    from benchmark.predict import Predictor  # takes PyTorch, which most tests do without

    return cache(Predictor)


@pytest.fixture
def predict(trained, cached_predictor, tmp_path, monkeypatch) -> Callable[..., Done]:
    """The command in this process, on the trained weights unless others are named; they are loaded once for all."""
    monkeypatch.setattr('benchmark.suite.prediction.predictor.Predictor', cached_predictor)

    def predict(*arguments: object, output: Path | None = None) -> Done:
        output = output or tmp_path / 'faces'
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), chdir(tmp_path):
            try:
                status = main([*trained.command(*arguments), '--output', str(output)])
            except SystemExit as stop:  # of the command line
                status = stop.code
        assert 'Traceback' not in err.getvalue()
        return Done(status, out.getvalue(), err.getvalue(), output)

    return predict
