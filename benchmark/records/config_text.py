"""The configuration in a record, read without running it: a configuration is Python, and a record may be anybody's."""

from __future__ import annotations

import ast

MOST_CHARACTERS = 1_000_000
_DEEPEST = 50
_SIGNS = {ast.USub: lambda value: -value, ast.UAdd: lambda value: +value}


def parse_config(text: str) -> dict[str, object]:
    """The settings of a configuration that says nothing but values: numbers, texts, lists, tuples, dictionaries.

    It is what ``mmengine.Config.pretty_text`` writes, ``dict(key=value)`` included.

    Raises:
        ValueError: it is no Python, or does anything else; one line with the number of the line.
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f'{len(text)} characters, more than {MOST_CHARACTERS}')
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f'no Python: {" ".join(str(error).split())[:200]}') from error
    settings = {}
    for statement in module.body:
        if not (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)
        ):
            raise _refused(statement)
        settings[statement.targets[0].id] = _value(statement.value, 0)
    return settings


def _value(node: ast.expr, depth: int) -> object:
    if depth > _DEEPEST:
        raise ValueError(f'line {node.lineno}: nested more than {_DEEPEST} deep')
    if isinstance(node, ast.Constant) and not isinstance(node.value, (bytes, complex, type(...))):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple)):
        values = [_value(one, depth + 1) for one in node.elts]
        return values if isinstance(node, ast.List) else tuple(values)
    if isinstance(node, ast.Set) and all(isinstance(one, ast.Constant) for one in node.elts):
        return {one.value for one in node.elts}
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        return {key.value: _value(value, depth + 1) for key, value in zip(node.keys, node.values, strict=True)}
    if _is_signed_number(node):
        return _SIGNS[type(node.op)](node.operand.value)
    if _is_dict_call(node):
        return {one.arg: _value(one.value, depth + 1) for one in node.keywords}
    raise _refused(node)


def _is_signed_number(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.UnaryOp)
        and type(node.op) in _SIGNS
        and isinstance(node.operand, ast.Constant)
        and isinstance(node.operand.value, (int, float))
    )


def _is_dict_call(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == 'dict'
        and not node.args
        and None not in (names := [one.arg for one in node.keywords])
        and len(set(names)) == len(names)
    )


def _refused(node: ast.AST) -> ValueError:
    return ValueError(f'line {node.lineno}: {type(node).__name__} is no plain value')
