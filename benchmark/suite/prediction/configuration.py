"""The configuration that weights belong to: named, or as the checkpoint of a training says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from benchmark.errors import BenchmarkError, UsageError
from benchmark.records.config_text import parse_config
from benchmark.suite.experiments import Experiment, find_experiment

# A name and never a path: whoever wrote the weights does not choose which file is read as a configuration.
_EXPERIMENT_NAME = re.compile(r'([\w+-][\w.+-]*?)(?:\.py)?_\d{8}_\d{6}')


def find_configuration(given: str | None, folder: Path, weights: Path, meta: Mapping) -> Experiment:
    """The configuration of weights.

    Args:
        given: a path that ends in '.py', or the name of a configuration; None: the one whose name the checkpoint of a
            training holds.
        folder: folder of configurations in which a name is looked for.
        weights: their file, for messages.
        meta: what a checkpoint says of itself; empty for an ONNX model, which says nothing.

    Raises:
        UsageError: none is given, and the weights do not say it, or it is not there.
        BenchmarkError: it is not usable, or the training of the weights prepared images or decoded heatmaps in another
            way than the configuration says.
    """
    experiment = find_experiment(given, folder) if given else _named_by(meta, folder, weights)
    other = _different(meta, experiment)
    if other:
        raise BenchmarkError(
            f'{weights}: was trained with another {other} than {experiment.name} has (name its own with --config)'
        )
    return experiment


def _named_by(meta: Mapping, folder: Path, weights: Path) -> Experiment:
    found = _EXPERIMENT_NAME.fullmatch(str(meta.get('experiment_name', '')))
    if found is None:
        raise UsageError(f'{weights}: does not say its configuration (name it with --config)')
    try:
        return find_experiment(found[1], folder)
    except UsageError as error:
        raise UsageError(
            f'{weights}: trained by {found[1]}, which is not in {folder} (name its folder with --configs, or another '
            'configuration with --config)'
        ) from error


def _different(meta: Mapping, experiment: Experiment) -> str | None:
    """The first setting that predictions depend on, and in which the weights' own configuration differs."""
    try:
        trained = _deciding(parse_config(meta['cfg']))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None  # the weights do not say it in plain values
    here = _deciding(experiment.config.to_dict())
    return next((name for name in here if _text(here[name]) != _text(trained[name])), None)


def _deciding(settings: Mapping) -> dict[str, object]:
    model, dataset = settings['model'], settings['test_dataloader']['dataset']
    head = {key: value for key, value in model['head'].items() if key not in ('loss', 'init_cfg')}
    preprocessor = model['data_preprocessor']
    return {
        'test_dataloader.dataset.benchmark': dataset['benchmark'],
        'test_dataloader.dataset.pipeline': dataset['pipeline'],
        'model.data_preprocessor': [preprocessor.get(key) for key in ('mean', 'std', 'bgr_to_rgb', 'rgb_to_bgr')],
        'model.head': head,
        'model.test_cfg': model.get('test_cfg'),
    }


def _text(value: object) -> str:
    """The same for tuples and lists, and whatever the order of keys."""
    return json.dumps(value, sort_keys=True, default=repr)
