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
    r"""One ``\newcommand`` for every number of the rows that have a result.

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
        records = ' '.join(run.record.fingerprint[:8] for run in row.done)
        origin = one_line(f'{row.record.name}, {_seeds(row)}, {records}')
        for suffix, text, meaning in _numbers(analysis, row):
            name = prefix + words(benchmark.name) + suffix
            lines.append(rf'\newcommand{{\{name}}}{{{text}}}% {meaning}; {origin}')
    return '\n'.join(lines) + '\n'


def row_names(rows: Sequence[Row]) -> dict[Row, str]:
    """For each row the shortest beginning of letters that tells it from the others; the first letter is small."""
    waiting, names, depth = list(rows), {}, 1
    while waiting:
        groups = defaultdict(list)
        for row in waiting:
            groups[_beginning(_identity(row)[:depth])].append(row)
        for name, members in groups.items():
            if len(members) == 1 and name and name not in names.values():
                names[members[0]] = name
        waiting = [row for row in waiting if row not in names]
        depth += 1
    return {row: names[row] for row in rows}


def _beginning(parts: Sequence[str]) -> str:
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
    return (words(record.loss), words(record.backbone), size, origin, words(record.name), letters.capitalize())


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


def _numbers(analysis: Analysis, row: Row) -> list[tuple[str, str, str]]:
    """End of the name, number and meaning of every macro of a row."""
    found = []
    baseline = baseline_of(next(recipe for recipe in analysis.section.recipes if row in recipe))
    for measure in analysis.measures:
        summary = analysis.summary(row, measure)
        if summary is None:
            continue
        suffix, meaning = _suffix(analysis.section.benchmark, measure), _meaning(measure)
        found.append((suffix, f'{summary.mean:.2f}', meaning))
        if summary.deviation is not None:
            found.append((f'{suffix}Deviation', f'{summary.deviation:.2f}', f'{meaning}, deviation over seeds'))
        found += _bounds(suffix, analysis.interval(row, measure), f'{meaning}, 95 % interval over images')
        difference = analysis.difference(row, baseline, measure)
        if difference is not None:
            suffix, meaning = f'{suffix}Delta', f'{meaning}, difference to {one_line(baseline.record.loss)}'
            found.append((suffix, _signed(difference.mean), meaning))
            found += _bounds(suffix, difference.interval, f'{meaning}, 95 % interval')
            if difference.p_value is not None:
                found.append((f'{suffix}P', f'{difference.p_value:.2g}', f'{meaning}, exact sign-flip p'))
    images = analysis.summary(row, analysis.measures[0]).images
    trained = [('Seeds', str(len(row.done)), 'number of seeds')] if row.record.weights is None else []
    return [*found, *trained, ('Images', str(images), 'number of test images')]


def _suffix(benchmark: Benchmark, measure: Measure) -> str:
    metric = measure.metric.capitalize()
    if measure.threshold not in (None, _HEADLINE_THRESHOLD):
        metric += words(f'{measure.threshold:g}')
    subset = '' if measure.subset == 'full' else words(measure.subset)
    return metric + subset + ('' if measure.normalizer == benchmark.headline_normalizer else words(measure.normalizer))


def _meaning(measure: Measure) -> str:
    return f'{measure.metric_label}, {measure.subset}, {measure.normalizer}'


def _bounds(suffix: str, bounds: Sequence[float] | None, meaning: str) -> list[tuple[str, str, str]]:
    if bounds is None:
        return []
    return [(suffix + end, _signed(bound), meaning) for end, bound in zip(('Low', 'High'), bounds, strict=True)]


def _signed(number: float) -> str:
    text = f'{number:.2f}'
    return '0.00' if float(text) == 0 else text


def _seeds(row: Row) -> str:
    if row.record.weights is not None:
        return row.record.weights.origin
    seeds = ' '.join(str(run.record.seed) for run in row.done)
    return f'seed {seeds}' if len(row.done) == 1 else f'seeds {seeds}'


def _origin(row: Row) -> list[str]:
    head = f'{row.record.loss}, {row.network}: {row.record.name}, {_seeds(row)}'
    limits = [] if row.status == 'done' and not row.notes else [status(row)]
    return [head, *limits, *(f'record {run.path.name}' for run in row.done)]
