"""Components that a file of one's own registers in MMPose's ``MODELS``. Loading runs the file."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from mmengine.registry import DefaultScope
from mmpose.registry import MODELS
from torch import nn

from benchmark.errors import UsageError
from benchmark.suite.contract.subject import described


@dataclass(frozen=True)
class Component:
    """What is registered under a name.

    Attributes:
        name: as in a configuration's ``type``.
        place: the file or module as it was named.
        build: the class, or function, that makes it.
    """

    name: str
    place: str
    build: Callable[..., object]

    @property
    def file(self) -> Path:
        """Where it is defined."""
        return Path(inspect.getfile(self.build))

    def make(self, options: Mapping[str, object]) -> nn.Module:
        """Make it, within MMPose's scope as in a training, and without weights from a file.

        Raises:
            UsageError: it cannot be made, or is no module; one line.
        """
        try:
            with DefaultScope.overwrite_default_scope('mmpose'):
                module = self.build(**options)
        except Exception as error:
            told = f'{self.place}: {self.name} cannot be made: {described(error, self.file)}'
            raise UsageError(f'{told} (give it arguments with --options, or choose others with --type)') from error
        if not isinstance(module, nn.Module):
            found = type(module).__name__
            raise UsageError(f'{self.place}: {self.name} makes {found}, no torch.nn.Module (choose others with --type)')
        return module


def load(place: str) -> list[Component]:
    """Components that a file, or a module of a dotted name, registers.

    Raises:
        UsageError: there is none, it is not Python, it raises an exception, or it registers nothing; one line.
    """
    before = dict(MODELS.module_dict)
    is_file = place.endswith('.py') or Path(place).exists()
    module = _import(place, *(_file(Path(place)) if is_file else _module(place)))
    registered = MODELS.module_dict
    own = {name: one for name, one in registered.items() if f'{one.__module__}.'.startswith(f'{module.__name__}.')}
    # Registered here, and defined elsewhere.
    found = own or {name: one for name, one in registered.items() if before.get(name) is not one}
    if not found:
        raise UsageError(f"{place}: registers nothing in MMPose's MODELS (decorate it with @MODELS.register_module())")
    names: dict[Callable, str] = {}
    for name, build in found.items():
        names.setdefault(build, name)  # one may have several
    return [Component(name, place, build) for build, name in names.items()]


def _import(place: str, load_module: Callable[[], ModuleType], file: Path) -> ModuleType:
    try:
        return load_module()
    except (Exception, SystemExit) as error:
        raise UsageError(f'{place}: cannot be imported: {described(error, file)} (mend it)') from error


def _file(path: Path) -> tuple[Callable[[], ModuleType], Path]:
    if not path.exists():
        raise UsageError(f'{path}: no such file (name a Python file, or a module with dots)')
    if path.suffix != '.py' or not path.is_file():
        raise UsageError(f'{path}: no Python file (name one that ends with .py)')
    path, name = path.absolute(), path.stem
    loaded = next((one for one in list(sys.modules.values()) if getattr(one, '__file__', None) == str(path)), None)
    if loaded is not None:
        return lambda: loaded, path
    if name in sys.modules or name in sys.stdlib_module_names:
        raise UsageError(f'{path.name}: another module is named {name} (rename the file)')

    def load_module() -> ModuleType:
        sys.path.insert(0, str(path.parent))  # as where Python runs it: it may import what lies beside it
        spec = spec_from_file_location(name, path)
        module = sys.modules[name] = module_from_spec(spec)  # so that what it defines can be pickled
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module

    return load_module, path


def _module(name: str) -> tuple[Callable[[], ModuleType], Path]:
    try:
        spec = find_spec(name)
    except (ModuleNotFoundError, ValueError):  # of a parent, or of an empty part
        spec = None
    except (Exception, SystemExit) as error:
        raise UsageError(f'{name}: cannot be imported: {described(error, Path())} (mend what it lies in)') from error
    if spec is None:
        raise UsageError(f'{name}: no such file or module (name a Python file, or put its folder on PYTHONPATH)')
    return lambda: importlib.import_module(name), Path(spec.origin or '')
