"""docs/records.md, written from the schema: python -m benchmark.records.docs > docs/records.md."""

from __future__ import annotations

import re
import types
from typing import Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from benchmark.escaping import escape_markdown
from benchmark.records.predictions import Predictions
from benchmark.records.record import Record

_HEAD = """\
# Records and predictions

The files that every number of the leaderboards comes from. They lie in `reports/records/`: one JSON file for every
experiment, and beside it, where there is a result, the predictions as a compressed NumPy archive. This page is written
by `python -m benchmark.records.docs` from the schema in `benchmark/records/record.py` and
`benchmark/records/predictions.py`; [submitting.md](submitting.md) shows how to write such files with other code.

A record is called `NAME-seedSEED-FINGERPRINT.json` (the first eight digits of the fingerprint; no seed where given
weights were tested), with `-failed`, `-no-data` or `-not-run` behind it where there is no result; the predictions have
the name that the record says, normally its own with `.npz`. Unknown keys are refused. Keys marked * are required, the
others may be left out; a record that is done also needs `predictions`, `dataset`, `cost` and `environment`.
"""
_PREDICTIONS = """\
## Predictions

Arrays of the `.npz` file, read without unpickling anything. N is the number of test images, K that of landmarks, S that
of the benchmark's subsets. The true landmarks of a dataset are never stored: distances and normalizing distances are
enough to compute every number.

| array | shape and type | what it holds |
|---|---|---|
"""


def record_docs() -> str:
    """The page: a table for every part of a record, and one of the arrays of a predictions file."""
    parts = [_section(model) for model in _models(Record)]
    return '\n'.join([_HEAD, *parts, _PREDICTIONS + ''.join(_arrays())])


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
