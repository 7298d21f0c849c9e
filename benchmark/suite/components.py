"""Components of one's own: the source of what a configuration imports beside this package, without running it.

Modules are looked for where a training will look for them. Not seen are files that code reads as data, and modules
whose names it computes; a training refuses those of the latter that are loaded together with the components.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import pkgutil
import sys
import sysconfig
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.suite.sources import Source, absolute_imports, read_source

# This package is known by RESULTS_VERSION, the others by the versions that the record has.
_OTHERS = frozenset({'benchmark', 'mmpose', 'mmengine', 'mmcv', 'torch', *sys.builtin_module_names})
_INSTALLED = {'site-packages', 'dist-packages'}
_STANDARD = tuple({Path(sysconfig.get_path(name)).resolve() for name in ('stdlib', 'platstdlib')})


@dataclass(frozen=True)
class Components:
    """Modules of one's own that a configuration uses.

    Attributes:
        sources: SHA-256 of the file of each, hexadecimal, by the name of the module.
        besides_loss: the same of those that are not there for the configured loss alone.
        roots: folders that the modules, or the packages that hold them, lie in.
    """

    sources: Mapping[str, str]
    besides_loss: Mapping[str, str]
    roots: frozenset[Path] = frozenset()


def find_components(custom_imports: Mapping, loss: Collection[str], others: Collection[str] = ()) -> Components:
    """Read the modules of ``custom_imports`` and what they import in turn, as far as it is one's own.

    One's own is what belongs neither to this package, MMPose, MMEngine, MMCV, PyTorch or Python itself, nor is
    installed; of an installed package that is named in ``custom_imports`` its own modules are read. A module of
    ``custom_imports`` that leads to the class of the loss is there for the loss; of what it leads to, only modules that
    define another component of the configuration, and what these import, are there for something else.

    Args:
        custom_imports: as in the configuration: ``imports``, a name or several, and ``allow_failed_imports``.
        loss: every ``type`` that the configuration names within its loss.
        others: every ``type`` that it names elsewhere.

    Raises:
        BenchmarkError: a module is not found, or cannot be read as Python; one line without the configuration's name.
    """
    imports = custom_imports.get('imports') or []
    imports = [name for name in ([imports] if isinstance(imports, str) else imports) if _top(name) not in _OTHERS]
    if not imports:
        return Components({}, {})
    search = _Search(imports)
    absent = [name for name in imports if search.find(name) is None]
    if absent and not custom_imports.get('allow_failed_imports'):
        raise BenchmarkError(f'custom_imports: no module {absent[0]} (put its folder on PYTHONPATH)')
    besides: set[str] = set()
    for name in imports:
        reached = search.closure([name])
        if any(search.source(module).defines & set(loss) for module in reached):
            reached = search.closure(module for module in reached if search.source(module).defines & set(others))
        besides |= reached
    sources = {module: hashlib.sha256(search.content(module)).hexdigest() for module in search.closure(imports)}
    return Components(
        dict(sorted(sources.items())),
        {module: sources[module] for module in sorted(besides)},
        frozenset(map(search.root, sources)),
    )


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> Sequence[str]:
    """Modules that are not the same in both, sorted."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def unseen_modules(components: Components, before: Collection[str]) -> list[str]:
    """Modules that have been loaded since, lie beside the components and are none of them.

    Args:
        components: what was found in the source.
        before: names in ``sys.modules`` before the components were imported.
    """
    loaded = {name: getattr(sys.modules[name], '__spec__', None) for name in list(sys.modules)}
    files = {name: Path(spec.origin) for name, spec in loaded.items() if _has_file(spec)}
    return sorted(
        name
        for name in files.keys() - set(before) - components.sources.keys()
        if _top(name) not in _OTHERS
        and any(files[name].is_relative_to(root) for root in components.roots)
        and not _is_installed(str(files[name]))
        and not _is_standard(str(files[name]))
    )


class _Search:
    """Modules of one's own, looked for and read once each."""

    def __init__(self, imports: Iterable[str]) -> None:
        importlib.invalidate_caches()
        self._path = search_path()
        self._named = {_top(name) for name in imports}
        self._specs: dict[str, ModuleSpec | None] = {}
        self._contents: dict[str, bytes] = {}

    def closure(self, names: Iterable[str]) -> set[str]:
        """Modules of one's own among these, the packages that hold them, and all that they import."""
        reached, waiting = set(), list(names)
        while waiting:
            for module in _with_parents(waiting.pop()):
                if module not in reached and self._is_own(module):
                    reached.add(module)
                    spec = self._specs[module]
                    is_package = spec.submodule_search_locations is not None
                    package = module if is_package else module.rpartition('.')[0]
                    waiting += absolute_imports(self.source(module), package)
        return reached

    def find(self, name: str) -> ModuleSpec | None:
        """Where a module lies, None where there is none of this name."""
        if name not in self._specs:
            self._specs[name] = self._find(name)
        return self._specs[name]

    def content(self, module: str) -> bytes:
        """The file of a module.

        Raises:
            BenchmarkError: it cannot be read.
        """
        if module not in self._contents:
            spec = self._specs[module]
            try:
                self._contents[module] = spec.loader.get_data(spec.origin)
            except OSError as error:
                raise BenchmarkError(f'custom_imports: {spec.origin}: cannot be read: {error.strerror}') from error
        return self._contents[module]

    def source(self, module: str) -> Source:
        """What a module says of itself; nothing where it is compiled.

        Raises:
            BenchmarkError: it is not Python, or cannot be read.
        """
        file = Path(self._specs[module].origin).name
        if not file.endswith('.py'):
            return Source(frozenset(), frozenset())
        try:
            return read_source(self.content(module))
        except (SyntaxError, ValueError) as error:
            where = f'{file}, line {error.lineno}' if getattr(error, 'lineno', None) else file
            raise BenchmarkError(f'custom_imports: {where}: {getattr(error, "msg", error)} (mend it)') from error

    def root(self, module: str) -> Path:
        """Folder that a module, or the package that holds it, lies in."""
        spec = self._specs[module]
        return Path(spec.origin).parents[module.count('.') + (spec.submodule_search_locations is not None)]

    def _find(self, name: str) -> ModuleSpec | None:
        parent = name.rpartition('.')[0]
        if not all(name.split('.')) or os.sep in name:
            return None
        if not parent:
            return _look(name, self._path) or _look_elsewhere(name)
        found = self.find(parent)
        return _look(name, found.submodule_search_locations or []) if found else None

    def _is_own(self, name: str) -> bool:
        spec = None if _top(name) in _OTHERS else self.find(name)
        if not _has_file(spec) or _is_standard(spec.origin):
            return False
        return _top(name) in self._named or not _is_installed(spec.origin)


def search_path() -> list[str]:
    """Folders in which a training looks for modules, in their order (see :mod:`benchmark.suite.worker`)."""
    here = [] if sys.flags.safe_path else [os.getcwd()]
    root = str(Path(__file__).resolve().parents[2])
    named = filter(None, os.environ.get('PYTHONPATH', '').split(os.pathsep))
    return list(dict.fromkeys(os.path.abspath(entry) for entry in (*here, root, *named, *sys.path)))


def _look(name: str, folders: Iterable[str]) -> ModuleSpec | None:
    """Look into folders, as Python does; its own finder would want packages without ``__init__`` to be imported."""
    portions = []
    for folder in folders:
        finder = pkgutil.get_importer(folder)
        spec = finder and finder.find_spec(name)
        if spec and spec.loader is not None:
            return spec
        portions += spec.submodule_search_locations if spec else []
    if not portions:
        return None
    package = ModuleSpec(name, None, is_package=True)
    package.submodule_search_locations = portions
    return package


def _look_elsewhere(name: str) -> ModuleSpec | None:
    """Ask whatever else finds modules, e.g. packages that are installed from their folder."""
    usual = (BuiltinImporter, FrozenImporter, PathFinder)
    found = (finder.find_spec(name, None) for finder in sys.meta_path if finder not in usual)
    return next(filter(None, found), None)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split('.')
    return ('.'.join(parts[: count + 1]) for count in range(len(parts)))


def _top(module: str) -> str:
    return module.partition('.')[0]


def _has_file(spec: ModuleSpec | None) -> bool:
    return bool(spec and spec.has_location and spec.origin and hasattr(spec.loader, 'get_data'))


@cache
def _is_installed(origin: str) -> bool:
    """Whether a file belongs to an installed package."""
    return bool(_INSTALLED & {*Path(origin).resolve().parts, *Path(origin).parts})


@cache
def _is_standard(origin: str) -> bool:
    """Whether a file belongs to Python itself."""
    path = Path(origin).resolve()
    return not _is_installed(origin) and any(path.is_relative_to(folder) for folder in _STANDARD)
