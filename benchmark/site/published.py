"""Published figures of every method, what makes them incomparable, and which of them contradict each other."""

from __future__ import annotations

import math
from functools import cache

import pandas as pd

from benchmark.analysis.rows import Row
from benchmark.analysis.sections import Section
from benchmark.analysis.summaries import coverage, images_of, summary
from benchmark.protocol import claims
from benchmark.protocol.benchmarks import Benchmark
from benchmark.protocol.claim_rules import Violation
from benchmark.protocol.face_boxes import BOX_KINDS
from benchmark.protocol.measures import Measure, all_measures
from benchmark.site.departures import OFFICIAL, protocol_departures
from benchmark.site.tables import NONE, NOT_KNOWN, Cell, Column, Line, Table, number

UNKNOWN = 'unknown'
_SUSPECT = 'breaks a rule, see below'
_PICKED = 'weights picked on the test set'


def literature_table(section: Section) -> Table | None:
    """The rows of this benchmark, then every published method; None where nothing is published.

    Figures whose normalizer is unknown stand under a heading of their own, after all others.
    """
    published = claims_of(section.benchmark)
    if published.empty:
        return None
    keys = {claim.Index: measure_of(claim) for claim in published.itertuples()}
    unknown = dict.fromkeys(measure for measure in keys.values() if measure.normalizer == UNKNOWN)
    measures = [*(measure for measure in all_measures(section.benchmark) if measure in keys.values()), *unknown]
    suspects = {row for violation in _broken_rules(section.benchmark) for row in violation.rows}
    columns = (
        Column('Method', numeric=False),
        Column('Year'),
        Column('Not comparable because', numeric=False),
        *(Column(f'{measure.metric_label} {measure.subset}', _heading(measure)) for measure in measures),
        Column('Network', numeric=False),
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
        tail = (Cell(_text(first['backbone']) or 'not stated'), Cell(sources))
        rank = [by_measure[f].value if f in by_measure else math.inf for f in measures if f.metric == 'nme']
        head = (Cell(method), Cell(str(first['year'])), Cell(_limits(rows)))
        lines.append(((rank, method), Line((*head, *cells, *tail), strong=method == 'STAR')))
    body = tuple(line for _, line in sorted(lines, key=lambda pair: pair[0]))
    caption = f'{section.benchmark.title}: rows measured here, then published figures, in percent'
    return Table(caption, columns, (here, body) if here else (body,))


def _measured_line(row: Row, measures: list[Measure]) -> Line:
    cells = []
    for measure in measures:
        incomplete = coverage(row, measure.subset) if images_of(row, measure.subset) else None
        cells.append(number(summary(row, measure), f'{incomplete} images' if incomplete else ''))
    weights = row.record.weights
    costs = [run.record.cost for run in row.done]
    epochs = ', '.join(dict.fromkeys(str(cost.epochs) if cost else NOT_KNOWN for cost in costs))
    made = f'scored here, {row.record.method}' if None in costs else f'measured here, {epochs} epochs'
    limits = [*([_PICKED] if weights and weights.origin == OFFICIAL else []), *protocol_departures(row)]
    source = f'measured here, {weights.origin}' if weights else made
    head = (Cell(row.loss), Cell(), Cell('; '.join(limits) or NONE))
    return Line((*head, *cells, Cell(row.network), Cell(source)), strong=row.is_star)


def _limits(rows: pd.DataFrame) -> str:
    """What makes a method's figures incomparable with others of the same normalizer, as far as it is stated."""
    found = [f'extra training data: {text}' for text in dict.fromkeys(rows['extra_data']) if text]
    found += ['face box from a detector'] if 'detector' in set(rows['box']) else []
    found += [_PICKED] if 'best on test' in set(rows['weights']) else []
    return '; '.join(found) or NONE


def violations(section: Section) -> list[str]:
    """Published figures that cannot all be right as they are labelled, one sentence each."""
    return [violation.explanation for violation in _broken_rules(section.benchmark)]


@cache
def _broken_rules(benchmark: Benchmark) -> list[Violation]:
    return claims.check_rules(claims_of(benchmark))


@cache
def claims_of(benchmark: Benchmark) -> pd.DataFrame:
    """Published figures on the benchmark's own subsets, indexed as in their file; none for synthetic benchmarks.

    Where the benchmark is in other face boxes than those of the landmarks, only figures in boxes of the same kind.
    """
    published = claims.select(benchmark.faces)
    alike = published['box'].isin(BOX_KINDS[benchmark.boxes].claimed)
    return published[published['subset'].isin(benchmark.subsets) & alike]


def in_order(benchmark: Benchmark, published: pd.DataFrame) -> pd.DataFrame:
    """Published figures in the order of the benchmark's measures."""
    order = {measure: position for position, measure in enumerate(all_measures(benchmark))}
    rank = [order.get(measure_of(claim), len(order)) for claim in published.itertuples()]
    return published.assign(rank=rank).sort_values('rank', kind='stable')


def measure_of(claim: tuple) -> Measure:
    """Which number a published figure is."""
    threshold = None if math.isnan(claim.threshold) else claim.threshold
    return Measure(claim.subset, claim.normalizer, claim.metric, threshold)


def _heading(measure: Measure) -> str:
    return 'normalizer unknown' if measure.normalizer == UNKNOWN else measure.normalizer


def _text(value: object) -> str:
    return value if isinstance(value, str) else ''
