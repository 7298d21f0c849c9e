"""Files of residuals beside the runs that they were measured on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmark.analysis.rows import Row
from benchmark.files import visible
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.residuals import Group, Residuals, read_residuals

FOLDER = 'residuals'
PARTS: Mapping[str, tuple[str, ...]] = {
    'jaw': ('face contour',),
    'brows': ('right brow', 'left brow'),
    'nose': ('nose line', 'nose'),
    'eyes': ('right eye', 'left eye'),
    'mouth': ('outer lip', 'inner lip'),
}


class Directions:
    """All files of residuals in a folder of reports.

    Args:
        reports: the folder that holds ``residuals/``; it need not.

    Raises:
        BenchmarkError: a file is not one of residuals.
    """

    def __init__(self, reports: Path) -> None:
        found = [read_residuals(path) for path in visible(reports / FOLDER, '*.json')]
        self._by_predictions = {one.predictions_sha256: one for one in found}
        self._found = found

    def of_row(self, row: Row) -> dict[int, Residuals]:
        """By seed, of the runs of a row that were measured."""
        known = ((run.record.seed, self._by_predictions.get(run.digest.file_sha256)) for run in row.done)
        return {seed: one for seed, one in known if seed is not None and one is not None}

    def on_training_faces(self, name: str) -> list[Residuals]:
        """Of a configuration's weights on training faces, which are given weights to those who test them."""
        return [one for one in self._found if one.name == name and one.seed is None]


def group(residuals: Residuals, name: str) -> Group | None:
    """A group of a file; None where it is not listed."""
    return next((one for one in residuals.groups if one.name == name), None)


def indices_of(benchmark: str) -> dict[str, list[int]]:
    """Landmarks of each of :data:`PARTS`."""
    curves = get_benchmark(benchmark).layout.curves
    return {
        part: sorted({index for curve in curves if curve.name in names for index in curve.indices})
        for part, names in PARTS.items()
    }
