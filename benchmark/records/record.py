"""The record of one experiment: what was run, on which data, with which result, at which cost.

A record is one JSON file, ``<reports>/records/<name>-seed<seed>-<fingerprint[:8]>.json`` (without a seed where given
weights were tested); the predictions that its numbers are computed from lie beside it as ``.npz`` (see
:mod:`benchmark.records.predictions`). Every key is documented where it is defined, here or in
:mod:`benchmark.records.parts`; unknown keys are refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from benchmark.errors import BenchmarkError, cannot_write
from benchmark.files import visible, write_atomically
from benchmark.records.parts import (
    Boxes,
    Cost,
    Dataset,
    Environment,
    Epoch,
    GivenWeights,
    Metric,
    Part,
    Pretrained,
    Registration,
    Settings,
)
from benchmark.records.schema import Line, Schema, Time, read_json
from benchmark.records.seal import file_sha256, seal_of

SCHEMA_VERSION = 3
SEALED_SINCE = 3

Status = Literal['done', 'failed', 'no-data', 'not-run']


class Record(Schema):
    """Everything known about one experiment, finished or not."""

    schema_version: Literal[1, 2, 3] = Field(
        SCHEMA_VERSION,
        description='version of this schema; since 2, predictions are written in the compact form; since 3, a record '
        'holds hashes of its predictions and of itself',
    )
    name: Line = Field(description='name of the configuration, as benchmark.run --list prints it')
    seed: int | None = Field(
        description='seed of initialization, shuffling and augmentation; null where given weights were tested'
    )
    benchmark: Line = Field(description="a name of benchmark.protocol.benchmarks, e.g. '300w' or 'synthetic-68'")
    status: Status = Field(description='closed set: done, failed, no-data (nothing prepared), not-run (not reached)')
    reason: Line | None = Field(None, description='one line on why there is no result; null when done')
    fingerprint: Line = Field(description='SHA-256 of all that identifies the result, the seed included')
    experiment: Line | None = Field(
        None,
        description='SHA-256 of all that identifies the result but the seed: resolved configuration, source of '
        'components of its own, data, kind of device, given weights and results version; the seeds of a row have it in '
        'common; null before version 3',
    )
    recipe: Line = Field(
        description='SHA-256 of configuration without its loss, source of components besides it, data and kind of '
        'device; equal recipes differ in the loss alone'
    )
    loss: Line = Field(description="short name of the loss, e.g. 'STAR' or 'smooth-L1'")
    backbone: Line = Field(description="short name of the network, e.g. 'ResNet-18'")
    method: Line | None = Field(
        None, description="the method's name in print, of results that this benchmark did not make; null for its own"
    )
    input_size: tuple[PositiveInt, PositiveInt] = Field(description='width and height of the network input, pixels')
    config: str = Field(description='resolved configuration as Python text')
    components: dict[Line, Line] = Field(
        {}, description="SHA-256 of the source of each module that the configuration uses besides this package's"
    )
    source: Line | None = Field(
        None,
        description='where the code of a result is to be found that this benchmark did not make, and which version',
    )
    settings: Settings | None = Field(None, description='null in records of version 0.1, and unless done')
    pretrained: Pretrained | None = Field(None, description='null where the configuration starts from random weights')
    weights: GivenWeights | None = Field(None, description='null where this benchmark trained the weights')
    parameters: NonNegativeInt | None = Field(None, description='number of trainable parameters')
    gflops: NonNegativeFloat | None = Field(
        None,
        description='billions of multiplications with addition in convolutions and matrix products for one image, '
        'forward, without flip test; null in records of version 0.1 and where nothing was counted',
    )
    checkpoint_rule: Line | None = Field(None, description="which weights are tested, e.g. 'last epoch, EMA weights'")
    box: Line | None = Field(None, description='how the face box is obtained and padded')
    boxes: Boxes | None = Field(
        None, description='face boxes from a file; null where they are derived from the true landmarks'
    )
    dataset: Dataset | None = Field(None, description='null while nothing is prepared')
    predictions: str | None = Field(None, description='name of the predictions file beside this record')
    predictions_sha256: Line | None = Field(None, description='of that file, hexadecimal; null before version 3')
    metrics: tuple[Metric, ...] = Field(
        (), description='computed from the predictions, which have to give the same; empty unless done'
    )
    cost: Cost | None = Field(
        None, description='null unless done, and where nobody measured it of a result that this benchmark did not make'
    )
    environment: Environment | None = Field(
        None, description='null as the cost is; of the process that wrote the record where a training was continued'
    )
    curve: tuple[Epoch, ...] = Field((), description='training curve')
    parts: tuple[Part, ...] = Field(
        (),
        description='the processes that trained it one after the other, where it was continued; empty where the '
        'process that wrote the record trained all of it, and in records of older versions',
    )
    plan: Registration | None = Field(
        None, description='the plan that named this run before it was made; null where there was none'
    )
    started: Time | None = Field(
        None, description='UTC time at which the training was first started, ISO 8601; null before version 3'
    )
    created: Time = Field(description='UTC time at which this record was written, ISO 8601')
    seal: Line | None = Field(
        None,
        description='SHA-256 of the record without this key, as JSON with sorted keys and no blanks: tells an edited '
        'record from one that was written; null before version 3',
    )

    @property
    def environments(self) -> tuple[Environment, ...]:
        """Those of all processes that trained or tested, that of the last one first; empty where none is known."""
        known = (self.environment, *(part.environment for part in self.parts))
        return tuple(one for one in known if one is not None)

    @property
    def file_name(self) -> str:
        """Name of the record's file in the records folder; a record without a result never has the name of one with."""
        suffix = '' if self.status == 'done' else f'-{self.status}'
        seed = '' if self.seed is None else f'-seed{self.seed}'
        return f'{self.name}{seed}-{self.fingerprint[:8]}{suffix}.json'


def write_record(record: Record, folder: Path) -> Path:
    """Seal and write a record so that a reader sees either the whole new file or the old one.

    ``predictions_sha256`` is that of the predictions file in the folder, where there is one by now.

    Args:
        record: the record.
        folder: records folder, made if absent.

    Returns:
        Path of the written file.

    Raises:
        BenchmarkError: the folder cannot be written to.
    """
    path = folder / record.file_name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, _sealed(record, folder).encode())
    except OSError as error:
        raise BenchmarkError(cannot_write(f'{path}: cannot write the record', error, '--results')) from error
    return path


def _sealed(record: Record, folder: Path) -> str:
    """JSON text of a record, with the hashes that its version has."""
    if record.schema_version >= SEALED_SINCE:
        predictions = record.predictions and folder / record.predictions
        sha256 = file_sha256(predictions) if predictions and predictions.is_file() else None
        record = record.model_copy(update={'predictions_sha256': sha256})
        record = record.model_copy(update={'seal': seal_of(json.loads(record.model_dump_json()))})
    return record.model_dump_json(indent=1)


def read_record(path: Path) -> Record:
    """Read and validate one record.

    Raises:
        BenchmarkError: the file is not a record of this schema, or one that is done and lacks its predictions, data
            or, unless others made it, cost or environment; the message names file and first wrong key.
    """
    record = read_json(Record, path, 'record')
    if record.predictions is not None and not _is_file_name(record.predictions):
        raise BenchmarkError(
            f'{path}: not a valid record: predictions: {record.predictions!r} is no plain file name (mend the file)'
        )
    if record.status == 'done':
        # Of what others trained nobody may have measured the cost.
        needed = ('predictions', 'dataset') if record.method else ('predictions', 'dataset', 'cost', 'environment')
        for key in needed:
            if getattr(record, key) is None:
                raise BenchmarkError(f'{path}: not a valid record: status is done but {key} is null (run it again)')
    return record


def _is_file_name(name: str) -> bool:
    return name not in ('', '.', '..') and not set('/\\\0') & set(name)


def read_records(folder: Path) -> list[Record]:
    """Read every record of a folder, sorted by file name; an absent folder holds none.

    Raises:
        BenchmarkError: one of the files is not a valid record.
    """
    return [record for _, record in records_in(folder)]


def records_in(folder: Path) -> Iterator[tuple[Path, Record]]:
    """Paths and records of a folder, by file name; a file that is removed meanwhile is passed over.

    Raises:
        BenchmarkError: one of the files is not a valid record.
    """
    for path in visible(folder, '*.json'):
        record = read_if_there(path)
        if record is not None:
            yield path, record


def read_if_there(path: Path) -> Record | None:
    """Read and validate one record; None where the file is gone, as when another process has put a newer in its place.

    Raises:
        BenchmarkError: as :func:`read_record` does.
    """
    try:
        return read_record(path)
    except BenchmarkError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise
