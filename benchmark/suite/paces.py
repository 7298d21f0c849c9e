"""How fast trainings went that are on record, and steps that were stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.files import visible
from benchmark.records.record import Record
from benchmark.records.speed import Measurement, read_speed_report
from benchmark.suite.stored import read_if_there

# Backbone, width and height of its input, and precision.
Network = tuple[str, tuple[int, int], str]
# The part of python -m benchmark.speed that times steps of every recipe, and the names of its ways.
PART, TRAINING, TEST = 'recipes', 'training', 'test'


@dataclass(frozen=True)
class Pace:
    """Seconds that an image takes.

    Attributes:
        train: once in training.
        test: once in the test, with flip augmentation if the configuration has it.
    """

    train: float
    test: float


@dataclass(frozen=True)
class StoredPace:
    """What a record tells.

    Attributes:
        recipe: as in the record.
        network: what was trained.
        threads: threads that it was trained on.
        pace: seconds an image, with loading and augmentation.
    """

    recipe: str
    network: Network
    threads: int
    pace: Pace


def read_paces(
    folders: Iterable[Path], device: str, device_name: str, processes: int
) -> tuple[list[StoredPace], list[str]]:
    """What records tell of one model of processor or GPU.

    Args:
        folders: folders of records; what vanishes from them meanwhile is passed over.
        device: 'cpu' or 'cuda'.
        device_name: its model, as :func:`benchmark.suite.environment.device_name` says it.
        processes: number of processes that shared each training.

    Returns:
        What they tell, and one line on each damaged record.
    """
    paces, damaged = [], []
    for path in (path for folder in folders for path in visible(folder, '*.json')):
        try:
            record = read_if_there(path)
        except BenchmarkError as error:
            damaged.append(str(error))
            continue
        if record is None or not _tells(record):
            continue
        made, cost, data = record.environment, record.cost, record.dataset
        if (made.device, made.device_name, made.processes) == (device, device_name, processes):
            network = record.backbone, record.input_size, made.precision
            train = cost.train_seconds / (cost.epochs * data.train_images)
            pace = Pace(train, cost.test_seconds / data.test_images)
            paces.append(StoredPace(record.recipe, network, made.threads, pace))
    return paces, damaged


def network_name(network: Network) -> str:
    """A network in words, by which its steps are stored: 'HRNetV2-W18, 256 x 256, float32'."""
    backbone, (width, height), precision = network
    return f'{backbone}, {width} x {height}, {precision}'


def read_steps(folders: Iterable[Path], device: str, device_name: str) -> tuple[dict[str, Pace], list[str]]:
    """What ``python -m benchmark.speed recipes`` has stored for one model of processor or GPU.

    Args:
        folders: folders of speeds; what the first one has of a network counts.
        device: 'cpu' or 'cuda'.
        device_name: its model, as :func:`benchmark.suite.environment.device_name` says it.

    Returns:
        Seconds an image by :func:`network_name`, of one thread where it is a processor, without loading and
        augmentation; and one line on each damaged file.
    """
    paces: dict[str, Pace] = {}
    damaged = []
    for path in (path for folder in folders for path in visible(folder, '*.json')):
        try:
            report = read_speed_report(path)
        except BenchmarkError as error:
            damaged.append(str(error))
            continue
        if report.device_name == device_name:
            for one in report.measurements:
                if one.part == PART and one.environment is not None and one.environment.device == device:
                    paces = {**_paces(one), **paces}
    return paces, damaged


def _paces(measurement: Measurement) -> dict[str, Pace]:
    seconds = {(row.group, row.name): row.milliseconds / 1000 for row in measurement.rows}
    return {name: Pace(seconds[name, TRAINING], seconds[name, TEST]) for name, way in seconds if way == TRAINING}


def _tells(record: Record) -> bool:
    """Whether a record is of a training whose cost is known."""
    if record.status != 'done' or record.environment is None or record.cost is None:
        return False
    if len({(one.device_name, one.threads, one.processes) for one in record.environments}) > 1:
        return False  # a training that was continued elsewhere
    return bool(record.cost.epochs and record.dataset.train_images and record.dataset.test_images)
