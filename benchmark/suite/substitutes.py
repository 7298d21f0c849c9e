"""Parts of MMEngine and MMPose whose place others take, which give the same numbers without making the host wait."""

from __future__ import annotations

from collections.abc import Mapping

from mmengine.config import Config

from benchmark.models.hooks import EpochAccumulationHook, StepEMAHook
from benchmark.models.logged_values import LoggedValuesHook
from benchmark.models.optim_wrapper import FaceOptimWrapper


def put_substitutes(config: Config) -> None:
    """Put them into the configuration of a run, which is changed.

    - losses and norms of gradients are read when they are logged, not in every step;
    - an average of weights is taken after steps of the optimizer, in one operation, and accumulation of gradients
      begins anew with every epoch, whatever hooks the configuration names;
    - MMPose's heatmap heads leave out an accuracy of the training batch that nobody reads, for which all heatmaps go to
      the host.
    """
    if config.get('optim_wrapper') is not None and kind(config.optim_wrapper) in ('', 'OptimWrapper'):
        config.optim_wrapper.type = FaceOptimWrapper.__name__
    config.default_hooks = {**config.get('default_hooks', {}), 'runtime_info': {'type': LoggedValuesHook.__name__}}
    hooks = [
        {**hook, 'type': StepEMAHook.__name__} if kind(hook) == 'EMAHook' else hook
        for hook in config.get('custom_hooks') or []
    ]
    accumulates = (config.get('optim_wrapper') or {}).get('accumulative_counts', 1) > 1
    if accumulates and not any(kind(hook) == EpochAccumulationHook.__name__ for hook in hooks):
        hooks.append({'type': EpochAccumulationHook.__name__})
    config.custom_hooks = hooks
    config.model.train_cfg = {'compute_acc': False, **(config.model.get('train_cfg') or {})}


def kind(part: Mapping) -> str:
    """Name of the class of a part of a configuration, which may give the class itself, or a scope before its name."""
    named = part.get('type', '')
    return getattr(named, '__name__', named).rpartition('.')[2]
