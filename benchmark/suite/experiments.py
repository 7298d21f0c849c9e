"""Experiments: every configuration of a folder, with what identifies its results."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path

from mmengine.config import Config

from benchmark.errors import BenchmarkError, UsageError
from benchmark.files import visible
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.face_boxes import BOX_KINDS, LANDMARKS, BoxKind
from benchmark.records.parts import Settings
from benchmark.suite.components import Components, find_components
from benchmark.suite.config_reading import (
    box_name,
    check_keys,
    config_text,
    first_line,
    loss_name,
    precision_name,
    types_in,
)
from benchmark.suite.identity import Identity
from benchmark.suite.variants import TABLE, Variant, read_config, read_file, read_variants


@dataclass(frozen=True, eq=False)
class Experiment:
    """One configuration, resolved.

    Attributes:
        name: stem of the configuration file, or name of the variant.
        path: the configuration file, or the address of the variant (see :mod:`benchmark.suite.variants`).
        config: its content with all bases merged; free of paths of a machine.
    """

    name: str
    path: Path
    config: Config
    _identities: dict[tuple, Identity] = field(default_factory=dict, init=False, repr=False)

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
        return self.padded(BOX_KINDS[LANDMARKS])

    def padded(self, kind: BoxKind) -> str:
        """How a face box of a kind is padded."""
        transforms = {transform.type: transform for transform in self._pipeline}
        if not transforms.keys() & {'FaceBox', 'GetBBoxCenterScale'}:
            raise BenchmarkError(
                f'{self.path}: test_dataloader.dataset.pipeline lacks FaceBox or GetBBoxCenterScale (add one)'
            )
        return box_name(transforms, kind.box)

    @property
    def has_official_crop(self) -> bool:
        """Whether a face box is cropped as the official code does: as it is, its centre at (side - 1) / 2."""
        found = [one for one in self._pipeline if one.type == 'FaceBox']
        return any(one.align_corners and one.padding == 1 for one in found)

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
            cuda_graphs=config.get('cuda_graphs', False),
            mirror_offset=config.get('mirror_offset', False),
            mirror_shift=bool((config.model.get('test_cfg') or {}).get('mirror_shift')),
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

    @cached_property
    def components(self) -> Components:
        """Source of the components of one's own that it uses, as it is when first asked for.

        Raises:
            BenchmarkError: a module is not found, or cannot be read as Python.
        """
        return self.find_components()

    def find_components(self) -> Components:
        """Source of the components of one's own that it uses, as it is now; see :attr:`components`."""
        settings = self.config.to_dict()
        loss = settings['model']['head'].pop('loss')
        try:
            return find_components(settings.get('custom_imports') or {}, types_in(loss), types_in(settings))
        except BenchmarkError as error:
            raise BenchmarkError(f'{self.path}: {error}') from error

    def identify(self, dataset: str, device: str, weights: str | None = None, boxes: str | None = None) -> Identity:
        """What identifies its results, one object for all seeds; arguments as of :class:`.identity.Identity`."""
        given = dataset, device, weights, boxes
        if given not in self._identities:
            self._identities[given] = Identity(self.config.to_dict(), self.components, *given)
        return self._identities[given]

    @cached_property
    def text(self) -> str:
        """The configuration as Python text."""
        return config_text(self.config)

    @property
    def _pipeline(self) -> list[dict]:
        return self.config.test_dataloader.dataset.pipeline


def find_experiments(folder: Path) -> tuple[list[Experiment], list[str]]:
    """Read every configuration of a folder, and every variant that its table makes.

    Files and folders whose name begins with ``_`` hold bases and the table and are passed over.

    Args:
        folder: folder of configurations.

    Returns:
        The experiments, ordered by benchmark and name, and one line for each file that is not a usable configuration
        and for each mistake of the table.

    Raises:
        BenchmarkError: the folder is absent, or holds no configuration.
    """
    files = _files(folder)
    variants, mistakes = _variants(folder / TABLE, files)
    if not (files or variants or mistakes):
        raise BenchmarkError(f'{folder}: no configuration found (choose a folder with --configs)')
    read = cache(read_file)  # a base is read once for all of its variants
    sources = [(path, path, partial(read, path)) for path in files]
    sources += [(one.path, folder / TABLE, lambda one=one: one.resolve(read(one.base))) for one in variants]
    experiments, problems = {}, {one: one for one in mistakes}
    for path, file, resolve in sources:
        try:
            experiment = _checked(path, resolve())
            if experiment.name in experiments:
                raise BenchmarkError(f'{path}: same name as {experiments[experiment.name].path} (rename one of them)')
        except BenchmarkError as error:
            # By file: what a table gets wrong in many variants is said of one of them.
            problems.setdefault(str(error).replace(str(path), str(file)), str(error))
        else:
            experiments[experiment.name] = experiment
    return sorted(
        experiments.values(), key=lambda one: (not get_benchmark(one.benchmark).synthetic, one.benchmark, one.name)
    ), list(problems.values())


def find_experiment(given: str, folder: Path) -> Experiment:
    """Read the one configuration that ``--config`` asks for.

    Args:
        given: a path that ends in '.py', or the name of a configuration.
        folder: folder of configurations in which a name is looked for.

    Raises:
        UsageError: there is no configuration of this name.
        BenchmarkError: it is not usable.
    """
    if given.endswith('.py'):
        return load_experiment(Path(given))
    paths = [path for path in _files(folder) if path.stem == given]
    paths = paths or [one.path for one in read_variants(folder / TABLE) if one.path.stem == given]
    if not paths:
        raise UsageError(
            f'--config {given}: no such configuration in {folder} (list them: python -m benchmark.run --list)'
        )
    return load_experiment(paths[0])


def load_experiment(path: Path) -> Experiment:
    """Read one configuration and check what every experiment needs.

    Args:
        path: a file, or the address of a variant (see :mod:`benchmark.suite.variants`).

    Raises:
        BenchmarkError: it is absent, is not valid Python, misspells or lacks a key, or names no known benchmark.
    """
    return _checked(path, read_config(path))


def _checked(path: Path, config: Config) -> Experiment:
    check_keys(path, config)
    experiment = Experiment(path.stem, path, config)
    try:
        get_benchmark(experiment.benchmark)
    except BenchmarkError as error:
        raise BenchmarkError(f'{path}: test_dataloader.dataset.benchmark: {error}') from error
    try:
        _ = experiment.input_size, experiment.box, experiment.epochs, experiment.loss, experiment.backbone
        _ = experiment.precision, experiment.checkpoint_rule, experiment.settings, experiment.pretrained
        _ = experiment.components
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BenchmarkError(f'{path}: incomplete configuration: {first_line(error)}') from error
    return experiment


def _files(folder: Path) -> list[Path]:
    """Configuration files of a folder, sorted."""
    paths = visible(folder, '**/*.py')
    return [path for path in paths if not any(part.startswith('_') for part in path.relative_to(folder).parts)]


def _variants(table: Path, files: list[Path]) -> tuple[list[Variant], list[str]]:
    """Variants that are not files, and what is wrong with their table."""
    try:
        variants = read_variants(table)
    except BenchmarkError as error:
        return [], [str(error)]
    names = {path.stem: path for path in files}
    twice = [names[one.path.stem] for one in variants if one.path.stem in names]
    mend = f'{len(twice)} in all; remove the file, or add its loss to in_files of the family'
    problems = [f'{table}: makes what is a file, too: {twice[0]} ({mend})'] if twice else []
    return [one for one in variants if one.path.stem not in names], problems
