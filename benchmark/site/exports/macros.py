r"""The numbers of a leaderboard as LaTeX macros, so that a paper never repeats one by hand."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from benchmark.analysis.comparison import baseline_of
from benchmark.analysis.rows import Row
from benchmark.analysis.standings import Analysis
from benchmark.escaping import one_line
from benchmark.protocol.benchmarks import Benchmark
from benchmark.protocol.measures import Measure
from benchmark.site.board import status

_ONES = (
    *('Zero', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten', 'Eleven', 'Twelve'),
    *('Thirteen', 'Fourteen', 'Fifteen', 'Sixteen', 'Seventeen', 'Eighteen', 'Nineteen'),
)
_TENS = ('', '', 'Twenty', 'Thirty', 'Forty', 'Fifty', 'Sixty', 'Seventy', 'Eighty', 'Ninety')
_HEADLINE_THRESHOLD = 10.0


def latex_macros(analysis: Analysis) -> str:
    r"""One ``\newcommand`` for every number of the rows that have a result, those of a measure on one line.

    A name is made of loss, what tells the row from others of that loss (network, input size, origin of the weights,
    configuration: as little as is needed), benchmark and measure, e.g. ``\starWflwNme``. FR and AUC without a
    number are those at 10 %, a measure without a normalizer is under the benchmark's headline one. ``Deviation`` is the
    standard deviation over seeds, ``Low`` and ``High`` bound the 95 % interval, ``Delta`` is the difference to the
    baseline. Rows of older configurations have no macros.
    """
    benchmark = analysis.section.benchmark
    rows = [row for row in analysis.section.rows if row.done and not row.outdated]
    lines = [
        f'% {benchmark.title}: numbers of the leaderboard. NME, FR and AUC are percent, differences percentage points.',
        f'% Without a normalizer in its name, a measure is {analysis.normalizers[0]}. Negative ones go into math mode.',
    ]
    if not rows:
        return '\n'.join([*lines, '% No row has a result yet.']) + '\n'
    for row, prefix in row_names(rows).items():
        lines += ['', *(f'% {one_line(text)}' for text in _origin(row))]
        for macros, meaning in _numbers(analysis, row):
            stem = prefix + words(benchmark.name)
            defined = ''.join(rf'\newcommand{{\{stem}{suffix}}}{{{text}}}' for suffix, text in macros)
            lines.append(f'{defined}% {meaning}')
    return '\n'.join(lines) + '\n'


def row_names(rows: Sequence[Row]) -> dict[Row, str]:
    """For each row the shortest beginning of letters that tells it from the others; the first letter is small."""
    waiting, names, depth = list(rows), {}, 1
    while waiting:
        groups = defaultdict(list)
        for row in waiting:
            groups[beginning(_identity(row)[:depth])].append(row)
        for name, members in groups.items():
            if len(members) == 1 and name and name not in names.values():
                names[members[0]] = name
        waiting = [row for row in waiting if row not in names]
        depth += 1
    return {row: names[row] for row in rows}


def beginning(parts: Sequence[str]) -> str:
    """Parts of a macro's name joined, with a small first letter."""
    name = ''.join(parts)
    # LaTeX keeps names that begin with 'end' to itself.
    return f'row{name}' if name.startswith('End') else name[:1].lower() + name[1:]


def words(text: str) -> str:
    """Letters alone, each word with a capital, numbers spelled.

    >>> words('300w'), words('smooth-L1'), words('ResNet-18')
    ('ThreeHundredW', 'SmoothLOne', 'ResNetEighteen')
    """
    parts = re.findall('[A-Za-z]+|[0-9]+', text)
    return ''.join(_spelled(part) if part.isdigit() else _capital(part) for part in parts)


def _identity(row: Row) -> tuple[str, ...]:
    """What names a row, most telling first; the last part, a hash in letters, belongs to this row alone."""
    record = row.record
    letters = row.identity.translate(str.maketrans('0123456789', 'ghijklmnop'))
    origin = words(record.weights.origin) if record.weights else ''
    size = ''.join(words(str(side)) for side in dict.fromkeys(record.input_size))
    return (words(row.loss), words(record.backbone), size, origin, words(record.name), letters.capitalize())


def _capital(word: str) -> str:
    return word.capitalize() if word.isupper() else word[0].upper() + word[1:]


def _spelled(digits: str) -> str:
    if len(digits) > 3 or (len(digits) > 1 and digits[0] == '0'):
        return ''.join(_ONES[int(digit)] for digit in digits)
    hundreds, rest = divmod(int(digits), 100)
    text = f'{_ONES[hundreds]}Hundred' if hundreds else ''
    if rest >= 20:
        tens, rest = divmod(rest, 10)
        text += _TENS[tens]
    return text + (_ONES[rest] if rest or not text else '')


def _numbers(analysis: Analysis, row: Row) -> list[tuple[list[tuple[str, str]], str]]:
    """End of the name and number of the macros of each measure of a row, with the meaning of the measure."""
    found = []
    baseline = baseline_of(next(recipe for recipe in analysis.section.recipes if row in recipe))
    for measure in analysis.measures:
        summary = analysis.summary(row, measure)
        if summary is None:
            continue
        suffix = _suffix(analysis.section.benchmark, measure)
        macros = [(suffix, f'{summary.mean:.2f}')]
        if summary.deviation is not None:
            macros.append((f'{suffix}Deviation', f'{summary.deviation:.2f}'))
        macros += _bounds(suffix, analysis.interval(row, measure))
        difference = analysis.difference(row, baseline, measure)
        if difference is not None:
            macros.append((f'{suffix}Delta', _signed(difference.mean)))
            macros += _bounds(f'{suffix}Delta', difference.over_both)
            if difference.corrected_p is not None:
                macros.append((f'{suffix}DeltaP', f'{difference.corrected_p:.2g}'))
        found.append((macros, f'{measure.metric_label}, {measure.subset}, {measure.normalizer}'))
    counts = [('Seeds', str(len(row.done)))] if row.record.weights is None else []
    counts.append(('Images', str(analysis.summary(row, analysis.measures[0]).images)))
    return [*found, (counts, 'number of seeds, of test images')]


def _suffix(benchmark: Benchmark, measure: Measure) -> str:
    metric = measure.metric.capitalize()
    if measure.threshold not in (None, _HEADLINE_THRESHOLD):
        metric += words(f'{measure.threshold:g}')
    subset = '' if measure.subset == 'full' else words(measure.subset)
    return metric + subset + ('' if measure.normalizer == benchmark.headline_normalizer else words(measure.normalizer))


def _bounds(suffix: str, bounds: Sequence[float] | None) -> list[tuple[str, str]]:
    if bounds is None:
        return []
    return [(suffix + end, _signed(bound)) for end, bound in zip(('Low', 'High'), bounds, strict=True)]


def _signed(number: float) -> str:
    text = f'{number:.2f}'
    return '0.00' if float(text) == 0 else text


def _origin(row: Row) -> list[str]:
    head = f'{row.loss}, {row.network}: {row.record.name}, {row.seeds_text}'
    limits = [] if row.status == 'done' and not row.notes else [status(row)]
    return [head, *limits, *(f'record {run.path.name}' for run in row.done)]
