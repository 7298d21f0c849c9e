"""Tables for the terminal; where it is narrow, with fewer columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from benchmark.analysis.comparison import baseline_of, compare, pair
from benchmark.analysis.difference import MINUS, Difference, signed
from benchmark.analysis.replication import replications
from benchmark.analysis.rows import BASELINE_LOSS, TIMES, Row
from benchmark.analysis.sections import Section
from benchmark.analysis.selection import Comparison, choose_sections, read_sections
from benchmark.analysis.summaries import summary
from benchmark.console.columns import empty_table, fitted, wrapped
from benchmark.protocol.differences import LEAST_SEEDS
from benchmark.protocol.measures import Measure, normalizers
from benchmark.site.board import REGISTERED, status
from benchmark.site.tables import Cell, bounds_text, interval, number, p_cell
from benchmark.site.waiting import current_text

# What a narrow terminal has no room for, the least important first.
_LESS_OF_TABLE = ('Status', 'AUC@10', 'FR@10', f'ΔNME to {BASELINE_LOSS} [95 %]')
_LESS_OF_DIFFERENCES = ('over images', 'over seeds', 'p', 'B', 'A')


def print_tables(folders: Sequence[Path], console: Console | None = None, names: Sequence[str] = ()) -> None:
    """Print one table per benchmark: headline normalizer, full test set; or a line saying that nothing has been run.

    Real benchmarks come first, synthetic ones are named as such. Below its table stand a line for each own row that is
    published, too, remarks on single rows, and those that wait, counted.

    Args:
        folders: folders that hold ``records/``; nothing in them is written.
        console: where to print, by default standard output.
        names: names of benchmarks; none: all that have a record.

    Raises:
        UsageError: there is no benchmark of a name.
        BenchmarkError: a record or predictions file is damaged.
    """
    print_sections(read_sections(folders)[0], console, names)


def print_sections(sections: Sequence[Section], console: Console | None = None, names: Sequence[str] = ()) -> None:
    """Print the tables of benchmarks that have been read already, as :func:`print_tables`."""
    console = console or Console()
    chosen = choose_sections(sections, names)
    for section in chosen:
        _print(console, _shown(section, console.width))
    absent = [n for n in names if not any(n in (one.benchmark.name, one.benchmark.faces) for one in chosen)]
    if absent or not chosen:
        on = f' on {", ".join(absent)}' if absent else ''
        console.print(f'nothing has been run{on} yet (run: python -m benchmark.run --all)', markup=False)


def print_comparison(found: Comparison, console: Console | None = None) -> None:
    """Print the differences of two rows, a table for each normalizer, each with the sentence on its full test set.

    In the tables p is that of the interval over seeds and images, corrected for the comparisons beside it.

    Args:
        found: the rows with their differences.
        console: where to print, by default standard output.
    """
    console = console or Console()
    benchmark = found.rows[0].benchmark
    console.print(Text(f'{benchmark.title}, percent; difference A minus B with its 95 % intervals', 'bold'))
    for name, row in zip('AB', found.rows, strict=True):
        limits = '' if row.status == 'done' and not row.notes else f' ({status(row)})'
        line = Text(f'{name}  {row.loss}, {row.network}: {row.label}{limits}')
        _print(console, wrapped(line, console.width))
    sizes = dict.fromkeys(f'{one.measure.subset} {one.images}' for one in found.differences)
    console.print(
        Text(
            f'Images: {", ".join(sizes)}. Bold: a difference is shown (at least {LEAST_SEEDS} seeds, interval over '
            'both without 0, p < 0.05; p is corrected for the comparisons that the pages state beside it).'
        )
    )
    for normalizer in normalizers(benchmark):
        differences = [one for one in found.differences if one.measure.normalizer == normalizer]
        console.print(Text(f'\n{normalizer}', style='bold'))
        _print(console, fitted(_differences(found, differences), console.width, _LESS_OF_DIFFERENCES))
        for one in differences:
            if one.measure == Measure('full', normalizer, 'nme'):
                console.print(Text(one.sentence()))


def _print(console: Console, shown: RenderableType) -> None:
    # What is wider than the terminal stays whole.
    console.print(shown, overflow='ignore', crop=False)


def _shown(section: Section, width: int) -> RenderableType:
    normalizer = section.benchmark.headline_normalizer
    measures = [Measure('full', normalizer, 'nme')] + [Measure('full', normalizer, m, 10.0) for m in ('fr', 'auc')]
    kind = 'synthetic, ' if section.benchmark.synthetic else ''
    title = Text(f'{section.benchmark.title} ({kind}{normalizer}, full test set, percent)', style='bold')
    table = empty_table()
    for text in ('Loss', 'Network'):
        table.add_column(text, overflow='fold')
    for text in (*(measure.metric_label for measure in measures), f'ΔNME to\n{BASELINE_LOSS}\n[95 %]'):
        table.add_column(Text(text), justify='right', no_wrap=True)
    table.add_column('Status', overflow='fold')
    to_baseline, remarks, waiting = _to_baseline(section, measures[0]), [], Counter()
    for recipe in section.recipes:
        for row in recipe:
            if not row.done and row.status != 'failed':
                waiting[current_text(row, section.rows)] += 1
                continue
            cells = [number(summary(row, measure)) for measure in measures]
            cells.append(interval(to_baseline.get(row)))
            head = (row.loss, row.network.replace(f' {TIMES} ', TIMES))
            table.add_row(*map(Text, head), *map(_text, cells), _status(row), style=None if row.done else 'dim')
            if row.notes or row.status != 'done':
                remarks.append(Text(f'  {row.label}: {status(row)}', style='dim'))
        table.add_section()
    if any(one.over_images and not one.over_both for one in to_baseline.values()):
        note = f'  Δ of fewer than {LEAST_SEEDS} seeds, or of seeds that do not differ: of these networks alone'
        remarks.append(Text(note, style='dim'))
    again = [Text(f'  {one.row.record.loss}, {one.row.network}: {one.sentence()}') for one in replications(section)]
    for text, rows in waiting.items():
        remarks.append(Text(f'  {rows} row{"" if rows == 1 else "s"} without a result: {text}', style='dim'))
    shown = [fitted(table, width, _LESS_OF_TABLE)] if table.rows else []
    return Group(wrapped(title, width), *shown, *(wrapped(line, width) for line in (*again, *remarks)), Text())


def _to_baseline(section: Section, measure: Measure) -> dict[Row, Difference]:
    """Difference of every row to the baseline of its recipe, where both can be paired."""
    pairs = [(row, baseline_of(recipe)) for recipe in section.recipes for row in recipe]
    paired = [pair(row, baseline) for row, baseline in pairs if baseline and row is not baseline]
    return {found.row: found for found in compare([(one, measure) for one in paired if one])}


def _differences(found: Comparison, differences: Sequence[Difference]) -> Table:
    table = empty_table()
    for text in ('Subset', 'Metric'):
        table.add_column(text)
    over_seeds = any(one.over_seeds for one in differences)
    for text in ('A', 'B', f'A{MINUS}B', 'over images', *(['over seeds', 'over both', 'p'] if over_seeds else [])):
        table.add_column(text, justify='right')
    for one in differences:
        certainty = [bounds_text(one.over_images)]
        if over_seeds:
            certainty += [bounds_text(one.over_seeds), bounds_text(one.over_both), p_cell(one.corrected_p)]
        means = [f'{value.mean:.2f}' for value in found.values(one.measure)]
        cells = [one.measure.subset, one.measure.metric_label, *means, signed(one.mean), *certainty]
        table.add_row(*map(Text, cells), style='bold' if one.decided else None)
    return table


def _text(cell: Cell) -> Text:
    # Deviations and intervals go below their number, which keeps the table narrow.
    return Text(cell.text.replace(' [', '\n[').replace(' ±', '\n±'))


def _status(row: Row) -> Text:
    seeds = '' if len(row.done) < 2 else f', {len(row.done)} seeds'
    return Text(row.status + seeds + (f', {REGISTERED}' if row.registered else ''))
