"""Narrow tables for Markdown and the terminal: columns of the leaderboard, and agreement with the true ambiguity."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.analysis.rows import Row, Section
from benchmark.analysis.summaries import CHANCE_DEGREES, Agreement, agreement
from benchmark.site.board import Board, BoardLine, Value, status
from benchmark.site.tables import Cell, Column, Line, Table, count, number

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
    """Some columns of a leaderboard; rows of one network that lack a result for the same reason share a line."""
    fields = {field.key: field for field in board.fields}
    columns = tuple(Column(fields[key].label, fields[key].group, fields[key].numeric) for key in keys)
    bodies = []
    for recipe in board.recipes:
        lines, waiting = [], {}
        for line in recipe:
            if not line.reason:
                cells = tuple(_cell(line.values[key]) for key in keys)
                lines.append(Line(cells, strong=line.row.is_star))
                continue
            alike = waiting.setdefault((line.row.network, line.reason), [])
            if not alike:
                lines.append(alike)
            alike.append(line)
        bodies.append(tuple(_waiting_line(one) if isinstance(one, list) else one for one in lines))
    return Table(caption, columns, tuple(bodies))


def _cell(value: Value) -> Cell:
    return Cell(value.text, value.note, value.best, value.tie)


def _waiting_line(lines: Sequence[BoardLine]) -> Line:
    losses = list(dict.fromkeys(line.row.record.loss for line in lines))
    if len(losses) > _NAMED_LOSSES:
        losses = [f'{losses[0]} and {len(losses) - 1} more losses']
    first = lines[0].row
    cells = (Cell(', '.join(losses)), Cell(first.record.backbone), Cell(first.input_size))
    return Line(cells, lines[0].reason, any(line.row.is_star for line in lines))


def ambiguity_table(section: Section) -> Table | None:
    """Angle between the main axes of predicted and true ambiguity; None where no row can be measured."""
    measured = {row: agreement(row) for row in section.rows}
    if not any(measured.values()):
        return None
    columns = (
        *(Column(label, numeric=False) for label in ('Loss', 'Network', 'Input')),
        Column('Median angle, degrees'),
        Column('Mean |cos|'),
        Column('Landmarks'),
        Column('Seeds'),
        Column('Status', numeric=False),
    )
    chance = Line((Cell('chance'), Cell(), Cell(), Cell(f'{CHANCE_DEGREES:.2f}'), Cell('0.64'), Cell(), Cell(), Cell()))
    bodies = [tuple(_angles(row, measured[row]) for row in recipe if row.done) for recipe in section.recipes]
    caption = f'{section.benchmark.title}: main axis of the predicted heatmap against the true ambiguity'
    return Table(caption, columns, (*(body for body in bodies if body), (chance,)))


def _angles(row: Row, found: Agreement | None) -> Line:
    identity = (Cell(row.record.loss), Cell(row.record.backbone), Cell(row.input_size))
    if found is None:
        return Line(identity, 'the method has no heatmap', row.is_star)
    cells = (number(found.angle), number(found.cosine), Cell(count(found.landmarks)), Cell(str(len(row.done))))
    return Line((*identity, *cells, Cell(status(row))), strong=row.is_star)
