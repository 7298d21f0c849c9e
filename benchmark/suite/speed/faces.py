"""Faces to measure with, prepared in a folder of their own so that no large crop store is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmengine.config import Config

from benchmark.datasets.prepared import Prepared, open_prepared, write_prepared
from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.datasets.synthetic.sampling import CONDITIONS


def is_prepared(data_root: Path, name: str) -> bool:
    """Whether a benchmark has been prepared, intact or not."""
    return (data_root / name / 'manifest.json').exists()


def take_faces(prepared: Prepared, count: int, folder: Path) -> Prepared:
    """Some faces at even distances, as training faces.

    Args:
        prepared: whose training faces to take; its test faces where it has no others.
        count: how many; all where there are fewer.
        folder: data root that they are prepared under.

    Raises:
        BenchmarkError: an image is damaged, or the folder cannot be written to.
    """
    faces, name = prepared.train or prepared.test, prepared.manifest.benchmark
    places = np.linspace(0, len(faces) - 1, min(count, len(faces))).astype(int)
    write_prepared(folder, name, [faces[place] for place in places], [], prepared.image_root)
    return open_prepared(folder, name)


def draw_faces(name: str, count: int, folder: Path) -> Prepared:
    """New faces.

    Args:
        name: a synthetic benchmark.
        count: number of training faces.
        folder: data root that they are prepared under.

    Raises:
        BenchmarkError: the folder cannot be written to.
    """
    prepare_synthetic(folder, name, train_images=count, test_images=len(CONDITIONS))
    return open_prepared(folder, name)


def use_faces(config: Config, name: str) -> None:
    """Let a configuration, which is changed, train and test on another benchmark of as many landmarks."""
    for part in (config.train_dataloader.dataset, config.test_dataloader.dataset, config.test_evaluator):
        part.benchmark = name
