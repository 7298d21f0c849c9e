"""Weights from a file: to start a training from, or to be tested as they are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlparse

import mmengine
import torch
from mmengine.fileio import load
from mmengine.runner.checkpoint import get_external_models
from torch import Tensor, nn

from benchmark.errors import BenchmarkError
from benchmark.suite.checkpoints import CHECKPOINT_TYPES

TORCHVISION = 'torchvision://'
OPEN_MMLAB = 'open-mmlab://'


@dataclass(frozen=True)
class Weights:
    """What a run does with weights that it has not trained.

    Attributes:
        role: 'initial', to start the backbone from; 'random', where the user lets a backbone start from random weights
            that a configuration would start from others; 'final', to test the network with.
        path: the file; None for 'random'.
        sha256: of the file, hexadecimal; None for 'random'.
    """

    role: Literal['initial', 'random', 'final']
    path: Path | None = None
    sha256: str | None = None

    @property
    def identity(self) -> str:
        """What distinguishes results by the weights behind them."""
        return f'{self.role} {self.sha256}'


def initial_weights(name: str, given: Path | None, allow_random: bool) -> Weights:
    """Find the weights that a backbone is to start from; nothing is downloaded.

    Args:
        name: as configurations have it: ``open-mmlab://...``, ``torchvision://...``, an address, or a path.
        given: file, or folder that holds the file, that the user named; None to look into torch's cache.
        allow_random: whether random weights will do where there are none.

    Raises:
        BenchmarkError: there are none, and random ones will not do; the message names the file and where it belongs.
    """
    file = published_file_name(name)
    cache = Path(torch.hub.get_dir()) / 'checkpoints'
    if given is not None:
        path = given / file if given.is_dir() else given
        if not path.is_file():
            raise BenchmarkError(f'{path}: no such file of pretrained weights (see --pretrained)')
        return Weights('initial', path, file_sha256(path))
    for path in (Path(name), cache / file):
        if path.is_file():
            return Weights('initial', path, file_sha256(path))
    if allow_random:
        return Weights('random')
    raise BenchmarkError(
        f'{file}: pretrained weights not found (put the file into {cache}, or name it with --pretrained FILE, '
        'or start from random weights with --without-pretrained)'
    )


def published_file_name(name: str) -> str:
    """Name of the file that weights are published as.

    >>> published_file_name('torchvision://resnet18')
    'resnet18-f37072fd.pth'

    Raises:
        BenchmarkError: the name is not known.
    """
    known: Mapping[str, str] = {}
    if name.startswith(OPEN_MMLAB):
        known = get_external_models()
    elif name.startswith(TORCHVISION):
        # MMEngine's own list; its newer one would need torchvision.
        known = load(Path(mmengine.__file__).parent / 'hub' / 'torchvision_0.12.json')
    else:
        return Path(urlparse(name).path).name
    key = name.split('://', 1)[1]
    if key not in known:
        raise BenchmarkError(f'{name}: unknown name of pretrained weights (known: {", ".join(sorted(known))})')
    return Path(urlparse(known[key]).path).name


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict]:
    """Read a checkpoint safely: tensors and plain values, nothing else.

    Returns:
        The state dict, and the checkpoint's ``meta`` (empty where there is none).

    Raises:
        BenchmarkError: the file cannot be read, or holds something else.
    """
    try:
        with torch.serialization.safe_globals(CHECKPOINT_TYPES):
            content = torch.load(path, map_location='cpu', weights_only=True)
    except OSError as error:
        raise BenchmarkError(f'{path}: cannot read the weights: {error.strerror}') from error
    except Exception as error:  # damaged bytes raise errors of every kind
        found = re.search(r'GLOBAL (\S+)', str(error))
        reason = f'it holds {found[1]}, which weights do not need' if found else type(error).__name__
        raise BenchmarkError(f'{path}: not a file of weights that is safe to read ({reason})') from error
    if not isinstance(content, Mapping):
        raise BenchmarkError(f'{path}: holds a {type(content).__name__}, expected weights by name')
    state = content.get('state_dict', content)
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise BenchmarkError(f'{path}: holds no state_dict of tensors (official checkpoints: benchmark.convert)')
    return dict(state), dict(content.get('meta') or {})


def check_covers(state: Mapping[str, Tensor], module: nn.Module, path: Path, prefix: str = '') -> None:
    """Refuse weights that would leave a part of a module as it is; what the module lacks is no fault.

    Args:
        state: the weights.
        module: what they are for.
        path: their file, for the message.
        prefix: what their names begin with.

    Raises:
        BenchmarkError: a parameter or statistic of the module is missing or has another shape.
    """
    for name, value in module.state_dict().items():
        if name.endswith('num_batches_tracked'):
            continue
        found = state.get(f'{prefix}{name}', state.get(f'module.{prefix}{name}'))
        if found is None:
            raise BenchmarkError(f'{path}: lacks {prefix}{name} (weights of another network)')
        if found.shape != value.shape:
            shapes = f'{tuple(found.shape)}, expected {tuple(value.shape)}'
            raise BenchmarkError(f'{path}: {prefix}{name} has shape {shapes} (weights of another network)')


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal.

    Raises:
        BenchmarkError: it cannot be read.
    """
    try:
        stat = path.stat()
        return _sha256(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise BenchmarkError(f'{path}: cannot read the weights: {error.strerror}') from error


@lru_cache
def _sha256(path: Path, *_: int) -> str:
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()
