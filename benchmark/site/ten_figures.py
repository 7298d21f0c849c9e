"""The ten figures that this benchmark sets out to reproduce, over all benchmarks: how far that is done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.analysis.rows import Row
from benchmark.analysis.sections import Section
from benchmark.protocol.benchmarks import BENCHMARKS, Benchmark
from benchmark.protocol.face_boxes import LANDMARKS, OFFICIAL_TABLE
from benchmark.site.departures import is_published_network, recipe_departures
from benchmark.site.published import measure_of
from benchmark.site.reproduction import Beside, beside, figures_to_reproduce, why_not
from benchmark.site.tables import Cell, Column, Line, Table

_NO_RUN = 'No run of the official recipe yet: it needs a GPU and the complete data set.'


@dataclass(frozen=True)
class TenFigures:
    """How far the published figures are reproduced.

    Attributes:
        table: a line for each, those of a benchmark together.
        reproduced: how many were measured again by training in the published setting.
        count: how many there are.
        missing: by the name of a benchmark what its figures lack; complete ones are left out.
    """

    table: Table
    reproduced: int
    count: int
    missing: Mapping[str, str]


def ten_figures(sections: Sequence[Section]) -> TenFigures:
    """The figures to reproduce, of benchmarks without a record too.

    A figure counts as reproduced where a row that was trained here departs in nothing from the published setting; the
    nearest of the other rows stands in a column of its own, and so does what official weights reach.
    """
    rows: dict[str, tuple[Row, ...]] = defaultdict(tuple)
    for section in sections:
        # Figures of the official tables stand beside the published ones, those of a detector's boxes do not.
        if section.benchmark.boxes in (LANDMARKS, OFFICIAL_TABLE):
            rows[section.benchmark.faces] += section.rows
    found = {
        benchmark: [
            (claim, beside(rows.get(name, ()), claim), _official(rows.get(name, ()), claim))
            for claim in figures_to_reproduce(benchmark).itertuples()
        ]
        for name, benchmark in BENCHMARKS.items()
        if not benchmark.synthetic
    }
    every = [one for figures in found.values() for one in figures]
    with_weights = any(official for _, _, official in every)
    columns = (
        Column('Figure', numeric=False),
        Column('Published'),
        Column('Reproduced'),
        Column('Nearest row'),
        *([Column('Official weights')] if with_weights else []),
        Column('Measured with', numeric=False),
    )
    bodies = tuple(
        tuple(_line(benchmark, *one, rows.get(benchmark.name, ()), with_weights) for one in figures)
        for benchmark, figures in found.items()
    )
    missing = {
        benchmark.name: _missing([one for _, one, _ in figures], figures[0][0].backbone, rows.get(benchmark.name, ()))
        for benchmark, figures in found.items()
    }
    return TenFigures(
        Table('Published figures of STAR loss and what was measured here, percent', columns, bodies),
        sum(bool(trained) and not trained.departures for _, trained, _ in every),
        len(every),
        {name: text for name, text in missing.items() if text},
    )


def _official(rows: Sequence[Row], claim: tuple) -> Beside | None:
    found = beside(rows, claim, given=True)
    return found if found and not found.departures else None


def _line(
    benchmark: Benchmark,
    claim: tuple,
    trained: Beside | None,
    official: Beside | None,
    rows: Sequence[Row],
    with_weights: bool,
) -> Line:
    measure = measure_of(claim)
    name = Cell(f'{benchmark.title} {measure.subset} {measure.metric_label}', measure.normalizer)
    cells = [name, Cell(f'{claim.value:.2f}'), Cell(), Cell()]
    if trained and trained.departures:
        cells[3] = trained.figure
    elif trained:
        cells[2] = _with_difference(trained, claim)
    if with_weights:
        cells.append(_with_difference(official, claim) if official else Cell())
    conditions = trained.conditions if trained else why_not(rows)
    return Line((*cells, Cell(conditions)), strong=bool(trained) and not trained.departures)


def _with_difference(found: Beside, claim: tuple) -> Cell:
    return Cell(found.figure.text, f'difference {found.difference(claim.value).text}')


def _missing(found: Sequence[Beside | None], backbone: str, rows: Sequence[Row]) -> str:
    """What the figures of a benchmark lack, in sentences; empty where all are reproduced."""
    lacking = [one for one in found if one is None or one.departures]
    if not lacking:
        return ''
    nearest = dict.fromkeys((one.conditions, one.departures) for one in lacking if one)
    sentences = [f'The nearest row, {conditions}, differs: {"; ".join(why)}.' for conditions, why in nearest]
    return ' '.join([*_of_official_recipe(backbone, rows), *sentences])


def _of_official_recipe(backbone: str, rows: Sequence[Row]) -> list[str]:
    """What became of the official recipe where that explains why a figure lacks; nothing where it was trained."""
    trained = [row for row in rows if row.done and not row.record.weights]
    if any(not recipe_departures(row, backbone) for row in trained):
        return []
    failed = [row for row in rows if row.status == 'failed' and is_published_network(row, backbone)]
    reasons = dict.fromkeys(row.reason for row in failed)
    return [f'The official recipe failed: {reason}.' for reason in reasons] or [_NO_RUN]
