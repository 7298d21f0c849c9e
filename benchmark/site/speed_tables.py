"""Measured speeds as tables: one for every part on every device."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from benchmark.files import visible
from benchmark.records.speed import Interval, Measurement, Row, SpeedReport, decimals, read_speed_report
from benchmark.site.tables import Cell, Column, Line, Table

FOLDER = 'speed'


def speed_tables(sources: Sequence[Path]) -> list[Table]:
    """Tables of everything that ``python -m benchmark.speed`` has stored.

    Args:
        sources: folders that hold ``speed/``; of two files of one name that of the first folder counts.

    Returns:
        One table a device and part, by device and name of the part; none where nothing has been measured.

    Raises:
        BenchmarkError: a file is not valid; the message names it.
    """
    reports = {path.name: path for source in reversed(sources) for path in visible(source / FOLDER, '*.json')}
    return [
        _table(report, measurement)
        for report in (read_speed_report(path) for _, path in sorted(reports.items()))
        for measurement in report.measurements
        if measurement.rows
    ]


def _table(report: SpeedReport, measurement: Measurement) -> Table:
    rows, subject = measurement.rows, measurement.subject
    grouped = any(row.group for row in rows)
    memory = any(row.memory_mib is not None for row in rows)
    waits = any(row.synchronizations is not None for row in rows)
    parts = list(dict.fromkeys(part for row in rows for part in row.shares or ()))
    article = 'an' if measurement.unit == 'image' else 'a'
    columns = [Column('on', numeric=False)] if grouped else []
    columns += [Column('way', numeric=False), Column(f'ms {article} {measurement.unit}'), Column(_rate(measurement))]
    columns.append(Column('times as fast as the first'))
    columns += [Column(f'time of {subject} over this')] if subject else []
    columns += [Column('MiB', group='peak memory'), Column('heatmaps', group='peak memory')] if memory else []
    columns += [Column('waits for the GPU')] if waits else []
    columns += [Column(part, group='share of time, %') for part in parts]
    bodies = tuple(
        tuple(_line(row, measurement, grouped, memory, waits, parts) for row in group)
        for _, group in groupby(rows, key=lambda row: row.group)
    )
    return Table(_caption(report, measurement), tuple(columns), bodies)


def _line(row: Row, measurement: Measurement, grouped: bool, memory: bool, waits: bool, parts: Sequence[str]) -> Line:
    cells = [Cell(row.group)] if grouped else []
    cells += [
        Cell(row.name),
        _median(row.milliseconds, row.milliseconds_quartiles, decimals(row.milliseconds)),
        Cell(f'{row.samples_per_second:.0f}' if row.samples_per_second >= 10 else f'{row.samples_per_second:.1f}'),
        _median(row.ratio, row.ratio_quartiles, 2 if row.ratio < 10 else 1),
    ]
    if measurement.subject:
        digits = 3 if row.subject_ratio is None or row.subject_ratio < 10 else 1
        cells.append(_median(row.subject_ratio, row.subject_ratio_quartiles, digits))
    if memory:
        none = row.memory_mib is None
        cells += [Cell(), Cell()] if none else [Cell(f'{row.memory_mib:.1f}'), Cell(f'{row.memory_heatmaps:.2f}')]
    if waits:
        cells.append(Cell() if row.synchronizations is None else Cell(str(row.synchronizations)))
    shares = row.shares or {}
    cells += [Cell(f'{100 * shares[part]:.1f}') if part in shares else Cell() for part in parts]
    return Line(tuple(cells), strong=measurement.subject is not None and row.name == measurement.subject)


def _median(median: float | None, quartiles: Interval | None, digits: int) -> Cell:
    if median is None or quartiles is None:
        return Cell()
    low, high = quartiles
    return Cell(f'{median:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]')


def _rate(measurement: Measurement) -> str:
    return 'images a second' if measurement.unit == 'image' else 'batches a second'


def _caption(report: SpeedReport, measurement: Measurement) -> str:
    threads = f'{report.threads} thread{"" if report.threads == 1 else "s"}'
    clock = 'wall-clock time' if measurement.clock == 'wall' else 'time of computation'
    told = [f'Speed, {measurement.part}: {measurement.about}', f'{report.device_name}, {threads}, {clock}']
    if measurement.environment is not None and 'torch' in measurement.environment.packages:
        told.append(f'PyTorch {measurement.environment.packages["torch"]}')
    told.append('medians with quartiles in brackets')
    return '; '.join([*told, *measurement.notes])
