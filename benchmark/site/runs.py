"""Records with their predictions, read and checked: the only input of the tables and pages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import Benchmark, get_benchmark
from benchmark.suite.predictions import Predictions, load_predictions
from benchmark.suite.records import Record, read_record


@dataclass(frozen=True)
class Run:
    """One record that counts, with its predictions.

    Attributes:
        record: the record.
        path: its file.
        benchmark: the benchmark that it was run on.
        predictions: None unless the record is done.
        created: when the record was written.
        later: newest later record of the same configuration and seed that has no result, if there is one.
    """

    record: Record
    path: Path
    benchmark: Benchmark
    created: datetime
    predictions: Predictions | None = None
    later: Record | None = None


def read_runs(reports: Path) -> list[Run]:
    """Read the records of a reports folder; of each configuration and seed (or given weights) only the newest
    done one counts.

    Where none is done, the newest of the others counts: an experiment that failed or was never run keeps its row.

    Args:
        reports: folder that holds ``records/``; an absent one holds no records.

    Returns:
        Runs in the order of their file names.

    Raises:
        BenchmarkError: a record or predictions file is damaged or contradicts itself; the message names the file.
    """
    by_experiment = defaultdict(list)
    for path in sorted((reports / 'records').glob('*.json')):
        record = read_record(path)
        key = record.benchmark, record.name, record.seed, record.weights and record.weights.sha256
        by_experiment[key].append((_created(path, record), path, record))
    runs = []
    for attempts in by_experiment.values():
        attempts.sort(key=lambda attempt: attempt[:2])
        created, path, record = next((a for a in reversed(attempts) if a[2].status == 'done'), attempts[-1])
        newest = attempts[-1][2]
        runs.append(_read_run(path, record, created, newest if newest is not record else None))
    return sorted(runs, key=lambda run: run.path.name)


def _created(path: Path, record: Record) -> datetime:
    try:
        created = datetime.fromisoformat(record.created.replace('Z', '+00:00'))
    except ValueError as error:
        raise BenchmarkError(
            f'{path}: not a valid record: created: {record.created!r} is no ISO 8601 time (mend or remove the file)'
        ) from error
    return created if created.tzinfo else created.replace(tzinfo=timezone.utc)


def _read_run(path: Path, record: Record, created: datetime, later: Record | None) -> Run:
    try:
        benchmark = get_benchmark(record.benchmark)
    except BenchmarkError as error:
        raise BenchmarkError(f'{path}: {error}') from error
    if record.status != 'done':
        return Run(record, path, benchmark, created, later=later)
    for key in ('predictions', 'dataset', 'cost', 'environment'):
        if getattr(record, key) is None:
            raise BenchmarkError(f'{path}: not a valid record: status is done but {key} is null (run it again)')
    if Path(record.predictions).name != record.predictions:
        raise BenchmarkError(
            f'{path}: not a valid record: predictions: {record.predictions!r} is no plain file name (mend the file)'
        )
    source = path.with_name(record.predictions)
    predictions = load_predictions(source)
    fault = _fault(predictions, record, benchmark)
    if fault:
        raise BenchmarkError(f'{source}: {fault} (restore it or run the experiment again)')
    return Run(record, path, benchmark, created, predictions, later)


def _fault(predictions: Predictions, record: Record, benchmark: Benchmark) -> str | None:
    """What makes the predictions unusable as the source of this record's numbers, if anything."""
    images, landmarks = len(predictions.image_ids), benchmark.layout.num_landmarks
    subsets = len(predictions.subset_names)
    shapes = {
        'image_ids': (images,),
        'subsets': (images, subsets),
        'keypoints': (images, landmarks, 2),
        'distances': (images, landmarks),
        'inter_ocular': (images,),
        'inter_pupil': (images,),
        'covariances': (images, landmarks, 3),
        'ambiguity': (images, landmarks, 3),
    }
    for name, shape in shapes.items():
        array = getattr(predictions, name)
        if array is None:
            continue
        if array.shape != shape:
            return f'{name} has shape {array.shape}, expected {shape}'
        if array.dtype.kind == 'f' and not np.isfinite(array).all():
            return f'{name} holds NaN or infinity'
    if images == 0 or images != record.dataset.test_images:
        return f'{images} images, the record has {record.dataset.test_images}'
    if (
        'full' not in predictions.subset_names
        or not predictions.subsets.any(axis=0)[list(predictions.subset_names).index('full')]
    ):
        return "no image belongs to the subset 'full'"
    if (predictions.distances < 0).any() or min(predictions.inter_ocular.min(), predictions.inter_pupil.min()) <= 0:
        return 'a distance is negative or a normalizing distance is not positive'
    return None
