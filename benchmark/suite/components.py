"""Components of one's own: the source of what a configuration imports beside this package, without running it."""

from __future__ import annotations

import ast
import hashlib
import importlib.machinery
import importlib.util
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BenchmarkError

# What this package answers for itself, and what the record has the versions of.
_OTHERS = frozenset({'benchmark', 'mmpose', 'mmengine', 'mmcv', 'torch', *sys.stdlib_module_names})
_INSTALLED = tuple(Path(sysconfig.get_path(kind)) for kind in ('purelib', 'platlib'))


@dataclass(frozen=True)
class Components:
    """Modules of one's own that a configuration uses.

    Attributes:
        sources: SHA-256 of the source of each, hexadecimal, by the name of the module.
        besides_loss: the same of those that the configured loss is not defined in.
    """

    sources: Mapping[str, str]
    besides_loss: Mapping[str, str]


def find_components(custom_imports: Mapping, loss: str) -> Components:
    """Read the modules of ``custom_imports`` and what they import in turn, as far as it is one's own.

    One's own is what belongs neither to this package, MMPose, MMEngine, MMCV, PyTorch or Python itself, nor is
    installed; of an installed package that is named in ``custom_imports`` its own modules are read.

    Args:
        custom_imports: as in the configuration: ``imports``, a name or several, and ``allow_failed_imports``.
        loss: ``type`` of the loss.

    Raises:
        BenchmarkError: a module is not found, or cannot be read as Python; one line without the configuration's name.
    """
    imports = custom_imports.get('imports') or []
    everything, other = {}, {}
    for name in [imports] if isinstance(imports, str) else imports:
        if _top(name) in _OTHERS:
            continue
        found = dict(_closure(name))
        if not found and not custom_imports.get('allow_failed_imports'):
            raise BenchmarkError(f'custom_imports: no module {name} (put its folder on PYTHONPATH)')
        hashes = {module: hashlib.sha256(content).hexdigest() for module, content in found.items()}
        everything |= hashes
        if not any(_defines(content, loss) for content in found.values()):
            other |= hashes
    return Components(dict(sorted(everything.items())), dict(sorted(other.items())))


def _closure(name: str) -> Iterator[tuple[str, bytes]]:
    """Modules by name with their source: one, the packages that hold it, and what they import of one's own."""
    installed, seen, waiting = _is_installed(_top(name)), set(), [name]
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        path = _locate(module)
        if path is None:
            continue
        content = path.read_bytes()
        yield module, content
        waiting += [parent for parent in _parents(module)]
        for imported in _imports(module, path, content):
            top = _top(imported)
            if top in _OTHERS or (top != _top(name) and (installed or _is_installed(top))):
                continue
            waiting.append(imported)


def _top(module: str) -> str:
    return module.partition('.')[0]


def _parents(module: str) -> list[str]:
    parts = module.split('.')
    return ['.'.join(parts[:count]) for count in range(1, len(parts))]


def _is_installed(top: str) -> bool:
    path = _locate(top)
    return path is not None and any(folder in path.parents for folder in _INSTALLED)


def _locate(module: str) -> Path | None:
    """File of a module, found as Python finds it, but without importing the packages that hold it."""
    spec, path = None, None
    for name in [*_parents(module), module]:
        try:
            spec = (
                importlib.util.find_spec(name) if path is None else importlib.machinery.PathFinder.find_spec(name, path)
            )
        except (ImportError, ValueError):
            return None
        if spec is None:
            return None
        path = spec.submodule_search_locations
    origin = spec.origin if spec.has_location else None
    return Path(origin).resolve() if origin and Path(origin).is_file() else None


def _imports(module: str, path: Path, content: bytes) -> Iterator[str]:
    """Modules that a module may import, wherever in it; names that are none are passed over later."""
    if path.suffix != '.py':
        return
    package = module if path.name == '__init__.py' else module.rpartition('.')[0]
    for node in ast.walk(_parsed(content, path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ''
            if node.level:
                parts = package.split('.')
                base = '.'.join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])])
            yield from filter(None, [base, *(f'{base}.{alias.name}' for alias in node.names if base)])


def _defines(content: bytes, name: str) -> bool:
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(node, ast.ClassDef) and node.name == name for node in ast.walk(tree))


def _parsed(content: bytes, path: Path) -> ast.Module:
    try:
        return ast.parse(content)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, 'lineno', None)
        where = f'{path.name}, line {line}' if line else path.name
        raise BenchmarkError(f'custom_imports: {where}: {getattr(error, "msg", error)} (mend it)') from error


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> Sequence[str]:
    """Modules that are not the same in both, sorted."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
