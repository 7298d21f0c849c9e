"""Networks of configurations outside a runner, with weights from a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.utils import import_modules_from_strings
from mmpose.registry import MODELS
from torch import Tensor, nn

from benchmark.suite.weights import check_covers


def build_estimator(config: Config) -> nn.Module:
    """The network of a configuration with random weights; those of ImageNet are not looked for."""
    model = Config(config.model.to_dict())
    model.backbone.pop('init_cfg', None)
    with DefaultScope.overwrite_default_scope('mmpose'):
        import_modules_from_strings(**config.get('custom_imports', {'imports': ['benchmark.models']}))
        return MODELS.build(model)


def load_estimator(config: Config, state: Mapping[str, Tensor], path: Path) -> nn.Module:
    """The network of a configuration with given weights, ready to predict.

    Args:
        config: the configuration.
        state: weights by name, as :func:`benchmark.suite.weights.read_tensors` reads them.
        path: their file, for messages.

    Raises:
        BenchmarkError: they are not of this network.
    """
    estimator = build_estimator(config)
    check_covers(state, estimator, path)
    estimator.load_state_dict({name.removeprefix('module.'): value for name, value in state.items()}, strict=False)
    return estimator.eval()
