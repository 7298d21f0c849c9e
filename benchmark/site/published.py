"""Published figures beside the reproduced ones, and why the two may not be comparable."""

from __future__ import annotations

import math
from functools import cache

import pandas as pd

from benchmark.analysis.comparison import signed
from benchmark.analysis.rows import Row, Section, size_text
from benchmark.analysis.summaries import coverage, images_of, summary
from benchmark.protocol import claims
from benchmark.protocol.benchmarks import Benchmark
from benchmark.protocol.claim_rules import Violation
from benchmark.protocol.measures import Measure, all_measures
from benchmark.site.board import status
from benchmark.site.tables import Cell, Column, Line, Table, number

# Zhou et al., CVPR 2023, section 4: the setting that the published figures of STAR loss were measured in.
PUBLISHED_INPUT = (256, 256)
PUBLISHED_EPOCHS = 500
_SUSPECT = 'breaks a rule, see below'


def reproduction_table(section: Section) -> Table | None:
    """Each published figure of STAR loss with the one measured here; None where nothing is published.

    The ten figures that this benchmark sets out to reproduce come first. Beside each stands the configuration of STAR
    that differs least from the published setting.
    """
    published = _of(section.benchmark)
    published = published[published['method'].str.startswith('STAR')]
    if published.empty:
        return None
    columns = (
        Column('Subset', numeric=False),
        Column('Normalizer', numeric=False),
        Column('Metric', numeric=False),
        Column('Claimed'),
        Column('Reproduced'),
        Column('Difference'),
        Column('Reproduced with', numeric=False),
        Column('Comparable', numeric=False),
        Column('Source of the claim', numeric=False),
    )
    to_reproduce = published['source_kind'] == 'seed'
    bodies = [
        tuple(_reproduction_line(section, claim) for claim in part.itertuples())
        for part in (_in_order(section, published[to_reproduce]), _in_order(section, published[~to_reproduce]))
        if len(part)
    ]
    return Table(f'{section.benchmark.title}: STAR loss, published and reproduced, percent', columns, tuple(bodies))


def _reproduction_line(section: Section, claim: tuple) -> Line:
    measure = _measure(claim)
    head = (Cell(measure.subset), Cell(measure.normalizer), Cell(measure.metric_label), Cell(f'{claim.value:.2f}'))
    rows = [row for row in section.rows if row.done and row.is_star and not row.outdated]
    rows = [row for row in rows if images_of(row, measure.subset)]
    if not rows:
        reasons = dict.fromkeys(row.status for row in section.rows if row.is_star and not row.done)
        why = f'not reproduced: {", ".join(reasons)}' if reasons else 'not reproduced: no such run'
        return Line((*head, Cell(), Cell(), Cell(), Cell(why), Cell(_source(claim))))
    row = min(rows, key=lambda row: (len(departures(row, claim.backbone)), row.record.name, row.record.recipe))
    found = summary(row, measure)
    incomplete = coverage(row, measure.subset)
    reasons = departures(row, claim.backbone)
    verdict = f'not comparable: {"; ".join(reasons)}' if reasons else 'comparable'
    seeds = '1 seed' if len(row.done) == 1 else f'{len(row.done)} seeds'
    if row.record.weights:
        seeds = row.record.weights.origin
    return Line(
        (
            *head,
            number(found, f'{incomplete} images' if incomplete else ''),
            Cell(signed(found.mean - claim.value)),
            Cell(f'{row.record.loss}, {row.network}, {seeds}'),
            Cell(verdict),
            Cell(_source(claim)),
        )
    )


def departures(row: Row, backbone: str) -> list[str]:
    """In what a row differs from the published setting; empty where the two figures may be compared.

    Args:
        row: a row with a result.
        backbone: network of the published figure.
    """
    record, found = row.record, []
    if record.backbone.casefold() != backbone.casefold():
        found.append(f'{record.backbone} instead of {backbone or "an unnamed network"}')
    if record.input_size != PUBLISHED_INPUT:
        found.append(f'input {row.input_size} instead of {size_text(PUBLISHED_INPUT)}')
    epochs = sorted({run.record.cost.epochs for run in row.done})
    if epochs != [PUBLISHED_EPOCHS] and not row.record.weights:
        found.append(f'{", ".join(map(str, epochs))} epochs instead of {PUBLISHED_EPOCHS}')
    if row.missing_data:
        found.append(f'partial data: {row.missing_data}')
    return found


def literature_table(section: Section) -> Table | None:
    """The rows of this benchmark, then every published method; None where nothing is published."""
    published = _of(section.benchmark)
    if published.empty:
        return None
    keys = {claim.Index: _measure(claim) for claim in published.itertuples()}
    measures = [measure for measure in all_measures(section.benchmark) if measure in keys.values()]
    suspects = {row for violation in _broken_rules(section.benchmark) for row in violation.rows}
    columns = (
        Column('Method', numeric=False),
        Column('Year'),
        Column('Network', numeric=False),
        *(Column(_measure_label(measure), measure.normalizer) for measure in measures),
        Column('Source', numeric=False),
    )
    here = tuple(_measured_line(row, measures) for row in section.rows if row.done and not row.outdated)
    lines = []
    for method, rows in published.groupby('method', sort=False):
        by_measure = {keys[claim.Index]: claim for claim in rows.itertuples()}
        cells = [
            Cell(f'{by_measure[f].value:.2f}', _SUSPECT if by_measure[f].Index in suspects else '')
            if f in by_measure
            else Cell()
            for f in measures
        ]
        first = rows.iloc[0]
        sources = '; '.join(dict.fromkeys(rows['source']))
        head = (Cell(method), Cell(str(first['year'])), Cell(_text(first['backbone']) or 'not stated'))
        rank = [by_measure[f].value if f in by_measure else math.inf for f in measures if f.metric == 'nme']
        lines.append(((rank, method), Line((*head, *cells, Cell(sources)), strong=method == 'STAR')))
    body = tuple(line for _, line in sorted(lines, key=lambda pair: pair[0]))
    caption = f'{section.benchmark.title}: rows measured here, then published figures, in percent'
    return Table(caption, columns, (here, body) if here else (body,))


def _measured_line(row: Row, measures: list[Measure]) -> Line:
    cells = []
    for measure in measures:
        incomplete = coverage(row, measure.subset) if images_of(row, measure.subset) else None
        cells.append(number(summary(row, measure), f'{incomplete} images' if incomplete else ''))
    epochs = ', '.join(dict.fromkeys(str(run.record.cost.epochs) for run in row.done))
    trained = row.record.weights.origin if row.record.weights else f'{epochs} epochs'
    limits = f'measured here, {trained}' + ('' if row.status == 'done' else f'; not comparable: {status(row)}')
    return Line((Cell(row.record.loss), Cell(), Cell(row.network), *cells, Cell(limits)), strong=row.is_star)


def violations(section: Section) -> list[str]:
    """Published figures that cannot all be right as they are labelled, one sentence each."""
    return [violation.explanation for violation in _broken_rules(section.benchmark)]


@cache
def _broken_rules(benchmark: Benchmark) -> list[Violation]:
    return claims.check_rules(_of(benchmark))


@cache
def _of(benchmark: Benchmark) -> pd.DataFrame:
    """Claims on the benchmark's own subsets; none for synthetic benchmarks."""
    published = claims.select(benchmark.name)
    return published[published['subset'].isin(benchmark.subsets)]


def _in_order(section: Section, published: pd.DataFrame) -> pd.DataFrame:
    order = {measure: position for position, measure in enumerate(all_measures(section.benchmark))}
    rank = [order.get(_measure(claim), len(order)) for claim in published.itertuples()]
    return published.assign(rank=rank).sort_values('rank', kind='stable')


def _measure(claim: tuple) -> Measure:
    threshold = None if math.isnan(claim.threshold) else claim.threshold
    return Measure(claim.subset, claim.normalizer, claim.metric, threshold)


def _measure_label(measure: Measure) -> str:
    return f'{measure.metric_label} {measure.subset}'


def _source(claim: tuple) -> str:
    return f'{claim.source} ({claim.source_kind})' if claim.source_kind != 'seed' else claim.source


def _text(value: object) -> str:
    return value if isinstance(value, str) else ''
