"""What the page of an experiment, one row of a leaderboard, shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.site.analysis import Analysis
from benchmark.site.board import method_name, status
from benchmark.site.comparison import Difference, baseline_of
from benchmark.site.figures import Figure, TrainingCurve, ambiguity_ellipses, landmark_errors, training_curves
from benchmark.site.pages.differences import differences_table
from benchmark.site.pages.drawings import gains_and_losses, worst_faces
from benchmark.site.pages.payload import error_payload
from benchmark.site.pages.photographs import Photographs
from benchmark.site.provenance import provenance_table
from benchmark.site.rows import Row, seed_text
from benchmark.site.tables import Cell, Column, Line, Table


@dataclass(frozen=True)
class ExperimentView:
    """Everything that the page of a row shows.

    Attributes:
        row: the row.
        title: what it is, in one line.
        method: how landmarks are found.
        status: status in words, with what limits the row.
        baseline: row that it is compared with; None where it is the baseline or has none.
        findings: its differences to the baseline, headline NME on every subset.
        differences: the same in every measure, as a table; None where there is nothing to compare.
        scores: every figure of every seed; None without a result.
        figures: 'curves', 'landmarks', 'ellipses', 'worst', 'gains'; absent where there is nothing to show.
        payload: per-image errors of the row and its baseline; None without a result.
        provenance: where the numbers come from, a column for every seed.
        records: file names of the records, and of the predictions where there are any.
        config: resolved configuration as Python text.
    """

    row: Row
    title: str
    method: str
    status: str
    baseline: Row | None
    findings: tuple[Difference, ...]
    differences: Table | None
    scores: Table | None
    figures: Mapping[str, Figure]
    payload: dict | None
    provenance: Table
    records: tuple[tuple[str, str | None], ...]
    config: str


def experiment_view(
    analysis: Analysis, row: Row, links: Mapping[Row, str], photographs: Photographs | None = None
) -> ExperimentView:
    """Compute what the page of a row shows.

    Raises:
        BenchmarkError: a predictions file has become unreadable.
    """
    recipe = next(recipe for recipe in analysis.section.recipes if row in recipe)
    baseline = baseline_of(recipe)
    if baseline is row or not row.done or (baseline and not baseline.done):
        baseline = None
    compared = [analysis.difference(row, baseline, measure) for measure in analysis.measures] if baseline else []
    shown = (baseline, row) if baseline else (row,)
    return ExperimentView(
        row,
        f'{row.record.loss}, {row.network}, {row.benchmark.title}',
        method_name(row),
        status(row),
        baseline,
        tuple(found for found in compared if found and found.measure in analysis.subset_errors),
        differences_table('Differences to the baseline, percentage points', compared),
        _scores(analysis, row) if row.done else None,
        _figures(analysis, row, baseline, photographs) if row.done else _training(row),
        error_payload(analysis, [shown], links) if row.done else None,
        provenance_table(row),
        tuple((run.path.name, run.record.predictions) for run in row.runs),
        row.record.config,
    )


def _scores(analysis: Analysis, row: Row) -> Table:
    columns = (
        *(Column(label, numeric=False) for label in ('Metric', 'Subset', 'Normalizer')),
        Column('Mean'),
        Column('Deviation'),
        *(Column(seed_text(run.record)) for run in row.done),
        Column('95 % interval'),
        Column('Images'),
    )
    lines = []
    for measure in analysis.measures:
        found = analysis.summary(row, measure)
        if found is None:
            continue
        bounds = analysis.interval(row, measure)
        lines.append(
            Line(
                (
                    *(Cell(text) for text in (measure.metric_label, measure.subset, measure.normalizer)),
                    Cell(f'{found.mean:.2f}'),
                    Cell() if found.deviation is None else Cell(f'{found.deviation:.2f}'),
                    *(Cell(f'{run.digest.values[measure.key]:.2f}') for run in row.done),
                    Cell() if bounds is None else Cell(f'[{bounds[0]:.2f}, {bounds[1]:.2f}]'),
                    Cell(str(found.images)),
                )
            )
        )
    return Table('Every figure of this row, percent', columns, (tuple(lines),))


def _figures(analysis: Analysis, row: Row, baseline: Row | None, photographs: Photographs | None) -> dict[str, Figure]:
    benchmark, normalizer = row.benchmark, analysis.normalizers[0]
    digests = [run.digest for run in row.done]
    shape = np.mean([digest.shape for digest in digests], axis=0)
    errors = 100 * np.mean([digest.landmark_errors for digest in digests], axis=0)
    reference = None
    if baseline:
        reference = 100 * np.mean([run.digest.landmark_errors for run in baseline.done], axis=0)
    figures = _training(row)
    figures['landmarks'] = landmark_errors(
        'landmarks',
        f'Error of each landmark, {row.record.loss}, {row.network}',
        shape,
        benchmark.layout,
        errors,
        reference,
        f'% of the {normalizer} distance',
    )
    if all(digest.covariances is not None for digest in digests):
        figures['ellipses'] = ambiguity_ellipses(
            'ellipses',
            f'Spread of the heatmap at each landmark, {row.record.loss}, {row.network}',
            shape,
            benchmark.layout,
            {row.record.loss: np.mean([digest.covariances for digest in digests], axis=0)},
            digests[0].ambiguity,
        )
    figures['worst'] = worst_faces('worst', row, normalizer, photographs)
    drawn = gains_and_losses('gains', row, baseline, normalizer, photographs) if baseline else None
    if drawn:
        figures['gains'] = drawn
    return figures


def _training(row: Row) -> dict[str, Figure]:
    curves = []
    for run in row.runs:
        points = run.record.curve
        if points:
            tested = [point for point in points if point.test_nme is not None]
            curves.append(
                TrainingCurve(
                    row.record.loss,
                    np.array([point.epoch for point in points]),
                    np.array([point.loss for point in points]),
                    np.array([point.epoch for point in tested]),
                    np.array([point.test_nme for point in tested]),
                    np.array([point.learning_rate for point in points]),
                )
            )
    if not curves:
        return {}
    return {'curves': training_curves('curves', f'Training of {row.record.loss}, {row.network}', curves)}
