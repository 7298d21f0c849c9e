"""Published figures of STAR loss beside the ones measured here, and whether the two may be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from benchmark.analysis.difference import signed
from benchmark.analysis.rows import Row
from benchmark.analysis.sections import Section
from benchmark.analysis.summaries import Summary, coverage, images_of, summary
from benchmark.protocol.benchmarks import Benchmark
from benchmark.protocol.face_boxes import LANDMARKS
from benchmark.protocol.measures import Measure
from benchmark.site.departures import OFFICIAL, departures, seeds_text
from benchmark.site.published import UNKNOWN, claims_of, in_order, measure_of
from benchmark.site.tables import Cell, Column, Line, Table, number
from benchmark.site.waiting import current_status


@dataclass(frozen=True)
class Beside:
    """What stands beside a published figure.

    Attributes:
        row: the row that differs least from the published setting.
        measure: which measure.
        found: its figure.
        departures: in what it differs; where it does not, the two figures may be compared.
    """

    row: Row
    measure: Measure
    found: Summary
    departures: tuple[str, ...]

    @property
    def figure(self) -> Cell:
        """The figure, and how many images it lacks."""
        incomplete = coverage(self.row, self.measure.subset)
        return number(self.found, f'{incomplete} images' if incomplete else '')

    @property
    def conditions(self) -> str:
        """What was run, e.g. 'STAR, ResNet-18, 256 x 256, 3 seeds'."""
        return f'{self.row.loss}, {self.row.network}, {seeds_text(self.row)}'

    @property
    def verdict(self) -> str:
        """Whether the two figures may be compared, and if not, why."""
        if self.departures:
            return f'not comparable: {"; ".join(self.departures)}'
        if self.row.record.weights:
            return f'checks the evaluation, not the training: {OFFICIAL}, picked on the test set'
        return 'comparable'

    def difference(self, claimed: float) -> Cell:
        """Measured minus published, percentage points; empty where it would say nothing."""
        return Cell() if self.departures else Cell(signed(self.found.mean - claimed))


def beside(rows: Sequence[Row], claim: tuple, given: bool = False) -> Beside | None:
    """What stands beside a published figure; None where no row has such a figure.

    Args:
        rows: rows of the benchmark.
        claim: the published figure, a row of :func:`benchmark.protocol.claims.load_claims`.
        given: whether to look among given weights instead of what was trained here.
    """
    measure, found = measure_of(claim), []
    for row in rows:
        if row.done and row.is_star and not row.outdated and bool(row.record.weights) == given:
            figure = summary(row, measure) if images_of(row, measure.subset) else None
            if figure:
                found.append(Beside(row, measure, figure, tuple(departures(row, claim.backbone))))
    return min(found, key=lambda one: (len(one.departures), one.row.record.name, one.row.record.recipe), default=None)


def reproduction_table(section: Section) -> Table | None:
    """Each published figure of STAR loss with the one measured here; None where nothing is published.

    The ten figures that this benchmark sets out to reproduce come first. Beside each stands the configuration of STAR
    that differs least from the published setting, and in a line of its own what given weights reach; in other boxes
    than those of the landmarks the latter alone.
    """
    published = claims_of(section.benchmark)
    published = published[published['method'].str.startswith('STAR')]
    published = published[published['normalizer'] != UNKNOWN]
    if published.empty:
        return None
    columns = (
        Column('Subset', numeric=False),
        Column('Normalizer', numeric=False),
        Column('Metric', numeric=False),
        Column('Claimed'),
        Column('Measured here'),
        Column('Difference'),
        Column('Measured with', numeric=False),
        Column('Comparable', numeric=False),
        Column('Source of the claim', numeric=False),
    )
    to_reproduce = published['source_kind'] == 'seed'
    bodies = tuple(
        body
        for part in (published[to_reproduce], published[~to_reproduce])
        if (body := _body(section, in_order(section.benchmark, part)))
    )
    title = f'{section.benchmark.title}: STAR loss, published and measured here, percent'
    return Table(title, columns, bodies) if bodies else None


def figures_to_reproduce(benchmark: Benchmark) -> pd.DataFrame:
    """The published figures that are to be reproduced on a benchmark, in the order of its measures."""
    published = claims_of(benchmark)
    return in_order(benchmark, published[published['source_kind'] == 'seed'])


def why_not(rows: Sequence[Row]) -> str:
    """Why no row of STAR has a figure."""
    reasons = dict.fromkeys(current_status(row, rows) for row in rows if row.is_star and not row.done)
    return f'not reproduced: {", ".join(reasons) or "no such run"}'


def _body(section: Section, published: pd.DataFrame) -> tuple[Line, ...]:
    said: set[tuple[str, str]] = set()
    return tuple(line for claim in published.itertuples() for line in _lines(section, claim, said))


def _lines(section: Section, claim: tuple, said: set[tuple[str, str]]) -> list[Line]:
    measure = measure_of(claim)
    head = (Cell(measure.subset), Cell(measure.normalizer), Cell(measure.metric_label), Cell(f'{claim.value:.2f}'))
    source = Cell(f'{claim.source} ({claim.source_kind})' if claim.source_kind != 'seed' else claim.source)
    trained, given = (beside(section.rows, claim, one) for one in (False, True))
    lines = [_measured(trained, claim, said) if trained else (Cell(), Cell(), Cell(), Cell(why_not(section.rows)))]
    if section.benchmark.boxes != LANDMARKS:
        lines = []  # what is trained here is tested in boxes of the landmarks
    lines += [_measured(given, claim, said)] if given else []
    return [Line((*head, *measured, source)) for measured in lines]


def _measured(found: Beside, claim: tuple, said: set[tuple[str, str]]) -> tuple[Cell, ...]:
    """Cells of what was measured; reasons that a line above has ``said`` of the same row are not repeated."""
    verdict = found.verdict
    if found.departures and (found.conditions, verdict) in said:
        verdict = 'not comparable, as above'
    said.add((found.conditions, found.verdict))
    return found.figure, found.difference(claim.value), Cell(found.conditions), Cell(verdict)
