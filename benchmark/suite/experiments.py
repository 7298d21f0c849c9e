"""Experiments: every configuration of a folder, with what identifies its results."""

from __future__ import annotations

import difflib
import hashlib
import inspect
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark

# Raised whenever a change of code changes numbers, so that results of older code are not taken for current ones.
RESULTS_VERSION = 1

LOSS_NAMES = {
    'STARLoss': 'STAR',
    'SoftWeightSmoothL1Loss': 'smooth-L1',
    'L1Loss': 'L1',
    'MSELoss': 'L2',
    'WingLoss': 'Wing',
}
_USUAL_ARGUMENTS = {'SoftWeightSmoothL1Loss': {'beta': 0.01}}
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
_NUMBERS_DO_NOT_DEPEND_ON = ('backbone_name', 'log_level', 'log_processor')


@dataclass(frozen=True, eq=False)
class Experiment:
    """One configuration, resolved.

    Attributes:
        name: stem of the configuration file.
        path: the configuration file.
        config: its content with all bases merged; free of paths of a machine.
    """

    name: str
    path: Path
    config: Config

    @property
    def benchmark(self) -> str:
        """Name of the benchmark."""
        return self.config.test_dataloader.dataset.benchmark

    @property
    def loss(self) -> str:
        """Short name of the loss, with what differs from its usual form in brackets."""
        loss = self.config.model.head.loss
        name = LOSS_NAMES.get(loss.type, loss.type)
        variant = [str(loss[key]) for key in ('distance', 'restriction') if key in loss]
        usual = _USUAL_ARGUMENTS.get(loss.type, {})
        variant += [
            f'{key}={value}'
            for key, value in loss.items()
            if key not in ('type', 'distance', 'restriction') and usual.get(key) != value
        ]
        return f'{name} ({", ".join(variant)})' if variant else name

    @property
    def backbone(self) -> str:
        """Name of the network: ``backbone_name`` of the configuration, or the type of its backbone."""
        return self.config.get('backbone_name') or self.config.model.backbone.type

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height of the network input, pixels."""
        width, height = self._transform('TopdownAffine').input_size
        return width, height

    @property
    def box(self) -> str:
        """How the face box is obtained and padded."""
        return f'landmark bounding box x {self._transform("GetBBoxCenterScale").get("padding", 1.25):g}'

    @property
    def epochs(self) -> int:
        """Number of training epochs."""
        return self.config.train_cfg.max_epochs

    @property
    def precision(self) -> str:
        """'float32', 'bfloat16' or 'float16'."""
        wrapper = self.config.optim_wrapper
        kind = wrapper.get('type', 'OptimWrapper')
        if kind == 'AutocastOptimWrapper':
            return 'bfloat16'
        return wrapper.get('dtype', 'float16') if kind == 'AmpOptimWrapper' else 'float32'

    @property
    def checkpoint_rule(self) -> str:
        """Which weights are tested."""
        averaged = any(hook.type == 'EMAHook' for hook in self.config.get('custom_hooks', []))
        return 'last epoch, EMA weights' if averaged else 'last epoch'

    def fingerprint(self, dataset: str, seed: int) -> str:
        """SHA-256 of configuration, data, seed and code version: equal fingerprints promise equal numbers.

        Args:
            dataset: fingerprint of the prepared data, or 'none' where nothing is prepared.
            seed: the seed.
        """
        return _sha256([RESULTS_VERSION, self._numbers, dataset, seed])

    def recipe(self, dataset: str) -> str:
        """SHA-256 of configuration without its loss, data and code version: equal recipes differ in the loss alone."""
        numbers = {**self._numbers, 'model': {**self._numbers['model']}}
        # A loss of one's own is imported from somewhere; that is part of the loss.
        numbers['custom_imports'] = {'imports': ['benchmark.models']}
        numbers['model']['head'] = {key: value for key, value in numbers['model']['head'].items() if key != 'loss'}
        return _sha256([RESULTS_VERSION, numbers, dataset])

    @cached_property
    def _numbers(self) -> dict:
        return {key: value for key, value in self.config.to_dict().items() if key not in _NUMBERS_DO_NOT_DEPEND_ON}

    def _transform(self, kind: str) -> dict:
        for transform in self.config.test_dataloader.dataset.pipeline:
            if transform.type == kind:
                return transform
        raise BenchmarkError(f'{self.path}: test_dataloader.dataset.pipeline lacks {kind} (add it)')


def find_experiments(folder: Path) -> tuple[list[Experiment], list[str]]:
    """Read every configuration of a folder; folders whose name begins with ``_`` hold bases and are passed over.

    Args:
        folder: folder of configurations.

    Returns:
        The experiments, ordered by benchmark and name, and one line for each file that is not a usable configuration.

    Raises:
        BenchmarkError: the folder is absent, holds no configuration, or two configurations have the same name.
    """
    paths = sorted(
        path
        for path in folder.rglob('*.py')
        if not any(part.startswith('_') for part in path.relative_to(folder).parts)
    )
    if not paths:
        raise BenchmarkError(f'{folder}: no configuration found (choose a folder with --configs)')
    experiments, problems = {}, []
    for path in paths:
        try:
            experiment = load_experiment(path)
            if experiment.name in experiments:
                raise BenchmarkError(f'{path}: same name as {experiments[experiment.name].path} (rename one of them)')
        except BenchmarkError as error:
            problems.append(str(error))
        else:
            experiments[experiment.name] = experiment
    return sorted(
        experiments.values(), key=lambda one: (not get_benchmark(one.benchmark).synthetic, one.benchmark, one.name)
    ), problems


def load_experiment(path: Path) -> Experiment:
    """Read one configuration and check what every experiment needs.

    Raises:
        BenchmarkError: the file is absent, is not valid Python, misspells or lacks a key, or names no known benchmark.
    """
    if not path.is_file():
        raise BenchmarkError(f'{path}: no such configuration (list them: python -m benchmark.run --list)')
    try:
        config = Config.fromfile(path, import_custom_modules=False)
    except Exception as error:  # a configuration is code and can raise anything
        raise BenchmarkError(f'{path}: not a readable configuration: {_first_line(error)}') from error
    known = set(inspect.signature(Runner.__init__).parameters) | {'custom_imports', 'backbone_name'}
    _check_spelling(path, '', config, known, cutoff=0.8)
    if isinstance(config.get('model'), dict):
        _check_spelling(path, 'model.', config.model, {'type', *_MODEL_KEYS}, cutoff=0.7)
    for key in _REQUIRED:
        _require(path, config, key)
    experiment = Experiment(path.stem, path, config)
    try:
        get_benchmark(experiment.benchmark)
    except BenchmarkError as error:
        raise BenchmarkError(f'{path}: test_dataloader.dataset.benchmark: {error}') from error
    try:
        _ = experiment.input_size, experiment.box, experiment.epochs, experiment.loss, experiment.backbone
        _ = experiment.precision, experiment.checkpoint_rule
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BenchmarkError(f'{path}: incomplete configuration: {_first_line(error)}') from error
    return experiment


_MODEL_KEYS = ('backbone', 'neck', 'head', 'train_cfg', 'test_cfg', 'data_preprocessor', 'init_cfg', 'metainfo')


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


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f'{type(error).__name__}: {text[0]}' if text else type(error).__name__


def _sha256(content: list) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
