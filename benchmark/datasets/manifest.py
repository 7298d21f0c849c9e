"""The manifest of prepared data: what a prepared folder holds, and the fingerprint that its results are filed under."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import ConfigDict, Field, NonNegativeInt, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from benchmark.datasets.annotations import Face
from benchmark.datasets.source import image_digest, read_bytes
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark

SPLITS = ('train', 'test')
Sha256 = Annotated[str, Field(pattern='^[0-9a-f]{64}$')]


@dataclass(frozen=True, config=ConfigDict(extra='forbid'))
class Manifest:
    """What a prepared folder holds; the content of its ``manifest.json``.

    Attributes:
        benchmark: name of the benchmark.
        image_root: folder that image paths are relative to; absolute, or relative to the prepared folder.
        train_images: number of training faces.
        test_images: number of test faces.
        subset_images: number of test faces in each subset of the benchmark, 'full' first.
        complete: whether every image of the published benchmark is there; always true for synthetic benchmarks.
        missing_images: number of images of the published benchmark that are not there.
        missing: one sentence for each folder that falls short and each file that was left out.
        fingerprint: SHA-256 over the content (see :func:`content_fingerprint`), hexadecimal.
        annotation_sha256: SHA-256 of each annotation file, by split.
        made_by: version of this package that prepared the data.
        schema_version: version of this schema.
    """

    benchmark: str
    image_root: Path
    train_images: NonNegativeInt
    test_images: NonNegativeInt
    subset_images: dict[str, NonNegativeInt]
    complete: bool
    missing_images: NonNegativeInt
    missing: tuple[str, ...]
    fingerprint: Sha256
    annotation_sha256: dict[Literal['train', 'test'], Sha256]
    made_by: str
    schema_version: Literal[1] = 1

    def to_json(self) -> str:
        """The text of ``manifest.json``."""
        return _MANIFEST.dump_json(self, indent=1).decode() + '\n'


_MANIFEST = TypeAdapter(Manifest)


def read_manifest(data_root: Path, benchmark: str) -> Manifest:
    """Read the manifest of a prepared benchmark.

    Raises:
        BenchmarkError: nothing is prepared, or the manifest is damaged; the message says what to run.
    """
    rules = get_benchmark(benchmark)
    folder = data_root / benchmark
    path = folder / 'manifest.json'
    command = f'run: python -m benchmark.prepare {"synthetic" if rules.synthetic else f"{benchmark} --source DIR"}'
    try:
        manifest = _MANIFEST.validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BenchmarkError(f'{benchmark}: no prepared data in {folder} ({command})') from error
    except OSError as error:
        raise BenchmarkError(f'{path}: cannot read the manifest: {error.strerror}') from error
    except ValidationError as error:
        first = error.errors()[0]
        where = '.'.join(map(str, first['loc'])) or 'file'
        raise BenchmarkError(f'{path}: damaged manifest: {where}: {first["msg"]} ({command})') from error
    if manifest.benchmark != benchmark or tuple(manifest.subset_images) != rules.subsets:
        raise BenchmarkError(f'{path}: damaged manifest: not one of {benchmark} ({command})')
    if set(manifest.annotation_sha256) != set(SPLITS):
        raise BenchmarkError(f'{path}: damaged manifest: annotation_sha256 lacks a split ({command})')
    return manifest


def content_fingerprint(
    splits: Mapping[str, Sequence[Face]], image_root: Path, digests: Mapping[str, bytes] | None = None
) -> str:
    """SHA-256 over what a model sees: split, image, landmarks, subsets, occlusion, ambiguity and box of each face.

    The order of the faces counts, since it decides which of them share a batch; names, paths and times do not.

    Args:
        splits: faces by split.
        image_root: folder that image paths are relative to.
        digests: :func:`image_digest` of images by their path, where it is known already; other images are read.

    Raises:
        BenchmarkError: an image cannot be read.
    """
    images = dict(digests or {})
    total = hashlib.sha256()
    for split, faces in splits.items():
        for face in faces:
            if face.image not in images:
                path = image_root / face.image
                try:
                    images[face.image] = image_digest(read_bytes(path))
                except ValueError as error:
                    raise BenchmarkError(f'{path}: {error}') from error
            total.update(f'{split} {len(face.keypoints)} {sorted(face.subsets)}'.encode())
            total.update(images[face.image])
            for name, array, kind in (
                ('k', face.keypoints, '<f8'),
                ('o', face.occluded, '?'),
                ('a', face.ambiguity, '<f8'),
                ('b', face.box, '<f8'),
            ):
                if array is not None:
                    total.update(name.encode() + np.ascontiguousarray(array, dtype=kind).tobytes())
    return total.hexdigest()
