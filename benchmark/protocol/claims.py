"""Published figures, each with its normalizer, threshold, source and what makes it incomparable.

``claims.csv`` beside this file holds one figure per line. Its columns:

- dataset: 'cofw', '300w' or 'wflw'.
- subset: a subset of that benchmark, or 'private-test' of 300W.
- normalizer: 'inter-ocular', 'inter-pupil', or 'unknown' where the source leaves it open.
- metric: 'nme', 'fr' or 'auc'.
- threshold: threshold of fr and auc in percent; empty (NaN) for nme.
- value: percent.
- method: name in print; where a figure is another author's listing or re-run of a method, the name says so.
- year: year of publication.
- backbone: network, empty where it is not stated.
- source: where the figure was read.
- source_kind: one of :data:`SOURCE_KINDS`; 'seed' marks the figures that this benchmark sets out to reproduce.
- extra_data: training data beyond the benchmark's own training set, in words, empty where none is stated; pre-training
  on ImageNet is not counted.
- box: what the face box was derived from: the true 'landmarks' or a 'detector'; empty where it is not stated.
- weights: whose weights were measured: those of the epoch 'best on test' or of the 'last epoch'; empty where it is not
  stated.
"""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path

import pandas as pd

from benchmark.errors import BenchmarkError
from benchmark.protocol import claim_rules
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.protocol.metrics import NORMALIZERS

CLAIMS_FILE = Path(__file__).with_name('claims.csv')
COLUMNS = (
    *('dataset', 'subset', 'normalizer', 'metric', 'threshold', 'value'),
    *('method', 'year', 'backbone', 'source', 'source_kind'),
    *('extra_data', 'box', 'weights'),
)
SOURCE_KINDS = (
    *('seed', 'paper table', 'readme', 'model zoo', 'model card', 'code release', 'aggregator', 'independent'),
)
_NORMALIZERS = (*NORMALIZERS, 'unknown')
_BOXES = ('landmarks', 'detector', '')
_WEIGHTS = ('best on test', 'last epoch', '')
_SUBSETS = {name: benchmark.subsets for name, benchmark in BENCHMARKS.items() if not benchmark.synthetic}
# Published figures exist for the 600 private faces of the 300-W challenge too, which are no part of the 689.
_SUBSETS['300w'] += ('private-test',)


def load_claims(path: Path = CLAIMS_FILE) -> pd.DataFrame:
    """Read and check the published figures.

    Args:
        path: a CSV file with the columns of this module's docstring.

    Returns:
        One row per figure in the file's order, index 0, 1, ...; threshold and value are float64 percent, year is an
        integer, the other columns are text.

    Raises:
        BenchmarkError: the file is unreadable, or a row is not a complete figure or repeats one; the message names the
            row as an editor counts it, the header being row 1.
    """
    try:
        with open(path, encoding='utf-8', newline='') as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, fields) for fields in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BenchmarkError(f'{path}: not a readable table of figures: {error} (restore it)') from error
    if not lines or tuple(lines[0][1]) != COLUMNS:
        raise BenchmarkError(f'{path}: row 1: expected the columns {", ".join(COLUMNS)} (correct the header)')
    seen = {}
    for number, fields in lines[1:]:
        problem = _problem(fields)
        if not problem:
            figure = (*fields[:4], _number(fields[4]) if fields[4] else None, fields[6])
            first = seen.setdefault(figure, number)
            problem = f'the same figure as in row {first}' if first != number else None
        if problem:
            raise BenchmarkError(f'{path}: row {number}: {problem} (correct or remove the row)')
    claims = pd.DataFrame([fields for _, fields in lines[1:]], columns=list(COLUMNS))
    return claims.assign(
        threshold=pd.to_numeric(claims['threshold']).astype('float64'),
        value=pd.to_numeric(claims['value']).astype('float64'),
        year=claims['year'].astype('int64'),
    )


def select(
    dataset: str,
    method: str | None = None,
    subset: str | None = None,
    normalizer: str | None = None,
    metric: str | None = None,
    threshold: float | None = None,
) -> pd.DataFrame:
    """The published figures that agree with every argument given.

    Args:
        dataset: 'cofw', '300w' or 'wflw'.
        method: name as in the table.
        subset: subset of the benchmark.
        normalizer: 'inter-ocular', 'inter-pupil' or 'unknown'.
        metric: 'nme', 'fr' or 'auc'.
        threshold: percent; leave it out for nme.

    Returns:
        Rows of :func:`load_claims` with their index, none where nothing was published (synthetic benchmarks).
    """
    claims = load_claims()
    wanted = {
        'dataset': dataset,
        'method': method,
        'subset': subset,
        'normalizer': normalizer,
        'metric': metric,
        'threshold': threshold,
    }
    for column, value in wanted.items():
        if value is not None:
            claims = claims[claims[column] == value]
    return claims


def check_rules(claims: pd.DataFrame | None = None) -> list[claim_rules.Violation]:
    """The published rows that break the arithmetic of :mod:`benchmark.protocol.claim_rules`.

    Args:
        claims: rows of :func:`load_claims`, by default all of them.

    Returns:
        Violations, rule by rule in the table's order; their ``rows`` are labels of the index of ``claims``.
    """
    table = load_claims() if claims is None else claims
    return [violation for rule in claim_rules.RULES for violation in rule(table)]


def _problem(fields: list[str]) -> str | None:
    """What is wrong with one row, or None."""
    if len(fields) != len(COLUMNS):
        return f'{len(fields)} fields, expected {len(COLUMNS)}'
    row = dict(zip(COLUMNS, fields, strict=True))
    allowed = {
        'dataset': tuple(_SUBSETS),
        'subset': _SUBSETS.get(row['dataset'], ()),
        'normalizer': _NORMALIZERS,
        'metric': ('nme', 'fr', 'auc'),
        'source_kind': SOURCE_KINDS,
        'box': _BOXES,
        'weights': _WEIGHTS,
    }
    for column, values in allowed.items():
        if row[column] not in values:
            return f"{column} is '{row[column]}', expected one of {', '.join(value or 'nothing' for value in values)}"
    for column in ('method', 'source'):
        if not row[column].strip():
            return f'{column} is empty'
    if row['extra_data'] and not row['extra_data'].strip():
        return 'extra_data is blank, expected words or nothing'
    if not re.fullmatch('[12][0-9]{3}', row['year']):
        return f"year is '{row['year']}', expected four digits"
    if row['metric'] == 'nme' and row['threshold']:
        return f"threshold is '{row['threshold']}', expected none for nme"
    if row['metric'] != 'nme' and not 0 < _number(row['threshold']) <= 100:
        return f"threshold is '{row['threshold']}', expected a percentage"
    if not 0 <= _number(row['value']) <= 100:
        return f"value is '{row['value']}', expected a percentage"
    return None


def _number(text: str) -> float:
    """The number, or NaN, which no range holds."""
    return float(text) if re.fullmatch(r'[0-9]+(\.[0-9]+)?', text, re.ASCII) else math.nan
