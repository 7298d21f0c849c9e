"""Variants: configurations that a table makes of others, so that a grid of them needs no files."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import pydantic
from mmengine.config import Config

from benchmark.errors import BenchmarkError
from benchmark.suite.config_reading import first_line

# Name of the table in a folder of configurations.
TABLE = '_variants.py'


class _Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra='forbid')


class _Family(_Model):
    base: str
    changes: dict[str, Any] = {}
    in_files: list[str] = []


class _Table(_Model):
    datasets: list[str]
    losses: dict[str, dict[str, Any]]
    families: dict[Annotated[str, pydantic.Field(pattern='^[^/]+$')], _Family]


@dataclass(frozen=True)
class Variant:
    """One configuration that a table makes.

    Attributes:
        path: its address: the path of the table and, as if that were a folder, its name with '.py'.
        base: the configuration file that it inherits.
        changes: what it says itself, as in such a file.
        loss: its ``model.head.loss``.
    """

    path: Path
    base: Path
    changes: dict
    loss: dict

    def resolve(self, base: Config) -> Config:
        """The configuration with its base merged; nothing in it is shared with the base or another variant.

        Args:
            base: content of :attr:`base`.

        Raises:
            BenchmarkError: the changes do not fit the base.
        """
        try:
            config = Config(base.to_dict(), base.text, self.path)
            config.merge_from_dict(copy.deepcopy(self.changes))
            config.model.head.loss = copy.deepcopy(self.loss)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BenchmarkError(f'{self.path}: changes do not fit the base: {first_line(error)}') from error
        return config


def read_variants(table: Path) -> list[Variant]:
    """The variants of a table; an absent table makes none.

    Raises:
        BenchmarkError: the table is not valid Python, has an unknown key or lacks one, inherits a file that is absent,
            or makes one name twice.
    """
    if not table.is_file():
        return []
    content = _read_table(table)
    variants = {}
    for pattern, family in content.families.items():
        where = f'{table}: families.{pattern}'
        for loss in family.in_files:
            if loss not in content.losses:
                raise BenchmarkError(
                    f'{where}.in_files: there is no loss {loss} (add it to losses, or take it out here)'
                )
        for dataset, loss in product(content.datasets, content.losses):
            if loss in family.in_files:
                continue
            path = table / f'{_fill(pattern, dataset, loss)}.py'
            base = table.parent / _fill(family.base, dataset, loss)
            if not base.is_file():
                raise BenchmarkError(
                    f'{where}.base: {base}: no such file (name one, as seen from the folder of the table)'
                )
            if path in variants:
                raise BenchmarkError(f'{where}: makes {path.stem} twice (put {{loss}} and {{dataset}} into each name)')
            variants[path] = Variant(path, base, family.changes, content.losses[loss])
    return list(variants.values())


def read_file(path: Path) -> Config:
    """The configuration in a file, with its bases merged.

    Raises:
        BenchmarkError: the file is absent or raises an error.
    """
    if not path.is_file():
        raise BenchmarkError(f'{path}: no such configuration (list them: python -m benchmark.run --list)')
    try:
        return Config.fromfile(path, import_custom_modules=False)
    except Exception as error:  # a configuration is code and can raise anything
        raise BenchmarkError(f'{path}: not a readable configuration: {first_line(error)}') from error


def read_config(path: Path) -> Config:
    """The configuration at a path: that of a file or, where the path leads into a table, that of a variant.

    Raises:
        BenchmarkError: there is none, or it cannot be read.
    """
    for variant in read_variants(path.parent) if path.parent.name == TABLE else ():
        if variant.path == path:
            return variant.resolve(read_file(variant.base))
    return read_file(path)


def _read_table(table: Path) -> _Table:
    try:
        return _Table.model_validate(read_file(table).to_dict())
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = '.'.join(str(part) for part in first['loc'] if part != '[key]')
        raise BenchmarkError(
            f'{table}: not a valid table of variants: {where}: {first["msg"]} (see Variants in docs/configurations.md)'
        ) from error


def _fill(pattern: str, dataset: str, loss: str) -> str:
    return pattern.replace('{dataset}', dataset).replace('{loss}', loss)
