"""The one form that every dataset is prepared into.

``<data_root>/<benchmark>/`` holds ``annotations/train.json`` and ``annotations/test.json`` (COCO style, see
:mod:`benchmark.datasets.annotations`) and ``manifest.json``, which is written last: without it nothing is prepared.
Images are read in place, but drawn ones are in ``images/`` and those out of archives and .mat files in ``unpacked/``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import benchmark as package
from benchmark.datasets.annotations import Face, check_face, decode_faces, encode_faces
from benchmark.datasets.drawing import Drawing
from benchmark.datasets.identity import identify
from benchmark.datasets.manifest import SPLITS, Manifest, read_manifest
from benchmark.datasets.workspace import TEMPORARY
from benchmark.errors import BenchmarkError, cannot_write
from benchmark.protocol.benchmarks import Benchmark, get_benchmark

__all__ = [
    'Face',
    'Manifest',
    'Prepared',
    'find_prepared',
    'open_prepared',
    'read_faces',
    'read_manifest',
    'write_prepared',
]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Prepared data, read and checked.

    Attributes:
        manifest: the manifest.
        folder: the prepared folder.
        image_root: absolute path of the folder that image paths are relative to.
        train: training faces.
        test: test faces.
    """

    manifest: Manifest
    folder: Path
    image_root: Path
    train: list[Face]
    test: list[Face]

    def image_path(self, face: Face) -> Path:
        """Absolute path of the image of a face."""
        return self.image_root / face.image


def write_prepared(
    data_root: Path,
    benchmark: str,
    train: Sequence[Face],
    test: Sequence[Face],
    image_root: Path,
    missing: Sequence[str] = (),
    drawing: Drawing | None = None,
    digests: Mapping[str, bytes] | None = None,
    train_size: int | None = None,
) -> Manifest:
    """Write the prepared form of a benchmark; nothing is rewritten when the same content is there already.

    All files are written beside their destination first. Whatever goes wrong, the folder holds the old preparation, the
    new one, or (killed between two renamings) no manifest, never a mixture that passes for prepared data.

    Args:
        data_root: folder of all prepared benchmarks, made if absent.
        benchmark: name of the benchmark.
        train: training faces, in the order in which they are to be read.
        test: test faces, with their subsets.
        image_root: folder that image paths are relative to; absolute, or relative to the prepared folder.
        missing: one sentence for each folder that falls short of the published benchmark and each file left out.
        drawing: how the faces were drawn; None of photographs.
        digests: digests of images that are known already (see :func:`~benchmark.datasets.identity.identify`).
        train_size: number of training faces of the published benchmark that are there, where the test faces are some of
            them; None where they are test faces.

    Returns:
        The manifest, as it is now on disk.

    Raises:
        BenchmarkError: no faces, a face that cannot be used, an unreadable image, more images than published, or an
            output folder that cannot be written to.
    """
    rules = get_benchmark(benchmark)
    folder = data_root / benchmark
    root = (folder / image_root).resolve()
    splits = {'train': train, 'test': test}
    _check_faces(rules, splits)
    encoded = {split: encode_faces(faces) for split, faces in splits.items()}
    there = (len(train), len(test)) if train_size is None else (train_size, 0)
    missing_images = _missing_images(rules, *there)
    identity = identify(benchmark, splits, root, drawing, digests)
    manifest = Manifest(
        benchmark=benchmark,
        image_root=root.relative_to(folder.resolve()) if root.is_relative_to(folder.resolve()) else root,
        train_images=len(train),
        test_images=len(test),
        subset_images={
            subset: sum(subset == 'full' or subset in face.subsets for face in test) for subset in rules.subsets
        },
        complete=not missing and missing_images == 0,
        missing_images=missing_images,
        missing=tuple(missing),
        fingerprint=identity.fingerprint,
        pixels=identity.pixels,
        drawing=drawing,
        annotation_sha256={split: hashlib.sha256(content).hexdigest() for split, content in encoded.items()},
        made_by=f'benchmark {package.__version__}',
    )
    if find_prepared(data_root, benchmark) == manifest:
        return manifest
    contents = {_annotation_file(folder, split): content for split, content in encoded.items()}
    contents[folder / 'manifest.json'] = manifest.to_json().encode()
    try:
        _replace_together(contents)
    except OSError as error:
        raise BenchmarkError(cannot_write(f'{benchmark}: cannot write {folder}', error, '--data-root')) from error
    return manifest


def find_prepared(data_root: Path, benchmark: str) -> Manifest | None:
    """The manifest where the preparation is intact (manifest and both annotation files) and of this version."""
    try:
        manifest = read_manifest(data_root, benchmark)
        for split in SPLITS:
            _read_annotations(data_root / benchmark, manifest, split)
    except BenchmarkError:
        return None
    return manifest


def open_prepared(data_root: Path, benchmark: str) -> Prepared:
    """Read everything that a training needs, and check that every image file is there.

    Raises:
        BenchmarkError: nothing is prepared, a file is damaged, or an image is absent (the first one is named).
    """
    manifest = read_manifest(data_root, benchmark)
    folder = data_root / benchmark
    root = (folder / manifest.image_root).resolve()
    train, test = (_read_split(folder, manifest, split) for split in SPLITS)
    present: dict[Path, set[str]] = {}
    for face in (*train, *test):
        path = root / face.image
        if path.parent not in present:
            present[path.parent] = _names_in(path.parent)
        if path.name not in present[path.parent]:
            raise BenchmarkError(f'{benchmark}: image {path} is absent (put it back, or prepare {benchmark} again)')
    return Prepared(manifest, folder, root, train, test)


def read_faces(data_root: Path, benchmark: str, split: str) -> tuple[Manifest, list[Face]]:
    """Read the annotations of one split alone; the images need not be there.

    Raises:
        BenchmarkError: nothing is prepared, or a file is damaged.
    """
    manifest = read_manifest(data_root, benchmark)
    return manifest, _read_split(data_root / benchmark, manifest, split)


def _names_in(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError as error:
        raise BenchmarkError(f'{folder}: cannot read the folder: {error.strerror}') from error


def _annotation_file(folder: Path, split: str) -> Path:
    return folder / 'annotations' / f'{split}.json'


def _read_annotations(folder: Path, manifest: Manifest, split: str) -> bytes:
    path = _annotation_file(folder, split)
    again = f'prepare {manifest.benchmark} again'
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BenchmarkError(f'{path}: cannot read the annotations: {error.strerror} ({again})') from error
    if hashlib.sha256(content).hexdigest() != manifest.annotation_sha256[split]:
        raise BenchmarkError(f'{path}: damaged or changed since it was prepared ({again})')
    return content


def _read_split(folder: Path, manifest: Manifest, split: str) -> list[Face]:
    content = _read_annotations(folder, manifest, split)
    try:
        return list(_decode(content, manifest.benchmark))
    except ValueError as error:
        raise BenchmarkError(
            f'{_annotation_file(folder, split)}: {error} (prepare {manifest.benchmark} again)'
        ) from error


@lru_cache(maxsize=2)
def _decode(content: bytes, benchmark: str) -> list[Face]:
    """The faces of a file; a training reads both splits several times."""
    return decode_faces(content, get_benchmark(benchmark).layout)


def _check_faces(rules: Benchmark, splits: Mapping[str, Sequence[Face]]) -> None:
    if not any(splits.values()):
        raise BenchmarkError(f'{rules.name}: there is no face to prepare')
    for split, faces in splits.items():
        for face in faces:
            try:
                check_face(face, rules.layout)
                unknown = set(face.subsets) - set(rules.subsets[1:])
                if unknown:
                    raise ValueError(f'unknown subset {min(unknown)}')
            except ValueError as error:
                raise BenchmarkError(f'{rules.name}: {split}: {face.image}: {error}') from error


def _missing_images(rules: Benchmark, train: int, test: int) -> int:
    if rules.train_size is None:
        return 0
    for split, count, published in (('train', train, rules.train_size), ('test', test, rules.subset_sizes['full'])):
        if count > published:
            raise BenchmarkError(f'{rules.name}: {count} {split} images, published {published} (remove the others)')
    return rules.train_size + rules.subset_sizes['full'] - train - test


def _replace_together(contents: Mapping[Path, bytes]) -> None:
    """Write files that belong together; the last one vouches for the others.

    Every file is complete on disk before the first one is put in place, and the last one is absent in between.

    Raises:
        OSError: the folder is read-only or full; if no file had been put in place yet, everything is as it was.
    """
    # The same names each time, so that what a killed process has left does not stay.
    temporary = {path: path.with_name(f'{TEMPORARY}{path.name}') for path in contents}
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary[path].open('wb') as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        list(contents)[-1].unlink(missing_ok=True)
        for path in contents:
            os.replace(temporary[path], path)
    finally:
        for path in temporary.values():
            path.unlink(missing_ok=True)
