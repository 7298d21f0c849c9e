"""Experiments: every configuration of a folder, with what identifies its results."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mmengine.config import Config

from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.record import Settings
from benchmark.suite.config_reading import box_name, check_keys, first_line, loss_name, precision_name

# Raised whenever a change of code changes numbers, so that results of older code are not taken for current ones.
RESULTS_VERSION = 1

_NUMBERS_DO_NOT_DEPEND_ON = ('backbone_name', 'needs_gpu', 'log_level', 'log_processor')


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
        return loss_name(self.config.model.head.loss)

    @property
    def backbone(self) -> str:
        """Name of the network: ``backbone_name`` of the configuration, or the type of its backbone."""
        return self.config.get('backbone_name') or self.config.model.backbone.type

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height of the network input, pixels."""
        for transform in self._pipeline:
            if transform.type == 'TopdownAffine':
                width, height = transform.input_size
                return width, height
        raise BenchmarkError(f'{self.path}: test_dataloader.dataset.pipeline lacks TopdownAffine (add it)')

    @property
    def box(self) -> str:
        """How the face box is obtained and padded."""
        transforms = {transform.type: transform for transform in self._pipeline}
        if not transforms.keys() & {'FaceBox', 'GetBBoxCenterScale'}:
            raise BenchmarkError(
                f'{self.path}: test_dataloader.dataset.pipeline lacks FaceBox or GetBBoxCenterScale (add one)'
            )
        return box_name(transforms)

    @property
    def epochs(self) -> int:
        """Number of training epochs."""
        return self.config.train_cfg.max_epochs

    @property
    def precision(self) -> str:
        """'float32', 'bfloat16' or 'float16'."""
        return precision_name(self.config.optim_wrapper)

    @property
    def settings(self) -> Settings:
        """Switches that trade time, memory and precision."""
        config, accumulation = self.config, self.config.optim_wrapper.get('accumulative_counts', 1)
        compiled = config.get('compile_network', False)
        return Settings(
            images_per_step=config.train_dataloader.batch_size * accumulation,
            accumulation=accumulation,
            channels_last=config.model.get('data_preprocessor', {}).get('channels_last', False),
            compiled=bool(compiled),
            gradient_checkpointing=config.model.backbone.get('with_cp', False),
        )

    @property
    def pretrained(self) -> str | None:
        """Weights that the backbone starts from, e.g. 'open-mmlab://msra/hrnetv2_w18'; None for random ones."""
        init_cfg = self.config.model.backbone.get('init_cfg') or []
        for init in [init_cfg] if isinstance(init_cfg, dict) else init_cfg:
            if init.get('type') == 'Pretrained':
                return init['checkpoint']
        return None

    @property
    def needs_gpu(self) -> bool:
        """Whether a CPU would take weeks, so that one is used only if asked for this experiment by name."""
        return self.config.get('needs_gpu', False)

    @property
    def checkpoint_rule(self) -> str:
        """Which weights are tested."""
        averaged = any(hook.type in ('EMAHook', 'StepEMAHook') for hook in self.config.get('custom_hooks', []))
        return 'last epoch, EMA weights' if averaged else 'last epoch'

    def fingerprint(self, dataset: str, seed: int | None, weights: str | None = None) -> str:
        """SHA-256 of configuration, data, seed, given weights and code version: equal ones promise equal numbers.

        Args:
            dataset: fingerprint of the prepared data, or 'none' where nothing is prepared.
            seed: the seed; None where given weights are tested as they are.
            weights: what :attr:`benchmark.suite.weights.Weights.identity` says; None where there are none.
        """
        return _sha256([RESULTS_VERSION, self._numbers, dataset, seed, *([weights] if weights else [])])

    def recipe(self, dataset: str, weights: str | None = None) -> str:
        """SHA-256 of all that but the loss and the seed: results of equal recipes differ in the loss alone."""
        numbers = {**self._numbers, 'model': {**self._numbers['model']}}
        # A loss of one's own is imported from somewhere; that is part of the loss.
        numbers['custom_imports'] = {'imports': ['benchmark.models']}
        numbers['model']['head'] = {key: value for key, value in numbers['model']['head'].items() if key != 'loss'}
        return _sha256([RESULTS_VERSION, numbers, dataset, *([weights] if weights else [])])

    @cached_property
    def _numbers(self) -> dict:
        return {key: value for key, value in self.config.to_dict().items() if key not in _NUMBERS_DO_NOT_DEPEND_ON}

    @property
    def _pipeline(self) -> list[dict]:
        return self.config.test_dataloader.dataset.pipeline


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
        raise BenchmarkError(f'{path}: not a readable configuration: {first_line(error)}') from error
    check_keys(path, config)
    experiment = Experiment(path.stem, path, config)
    try:
        get_benchmark(experiment.benchmark)
    except BenchmarkError as error:
        raise BenchmarkError(f'{path}: test_dataloader.dataset.benchmark: {error}') from error
    try:
        _ = experiment.input_size, experiment.box, experiment.epochs, experiment.loss, experiment.backbone
        _ = experiment.precision, experiment.checkpoint_rule, experiment.settings, experiment.pretrained
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BenchmarkError(f'{path}: incomplete configuration: {first_line(error)}') from error
    return experiment


def _sha256(content: list) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
