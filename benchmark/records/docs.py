"""docs/records.md, written from the schema: python -m benchmark.records.docs > docs/records.md."""

from __future__ import annotations

import re
import types
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from benchmark.escaping import escape_markdown
from benchmark.records import compact_form
from benchmark.records.perturbations import Perturbations
from benchmark.records.predictions import Predictions
from benchmark.records.record import Record
from benchmark.records.residuals import Residuals

_HEAD = """\
# Records and predictions

The files that every number of the leaderboards comes from. They lie in `reports/records/`: one JSON file for every
experiment, and beside it, where there is a result, the predictions as a compressed NumPy archive. This page is written
by `python -m benchmark.records.docs` from the schema in `record.py`, `parts.py`, `predictions.py`, `compact_form.py`
and `residuals.py` of `benchmark/records/`; [submitting.md](submitting.md) shows how to write records with other code.

A record is called `NAME-seedSEED-FINGERPRINT.json` (the first eight digits of the fingerprint; no seed where given
weights were tested), with `-failed`, `-no-data` or `-not-run` behind it where there is no result; the predictions have
the name that the record says, normally its own with `.npz`. Unknown keys are refused. Keys marked * are required, the
others may be left out; a record that is done also needs `predictions` and `dataset`, and, unless `method` says that it
was made elsewhere, `cost` and `environment`.
"""
_PREDICTIONS = """\
## Predictions

What `benchmark.records.read_predictions` returns. N is the number of test images, K that of landmarks, S that of the
benchmark's subsets. The true landmarks of a dataset are never stored: distances and normalizing distances are enough to
compute every number.

| array | shape and type | what it holds |
|---|---|---|
"""
_COMPACT = """\
## The file of the predictions

`benchmark.records.save_predictions` writes an `.npz` file in the compact form, which NumPy reads without unpickling
anything. A file that holds the arrays above as they are, as `numpy.savez_compressed` writes them, is read as well;
version 1 records have such files. `python -m benchmark.records.compact FOLDER` brings the records of a folder to
version 2, in place.

"""
_STORED = """\
`format` is 2. The four rounded arrays are stored as the bytes of whole numbers. Beside keypoints and distances stands
their unit in each image, (N,) float32, pixels, under the name with `_unit` behind it; beside the covariances how many
steps double a standard deviation, and how many make half a turn, under the name with `_steps`. The other arrays stand
under their own names. Without this package they are decoded so:

<!-- example: decoding -->
```python
import numpy as np


def numbers(planes):  # (N, K), (N, K, 2) or (N, K, 3) whole numbers
    folded = sum(byte.astype(np.int64) << 8 * place for place, byte in enumerate(planes))
    steps = (folded >> 1) ^ -(folded & 1)  # 0, 1, 2, 3, 4 ... stand for 0, -1, 1, -2, 2 ...
    whole = np.moveaxis(steps.cumsum(axis=0), -1, 0)  # steps from each landmark to the next
    return whole[1:] + whole[0]  # what comes first is common to all images


def decoded(file, name):
    whole = numbers(file[name])
    if name in ('keypoints', 'distances'):
        unit = file[f'{name}_unit'].reshape(-1, *[1] * (whole.ndim - 1))
        return (whole * unit).astype(np.float32)
    octave, half_turn = file[f'{name}_steps']  # each number stands for the middle of its step
    size, ratio, turn = np.moveaxis((whole + 0.5) / (octave, octave, half_turn), -1, 0)
    variance, stretch = 4.0**size, 2.0**ratio
    middle, radius = variance * (stretch + 1 / stretch) / 2, variance * (stretch - 1 / stretch) / 2
    along, across = radius * np.cos(2 * np.pi * turn), radius * np.sin(2 * np.pi * turn)
    return np.stack([middle + along, across, middle - along], axis=-1)  # (xx, xy, yy), squared pixels


with np.load('predictions.npz') as file:
    keypoints, distances = decoded(file, 'keypoints'), decoded(file, 'distances')
    nme = file['exact_means'] / file['inter_ocular']
```

A reader compares the exact means with the distances; a file in which they differ by more than rounding explains is
refused, as is one whose arrays are of another type than the table says or not of the same images.

## The errors as a table

For an analysis of one's own, the errors come as a table with one row an image:

<!-- example: table -->
```python
from benchmark.records import load_predictions

errors = load_predictions('predictions.npz')
print(errors.loc[errors['full'], 'nme_inter_ocular'].nlargest(10))
```

| column | type | what it holds |
|---|---|---|
| `image` | text, the index | name of the image, as `image_ids` |
| `full` and the other subsets | true or false | whether the image belongs to the subset |
| `mean_distance` | number | mean over the landmarks of the distance to the truth, pixels |
| `inter_ocular`, `inter_pupil` | number | normalizing distances, pixels |
| `nme_inter_ocular`, `nme_inter_pupil` | number | normalized mean error of the image, fractions (0.04 is 4 %) |
"""
_RESIDUALS = """\
## The errors with their direction

The files above do not say in which direction an error goes. Where the data are at hand,
`python -m benchmark.verify --residuals` ([verifying.md](verifying.md)) measures it and writes one JSON file a record,
under the record's name in `residuals/`, the folder beside `records/`. It holds means over groups of images alone, and
may be published. The residual of a landmark is r = (predicted - true) / inter-ocular distance of the image, in percent,
x to the right and y down in the image. The contour at a landmark runs along the circle through the landmark and its
neighbours on the curve, all of them true ones.
"""


_PERTURBATIONS = """\
## The errors in perturbed face boxes

`python -m benchmark.run --evaluate CHECKPOINT --config CONFIG --perturb` measures NME against size and place of the
face box, and writes one JSON file, under the record's name in `perturbations/`, the folder beside `records/`.
[definitions.md](definitions.md) defines the protocol.
"""


def record_docs() -> str:
    """The page: a table for every part of a record, what a predictions file holds in which form, and what is beside."""
    parts = [_section(model) for model in _models(Record)]
    residuals = [_section(model) for model in _models(Residuals)]
    perturbations = [_section(model) for model in _models(Perturbations)]
    bounds = compact_form.__doc__.split('\n\n', 1)[1].replace('``', '`')
    return '\n'.join(
        [
            _HEAD,
            *parts,
            _PREDICTIONS + ''.join(_arrays()),
            _COMPACT + bounds,
            _STORED,
            _RESIDUALS,
            *residuals,
            _PERTURBATIONS,
            *perturbations,
        ]
    )


def _models(model: type[BaseModel]) -> list[type[BaseModel]]:
    """A model and those that its fields hold, in the order of the fields."""
    found = [model]
    for field in model.model_fields.values():
        found += [one for inner in _inner(field.annotation) for one in _models(inner) if one not in found]
    return found


def _inner(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _inner(argument)]


def _section(model: type[BaseModel]) -> str:
    first = (model.__doc__ or '').strip().splitlines()[0]
    # A class is named as it is; a role such as :class:`Environment` reads as code.
    text = re.sub(r'``?([^`]+)``?', r'`\1`', re.sub(r':\w+:', '', first))
    lines = [
        f'| `{name}`{"*" if field.is_required() else ""} | {_type(field.annotation)} | {_description(field)} |'
        for name, field in model.model_fields.items()
    ]
    return '\n'.join([f'## {model.__name__}', '', text, '', '| key | type | meaning |', '|---|---|---|', *lines, ''])


def _description(field: FieldInfo) -> str:
    return escape_markdown(re.sub(r':\w+:`(\w+)`', r'\1', field.description))


def _type(annotation: object) -> str:
    if annotation is type(None):
        return 'null'
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    if origin is Literal:
        return ' or '.join(f'`{value!r}`'.replace("'", '"') for value in arguments)
    if origin in (Union, types.UnionType):
        return ' or '.join(map(_type, arguments))
    if origin is Annotated:
        return _type(arguments[0])
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return f'list of {_type(arguments[0])}'
        return f'list of {len(arguments)} {_type(arguments[0])}s'
    if origin is dict:
        return f'object with values of type {_type(arguments[1])}'
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f'[{annotation.__name__}](#{annotation.__name__.lower()})'
    return {str: 'text', int: 'integer', float: 'number', bool: 'true or false'}[annotation]


def _arrays() -> list[str]:
    """Lines of the table, from the attributes in the docstring, each 'name: (shape) type, meaning.'"""
    attributes = Predictions.__doc__.split('Attributes:\n')[1]
    entries = re.split(r'\n +(?=\w+: \()', '\n' + attributes.rstrip())[1:]
    lines = []
    for entry in entries:
        name, shape, kind, meaning = re.fullmatch(r'(\w+): (\([^)]*\)) ([^,]+), (.*)', ' '.join(entry.split())).groups()
        kind = kind.replace(' or None', ', or absent')
        lines.append(f'| `{name}` | {shape} {kind} | {escape_markdown(meaning.rstrip("."))} |\n')
    return lines


if __name__ == '__main__':
    print(record_docs(), end='')
