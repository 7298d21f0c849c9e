"""The record of one experiment: what was run, on which data, with which result, at which cost.

A record is one JSON file, ``<reports>/records/<name>-seed<seed>-<fingerprint[:8]>.json`` (without a seed where given
weights were tested); the predictions that its numbers are computed from lie beside it as ``.npz`` (see
:mod:`benchmark.records.predictions`). Every key is documented here, where it is defined; unknown keys are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from benchmark.errors import BenchmarkError
from benchmark.files import write_atomically
from benchmark.records.schema import Schema, read_json

SCHEMA_VERSION = 2

Status = Literal['done', 'failed', 'no-data', 'not-run']


class Metric(Schema):
    """One number with everything that it takes to know which number it is."""

    subset: str = Field(description="subset of the benchmark's test images, e.g. 'full' or 'challenge'")
    normalizer: Literal['inter-ocular', 'inter-pupil'] = Field(description='distance that errors are divided by')
    metric: Literal['nme', 'fr', 'auc'] = Field(description='normalized mean error, failure rate, area under curve')
    threshold: float | None = Field(description='threshold of fr and auc in percent; null for nme')
    value: float = Field(description='percent')
    images: int = Field(description='number of test images that the value is computed on')


class Dataset(Schema):
    """The prepared data that an experiment was trained and tested on."""

    fingerprint: str = Field(description='SHA-256 over the content of the prepared data, hexadecimal')
    complete: bool = Field(description='whether every image of the published benchmark was present')
    train_images: int = Field(description='number of training images')
    test_images: int = Field(description='number of test images')
    subset_images: dict[str, int] = Field(description='number of test images in each subset')
    missing: int = Field(description='number of images of the published benchmark that were absent')


class Cost(Schema):
    """What the run took. Times are wall-clock seconds on ``Environment.device_name``."""

    epochs: int = Field(description='training epochs')
    train_seconds: float = Field(description='training, without start-up and evaluation, summed over continuations')
    train_images_per_second: float | None = Field(
        description='training images per second, median over epochs; null where nothing was trained'
    )
    test_seconds: float = Field(description='final evaluation, with flip augmentation if the configuration has it')
    peak_memory_mib: float = Field(description='peak of the process (CPU) or of allocated device memory (GPU), MiB')


class Environment(Schema):
    """Where and with what the run was made."""

    device: str = Field(description="'cpu' or 'cuda'")
    device_name: str = Field(description='model name of the processor or GPU')
    driver: str | None = Field(description='GPU driver version, null on a CPU')
    threads: int = Field(description='threads that PyTorch used')
    processes: int = Field(1, description='processes that shared the training, each with a device of its own')
    precision: str = Field(
        description="'float32', 'bfloat16' or 'float16' (autocast) in training; tests and losses are float32"
    )
    python: str = Field(description='Python version')
    packages: dict[str, str] = Field(description='versions of the packages that numbers depend on')
    git_commit: str | None = Field(description='commit of the benchmark, null outside a git checkout')
    git_dirty: bool | None = Field(description='whether tracked files differed from that commit')


class Settings(Schema):
    """Switches of a configuration that trade time, memory and precision (the precision is in :class:`Environment`)."""

    images_per_step: int = Field(description='images behind one step of the optimizer, over all processes and batches')
    accumulation: int = Field(description='batches whose gradients are added up for one step')
    channels_last: bool = Field(description='whether images are laid out channels last')
    compiled: bool = Field(description='whether the network is compiled by torch.compile')
    gradient_checkpointing: bool = Field(description='whether features are computed again for the gradient')


class Pretrained(Schema):
    """Weights that the backbone should start from, and whether it did."""

    name: str = Field(description="as the configuration has it, e.g. 'open-mmlab://msra/hrnetv2_w18'")
    file: str | None = Field(description='name of the file that was used; null: the user had it start from random ones')
    sha256: str | None = Field(description='of that file, hexadecimal')


class GivenWeights(Schema):
    """Weights that were tested as they are, not trained by this benchmark."""

    origin: Literal['official weights', 'given weights'] = Field(
        description='official: converted from a checkpoint of the official STAR code'
    )
    file: str = Field(description='name of the file')
    sha256: str = Field(description='of the file, hexadecimal')
    converted_from: str | None = Field(description='SHA-256 of the official checkpoint; null for other weights')
    converted_part: str | None = Field(description="'net_ema' or 'net' of it; null for other weights")


class Epoch(Schema):
    """One point of the training curve."""

    epoch: int = Field(description='1-based')
    loss: float = Field(description='mean training loss over the epoch')
    learning_rate: float = Field(description='learning rate at the end of the epoch')
    seconds: float = Field(description='wall-clock seconds of the epoch')
    test_nme: float | None = Field(None, description='headline NME on the test images, percent; it chooses nothing')


class Record(Schema):
    """Everything known about one experiment, finished or not."""

    schema_version: Literal[1, 2] = Field(
        SCHEMA_VERSION, description='version of this schema; since 2, predictions are written in the compact form'
    )
    name: str = Field(description='name of the configuration, as benchmark.run --list prints it')
    seed: int | None = Field(
        description='seed of initialization, shuffling and augmentation; null where given weights were tested'
    )
    benchmark: str = Field(description="a name of benchmark.protocol.benchmarks, e.g. '300w' or 'synthetic-68'")
    status: Status = Field(description='closed set: done, failed, no-data (nothing prepared), not-run (not reached)')
    reason: str | None = Field(None, description='one line on why there is no result; null when done')
    fingerprint: str = Field(description='SHA-256 of resolved configuration, data, seed and code version')
    recipe: str = Field(
        description='SHA-256 of configuration without its loss, and data; equal recipes differ in the loss alone'
    )
    loss: str = Field(description="short name of the loss, e.g. 'STAR' or 'smooth-L1'")
    backbone: str = Field(description="short name of the network, e.g. 'ResNet-18'")
    method: str | None = Field(
        None, description="the method's name in print, of results that this benchmark did not make; null for its own"
    )
    input_size: tuple[int, int] = Field(description='width and height of the network input, pixels')
    config: str = Field(description='resolved configuration as Python text')
    settings: Settings | None = Field(None, description='null in records of version 0.1, and unless done')
    pretrained: Pretrained | None = Field(None, description='null where the configuration starts from random weights')
    weights: GivenWeights | None = Field(None, description='null where this benchmark trained the weights')
    parameters: int | None = Field(None, description='number of trainable parameters')
    gflops: float | None = Field(
        None,
        description='billions of multiplications with addition in convolutions and matrix products for one image, '
        'forward, without flip test; null in records of version 0.1 and where nothing was counted',
    )
    checkpoint_rule: str | None = Field(None, description="which weights are tested, e.g. 'last epoch, EMA weights'")
    box: str | None = Field(None, description='how the face box is obtained and padded')
    dataset: Dataset | None = Field(None, description='null while nothing is prepared')
    predictions: str | None = Field(None, description='name of the predictions file beside this record')
    metrics: tuple[Metric, ...] = Field(
        (), description='computed from the predictions, which have to give the same; empty unless done'
    )
    cost: Cost | None = Field(None, description='null unless done')
    environment: Environment | None = Field(None, description='null unless done')
    curve: tuple[Epoch, ...] = Field((), description='training curve')
    created: str = Field(description='UTC time at which this record was written, ISO 8601')

    @property
    def file_name(self) -> str:
        """Name of the record's file in the records folder; a record without a result never has the name of one with."""
        suffix = '' if self.status == 'done' else f'-{self.status}'
        seed = '' if self.seed is None else f'-seed{self.seed}'
        return f'{self.name}{seed}-{self.fingerprint[:8]}{suffix}.json'


def write_record(record: Record, folder: Path) -> Path:
    """Write a record so that a reader sees either the whole new file or the old one.

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
        write_atomically(path, record.model_dump_json(indent=1).encode())
    except OSError as error:
        raise BenchmarkError(
            f'{path}: cannot write the record: {error.strerror} (free space or choose another folder with --results)'
        ) from error
    return path


def read_record(path: Path) -> Record:
    """Read and validate one record.

    Raises:
        BenchmarkError: the file is not a record of this schema, or one that is done and does not name its predictions;
            the message names file and first wrong key.
    """
    record = read_json(Record, path, 'record')
    if record.status == 'done' and record.predictions is None:
        raise BenchmarkError(f'{path}: not a valid record: status is done but predictions is null (run it again)')
    if record.predictions is not None and not _is_file_name(record.predictions):
        raise BenchmarkError(
            f'{path}: not a valid record: predictions: {record.predictions!r} is no plain file name (mend the file)'
        )
    return record


def _is_file_name(name: str) -> bool:
    return name not in ('', '.', '..') and not set('/\\\0') & set(name)


def read_records(folder: Path) -> list[Record]:
    """Read every record of a folder, sorted by file name; an absent folder holds none.

    Raises:
        BenchmarkError: one of the files is not a valid record.
    """
    return [read_record(path) for path in sorted(folder.glob('*.json'))]
