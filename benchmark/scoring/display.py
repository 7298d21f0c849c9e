"""A score as a person reads it in the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmark.console.columns import empty_table, fitted, least_width
from benchmark.protocol.measures import normalizers
from benchmark.protocol.statistics import LEAST_IMAGES
from benchmark.scoring.scored import Number, Score

SCHEMA_VERSION = 1


def print_score(score: Score, worst: int, console: Console | None = None) -> None:
    """Print every number with its interval, under both normalizers side by side where there is room, and the worst."""
    console = console or Console()
    benchmark = score.truth.benchmark
    kind = ', synthetic' if benchmark.synthetic else ''
    console.print(Text(f'{benchmark.title}{kind}: percent, with 95 % intervals over images', style='bold'))
    order = normalizers(benchmark)
    tables = [_table(score, order)]
    if least_width(tables[0].columns) > console.width:
        tables = [_table(score, [normalizer]) for normalizer in order]
    for table in tables:
        console.print(fitted(table, console.width, ('Images',)), overflow='ignore', crop=False)
    if any(number.interval is None for number in score.numbers):
        console.print(Text(f'  fewer than {LEAST_IMAGES} images have no interval', style='dim'))
    if worst:
        console.print(Text(f'Worst images, {benchmark.headline_normalizer} NME', style='bold'))
        for name, error in score.worst(worst):
            console.print(Text(f'{error:8.2f}  {name}'), soft_wrap=True)


def _table(score: Score, order: Sequence[str]) -> Table:
    cells: dict[str, dict[str, dict[str, Number]]] = {}
    for number in score.numbers:
        measure = number.measure
        cells.setdefault(measure.subset, {}).setdefault(measure.metric_label, {})[measure.normalizer] = number
    table = empty_table()
    for text in ('Subset', 'Metric'):
        table.add_column(text, no_wrap=True)
    heads = (text for normalizer in order for text in (normalizer.replace('-', '-\n'), '95 %'))
    for text in ('Images', *heads):
        table.add_column(text, justify='right', no_wrap=True)
    for subset in (name for name in score.truth.benchmark.subsets if name in cells):
        for label, by_normalizer in cells[subset].items():
            numbers = [by_normalizer[normalizer] for normalizer in order]
            row = [subset, label, str(numbers[0].images)]
            table.add_row(*row, *(text for number in numbers for text in _texts(number)))
        table.add_section()
    return table


def _texts(number: Number) -> tuple[str, str]:
    bounds = number.interval
    return f'{number.value:.2f}', f'[{bounds.low:.2f}, {bounds.high:.2f}]' if bounds else ''


def score_data(path: Path, score: Score, worst: int) -> dict[str, object]:
    """Everything that is known of a score, as JSON can hold it; numbers in percent.

    Args:
        path: file of the predictions.
        score: their score.
        worst: how many of the worst images are listed.
    """
    finding = score.finding
    return {
        'schema_version': SCHEMA_VERSION,
        'predictions': str(path),
        'read_as': score.form,
        'matched': score.how,
        'benchmark': score.truth.benchmark.name,
        'images': len(score.truth),
        'left_out': score.left_out or None,
        'partial': score.limit,
        'finding': finding
        and {key: round(one, 6) if type(one) is float else one for key, one in vars(finding).items()},
        'values': [
            {
                **number.measure._asdict(),
                'value': round(number.value, 6),
                'interval': number.interval and [round(bound, 6) for bound in number.interval],
                'images': number.images,
            }
            for number in score.numbers
        ],
        'worst': [{'image': name, 'nme': round(error, 6)} for name, error in score.worst(worst)],
    }
