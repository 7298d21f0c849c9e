"""Ways to train the same: precision, memory layout, compiled or not."""

from __future__ import annotations

import copy
import os
import shutil
from dataclasses import replace

from benchmark.suite.experiments import Experiment

_HALF = {'optim_wrapper.type': 'AutocastOptimWrapper'}
_LAYOUT = 'model.data_preprocessor.channels_last'


def ways_to_train(experiment: Experiment, device: str) -> tuple[dict[str, Experiment], tuple[str, ...]]:
    """The ways that are worth a measurement.

    Args:
        experiment: the configuration, which is the first way.
        device: 'cpu' or 'cuda'.

    Returns:
        Configurations by what they do, and one line on each that this machine lacks something for.
    """
    notes: tuple[str, ...] = ()
    if device == 'cuda':
        interleaved = {**_HALF, _LAYOUT: True}
        compiled, graphs = {'compile_network': True}, {'cuda_graphs': True}
        changes = [
            {},
            _HALF,
            interleaved,
            interleaved | graphs,
            interleaved | compiled,
            interleaved | compiled | graphs,
        ]
    else:
        changes = [{}, {_LAYOUT: not experiment.settings.channels_last}]
        # Half precision takes several times as long on a processor that has none.
        changes += [] if experiment.precision == 'float32' else [{'optim_wrapper.type': 'OptimWrapper'}]
        compiler = os.environ.get('CXX', 'g++')  # as PyTorch looks for it
        if shutil.which(compiler):
            changes.append({'compile_network': True})
        else:
            notes = (f'left out: compiled: no C++ compiler {compiler} (install it, or name another one in CXX)',)
    ways = [_changed(experiment, change) for change in changes]
    return {describe(way): way for way in ways}, notes


def describe(experiment: Experiment) -> str:
    """How a configuration computes, e.g. 'bfloat16, channels last, compiled'."""
    settings = experiment.settings
    told = [experiment.precision]
    told += ['channels last'] if settings.channels_last else []
    told += ['compiled'] if settings.compiled else []
    told += ['CUDA graphs'] if settings.cuda_graphs else []
    return ', '.join(told)


def _changed(experiment: Experiment, change: dict) -> Experiment:
    config = copy.deepcopy(experiment.config)
    config.merge_from_dict(change)
    return replace(experiment, config=config)
