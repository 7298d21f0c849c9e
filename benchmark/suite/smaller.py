"""The same experiment in less memory: batches in parts whose gradients are added up."""

from __future__ import annotations

import copy
from dataclasses import replace

from mmengine.config import Config

from benchmark.errors import BenchmarkError
from benchmark.suite.experiments import Experiment

_IN_STEPS = ('begin', 'end', 'T_max', 'milestones', 'step_size')


def in_parts(experiment: Experiment, parts: int) -> Experiment:
    """An experiment each of whose batches is divided, with as many images behind a step of the optimizer as before.

    It is another experiment, whose numbers differ by more than rounding: normalization sees fewer images at a time.
    Whatever counts batches counts the parts; the average of weights is taken once a step.

    Args:
        experiment: what to divide.
        parts: into how many parts; 1 leaves everything as it is.

    Raises:
        BenchmarkError: its batch cannot be divided so.
    """
    if parts == 1:
        return experiment
    config = copy.deepcopy(experiment.config)
    loader, optimization = config.train_dataloader, config.optim_wrapper
    if loader.batch_size % parts:
        where = f'{experiment.path}: train_dataloader.batch_size {loader.batch_size}'
        raise BenchmarkError(f'{where} cannot be divided by {parts} (choose another batch size)')
    loader.batch_size //= parts
    optimization.accumulative_counts = optimization.get('accumulative_counts', 1) * parts
    if config.get('cuda_graphs', False):
        config.cuda_graphs = False  # not with accumulation
    for schedule in config.get('param_scheduler', []):
        if not schedule.get('by_epoch', True):
            _stretch(schedule, parts)
    hooks = config.get('custom_hooks', [])
    for hook in hooks:
        if hook.type == 'EMAHook':
            hook.type = 'StepEMAHook'
    if not any(hook.type == 'EpochAccumulationHook' for hook in hooks):
        hooks = [{'type': 'EpochAccumulationHook'}, *hooks]
    config.custom_hooks = hooks
    return replace(experiment, config=config)


def _stretch(schedule: Config, parts: int) -> None:
    for key in _IN_STEPS:
        value = schedule.get(key)
        if isinstance(value, list | tuple):
            schedule[key] = [step * parts for step in value]
        elif value is not None:
            schedule[key] = value * parts
