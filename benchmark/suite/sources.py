"""What Python source says without being run: the modules that it may import, and what it defines."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import resolve_name

_IMPORTING = ('import_module', '__import__')
_REGISTERING = 'register_module'


@dataclass(frozen=True)
class Source:
    """What a module says of other modules and of itself.

    Attributes:
        imports: names that may be modules, wherever they are imported in it; relative ones begin with dots.
        defines: names of its classes and functions, and those that it registers under another name.
    """

    imports: frozenset[str]
    defines: frozenset[str]


@cache
def read_source(content: bytes) -> Source:
    """Read the source of a module.

    Raises:
        SyntaxError: it is not Python.
        ValueError: it holds a null byte.
    """
    imports, defines = set(), set()
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = '.' * node.level + (node.module or '')
            inside = f'{start}.' if node.module else start
            imports.update([start, *(inside + alias.name for alias in node.names)])
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            defines.add(node.name)
        elif isinstance(node, ast.Call):
            called = getattr(node.func, 'attr', getattr(node.func, 'id', None))
            if called in _IMPORTING:
                imports.update(_texts(node.args[:1]))
            elif called == _REGISTERING:
                defines.update(_texts([*node.args, *(keyword.value for keyword in node.keywords)]))
    return Source(frozenset(imports), frozenset(defines))


def absolute_imports(source: Source, package: str) -> Iterator[str]:
    """Names that may be modules, as seen from anywhere.

    Args:
        source: what a module says.
        package: the package that the module is in or, of a package, the module itself; '' where it is in none.
    """
    for name in source.imports:
        level = len(name) - len(name.lstrip('.'))
        if level == 0:
            yield name
        elif package and level <= package.count('.') + 1:
            yield resolve_name(name, package)


def _texts(arguments: list[ast.expr]) -> Iterator[str]:
    """Texts among arguments of a call, also within lists."""
    for node in (node for argument in arguments for node in ast.walk(argument)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
