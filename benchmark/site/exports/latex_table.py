"""A leaderboard as a LaTeX table: the essential columns of the rows that have a result."""

from __future__ import annotations

from itertools import groupby

from benchmark.analysis.rows import Row
from benchmark.analysis.standings import Analysis
from benchmark.escaping import escape_latex
from benchmark.site.board import Board, BoardLine, Field, Value, status
from benchmark.site.exports.macros import beginning, words
from benchmark.site.exports.spreadsheet import unit


def latex_table(board: Board, analysis: Analysis) -> str:
    r"""A macro that sets a ``table*``, which needs the package booktabs alone.

    The best value of a column is bold, those that cannot be told from it are underlined. What limits a row or a value,
    such as partial data, is a numbered note below the table. Rows of older configurations are left out.

    Returns:
        LaTeX in ASCII that defines ``\<benchmark>Table``, e.g. ``\wflwTable``, with the label ``tab:<benchmark>``; a
        comment alone where no row has a result.
    """
    recipes = [[line for line in recipe if not line.reason and not line.row.outdated] for recipe in board.recipes]
    recipes = [recipe for recipe in recipes if recipe]
    if not recipes:
        return f'% {escape_latex(board.title)}: no row has a result yet.\n'
    name, normalizer = analysis.section.benchmark.name, analysis.normalizers[0]
    fields = [field for field in board.fields if field.essential and field.key != 'status']
    notes: dict[str, str] = {}
    bodies = ['\n'.join(_line(line, fields, notes) for line in recipe) for recipe in recipes]
    parts = [
        r'% The table needs \usepackage{booktabs}.',
        rf'\newcommand{{\{beginning([words(name)])}Table}}{{%',
        r'\begin{table*}',
        r'\centering\footnotesize\setlength{\tabcolsep}{4pt}',
        rf'\caption{{{_caption(board, fields, normalizer)}}}',
        rf'\label{{tab:{name}}}',
        rf'\begin{{tabular}}{{@{{}}{"".join("r" if field.numeric else "l" for field in fields)}@{{}}}}',
        r'\toprule',
        *_head(fields),
        r'\midrule',
        '\n\\addlinespace\n'.join(bodies),
        r'\bottomrule',
        r'\end{tabular}',
        *_notes(notes),
        r'\end{table*}}',
    ]
    return '\n'.join(parts) + '\n'


def _caption(board: Board, fields: list[Field], normalizer: str) -> str:
    text = f'{board.title}: NME, FR and AUC in percent, normalizer {normalizer}'
    if any(unit(field) == 'percentage points' for field in fields):
        text += '; differences in percentage points with their 95 % interval'
    text += '; means over seeds, with the sample standard deviation where there are several.'
    marks = (
        r'\textbf{Bold}: best of its column; \underline{underlined}: not shown to differ from the best, which takes '
        r'three seeds, a 95\,\% interval over seeds and images without 0, and $p < 0.05$ after correction.'
    )
    return f'{escape_latex(text)} {marks}'


def _head(fields: list[Field]) -> list[str]:
    """One line of heads, with one of shared headings and their rules above it where there are any."""
    above, rules, column = [], [], 1
    for group, members in groupby(fields, key=lambda field: field.group):
        width = len(list(members))
        if group:
            above.append(rf'\multicolumn{{{width}}}{{c}}{{{escape_latex(group)}}}')
            rules.append(rf'\cmidrule(lr){{{column}-{column + width - 1}}}')
        else:
            above += [''] * width
        column += width
    heads = ' & '.join(escape_latex(field.label) for field in fields) + r' \\'
    return [' & '.join(above) + r' \\', ' '.join(rules), heads] if rules else [heads]


def _line(line: BoardLine, fields: list[Field], notes: dict[str, str]) -> str:
    cells = []
    for field in fields:
        value = line.values[field.key]
        limits = [_limit(line.row)] if field.key == 'loss' else []
        cells.append(_cell(value) + _marks([*limits, value.note], notes))
    return ' & '.join(cells) + r' \\'


def _limit(row: Row) -> str:
    return '' if row.status == 'done' and not row.notes else status(row)


def _cell(value: Value) -> str:
    text = escape_latex(value.text)
    if value.best:
        return rf'\textbf{{{text}}}'
    return rf'\underline{{{text}}}' if value.tie else text


def _marks(limits: list[str], notes: dict[str, str]) -> str:
    """Numbers of the notes that say what limits a cell; a new text gets the next number."""
    numbers = [notes.setdefault(limit, str(len(notes) + 1)) for limit in limits if limit]
    return rf'\textsuperscript{{{",".join(numbers)}}}' if numbers else ''


def _notes(notes: dict[str, str]) -> list[str]:
    if not notes:
        return []
    lines = [rf'\textsuperscript{{{number}}}~{escape_latex(text)}.' for text, number in notes.items()]
    return [
        '',
        r'\medskip',
        r'\begin{minipage}{\linewidth}',
        r'\raggedright',
        ' \\quad\n'.join(lines),
        r'\end{minipage}',
    ]
