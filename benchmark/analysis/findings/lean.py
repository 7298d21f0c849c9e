"""Question F: whether networks that see faces both ways lean to one side of the annotation, and what mends it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from benchmark.analysis.difference import Difference, signed_interval
from benchmark.analysis.findings.directed import Directions, group
from benchmark.analysis.findings.finding import Answer, Finding, Measured
from benchmark.analysis.rows import Row, count_seeds
from benchmark.records.residuals import Group, Residuals

UNIT, SIDES = 'mean horizontal error, % of the inter-ocular distance', ('left of the annotation', 'right of it')
WHOLE, UNMIRRORED = 'all', 'Without mirroring: '
_QUESTION = 'Do networks that are trained with mirrored faces lean to one side of the annotation, and what mends it?'


def leaning(
    rows: Sequence[Row], directions: Directions, remedies: Sequence[Difference], star: Sequence[Difference]
) -> Finding:
    """Question F.

    Args:
        rows: rows whose errors are looked at, those that were trained with mirrored faces first.
        directions: what was measured of their errors.
        remedies: rows with a remedy against those of the same loss without.
        star: STAR against smooth-L1, with each remedy.
    """
    measured = [line for row in rows for line in _lines(row, directions)]
    if not measured:
        return Finding('F', _QUESTION, 'not run', ('The direction of errors was not measured.',))
    claims = [f'{one.group}: {_sentence(one)}' for one in measured]
    claims += [one.sentence() for one in (*remedies, *star)]
    return Finding('F', _QUESTION, _answer(measured), tuple(claims), tuple(measured), UNIT, SIDES)


def _lines(row: Row, directions: Directions) -> list[Measured]:
    """The mean horizontal error on each group of test faces, then on training faces."""
    on_test, on_training = list(directions.of_row(row).values()), directions.on_training_faces(row.record.name)
    lines = []
    for files, faces in ((on_test, 'test'), (on_training, 'training')):
        names = [one.name for one in files[0].groups] if files else []
        lines += [_line(row, files, name, faces) for name in names if name not in row.benchmark.subsets]
    return lines


def _line(row: Row, files: Sequence[Residuals], name: str, faces: str) -> Measured:
    groups = [found for one in files if (found := group(one, name)) is not None]
    mean = float(np.mean([one.image_mean[0] for one in groups]))
    half = _half_width(groups)
    title = f'{_kind(row)}{row.benchmark.title}, {row.record.loss}, {row.network}, {faces} faces'
    label = WHOLE if name == 'all' else name
    note = f'{count_seeds(len(groups))}, {groups[0].images} images'
    return Measured(title, label, mean, mean - half, mean + half, abs(mean) > half, note)


def _kind(row: Row) -> str:
    return UNMIRRORED if 'unmirrored' in row.record.name else ''


def _half_width(groups: Sequence[Group]) -> float:
    """Half of the 95 % interval over images of the mean over seeds, as if seeds erred alike on an image."""
    images = groups[0].images
    deviation = float(np.mean([one.image_deviation[0] for one in groups]))
    return float(special.stdtrit(images - 1, 0.975)) * deviation / math.sqrt(images)


def _sentence(one: Measured) -> str:
    return f'{one.label}, {signed_interval(one.mean, (one.low, one.high))} % of the inter-ocular distance ({one.note}).'


def _answer(measured: Sequence[Measured]) -> Answer:
    """The rule of question F, of all faces of a data set: one sign on training and on test faces."""
    whole = [one for one in measured if one.label == WHOLE and not one.group.startswith(UNMIRRORED)]
    faces = {one.group.rpartition(', ')[2] for one in whole}
    signs = {one.mean < 0 if one.decided else None for one in whole}
    return 'yes' if len(faces) == 2 and len(signs) == 1 and None not in signs else 'open'
