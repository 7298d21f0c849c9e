"""What a configuration says: misspelt and missing keys, and the names of its loss, precision and face box."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping
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
_OWN_KEYS = ('custom_imports', 'backbone_name', 'needs_gpu', 'compile_network', 'cuda_graphs', 'mirror_offset')
_MODEL_KEYS = ('type', 'backbone', 'neck', 'head', 'train_cfg', 'test_cfg', 'data_preprocessor', 'init_cfg', 'metainfo')
# By name and value of a setting.
_FORMATTED: dict[tuple[str, str], str] = {}


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


def config_text(config: Config) -> str:
    """A configuration as Python text: what its ``pretty_text`` is.

    Formatting takes far longer than reading, so what configurations have in common is formatted once.
    """
    return ''.join(_formatted(key, value) for key, value in sorted(config.to_dict().items()))


def _formatted(key: str, value: object) -> str:
    known = key, repr(value)
    if known not in _FORMATTED:
        _FORMATTED[known] = Config({key: value}).pretty_text
    return _FORMATTED[known]


def first_line(error: BaseException) -> str:
    """Type and first line of what an exception says."""
    text = str(error).strip().splitlines()
    return f'{type(error).__name__}: {text[0]}' if text else type(error).__name__


def _check_spelling(path: Path, prefix: str, section: dict, known: Iterable[str], cutoff: float) -> None:
    known = set(known)
    for key in (key for key in section if key not in known):
        close = difflib.get_close_matches(key, known, n=1, cutoff=cutoff)
        if close:
            raise BenchmarkError(f'{path}: unknown setting {prefix}{key} (did you mean {prefix}{close[0]}?)')


def _require(path: Path, config: Config, key: str) -> None:
    section = config._cfg_dict
    for part in key.split('.'):
        if not isinstance(section, dict) or part not in section:
            raise BenchmarkError(f'{path}: setting {key} is missing (inherit it from a file of mmpose_configs/_base_)')
        section = section[part]


LOSS_NAMES = {
    'STARLoss': 'STAR',
    'SoftWeightSmoothL1Loss': 'smooth-L1',
    'L1Loss': 'L1',
    'MSELoss': 'L2',
    'WingLoss': 'Wing',
    'KeypointMSELoss': 'heatmap MSE',
}
_DISTANCE_NAMES = {'smooth_l1': 'smooth-L1', 'l1': 'L1', 'l2': 'L2', 'wing': 'Wing'}
_USUAL_ARGUMENTS = {
    'STARLoss': {'distance': 'smooth_l1', 'restriction': 'value'},
    'SoftWeightSmoothL1Loss': {'beta': 0.01},
    'KeypointMSELoss': {'use_target_weight': True},
}
_SAID_WITHOUT_NAME = ('distance', 'restriction')


def loss_name(loss: Mapping) -> str:
    """Name of a loss, with what differs from its usual form in brackets.

    >>> loss_name({'type': 'STARLoss', 'restriction': 'detach', 'distance': 'l1'})
    'STAR (l1, detach)'
    >>> loss_name({'type': 'LandmarkDistanceLoss', 'distance': 'wing'})
    'Wing'
    """
    kind, arguments = loss['type'], {key: value for key, value in loss.items() if key != 'type'}
    name = LOSS_NAMES.get(kind, kind)
    if kind == 'LandmarkDistanceLoss':
        name = _DISTANCE_NAMES[arguments.pop('distance', 'smooth_l1')]
    usual = _USUAL_ARGUMENTS.get(kind, {})
    unusual = {key: value for key, value in arguments.items() if key not in usual or usual[key] != value}
    variant = [str(unusual.pop(key)) for key in _SAID_WITHOUT_NAME if key in unusual]
    variant += [f'{key}={value}' for key, value in unusual.items()]
    return f'{name} ({", ".join(variant)})' if variant else name


def precision_name(optim_wrapper: Mapping) -> str:
    """'float32', 'bfloat16' or 'float16'.

    >>> precision_name({'type': 'AutocastOptimWrapper'})
    'bfloat16'
    """
    kind = optim_wrapper.get('type', 'OptimWrapper')
    if kind == 'AutocastOptimWrapper':
        return optim_wrapper.get('dtype', 'bfloat16')
    return optim_wrapper.get('dtype', 'float16') if kind == 'AmpOptimWrapper' else 'float32'


def types_in(settings: object) -> frozenset[str]:
    """Types of all components that settings name, at any depth and without their registry.

    >>> sorted(types_in({'type': 'mmpose.Both', 'losses': [{'type': 'L1Loss'}]}))
    ['Both', 'L1Loss']
    """
    if isinstance(settings, Mapping):
        own = {settings['type'].rpartition('.')[2]} if isinstance(settings.get('type'), str) else set()
        return frozenset(own).union(*map(types_in, settings.values()))
    return frozenset().union(*map(types_in, settings)) if isinstance(settings, list | tuple) else frozenset()


def box_name(transforms: Mapping[str, Mapping], box: str = 'landmark bounding box') -> str:
    """How a face box, in words ``box``, is padded by the transforms of the test pipeline, which go by their type.

    >>> box_name({'GetBBoxCenterScale': {}})
    'landmark bounding box x 1.25'
    """
    if 'FaceBox' in transforms:
        return '{} x {:g}, official crop'.format(box, transforms['FaceBox']['padding'])
    return '{} x {:g}'.format(box, transforms['GetBBoxCenterScale'].get('padding', 1.25))
