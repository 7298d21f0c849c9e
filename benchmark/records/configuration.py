"""Which configurations of a record may be trained here: those that run no code but this package's and one's own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath, PureWindowsPath

from benchmark.records.config_text import parse_config

_NAME = re.compile(r'\w+')
_OWN_IMPORT = 'benchmark.models'
# What a training takes from its command and never from a configuration.
_NOT_SAID = ('_base_', 'load_from', 'resume', 'work_dir', 'launcher', 'runner_type')
# Names of pretrained weights that MMEngine knows; the run takes their files from the user.
_WEIGHTS = ('open-mmlab://', 'torchvision://')


def configuration_fault(text: str, components: Collection[str]) -> str | None:
    """Why a configuration is not trained here; None: nothing in it runs code of its author or leaves the folder.

    MMEngine builds whatever a ``type`` names, and imports a dotted one first, so that a foreign configuration could
    call any function there is. Only plain names are let through, which stand for what is registered.

    Args:
        text: the configuration of a record.
        components: modules besides this package's that the record says it uses; whether those here are the same has to
            be checked by their hashes.
    """
    try:
        settings = parse_config(text)
    except ValueError as error:
        return str(error)
    said = [key for key in _NOT_SAID if settings.get(key)]
    if said:
        return f'it sets {said[0]}'
    return next(_faults(settings, frozenset(components)), None)


def _faults(value: object, components: frozenset[str], key: str = '') -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == 'type' and not (isinstance(inner, str) and _NAME.fullmatch(inner)):
                yield f'type={inner!r} is no plain name'
            yield from _faults(inner, components, str(name))
    elif isinstance(value, (list, tuple, set)):
        for inner in value:
            yield from _faults(inner, components, key)
    elif isinstance(value, str):
        if key == 'imports':
            if value != _OWN_IMPORT and value not in components:
                yield f'it imports {value}'
        elif '://' in value:
            if not value.startswith(_WEIGHTS):
                yield f'{key}={value!r} is an address'
        elif _leaves(value):
            yield f'{key}={value!r} is a path outside the folder of the run'


def _leaves(text: str) -> bool:
    paths = PurePosixPath(text), PureWindowsPath(text)
    return text.startswith('~') or any(path.is_absolute() or path.drive or '..' in path.parts for path in paths)
