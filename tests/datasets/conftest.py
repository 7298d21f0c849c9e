"""Small datasets in the form in which the authors distribute them, written from arrays that the tests know."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from PIL import Image

from benchmark.datasets import three_hundred_w
from benchmark.datasets.preparation import prepare_original
from benchmark.datasets.prepared import Face, open_prepared, write_prepared
from benchmark.protocol.benchmarks import BENCHMARKS

FLAGS = ('pose', 'expression', 'illumination', 'make-up', 'occlusion', 'blur')


@dataclass
class Truth:
    """One face as it must come out of the preparation."""

    keypoints: np.ndarray
    pixels: np.ndarray
    subsets: tuple[str, ...] = ()
    occluded: np.ndarray | None = None


def draw(rng: np.random.Generator, count: int, grey: bool = False) -> Truth:
    """A face of some landmarks that lie around the middle of a small image; one lies outside."""
    height, width = rng.integers(24, 40, 2)
    keypoints = rng.uniform(6, 20, (count, 2))
    keypoints[3] = (-1.25, 2 / 3)
    pixels = 32 * rng.integers(0, 8, (height, width) if grey else (height, width, 3), dtype=np.uint8)
    return Truth(keypoints, pixels)


def image_file(pixels: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def write_mat(path: Path, faces: list[Truth], suffix: str, edit=None) -> None:
    """A COFW file as MATLAB writes it; 'edit' changes the open HDF5 file before it is closed."""
    with h5py.File(path, 'w', userblock_size=512) as file:
        images = [
            file.create_dataset(f'#refs#/{index}', data=face.pixels.T, chunks=face.pixels.T.shape, compression='gzip')
            for index, face in enumerate(faces)
        ]
        file.create_dataset(
            f'Is{suffix}', data=np.array([[image.ref for image in images]], dtype=object), dtype=h5py.ref_dtype
        )
        columns = [np.concatenate((*(face.keypoints.T + 1), face.occluded)) for face in faces]
        file.create_dataset(f'phis{suffix}', data=np.stack(columns, axis=1), compression='gzip')
        boxes = [(*face.keypoints.min(0), *np.ptp(face.keypoints, axis=0)) for face in faces]
        file.create_dataset(
            f'bboxes{suffix}', data=np.array(boxes).T + np.array([[1], [1], [0], [0]]), compression='gzip'
        )
        if edit is not None:
            edit(file)


def write_cofw(folder: Path) -> dict[str, list[Truth]]:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(29)
    truth = {split: [draw(rng, 29, grey=index == 1) for index in range(n)] for split, n in (('train', 4), ('test', 3))}
    for split, suffix in (('train', 'Tr'), ('test', 'T')):
        for face in truth[split]:
            # Such that adding 1 and subtracting it again gives the same number.
            face.keypoints = face.keypoints.round(3) + 1.0 - 1.0
            face.occluded = rng.random(29) < 0.3
        write_mat(folder / f'COFW_{split}_color.mat', truth[split], suffix)
    return truth


def write_wflw(folder: Path) -> dict[str, list[Truth]]:
    lists = folder / 'WFLW_annotations' / 'list_98pt_rect_attr_train_test'
    lists.mkdir(parents=True)
    rng = np.random.default_rng(98)
    truth = {'train': [], 'test': []}
    for split, count in (('train', 5), ('test', 4)):
        lines = []
        for index in range(count):
            face = draw(rng, 98)
            flags = rng.random(6) < 0.4 if index else np.ones(6, dtype=bool)
            face.subsets = tuple(name for name, flag in zip(FLAGS, flags, strict=True) if flag)
            name = f'{index % 2}--Event/{split}_{index}.jpg'
            if index == 2:  # two faces in one photograph
                face.pixels, name = truth[split][1].pixels, f'1--Event/{split}_1.jpg'
            path = folder / 'WFLW_images' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(image_file(face.pixels, 'JPEG'))
            truth[split].append(face)
            box = *np.floor(face.keypoints.min(0)).astype(int), *np.ceil(face.keypoints.max(0)).astype(int)
            lines.append(' '.join(map(str, (*face.keypoints.ravel().tolist(), *box, *flags.astype(int), name))))
        (lists / f'list_98pt_rect_attr_{split}.txt').write_text('\n'.join(lines) + '\n')
    return truth


def write_300w(folder: Path) -> dict[str, list[Truth]]:
    rng = np.random.default_rng(68)
    truth = {'train': [], 'test': []}
    for part in three_hundred_w.PARTS:
        (folder / part.folder).mkdir(parents=True)
        for index in range(2):
            face = draw(rng, 68)
            face.subsets = part.subsets
            lines = [f'{x!r} {y!r}' for x, y in (face.keypoints + 1.0).tolist()]
            face.keypoints = face.keypoints + 1.0 - 1.0
            if index:  # some copies have no header
                lines = ['version: 1', 'n_points: 68', '{', *lines, '}']
            kind = 'PNG' if 'lfpw' in part.folder else 'JPEG'
            stem = folder / part.folder / f'face {index}'
            stem.with_suffix('.png' if kind == 'PNG' else '.jpg').write_bytes(image_file(face.pixels, kind))
            stem.with_suffix('.pts').write_text('\n'.join(lines))
            truth[part.split].append(face)
    return truth


WRITERS = {'cofw': write_cofw, '300w': write_300w, 'wflw': write_wflw}


@pytest.fixture
def data_root(tmp_path):
    return tmp_path / 'data'


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Small originals that are complete: the published counts are lowered to theirs.

    Attributes of what it returns: ``write(benchmark)`` gives the source folder and the truth by split.
    """
    parts = tuple(replace(part, published=2) for part in three_hundred_w.PARTS)
    monkeypatch.setattr(three_hundred_w, 'PARTS', parts)
    sizes = {
        'cofw': (4, {'full': 3}),
        '300w': (6, {'full': 6, 'common': 4, 'challenge': 2}),
        'wflw': (5, {'full': 4}),
    }

    def write(benchmark, folder=None):
        folder = folder or tmp_path / 'original'
        truth = WRITERS[benchmark](folder)
        train, test = sizes[benchmark]
        if benchmark == 'wflw':
            test |= {flag: sum(flag in face.subsets for face in truth['test']) for flag in FLAGS}
        rules = replace(BENCHMARKS[benchmark], train_size=train, subset_sizes=test)
        monkeypatch.setitem(BENCHMARKS, benchmark, rules)
        return folder, truth

    return SimpleNamespace(write=write, sizes=sizes)


@pytest.fixture
def prepare(data_root):
    """Prepare a benchmark from some paths; returns the manifest."""

    def prepare(benchmark, *sources, **options):
        return prepare_original(benchmark, sources, data_root, **options)[0]

    return prepare


@pytest.fixture
def equals_truth(data_root):
    """Whether the prepared faces are the true ones, to the bit, with their images."""

    def equals_truth(benchmark, truth):
        prepared = open_prepared(data_root, benchmark)
        for split, faces in truth.items():
            read = getattr(prepared, split)
            if len(read) != len(faces):
                return False
            for face, true in zip(read, faces, strict=True):
                if not np.array_equal(face.keypoints, true.keypoints) or face.subsets != true.subsets:
                    return False
                if (face.occluded is None) != (true.occluded is None):
                    return False
                if true.occluded is not None and not np.array_equal(face.occluded, true.occluded):
                    return False
                with Image.open(prepared.image_path(face)) as image:
                    pixels = np.asarray(image)
                    lossless = image.format == 'PNG'
                if pixels.shape != true.pixels.shape or (face.height, face.width) != pixels.shape[:2]:
                    return False
                if not np.array_equal(pixels, true.pixels) if lossless else not _like(pixels, true.pixels):
                    return False
        return True

    return equals_truth


def _like(pixels: np.ndarray, original: np.ndarray) -> bool:
    file = image_file(original, 'JPEG')
    with Image.open(io.BytesIO(file)) as image:
        return np.array_equal(np.asarray(image), pixels)


@pytest.fixture
def images(tmp_path):
    """A folder with six images."""
    folder = tmp_path / 'source'
    folder.mkdir()
    for index in range(6):
        Image.new('RGB', (80, 60), (40 * index, 0, 0)).save(folder / f'{index}.png')
    return folder


@pytest.fixture
def make_faces():
    def make(names, subsets=(), count=68, **more):
        rng = np.random.default_rng(len(names))
        return [Face(f'{name}.png', 80, 60, rng.uniform(-9, 70, (count, 2)), subsets, **more) for name in names]

    return make


@pytest.fixture
def write(tmp_path, images, make_faces):
    """Prepare 300w with four training and two test faces; keyword arguments replace arguments of write_prepared."""

    def write(**changes):
        arguments = {
            'data_root': tmp_path / 'data',
            'benchmark': '300w',
            'train': make_faces('0123'),
            'test': make_faces('45', ('common',)),
            'image_root': images,
            'missing': ('most of it',),
        }
        return write_prepared(**{**arguments, **changes})

    return write
