from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from benchmark.datasets.check import check_prepared
from benchmark.datasets.prepared import open_prepared, write_prepared
from benchmark.datasets.synthetic import prepare_synthetic

TRAIN, TEST = 14, 8
DRAWN_AS = {'cofw': 'synthetic-29', '300w': 'synthetic-68', 'wflw': 'synthetic-98'}


class PreparedFolder:
    """Prepared data to plant faults into."""

    def __init__(self, root: Path, benchmark: str) -> None:
        self.root = root
        self.benchmark = benchmark
        self.folder = root / benchmark
        self.images = self.folder / 'images'

    def faces(self) -> dict:
        prepared = open_prepared(self.root, self.benchmark)
        return {'train': prepared.train, 'test': prepared.test}

    def plant(self, *added, **changed) -> None:
        """Prepare again: with training faces added, and with ``train_3=function`` applied to face 3 of the split."""
        splits = self.faces()
        for place, change in changed.items():
            split, index = place.split('_')
            splits[split][int(index)] = change(splits[split][int(index)])
        splits['train'] += added
        write_prepared(self.root, self.benchmark, **splits, image_root=Path('images'), missing=('most of it',))

    def check(self, **arguments):
        return check_prepared(self.root, self.benchmark, **arguments)


@pytest.fixture(scope='session')
def drawn(tmp_path_factory):
    """A function that prepares a small benchmark once: drawn faces, under the name of a real benchmark as JPEG."""
    root = tmp_path_factory.mktemp('drawn')
    done = set()

    def prepare(benchmark: str) -> Path:
        if benchmark in done:
            return root
        done.add(benchmark)
        if benchmark not in DRAWN_AS:
            prepare_synthetic(root, benchmark, train_images=TRAIN, test_images=TEST)
            return root
        source = open_prepared(prepare(DRAWN_AS[benchmark]), DRAWN_AS[benchmark])
        splits = {}
        for split in ('train', 'test'):
            splits[split] = []
            for index, face in enumerate(getattr(source, split)):
                name = f'{split}/{index}.jpg'
                path = root / benchmark / 'images' / name
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), cv2.imread(str(source.image_path(face))))
                splits[split].append(replace(face, image=name, ambiguity=None))
        write_prepared(root, benchmark, **splits, image_root=Path('images'), missing=('most of it',))
        return root

    return prepare


@pytest.fixture
def prepared(drawn, tmp_path):
    """A function that copies a small prepared benchmark for one test."""

    def copy(benchmark: str = '300w') -> PreparedFolder:
        shutil.copytree(drawn(benchmark) / benchmark, tmp_path / 'data' / benchmark)
        return PreparedFolder(tmp_path / 'data', benchmark)

    return copy
