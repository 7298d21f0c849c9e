"""A leaderboard as OpenMMLab's model index reads it."""

from __future__ import annotations

import json

from benchmark.analysis.rows import Row
from benchmark.analysis.standings import Analysis

COLLECTION = 'STAR loss benchmark'  # defined in model-index.yml
TASK = 'Face 2D Keypoint'


def metafile(analysis: Analysis) -> str:
    """YAML with every row of photographs or drawn faces that has a result; means over seeds, percent.

    Rows of older configurations, and one's own beside published ones, are left out.
    """
    rows = [row for row in analysis.section.rows if row.done and not row.outdated and not row.own]
    return 'Models:\n' + ''.join(_model(analysis, row) for row in rows) if rows else 'Models: []\n'


def _model(analysis: Analysis, row: Row) -> str:
    record, benchmark = row.record, row.benchmark
    facts = {
        'Training Data': f'{benchmark.title} ({row.missing_data})' if row.missing_data else benchmark.title,
        'Architecture': [record.backbone],
        'Loss': record.loss,
        'Input Size': list(record.input_size),
        'Epochs': record.cost and record.cost.epochs,
        'Parameters': record.parameters,
        'GFLOPs': record.gflops,
        'Seeds': [run.record.seed for run in row.done],
    }
    values = {
        f'{measure.metric_label} {measure.subset} ({measure.normalizer})': round(found.mean, 2)
        for measure in analysis.measures
        if (found := analysis.summary(row, measure)) is not None
    }
    lines = [
        f'- Name: {_text(row.label)}',
        f'  In Collection: {_text(COLLECTION)}',
        '  Metadata:',
        *(f'    {key}: {_text(value)}' for key, value in facts.items() if value not in (None, [None])),
        '  Results:',
        f'  - Task: {_text(TASK)}',
        f'    Dataset: {_text(benchmark.title)}',
        '    Metrics:',
        *(f'      {key}: {value}' for key, value in values.items()),
    ]
    return '\n'.join(lines) + '\n'


def _text(value: object) -> str:
    """A value in JSON, which YAML reads as well."""
    return json.dumps(value, ensure_ascii=False)
