"""Testing weights in perturbed face boxes: the curves of NME against size and place of the box."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mmengine.config import Config

from benchmark.datasets.prepared import Prepared
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.perturbations import GRID, Perturbations, Point, headline_nme
from benchmark.records.predictions import summarize
from benchmark.records.record import Record
from benchmark.suite.testing import evaluate_checkpoint


def measure_perturbations(
    config: Config,
    checkpoint: Path,
    prepared: Prepared,
    record: Record,
    report: Callable[[dict], None] | None = None,
) -> Perturbations:
    """Test weights once for each perturbation of :data:`benchmark.records.perturbations.GRID`.

    Args:
        config: configuration of the run.
        checkpoint: the weights.
        prepared: the data.
        record: their record in the landmarks' boxes, as it is stored.
        report: called while it is tested (see :class:`benchmark.suite.progress_hook.ProgressHook`).
    """
    benchmark = get_benchmark(record.benchmark)
    normalizer, points = benchmark.headline_normalizer, []
    for scale, shift in GRID:
        _, predictions = evaluate_checkpoint(config, checkpoint, prepared, report, {'perturbation': (scale, shift)})
        points.append(Point(scale=scale, shift=shift, nme=headline_nme(summarize(predictions, benchmark), normalizer)))
    return Perturbations(
        **{key: getattr(record, key) for key in ('name', 'fingerprint', 'benchmark')},
        weights_sha256=record.weights.sha256,
        predictions_sha256=record.predictions_sha256,
        normalizer=normalizer,
        images=len(prepared.test),
        points=tuple(points),
    )
