"""The manifest of prepared data: what a prepared folder holds, and what its results are filed under."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, NonNegativeInt, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from benchmark.datasets.drawing import GENERATOR_VERSION, Drawing
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark

SCHEMA_VERSION = 2
SPLITS = ('train', 'test')
Sha256 = Annotated[str, Field(pattern='^[0-9a-f]{64}$')]


class OutdatedDataError(BenchmarkError):
    """Data that an older version has prepared; preparing it again makes it usable."""


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
        fingerprint: what tells the data from other data, on every machine (see :mod:`benchmark.datasets.identity`).
        pixels: SHA-256 over the decoded pixels of all images, hexadecimal; drawn ones may differ between machines.
        drawing: how drawn data were drawn; None of photographs.
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
    pixels: Sha256
    annotation_sha256: dict[Literal['train', 'test'], Sha256]
    made_by: str
    drawing: Drawing | None = None
    schema_version: Literal[SCHEMA_VERSION] = SCHEMA_VERSION

    def to_json(self) -> str:
        """The text of ``manifest.json``."""
        return _MANIFEST.dump_json(self, indent=1).decode() + '\n'


_MANIFEST = TypeAdapter(Manifest)


def read_manifest(data_root: Path, benchmark: str) -> Manifest:
    """Read the manifest of a prepared benchmark.

    Raises:
        OutdatedDataError: it is there, but another version of the preparation or of the generator made it.
        BenchmarkError: nothing is prepared, or the manifest is damaged; the message says what to run.
    """
    rules = get_benchmark(benchmark)
    folder = data_root / benchmark
    path = folder / 'manifest.json'
    command = f'run: python -m benchmark.prepare {"synthetic" if rules.synthetic else f"{benchmark} --source DIR"}'
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BenchmarkError(f'{benchmark}: no prepared data in {folder} ({command})') from error
    except OSError as error:
        raise BenchmarkError(f'{path}: cannot read the manifest: {error.strerror}') from error
    version = _schema_version(content)
    if version is not None and version < SCHEMA_VERSION:
        raise OutdatedDataError(f'{path}: prepared by an older version ({command})')
    if version is not None and version > SCHEMA_VERSION:
        raise BenchmarkError(f'{path}: prepared by a newer version (update this one, or choose another --data-root)')
    try:
        manifest = _MANIFEST.validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = '.'.join(map(str, first['loc'])) or 'file'
        raise BenchmarkError(f'{path}: damaged manifest: {where}: {first["msg"]} ({command})') from error
    if manifest.benchmark != benchmark or tuple(manifest.subset_images) != rules.subsets:
        raise BenchmarkError(f'{path}: damaged manifest: not one of {benchmark} ({command})')
    if set(manifest.annotation_sha256) != set(SPLITS):
        raise BenchmarkError(f'{path}: damaged manifest: annotation_sha256 lacks a split ({command})')
    if manifest.drawing is not None and manifest.drawing.generator != GENERATOR_VERSION:
        drawn = f'drawn by version {manifest.drawing.generator} of the generator, this is {GENERATOR_VERSION}'
        raise OutdatedDataError(f'{path}: {drawn} ({command})')
    return manifest


def _schema_version(content: bytes) -> int | None:
    """Version of the schema of a manifest; None where it cannot be told."""
    try:
        version = json.loads(content)['schema_version']
    except (ValueError, TypeError, KeyError):
        return None
    return version if type(version) is int else None
