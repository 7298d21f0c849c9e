"""The leaderboard of a benchmark as data: every column that may be shown, sorted, filtered or exported."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmark.analysis.comparison import baseline_of
from benchmark.analysis.difference import Difference
from benchmark.analysis.rows import BASELINE_LOSS, OWN, Row
from benchmark.analysis.sections import Section
from benchmark.analysis.standings import Analysis
from benchmark.analysis.summaries import coverage, images_of
from benchmark.protocol.measures import Measure
from benchmark.site.tables import NONE, NOT_KNOWN, count, duration, interval, number

EXPERIMENTS = 'experiments'
REGISTERED = 'registered'
_METHODS = {'td-softargmax': 'soft-argmax', 'td-hm': 'heatmap maximum'}


@dataclass(frozen=True)
class Field:
    """A column.

    Attributes:
        key: name in exported files, e.g. 'nme.full.inter-ocular' or 'train_seconds'.
        label: what stands in its head, e.g. 'challenge'.
        group: heading shared with its neighbours, e.g. 'NME, inter-ocular'; empty for none.
        better: which values are better, where there is a better.
        essential: whether it is shown before a reader asks for more.
        choice: whether its few distinct texts serve as a filter.
        numeric: whether its cells are aligned as numbers.
    """

    key: str
    label: str
    group: str = ''
    better: Literal['lower', 'higher'] | None = None
    essential: bool = False
    choice: bool = False
    numeric: bool = True


@dataclass(frozen=True)
class Value:
    """A cell.

    Attributes:
        text: as it is shown.
        sort: what it is sorted by and exported as; None where there is no value.
        note: what limits it, e.g. '8 of 135 images'.
        deviation: standard deviation over seeds, exported beside ``sort``.
        bounds: 95 % interval, exported beside ``sort``.
        best: whether it is the best of its column.
        tie: whether it cannot be told from the best.
    """

    text: str = NONE
    sort: float | str | None = None
    note: str = ''
    deviation: float | None = None
    bounds: tuple[float, float] | None = None
    best: bool = False
    tie: bool = False


@dataclass(frozen=True)
class BoardLine:
    """A row of the leaderboard.

    Attributes:
        row: the row behind it.
        values: one value for every field, by key.
        reason: why there is no result; empty where there is one.
    """

    row: Row
    values: Mapping[str, Value]
    reason: str


@dataclass(frozen=True)
class Board:
    """A leaderboard.

    Attributes:
        title: the benchmark's name in print.
        fields: columns in their order.
        recipes: lines in groups that differ in the loss alone.
    """

    title: str
    fields: tuple[Field, ...]
    recipes: tuple[tuple[BoardLine, ...], ...]

    @property
    def lines(self) -> tuple[BoardLine, ...]:
        """All lines in the order of the table."""
        return tuple(line for recipe in self.recipes for line in recipe)

    @property
    def groups(self) -> list[tuple[str, list[Field]]]:
        """Neighbouring columns under their shared headings; a column without heading stands alone."""
        groups: list[tuple[str, list[Field]]] = []
        for field in self.fields:
            if field.group and groups and groups[-1][0] == field.group:
                groups[-1][1].append(field)
            else:
                groups.append((field.group, [field]))
        return groups


_IDENTITY = (
    Field('method', 'Method', essential=True, numeric=False, choice=True),
    Field('loss', 'Loss', essential=True, numeric=False, choice=True),
    Field('backbone', 'Network', essential=True, numeric=False, choice=True),
    Field('input', 'Input', numeric=False, choice=True),
    Field('parameters', 'Parameters'),
    Field('gflops', 'GFLOPs'),
)
_RUN = (
    Field('seeds', 'Seeds', essential=True),
    Field('train_seconds', 'Training time', 'Cost', 'lower'),
    Field('peak_memory_mib', 'Peak memory, MiB', 'Cost', 'lower'),
    Field('device', 'Device', 'Cost', numeric=False, choice=True),
    Field('precision', 'Precision', 'Cost', numeric=False, choice=True),
    Field('checkpoint_rule', 'Weights tested', 'Run', numeric=False),
    Field('box', 'Face box', 'Run', numeric=False),
    Field('date', 'Date', 'Run', numeric=False),
    Field('status', 'Status', essential=True, numeric=False, choice=True),
)


def make_board(analysis: Analysis) -> Board:
    """The leaderboard of a section."""
    section = analysis.section
    headline = analysis.normalizers[0]
    fields = [*_IDENTITY]
    for measure in analysis.measures:
        fields.append(_measure_field(measure, measure.normalizer == headline))
    for measure in analysis.headlines:
        is_headline = measure.normalizer == headline
        fields.append(Field(f'interval.{measure.normalizer}', '95 % interval', f'full NME, {measure.normalizer}'))
        label = f'Δ to {BASELINE_LOSS} [95 %]'
        fields.append(
            Field(f'delta.{measure.normalizer}', label, f'full NME, {measure.normalizer}', 'lower', is_headline)
        )
    fields += _RUN
    recipes = tuple(tuple(_line(analysis, row, baseline_of(recipe)) for row in recipe) for recipe in section.recipes)
    return Board(section.benchmark.title, tuple(fields), recipes)


def method_name(row: Row) -> str:
    """How landmarks are found, e.g. 'soft-argmax'; a record's own word for it comes first."""
    record = row.record
    return record.method or _METHODS.get(record.name.split('_')[0], record.name.split('_')[0])


def _measure_field(measure: Measure, headline: bool) -> Field:
    if measure.metric == 'nme':
        label, group, essential = measure.subset, f'NME, {measure.normalizer}', headline
    else:
        label, group = measure.metric_label, f'full, {measure.normalizer}'
        essential = headline and measure.threshold == 10
    return Field(measure.key, label, group, 'higher' if measure.higher_is_better else 'lower', essential)


def _line(analysis: Analysis, row: Row, baseline: Row | None) -> BoardLine:
    record = row.record
    values = {
        'method': _text(method_name(row)),
        'loss': Value(row.loss, record.loss),
        'backbone': _text(record.backbone),
        'input': Value(row.input_size, record.input_size[0] * record.input_size[1]),
        'parameters': _number(record.parameters, count),
        'gflops': _number(record.gflops, '{:.2f}'.format),
        'status': Value(status(row), row.status),
    }
    values |= {measure.key: _measure(analysis, row, measure) for measure in analysis.measures}
    for measure in analysis.headlines:
        values[f'interval.{measure.normalizer}'] = _interval(analysis, row, measure)
        values[f'delta.{measure.normalizer}'] = _delta(analysis.difference(row, baseline, measure))
    values |= _run_values(row)
    return BoardLine(row, values, '' if row.done else status(row))


def _run_values(row: Row) -> dict[str, Value]:
    if not row.done:
        return {field.key: Value() for field in _RUN if field.key != 'status'}
    records = [run.record for run in row.done]
    places = [made for record in records for made in record.environments or (None,)]
    trained = row.record.weights is None

    def mean(key: str, write: Callable[[float], str], digits: int | None = None) -> Value:
        costs = [getattr(record.cost, key) for record in records if record.cost]
        if len(costs) < len(records):
            return Value(NOT_KNOWN)
        found = sum(costs) / len(costs)
        return _number(found if digits is None else round(found, digits or None), write)

    return {
        'seeds': Value(str(len(records)), len(records)) if trained else Value('given weights'),
        'train_seconds': mean('train_seconds', duration) if trained else Value(),
        'peak_memory_mib': mean('peak_memory_mib', count, 0),
        'device': _several([made.device_name if made else NOT_KNOWN for made in places]),
        'precision': _several([made.precision if made else NOT_KNOWN for made in places]),
        'checkpoint_rule': _several([record.checkpoint_rule for record in records]),
        'box': _several([record.box for record in records]),
        'date': _text(max(run.created for run in row.done).date().isoformat()),
    }


def _measure(analysis: Analysis, row: Row, measure: Measure) -> Value:
    found = analysis.summary(row, measure) if row.done else None
    if found is None:
        return Value()
    standing = analysis.standing(row, measure)
    incomplete = coverage(row, measure.subset) if images_of(row, measure.subset) else None
    note = f'{incomplete} images' if incomplete and measure.metric == 'nme' else ''
    return Value(
        number(found).text,
        round(found.mean, 6),
        note,
        found.deviation,
        analysis.interval(row, measure),
        standing.best,
        standing.tie,
    )


def _interval(analysis: Analysis, row: Row, measure: Measure) -> Value:
    found = analysis.interval(row, measure) if row.done else None
    if found is None:
        return Value()
    return Value(f'[{found[0]:.2f}, {found[1]:.2f}]', round(found[1] - found[0], 6), bounds=tuple(found))


def _delta(found: Difference | None) -> Value:
    if found is None:
        return Value()
    # Beside the intervals of other rows, which cover other seeds too.
    note = 'over images alone' if found.over_images and not found.over_both else ''
    return Value(interval(found).text, round(found.mean, 6), note, bounds=found.over_both)


def _text(text: str) -> Value:
    return Value(text, text)


def _number(value: float | None, write: Callable[[float], str]) -> Value:
    return Value() if value is None else Value(write(value), value)


def _several(values: Sequence[str | None]) -> Value:
    return _text(', '.join(dict.fromkeys(value or 'not recorded' for value in values)))


def status(row: Row) -> str:
    """Status in words, with what limits the row."""
    limit = row.missing_data if row.done else row.reason
    registered = [REGISTERED] if row.registered else []
    return '; '.join((f'{row.status}: {limit}' if limit else row.status, *registered, *row.notes))


def page_links(sections: Iterable[Section]) -> dict[Row, str]:
    """Path of every row's page, relative to the reports folder.

    The current configuration of a name has the page of that name, and own rows beside published ones one that ends in
    'own'; pages of other rows with the same name end in a hash of what tells them apart.
    """
    links, taken = {}, set()
    rows = [row for section in sections for row in section.rows]
    for row in sorted(rows, key=lambda row: (row.own, row.outdated, row.record.weights is not None, row.identity)):
        name = re.sub(r'[^A-Za-z0-9._-]+', '-', row.record.name).strip('.-') or 'row'
        if row.own:
            name = f'{name}-{OWN}'
        if name.casefold() in taken:
            name = f'{name}-{row.identity[:8]}'
        taken.add(name.casefold())
        links[row] = f'{EXPERIMENTS}/{name}.html'
    return {row: links[row] for row in rows}
