"""What the page of an experiment, one row of a leaderboard, shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.analysis.axes import AxisDifference
from benchmark.analysis.comparison import baseline_of
from benchmark.analysis.difference import Difference
from benchmark.analysis.replication import Replication
from benchmark.analysis.rows import Row, seed_text
from benchmark.analysis.standings import Analysis
from benchmark.records.parts import GivenWeights, Pretrained, Settings
from benchmark.records.record import Record
from benchmark.site.board import method_name
from benchmark.site.figures import Figure, TrainingCurve, ambiguity_ellipses, landmark_errors, training_curves
from benchmark.site.pages.faces import Photographs, gains_and_losses, worst_faces
from benchmark.site.pages.payload import error_payload
from benchmark.site.pages.perturbed import perturbation_figure, perturbation_table
from benchmark.site.pages.surroundings import arithmetic_text, commit_text, device_text, packages_text, parts_text
from benchmark.site.tables import NOT_KNOWN, Cell, Column, Line, Table, differences_table
from benchmark.site.waiting import current_text


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
        axis_findings: that of the axes of its heatmaps, where the true ones are known.
        differences: the same in every measure, as a table; None where there is nothing to compare.
        scores: every figure of every seed; None without a result.
        perturbed: NME in perturbed face boxes; None where that was not measured.
        figures: 'curves', 'perturbed', 'landmarks', 'ellipses', 'worst', 'gains'; absent where there is
            nothing to show, or where the page of the benchmark shows it.
        payload: per-image errors of the row and its baseline; None without a result.
        provenance: where the numbers come from, a column for every seed.
        is_leading: whether the figures of the benchmark show the row beside its baseline.
        config: resolved configuration as Python text.
        replication: the published row of the same experiment beside it; None where there is none.
    """

    row: Row
    title: str
    method: str
    status: str
    baseline: Row | None
    findings: tuple[Difference, ...]
    axis_findings: tuple[AxisDifference, ...]
    differences: Table | None
    scores: Table | None
    perturbed: Table | None
    figures: Mapping[str, Figure]
    payload: dict | None
    provenance: Table
    is_leading: bool
    config: str
    replication: Replication | None


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
    is_leading = analysis.leading_pair == (row, baseline)
    compared = [analysis.difference(row, baseline, measure) for measure in analysis.measures] if baseline else []
    shown = (baseline, row) if baseline else (row,)
    perturbed = row.done[0].read_perturbations() if row.done else None
    figures = _figures(analysis, row, None if is_leading else baseline, photographs) if row.done else _training(row)
    if perturbed:
        figures['perturbed'] = perturbation_figure(perturbed, f'{row.loss}, {row.network}')
    return ExperimentView(
        row,
        f'{row.loss}, {row.network}, {row.benchmark.title}',
        method_name(row),
        current_text(row, analysis.section.rows),
        baseline,
        tuple(found for found in compared if found and found.measure in analysis.subset_errors),
        tuple(found for found in analysis.axis_differences if found.row is row),
        differences_table('Differences to the baseline, percentage points', compared),
        scores_table(analysis, row) if row.done else None,
        perturbed and perturbation_table(perturbed),
        figures,
        error_payload(analysis, [shown], links) if row.done else None,
        provenance_table(row),
        is_leading,
        row.record.config,
        next((found for found in analysis.replications if found.row is row), None),
    )


def scores_table(analysis: Analysis, row: Row) -> Table:
    """Every figure of a row that has a result, with those of each seed and their intervals."""
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
    figures = _training(row)
    figures['landmarks'] = landmark_errors(
        'landmarks',
        f'Error of each landmark, {row.loss}, {row.network}',
        shape,
        benchmark.layout,
        errors,
        unit=f'% of the {normalizer} distance',
    )
    if all(digest.covariances is not None for digest in digests):
        figures['ellipses'] = ambiguity_ellipses(
            'ellipses',
            f'Spread of the heatmap at each landmark, {row.loss}, {row.network}',
            shape,
            benchmark.layout,
            {row.loss: np.mean([digest.covariances for digest in digests], axis=0)},
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
                    row.loss,
                    np.array([point.epoch for point in points]),
                    np.array([point.loss for point in points]),
                    np.array([point.epoch for point in tested]),
                    np.array([point.test_nme for point in tested]),
                    np.array([point.learning_rate for point in points]),
                )
            )
    if not curves:
        return {}
    return {'curves': training_curves('curves', f'Training of {row.loss}, {row.network}', curves)}


def provenance_table(row: Row) -> Table:
    """Where the numbers of a row come from, one column per seed."""
    facts = []
    for run in row.runs:
        record, data, made = run.record, run.record.dataset, run.record.environment
        facts.append(
            {
                'Record': run.path.name,
                'Status': record.status if not record.reason else f'{record.status}: {record.reason}',
                'Started': record.started,
                'Created': record.created,
                'Fingerprint': record.fingerprint,
                'Experiment': record.experiment,
                'Recipe': record.recipe,
                'Plan': record.plan and f'{record.plan.name}, SHA-256 {record.plan.sha256}',
                'Data': data and f'{data.train_images} training, {data.test_images} test images; {data.fingerprint}',
                'Commit': made and commit_text(made),
                'Components': ', '.join(f'{name} {sha256[:12]}' for name, sha256 in sorted(record.components.items())),
                'Source': record.source,
                'Device': device_text(made) if made else _unknown(record),
                'Arithmetic': made and arithmetic_text(made),
                'Parts': record.parts and parts_text(record.parts),
                'Cost': None if record.cost else _unknown(record),
                'Settings': record.settings and _settings(record.settings),
                'Pretrained': record.pretrained and _pretrained(record.pretrained),
                'Weights': record.weights and _weights(record.weights),
                'Face boxes': record.boxes
                and f'{record.boxes.kind} {record.boxes.file}, SHA-256 {record.boxes.sha256}',
                'Driver': made and made.driver,
                'Python': made and made.python,
                'Packages': made and packages_text(made),
                'Predictions': record.predictions,
            }
        )
    columns = (Column('', numeric=False), *(Column(seed_text(run.record), numeric=False) for run in row.runs))
    lines = tuple(
        Line((Cell(key), *(Cell(fact[key]) if fact[key] else Cell() for fact in facts)))
        for key in facts[0]
        if any(fact[key] for fact in facts)
    )
    return Table(f'{row.record.name}: {row.loss}, {row.network}', columns, (lines,))


def _unknown(record: Record) -> str | None:
    """What stands for the surroundings and the cost of a result that was made elsewhere."""
    return NOT_KNOWN if record.status == 'done' else None


def _settings(chosen: Settings) -> str:
    switches = {
        f'{chosen.accumulation} batches added up': chosen.accumulation > 1,
        'channels last': chosen.channels_last,
        'compiled': chosen.compiled,
        'gradient checkpointing': chosen.gradient_checkpointing,
        'CUDA graphs': chosen.cuda_graphs,
        'mirror offset': chosen.mirror_offset,
        'mirror shift': chosen.mirror_shift,
    }
    return ', '.join([f'{chosen.images_per_step} images a step', *(name for name, on in switches.items() if on)])


def _pretrained(wanted: Pretrained) -> str:
    if wanted.file is None:
        return f'none: random weights instead of {wanted.name}'
    return f'{wanted.file}, SHA-256 {wanted.sha256}'


def _weights(given: GivenWeights) -> str:
    source = f', converted from {given.converted_part} of {given.converted_from}' if given.converted_from else ''
    return f'{given.origin}: {given.file}, SHA-256 {given.sha256}{source}'
