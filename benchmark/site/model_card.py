"""The model card of a pack: what the record says of a network, for people, and for sites that read its first lines."""

from __future__ import annotations

import json
from pathlib import Path

from benchmark.analysis.checked import checked_sections
from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.records.packs import ONNX, RECORDS
from benchmark.site.pages.experiment_view import provenance_table, scores_table
from benchmark.site.pages.markdown import render_model_card

TASK = {'type': 'keypoint-detection', 'name': 'Facial landmark detection'}
# Weights of a network that has seen photographs are under the terms of these; drawn faces are this project's own.
LICENSES = {True: {'license': 'apache-2.0'}, False: {'license': 'other', 'license_name': 'research-only'}}


def model_card(folder: Path) -> str:
    """Markdown text of the card of a pack that has everything else.

    Its first lines are YAML, as the Hugging Face Hub reads it: licence, tags, and every figure as evaluation result.

    Args:
        folder: the pack; its record and predictions are what the numbers are computed from.

    Raises:
        BenchmarkError: the record or its predictions have a fault.
    """
    store = Store()
    (section,) = checked_sections([folder], store)
    analysis, (row,) = Analysis(section, store), section.rows
    record, benchmark = row.record, section.benchmark
    results = [
        {
            'task': TASK,
            'dataset': {'name': benchmark.title, 'type': benchmark.name, 'config': subset, 'split': 'test'},
            'metrics': [
                {
                    'type': measure.metric,
                    'name': f'{measure.metric_label}, {measure.normalizer}, percent',
                    'value': round(row.done[0].digest.values[measure.key], 4),
                }
                for measure in analysis.measures
                if measure.subset == subset and row.done[0].digest.values.get(measure.key) is not None
            ],
        }
        for subset in benchmark.subsets
    ]
    head = {
        **LICENSES[benchmark.synthetic],
        'library_name': 'mmpose',
        'pipeline_tag': TASK['type'],
        'tags': ['facial-landmark-detection', 'face-alignment', *(['star-loss'] if row.is_star else [])],
        'model-index': [{'name': record.name, 'results': [one for one in results if one['metrics']]}],
    }
    return render_model_card(
        head=[f'{key}: {json.dumps(value, ensure_ascii=False)}' for key, value in head.items()],
        row=row,
        record=record,
        benchmark=benchmark,
        scores=scores_table(analysis, row),
        provenance=provenance_table(row),
        record_file=f'{RECORDS}/{row.done[0].path.name}',
        onnx=ONNX if (folder / ONNX).is_file() else None,
    )
