"""Keys of a configuration: misspelt and missing ones, found before anything runs."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from benchmark.errors import BenchmarkError

_REQUIRED = (
    'model',
    'train_cfg',
    'train_dataloader',
    'test_dataloader',
    'test_evaluator',
    'optim_wrapper',
    'model.head.loss',
    'test_dataloader.dataset.benchmark',
)
# Beside those of MMEngine's Runner.
_OWN_KEYS = ('custom_imports', 'backbone_name', 'needs_gpu', 'compile_network')
_MODEL_KEYS = ('type', 'backbone', 'neck', 'head', 'train_cfg', 'test_cfg', 'data_preprocessor', 'init_cfg', 'metainfo')


def check_keys(path: Path, config: Config) -> None:
    """Refuse a configuration that misspells a key or lacks one that every experiment needs.

    Raises:
        BenchmarkError: one line naming file and key.
    """
    known = {*inspect.signature(Runner.__init__).parameters, *_OWN_KEYS}
    _check_spelling(path, '', config, known, cutoff=0.8)
    if isinstance(config.get('model'), dict):
        _check_spelling(path, 'model.', config.model, _MODEL_KEYS, cutoff=0.7)
    for key in _REQUIRED:
        _require(path, config, key)


def first_line(error: BaseException) -> str:
    """Type and first line of what an exception says."""
    text = str(error).strip().splitlines()
    return f'{type(error).__name__}: {text[0]}' if text else type(error).__name__


def _check_spelling(path: Path, prefix: str, section: dict, known: Iterable[str], cutoff: float) -> None:
    known = set(known)
    for key in section:
        close = difflib.get_close_matches(key, known, n=1, cutoff=cutoff)
        if key not in known and close:
            raise BenchmarkError(f'{path}: unknown setting {prefix}{key} (did you mean {prefix}{close[0]}?)')


def _require(path: Path, config: Config, key: str) -> None:
    section = config._cfg_dict
    for part in key.split('.'):
        if not isinstance(section, dict) or part not in section:
            raise BenchmarkError(f'{path}: setting {key} is missing (inherit it from a file of mmpose_configs/_base_)')
        section = section[part]
