"""Question G: how low a network of at most a million parameters comes on 300W."""

from __future__ import annotations

from benchmark.analysis.findings.finding import Finding
from benchmark.analysis.rows import Row, count_seeds
from benchmark.analysis.standings import Analysis
from benchmark.protocol.measures import Measure

PLAN = 'study-small'
MOST_PARAMETERS = 1_000_000
_QUESTION = 'How low does a network of at most a million parameters come with STAR on 300W?'
_COMMON = Measure('common', 'inter-ocular', 'nme')


def small_network(analysis: Analysis | None) -> Finding:
    """Question G."""
    rows = [row for row in (analysis.section.rows if analysis else ()) if row.plan and row.plan.name.startswith(PLAN)]
    rows = [row for row in rows if row.record.parameters and row.record.parameters <= MOST_PARAMETERS and not row.own]
    if not rows:
        return Finding('G', _QUESTION, 'not run', ('No network was trained for as long as it takes.',))
    rows.sort(key=lambda row: analysis.summary(row, _COMMON).mean)
    return Finding('G', _QUESTION, 'described', tuple(_claim(analysis, row) for row in rows))


def _claim(analysis: Analysis, row: Row) -> str:
    found, interval = analysis.summary(row, _COMMON), analysis.interval(row, _COMMON)
    bounds = f' [{interval.low:.2f}, {interval.high:.2f}]' if interval else ''
    return (
        f'{row.record.loss}, {row.network}, {row.record.cost.epochs} epochs, {row.record.parameters:,} parameters: '
        f'common NME {found.mean:.2f}{bounds} ({count_seeds(len(row.done))}, {found.images} images, interval over '
        f'images).'
    )
