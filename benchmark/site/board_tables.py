"""Narrow tables for Markdown and the terminal: columns of the leaderboard, and agreement with the true ambiguity."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from benchmark.analysis.axes import CHANCE_DEGREES, Agreement, agreement
from benchmark.analysis.rows import Row
from benchmark.analysis.sections import Section
from benchmark.site.board import Board, BoardLine, Value, status
from benchmark.site.tables import NONE, Cell, Column, Line, Table, count, number
from benchmark.site.waiting import waits

_NAMED_LOSSES = 3  # in a line that stands for several rows
_IDENTITY = ('loss', 'backbone', 'input')
_COST = (
    *('train_seconds', 'device', 'precision', 'peak_memory_mib', 'parameters', 'gflops'),
    *('checkpoint_rule', 'box', 'date', 'status'),
)


def accuracy_table(board: Board, normalizer: str) -> Table:
    """NME of every subset, FR and AUC of the full test set, and the difference to the baseline, in percent."""
    keys = [field.key for field in board.fields if field.key.endswith(f'.{normalizer}')]
    return board_table(board, (*_IDENTITY, *keys, 'seeds', 'status'), f'{board.title}, {normalizer}, percent')


def cost_table(board: Board) -> Table:
    """What the runs took and how they were trained; means over seeds."""
    return board_table(board, (*_IDENTITY, *_COST), f'{board.title}: cost of one seed and training')


def board_table(board: Board, keys: Sequence[str], caption: str) -> Table:
    """Some columns of a leaderboard.

    Rows of one network that failed for the same reason share a line; those that wait for data or for their turn follow
    all others, a line a network.
    """
    fields = {field.key: field for field in board.fields}
    columns = tuple(Column(fields[key].label, fields[key].group, fields[key].numeric) for key in keys)
    bodies, waiting = [], {}
    for recipe in board.recipes:
        lines, failed = [], {}
        for line in recipe:
            if not line.reason:
                cells = tuple(_cell(line.values[key]) for key in keys)
                lines.append(Line(cells, strong=line.row.is_star))
                continue
            if waits(line):
                waiting.setdefault(line.row.network, []).append(line)
                continue
            alike = failed.setdefault((line.row.network, line.reason), [])
            if not alike:
                lines.append(alike)
            alike.append(line)
        bodies.append(tuple(_folded_line(one, keys) if isinstance(one, list) else one for one in lines))
    bodies.append(tuple(_folded_line(lines, keys) for lines in waiting.values()))
    return Table(caption, columns, tuple(body for body in bodies if body))


def _cell(value: Value) -> Cell:
    return Cell(value.text, value.note, value.best, value.tie)


def _folded_line(lines: Sequence[BoardLine], keys: Sequence[str]) -> Line:
    """One line for several rows of a network; it has cells for those of the first columns that say which they are."""
    losses = list(dict.fromkeys(line.row.loss for line in lines))
    if len(losses) > _NAMED_LOSSES:
        losses = [f'{losses[0]} and {len(losses) - 1} more losses']
    first = lines[0].row
    texts = dict(zip(_IDENTITY, (', '.join(losses), first.record.backbone, first.input_size), strict=True))
    cells = tuple(Cell(texts[key]) for key in takewhile(texts.__contains__, keys))
    reasons = '; '.join(dict.fromkeys(line.reason for line in lines))
    return Line(cells, reasons, any(line.row.is_star for line in lines))


def ambiguity_table(section: Section) -> Table | None:
    """Angle between the main axes of predicted and true ambiguity; None where no row can be measured."""
    measured = {row: agreement(row.done) for row in section.rows}
    if not any(measured.values()):
        return None
    columns = (
        *(Column(label, numeric=False) for label in ('Loss', 'Network', 'Input')),
        Column('Median angle, degrees'),
        Column('Mean |cos|'),
        Column('Axis ratio'),
        Column('Landmarks'),
        Column('Seeds'),
        Column('Status', numeric=False),
    )
    first = next(found for found in measured.values() if found)
    true = ('0.00', '1.00', f'{first.true_anisotropy:.2f}')
    references = (('true', *true), ('chance', f'{CHANCE_DEGREES:.2f}', '0.64', NONE))
    ends = tuple(
        Line((Cell(name), Cell(), Cell(), *map(Cell, texts), Cell(), Cell(), Cell())) for name, *texts in references
    )
    bodies = [tuple(_angles(row, measured[row]) for row in recipe if row.done) for recipe in section.recipes]
    caption = f'{section.benchmark.title}: main axis of the predicted heatmap against the true ambiguity'
    return Table(caption, columns, (*(body for body in bodies if body), ends))


def _angles(row: Row, found: Agreement | None) -> Line:
    identity = (Cell(row.loss), Cell(row.record.backbone), Cell(row.input_size))
    if found is None:
        return Line(identity, 'the method has no heatmap', row.is_star)
    numbers = (found.angle, found.cosine, found.anisotropy)
    cells = (*map(number, numbers), Cell(count(found.landmarks)), Cell(str(len(row.done))))
    return Line((*identity, *cells, Cell(status(row))), strong=row.is_star)
