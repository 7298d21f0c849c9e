"""NME against the face box: ``<results>/perturbations/<record>.json``, in the folder beside ``records/``.

The protocol "perturbed boxes": the tight box of the true landmarks is made larger or smaller about its centre, or
moved, before it is padded and cropped as the configuration does. Face number i of the test set, counted from 0, is
moved in the direction i x golden angle (137.5 degrees), clockwise in the image from the right, at every distance. No
number of this protocol stands in a leaderboard; where nothing is changed it is that of the record. Every key is
documented here, where it is defined; unknown keys are refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from benchmark.errors import BenchmarkError, cannot_write
from benchmark.files import write_atomically
from benchmark.protocol.face_boxes import SCALES, SHIFTS
from benchmark.records.parts import Metric
from benchmark.records.record import Record
from benchmark.records.schema import Line, Schema, read_json

UNCHANGED = (1.0, 0.0)
# What is measured, scale and shift: sizes in place, then places at the same size.
GRID = (*((scale, 0.0) for scale in SCALES), *((1.0, shift) for shift in SHIFTS if shift))
FOLDER = 'perturbations'
_KIND = 'file of perturbations'


class Point(Schema):
    """NME over the whole test set in boxes of one perturbation."""

    scale: PositiveFloat = Field(description="factor of both sides of the landmarks' box, about its centre")
    shift: NonNegativeFloat = Field(description='how far the box is moved, in units of its longer side')
    nme: NonNegativeFloat = Field(description="percent, under the benchmark's headline normalizer")


class Perturbations(Schema):
    """NME of one record's weights in perturbed boxes."""

    schema_version: Literal[1] = Field(1, description='version of this schema')
    name: Line = Field(description='name of the configuration, as the record has it')
    fingerprint: Line = Field(description='as the record has it')
    benchmark: Line = Field(description='as the record has it')
    weights_sha256: Line = Field(description='of the file of weights, hexadecimal')
    predictions_sha256: Line = Field(description="of the record's predictions file, hexadecimal")
    normalizer: Literal['inter-ocular', 'inter-pupil'] = Field(description='distance that errors are divided by')
    images: PositiveInt = Field(description='number of test images')
    points: tuple[Point, ...] = Field(description='one of them with scale 1 and shift 0')

    @model_validator(mode='after')
    def _with_the_unchanged_box(self) -> Perturbations:
        places = [(point.scale, point.shift) for point in self.points]
        if places.count(UNCHANGED) != 1 or len(set(places)) < len(places):
            raise ValueError('points: expected each once, and one with scale 1 and shift 0')
        return self

    @property
    def scales(self) -> list[Point]:
        """Points whose boxes are where the landmarks' are, by size."""
        return sorted((one for one in self.points if one.shift == 0), key=lambda one: one.scale)

    @property
    def shifts(self) -> list[Point]:
        """Points whose boxes are as large as the landmarks', by distance."""
        return sorted((one for one in self.points if one.scale == 1), key=lambda one: one.shift)


def perturbations_path(record: Path) -> Path:
    """File that belongs to the file of a record."""
    return record.parents[1] / FOLDER / record.name


def write_perturbations(found: Perturbations, record: Path) -> None:
    """Write the file that belongs to the file of a record, whole or not at all.

    Raises:
        BenchmarkError: the folder cannot be written to.
    """
    path = perturbations_path(record)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, found.model_dump_json(indent=1).encode() + b'\n')
    except OSError as error:
        raise BenchmarkError(cannot_write(f'{path}: cannot write the perturbations', error, '--results')) from error


def forget_perturbations(record: Path, predictions_sha256: str) -> None:
    """Remove the file that belongs to the file of a record, unless it was measured with the same predictions.

    Raises:
        BenchmarkError: it cannot be read or removed.
    """
    path = perturbations_path(record)
    try:
        if path.is_file() and read_json(Perturbations, path, _KIND).predictions_sha256 != predictions_sha256:
            path.unlink()
    except OSError as error:
        raise BenchmarkError(f'{path}: cannot remove the old perturbations: {error.strerror} (remove it)') from error


def find_perturbations(path: Path, record: Record) -> Perturbations | None:
    """What belongs to a record; None where nothing was measured.

    Args:
        path: the record's file.
        record: what it holds.

    Raises:
        BenchmarkError: the file is not of this schema, is of another record, or contradicts it.
    """
    file = perturbations_path(path)
    if not file.is_file():
        return None
    found = read_json(Perturbations, file, _KIND)
    keys = ('name', 'fingerprint', 'benchmark', 'predictions_sha256')
    other = next((key for key in keys if getattr(found, key) != getattr(record, key)), None)
    if other or not record.weights or found.weights_sha256 != record.weights.sha256:
        raise BenchmarkError(f'{file}: {other or "weights_sha256"} is not that of {path.name} (measure it again)')
    unchanged = next(point.nme for point in found.points if (point.scale, point.shift) == UNCHANGED)
    if unchanged != headline_nme(record.metrics, found.normalizer):
        raise BenchmarkError(f'{file}: its NME in unchanged boxes is not that of {path.name} (measure it again)')
    return found


def headline_nme(metrics: Iterable[Metric], normalizer: str) -> float:
    """NME over the whole test set, percent, among the metrics of a result."""
    return next(m.value for m in metrics if (m.metric, m.subset, m.normalizer) == ('nme', 'full', normalizer))
