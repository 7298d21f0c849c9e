"""The tables of one benchmark: accuracy, cost, agreement with the true ambiguity."""

from __future__ import annotations

from benchmark.protocol.metrics import NORMALIZERS
from benchmark.site.ambiguity import CHANCE_DEGREES, agreement
from benchmark.site.comparison import baseline_difference
from benchmark.site.measures import Figure, coverage, images_of, summary
from benchmark.site.rows import BASELINE_LOSS, Row, Section
from benchmark.site.tables import Cell, Column, Line, Table, count, duration, interval, number

_IDENTITY = (Column('Loss', numeric=False), Column('Network', numeric=False), Column('Input', numeric=False))
_STATUS = Column('Status', numeric=False)


def normalizers(section: Section) -> tuple[str, ...]:
    """Both normalizers, the headline one first."""
    headline = section.benchmark.headline_normalizer
    return (headline, *(other for other in NORMALIZERS if other != headline))


def accuracy_table(section: Section, normalizer: str) -> Table:
    """NME of every subset, FR and AUC of the full test set, and the difference to the baseline, in percent."""
    benchmark = section.benchmark
    errors = [Figure(subset, normalizer, 'nme') for subset in benchmark.subsets]
    percents = [round(100 * threshold, 6) for threshold in sorted(benchmark.thresholds, reverse=True)]
    rates = [Figure('full', normalizer, metric, t) for metric in ('fr', 'auc') for t in percents]
    columns = (
        *_IDENTITY,
        *(Column(figure.subset, 'NME') for figure in errors),
        *(Column(f'@{figure.threshold:g}', figure.metric.upper()) for figure in rates),
        Column(f'ΔNME to {BASELINE_LOSS} [95 %]'),
        Column('Seeds'),
        _STATUS,
    )
    bodies = []
    for recipe in section.recipes:
        lines = []
        for row in recipe:
            if not row.done:
                lines.append(_line(row))
                continue
            cells = [number(summary(row, f), _incomplete(row, f.subset)) for f in errors]
            cells += [number(summary(row, f)) for f in rates]
            delta = interval(baseline_difference(row, recipe, normalizer))
            lines.append(_line(row, *cells, delta, Cell(str(len(row.done))), Cell(status(row))))
        bodies.append(tuple(lines))
    rank = 'headline' if normalizer == benchmark.headline_normalizer else 'second normalizer'
    caption = f'{_title(section)}, {normalizer} ({rank}): NME, FR and AUC in percent'
    return Table(caption, columns, tuple(bodies))


def cost_table(section: Section) -> Table:
    """What the runs took and how they were trained; means over seeds."""
    columns = (
        *_IDENTITY,
        Column('Training time'),
        Column('Device', numeric=False),
        Column('Precision', numeric=False),
        Column('Epochs'),
        Column('Training images/s'),
        Column('Test time'),
        Column('Peak memory, MiB'),
        Column('Parameters'),
        Column('Weights tested', numeric=False),
        Column('Face box', numeric=False),
        Column('Status', numeric=False),
    )
    bodies = tuple(tuple(_cost_line(row) for row in recipe) for recipe in section.recipes)
    return Table(f'{_title(section)}: cost of one seed and training', columns, bodies)


def _cost_line(row: Row) -> Line:
    if not row.done:
        return _line(row)
    records = [run.record for run in row.done]

    def mean(key: str) -> float:
        return sum(getattr(record.cost, key) for record in records) / len(records)

    def several(values: list[str | None]) -> Cell:
        return Cell(', '.join(dict.fromkeys(value or 'not recorded' for value in values)))

    parameters, trained = row.record.parameters, row.record.weights is None
    return _line(
        row,
        Cell(duration(mean('train_seconds'))) if trained else Cell(),
        several([record.environment.device_name for record in records]),
        several([record.environment.precision for record in records]),
        several([str(record.cost.epochs) for record in records]) if trained else Cell(),
        Cell(count(mean('train_images_per_second'))) if trained else Cell(),
        Cell(duration(mean('test_seconds'))),
        Cell(count(round(mean('peak_memory_mib')))),
        Cell() if parameters is None else Cell(count(parameters)),
        several([record.checkpoint_rule for record in records]),
        several([record.box for record in records]),
        Cell(row.status),
    )


def ambiguity_table(section: Section) -> Table | None:
    """Angle between the main axes of predicted and true ambiguity; None where no row can be measured."""
    measured = {id(row): agreement(row) for row in section.rows}
    if not any(measured.values()):
        return None
    columns = (
        *_IDENTITY,
        Column('Median angle, degrees'),
        Column('Mean |cos|'),
        Column('Landmarks'),
        Column('Seeds'),
        Column('Status', numeric=False),
    )
    chance = Line((Cell('chance'), Cell(), Cell(), Cell(f'{CHANCE_DEGREES:.2f}'), Cell('0.64'), Cell(), Cell(), Cell()))
    bodies = []
    for recipe in section.recipes:
        lines = []
        for row in recipe:
            found = measured[id(row)]
            if not row.done:
                lines.append(_line(row))
            elif found is None:
                lines.append(_line(row, reason='the method has no heatmap'))
            else:
                cells = (number(found.angle), number(found.cosine), Cell(count(found.landmarks)))
                lines.append(_line(row, *cells, Cell(str(len(row.done))), Cell(row.status)))
        bodies.append(tuple(lines))
    caption = f'{_title(section)}: main axis of the predicted heatmap against the true ambiguity'
    return Table(caption, columns, (*bodies, (chance,)))


def status(row: Row) -> str:
    """Status in words, with what limits the row."""
    limit = row.missing_data if row.done else row.reason
    return '; '.join((f'{row.status}: {limit}' if limit else row.status, *row.notes))


def _title(section: Section) -> str:
    return section.benchmark.title


def _incomplete(row: Row, subset: str) -> str:
    found = coverage(row, subset) if images_of(row, subset) else None
    return f'{found} images' if found else ''


def _line(row: Row, *cells: Cell, reason: str = '') -> Line:
    record = row.record
    identity = (Cell(record.loss), Cell(record.backbone), Cell(row.input_size))
    if not row.done:
        reason = status(row)
    return Line((*identity, *cells), reason, row.is_star)
