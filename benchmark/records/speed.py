"""What ``python -m benchmark.speed`` found, as it is stored: ``<reports>/speed/<device>-<threads>-threads.json``.

One file a device and number of threads. Measuring a part again replaces that part only. Every key is documented here,
where it is defined; unknown keys are refused. Nothing here imports PyTorch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field

from benchmark.errors import BenchmarkError, cannot_write
from benchmark.files import write_atomically
from benchmark.records.parts import Environment
from benchmark.records.schema import Schema, read_json

Interval = tuple[float, float]


class Row(Schema):
    """One way to do it, and how long it takes."""

    name: str = Field(description='what it is')
    group: str = Field('', description="what it is done to, e.g. '32 x 98 x 64 x 64'; ways of one group are compared")
    milliseconds: float = Field(description="of the measurement's unit, median over the rounds")
    milliseconds_quartiles: Interval = Field(description='first and third quartile over the rounds')
    samples_per_second: float = Field(description='images or batches a second: the inverse of the median')
    ratio: float = Field(description="how many times as fast as its group's first way, median of each round's ratio")
    ratio_quartiles: Interval = Field(description='first and third quartile of these ratios')
    subject_ratio: float | None = Field(
        None, description="time of the measurement's subject over this time, median of each round's; null: no subject"
    )
    subject_ratio_quartiles: Interval | None = Field(None, description='first and third quartile of these ratios')
    rounds: int = Field(description='number of rounds')
    memory_mib: float | None = Field(
        None, description='peak of what is allocated beside the inputs and parameters, MiB; null where not measured'
    )
    memory_heatmaps: float | None = Field(None, description='the same in units of one batch of heatmaps')
    synchronizations: int | None = Field(
        None, description='how often the host waits for the GPU in it, from the profiler; null on a CPU'
    )
    shares: dict[str, float] | None = Field(
        None, description='share of its time by part, fractions whose sum is 1; null where not measured'
    )


class Measurement(Schema):
    """Result of one part."""

    part: str = Field(description="name of the part, e.g. 'loss'")
    about: str = Field(description='on what and how it was measured, one sentence')
    unit: Literal['image', 'batch'] = Field('image', description='what a time is of')
    clock: Literal['computation', 'wall'] = Field(
        'computation', description='seconds that all threads of the process computed, or that passed on the wall'
    )
    subject: str | None = Field(None, description='name of the way whose time is compared with every other')
    rows: tuple[Row, ...] = Field(description='the ways, first in each group the one that others are compared with')
    notes: tuple[str, ...] = Field((), description='what was left out, and why')
    environment: Environment | None = Field(None, description='where it was measured; null before it is stored')
    measured: str | None = Field(None, description='time of the measurement, ISO 8601, UTC; null before it is stored')


class SpeedReport(Schema):
    """Everything measured on one device with one number of threads."""

    schema_version: Literal[1] = Field(1, description='version of this schema')
    device_name: str = Field(description='model name of the processor or GPU')
    threads: int = Field(description='threads that PyTorch used')
    measurements: tuple[Measurement, ...] = Field(description='one a part, by name of the part')


def report_path(folder: Path, environment: Environment) -> Path:
    """File of the results of a device and number of threads.

    Args:
        folder: ``<reports>/speed``.
        environment: where the measurements were made.
    """
    slug = re.sub(r'[^a-z0-9]+', '-', environment.device_name.lower()).strip('-')
    return folder / f'{slug}-{environment.threads}-thread{"" if environment.threads == 1 else "s"}.json'


def store(folder: Path, measurements: Iterable[Measurement]) -> Path:
    """Put measurements of one environment into its file; other parts stay as they are.

    Args:
        folder: ``<reports>/speed``, made if absent.
        measurements: at least one, each with its environment.

    Returns:
        Path of the file.

    Raises:
        BenchmarkError: the file that is there is not valid, or the folder cannot be written to.
    """
    measurements = list(measurements)
    environment = measurements[0].environment
    path = report_path(folder, environment)
    before = read_speed_report(path).measurements if path.exists() else ()
    parts = {one.part: one for one in (*before, *measurements)}
    report = SpeedReport(
        device_name=environment.device_name,
        threads=environment.threads,
        measurements=tuple(parts[name] for name in sorted(parts)),
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, report.model_dump_json(indent=1).encode() + b'\n')
    except OSError as error:
        raise BenchmarkError(cannot_write(f'{path}: cannot write the speeds', error, '--store')) from error
    return path


def read_speed_report(path: Path) -> SpeedReport:
    """Read and validate one file.

    Raises:
        BenchmarkError: it cannot be read or is not of this schema; the message names file and first wrong key.
    """
    return read_json(SpeedReport, path, 'report of speeds')


def decimals(milliseconds: float) -> int:
    """Decimals that a time is worth: four digits, but at most two behind the point."""
    return 2 if milliseconds < 100 else 1 if milliseconds < 1000 else 0
