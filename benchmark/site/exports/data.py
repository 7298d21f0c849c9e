"""A leaderboard and its differences as data that any program reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.analysis.axes import AxisDifference
from benchmark.analysis.difference import Difference
from benchmark.analysis.rows import Row
from benchmark.analysis.selection import Comparison, choose_sections, read_sections
from benchmark.analysis.standings import Analysis
from benchmark.analysis.summaries import Summary
from benchmark.protocol.measures import Measure
from benchmark.site.board import Board, BoardLine, Field, Value, make_board, page_links
from benchmark.site.exports.spreadsheet import plain, unit
from benchmark.site.replication import replication_data
from benchmark.site.seeds_table import needed_data
from benchmark.site.waiting import current

if TYPE_CHECKING:
    from benchmark.site.pages.benchmark_view import BenchmarkView

SCHEMA_VERSION = 1


def json_text(view: BenchmarkView) -> str:
    """A benchmark's leaderboard as JSON, with a line for every row, field and finding."""
    data = board_data(view.analysis, view.board, view.links)
    return json_by_lines(data, _json) + '\n'


def json_by_lines(data: Mapping[str, object], dumps: Callable[[object], str]) -> str:
    """JSON with a line for each entry of ``data``, and for each member of a list of objects, written by ``dumps``."""
    parts = []
    for key, value in data.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            parts.append(f'{dumps(key)}: [\n' + ',\n'.join(map(dumps, value)) + '\n]')
        else:
            parts.append(f'{dumps(key)}: {dumps(value)}')
    return '{\n' + ',\n'.join(parts) + '\n}'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def sections_data(folders: Sequence[Path], names: Sequence[str] = ()) -> list[dict[str, object]]:
    """Leaderboards of some folders with records as :func:`board_data`.

    Args:
        folders: folders that hold ``records/``; nothing in them is written.
        names: names of benchmarks; none: all that have a record.

    Raises:
        UsageError: there is no benchmark of a name.
        BenchmarkError: a record or predictions file is damaged.
    """
    sections, store = read_sections(folders)
    links = page_links(sections)
    found = []
    for section in choose_sections(sections, names):
        analysis = Analysis(section, store)
        found.append(board_data(analysis, current(make_board(analysis)), links))
    return found


def comparison_data(found: Comparison) -> dict[str, object]:
    """Two rows with their values and differences in every measure."""
    row, reference = found.rows
    return {
        'schema_version': SCHEMA_VERSION,
        'benchmark': row.benchmark.name,
        'row': row.record.name,
        'reference': reference.record.name,
        'reference_own': reference.own,
        'differences': [
            difference_data(one)
            | dict(zip(('row_value', 'reference_value'), map(_summary, found.values(one.measure)), strict=True))
            for one in found.differences
        ],
    }


def board_data(analysis: Analysis, board: Board, links: Mapping[Row, str]) -> dict[str, object]:
    """Everything that a leaderboard shows.

    Args:
        analysis: the benchmark's figures.
        board: its leaderboard.
        links: page of every row, relative to the reports folder.

    Returns:
        What JSON can hold: ``schema_version``; ``benchmark``; ``normalizers``, the headline one first; ``fields``, one
        for every column; ``rows``, in the order of the table, each with its ``values`` by the key of the column;
        ``findings``, STAR against the other losses of its recipe in headline NME, and ``axis_findings``, against the
        baseline in the angle of its heatmaps' axes to the true ones, degrees; ``seeds_needed``, how many seeds would
        show that STAR differs from its baseline; ``replications``, own rows whose experiment is published, too. NME, FR
        and AUC are percent. ``own`` marks own rows beside published ones.
    """
    benchmark = analysis.section.benchmark
    return {
        'schema_version': SCHEMA_VERSION,
        'benchmark': {
            'name': benchmark.name,
            'title': benchmark.title,
            'synthetic': benchmark.synthetic,
            'landmarks': benchmark.layout.num_landmarks,
            'subsets': list(benchmark.subsets),
            'published_test_images': dict(benchmark.subset_sizes),
            'published_training_images': benchmark.train_size,
            'thresholds': [round(100 * threshold, 6) for threshold in benchmark.thresholds],
        },
        'normalizers': list(analysis.normalizers),
        'fields': [_field(field) for field in board.fields],
        'rows': [_row(line, board.fields, recipe, links) for recipe, line in _numbered(board)],
        'findings': [difference_data(found) for found in analysis.star_differences(analysis.measures[0])],
        'axis_findings': [axis_data(found) for found in analysis.axis_differences],
        'seeds_needed': [needed_data(found) for found in analysis.seeds_needed],
        'replications': [replication_data(found) for found in analysis.replications],
    }


def difference_data(found: Difference) -> dict[str, object]:
    """A difference with what it rests on, in percentage points; negative: ``row`` has the smaller value.

    ``decided`` says whether the difference is shown, ``verdict`` what that means for ``row``; ``p`` belongs to
    ``over_both``, and ``corrected_p`` is corrected for ``comparisons`` of them.
    """
    return {
        'row': found.row.record.name,
        'reference': found.reference.record.name,
        'own': found.row.own,
        'measure': measure_data(found.measure),
        'seeds': list(found.seeds),
        'images': found.images,
        'mean': round(found.mean, 6),
        'over_images': _bounds(found.over_images),
        'over_seeds': _bounds(found.over_seeds),
        'over_both': _bounds(found.over_both),
        'p': _p_value(found.p_value),
        'comparisons': found.comparisons,
        'corrected_p': _p_value(found.corrected_p),
        'exact_p_over_images': _p_value(found.exact_p),
        'sign_flip_p': _p_value(found.sign_flip_p),
        'decided': found.decided,
        'verdict': found.verdict,
        'sentence': found.sentence(),
    }


def axis_data(found: AxisDifference) -> dict[str, object]:
    """A difference of two rows' axis angles, degrees; negative: those of ``row`` lie closer to the true ones."""
    return {
        'row': found.row.record.name,
        'reference': found.reference.record.name,
        'own': found.row.own,
        'seeds': found.seeds,
        'mean': round(found.mean, 6),
        'over_seeds': _bounds(found.over_seeds),
        'p': _p_value(found.p_value),
        'comparisons': found.comparisons,
        'corrected_p': _p_value(found.corrected_p),
        'decided': found.decided,
        'verdict': found.verdict,
        'sentence': found.sentence(),
    }


def measure_data(measure: Measure) -> dict[str, object]:
    """Which number: subset, normalizer, metric, and threshold in percent."""
    return measure._asdict()


def _summary(found: Summary) -> dict[str, object]:
    deviation = None if found.deviation is None else round(found.deviation, 6)
    return {'mean': round(found.mean, 6), 'deviation': deviation}


def _numbered(board: Board) -> list[tuple[int, BoardLine]]:
    return [(number, line) for number, recipe in enumerate(board.recipes) for line in recipe]


def _field(field: Field) -> dict[str, object]:
    return {
        'key': field.key,
        'label': field.label,
        'group': field.group,
        'unit': unit(field),
        'better': field.better,
        'essential': field.essential,
        'numeric': field.numeric,
    }


def _row(line: BoardLine, fields: Sequence[Field], recipe: int, links: Mapping[Row, str]) -> dict[str, object]:
    row = line.row
    return {
        'name': row.record.name,
        'recipe': recipe,
        'star': row.is_star,
        'baseline': row.is_baseline,
        'outdated': row.outdated,
        'own': row.own,
        'device': row.device,
        'registered': row.registered,
        'status': row.status,
        'reason': line.reason or None,
        'link': links[row],
        'seeds': [run.record.seed for run in row.done],
        'records': [run.path.name for run in row.runs],
        'predictions': [run.record.predictions for run in row.done],
        'values': {field.key: _value(field, line.values[field.key]) for field in fields},
    }


def _value(field: Field, value: Value) -> dict[str, object]:
    found: dict[str, object] = {'value': plain(field, value), 'text': value.text}
    if value.note:
        found['note'] = value.note
    if value.deviation is not None:
        found['deviation'] = round(value.deviation, 6)
    if value.bounds is not None:
        found['interval'] = _bounds(value.bounds)
    return found | {mark: True for mark in ('best', 'tie') if getattr(value, mark)}


def _bounds(bounds: Sequence[float] | None) -> list[float] | None:
    return None if bounds is None else [round(bound, 6) for bound in bounds]


def _p_value(p_value: float | None) -> float | None:
    """Six digits of it: the last ones differ between processors."""
    return None if p_value is None else float(f'{p_value:.6g}')
