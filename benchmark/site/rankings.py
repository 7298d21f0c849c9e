"""The tables of one benchmark: accuracy, cost, agreement with the true ambiguity."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmark.protocol.metrics import NORMALIZERS
from benchmark.site.ambiguity import CHANCE_DEGREES, agreement
from benchmark.site.comparison import baseline_difference
from benchmark.site.measures import Figure, coverage, images_of, summary
from benchmark.site.rows import BASELINE_LOSS, Row, Section
from benchmark.site.tables import Cell, Column, Line, Table, count, duration, interval, number

_IDENTITY = (Column('Loss', numeric=False), Column('Network', numeric=False), Column('Input', numeric=False))
_NAMED_LOSSES = 3  # in a line that stands for several rows; the page lists each of these below
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

    def accuracy(row: Row, recipe: Sequence[Row]) -> Line:
        cells = [number(summary(row, f), _incomplete(row, f.subset)) for f in errors]
        cells += [number(summary(row, f)) for f in rates]
        delta = interval(baseline_difference(row, recipe, normalizer))
        return _line(row, *cells, delta, Cell(str(len(row.done))), Cell(status(row)))

    rank = 'headline' if normalizer == benchmark.headline_normalizer else 'second normalizer'
    caption = f'{_title(section)}, {normalizer} ({rank}): NME, FR and AUC in percent'
    return Table(caption, columns, _bodies(section, accuracy))


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
    bodies = _bodies(section, lambda row, _: _cost_line(row))
    return Table(f'{_title(section)}: cost of one seed and training', columns, bodies)


def _cost_line(row: Row) -> Line:
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

    def angles(row: Row, _: Sequence[Row]) -> Line:
        found = measured[id(row)]
        if found is None:
            return _line(row, reason='the method has no heatmap')
        cells = (number(found.angle), number(found.cosine), Cell(count(found.landmarks)))
        return _line(row, *cells, Cell(str(len(row.done))), Cell(row.status))

    caption = f'{_title(section)}: main axis of the predicted heatmap against the true ambiguity'
    return Table(caption, columns, (*_bodies(section, angles), (chance,)))


def status(row: Row) -> str:
    """Status in words, with what limits the row."""
    limit = row.missing_data if row.done else row.reason
    return '; '.join((f'{row.status}: {limit}' if limit else row.status, *row.notes))


def _title(section: Section) -> str:
    return section.benchmark.title


def _incomplete(row: Row, subset: str) -> str:
    found = coverage(row, subset) if images_of(row, subset) else None
    return f'{found} images' if found else ''


def _bodies(section: Section, line_of: Callable[[Row, Sequence[Row]], Line]) -> tuple[tuple[Line, ...], ...]:
    """The lines of every recipe; rows of one network that lack a result for the same reason share a line."""
    bodies = []
    for recipe in section.recipes:
        lines, waiting = [], {}
        for row in recipe:
            if row.done:
                lines.append(line_of(row, recipe))
                continue
            alike = waiting.setdefault((row.network, status(row)), [])
            if not alike:
                lines.append(alike)
            alike.append(row)
        bodies.append(tuple(_waiting_line(one) if isinstance(one, list) else one for one in lines))
    return tuple(bodies)


def _waiting_line(rows: Sequence[Row]) -> Line:
    losses = list(dict.fromkeys(row.record.loss for row in rows))
    if len(losses) > _NAMED_LOSSES:
        losses = [f'{losses[0]} and {len(losses) - 1} more losses']
    first = rows[0]
    cells = (Cell(', '.join(losses)), Cell(first.record.backbone), Cell(first.input_size))
    return Line(cells, status(first), any(row.is_star for row in rows))


def _line(row: Row, *cells: Cell, reason: str = '') -> Line:
    record = row.record
    identity = (Cell(record.loss), Cell(record.backbone), Cell(row.input_size))
    return Line((*identity, *cells), reason, row.is_star)
