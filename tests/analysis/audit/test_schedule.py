from __future__ import annotations

import copy

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import PARAM_SCHEDULERS

from benchmark.analysis.audit.schedule import learning_rates

LINEAR = {'type': 'LinearLR', 'by_epoch': False, 'start_factor': 0.05, 'end': 17}
COSINE = {'type': 'CosineAnnealingLR', 'by_epoch': True, 'convert_to_iter_based': True, 'eta_min_ratio': 0.01}
STEPS = {'type': 'MultiStepLR', 'by_epoch': True, 'milestones': [3, 7], 'gamma': 0.1}


def as_mmengine_does(schedules: list[dict], epochs: int, batches: int, rate: float) -> list[float]:
    optimizer = OptimWrapper(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate))
    built = []
    for one in copy.deepcopy(schedules):
        by_epoch = one.get('by_epoch', True)
        one.setdefault('end', epochs if by_epoch else epochs * batches)
        kind = PARAM_SCHEDULERS.get(one.pop('type'))
        if one.pop('convert_to_iter_based', False):
            built.append(kind.build_iter_from_epoch(optimizer, epoch_length=batches, **one))
        else:
            built.append(kind(optimizer, **one))
    rates = []
    for _ in range(epochs):
        for _ in range(batches):
            for one in built:
                if not one.by_epoch:
                    one.step()
        for one in built:
            if one.by_epoch:
                one.step()
        rates.append(optimizer.get_lr()['lr'][0])
    return rates


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize(
    'schedules',
    [
        [LINEAR, COSINE],
        [{**LINEAR, 'begin': 0, 'end': 60, 'start_factor': 0.001}, {**STEPS, 'begin': 0, 'end': 10}],
        [STEPS],
        [{'type': 'CosineAnnealingLR', 'T_max': 12, 'eta_min': 1e-5}],
        [],
    ],
)
def test_learning_rates_are_those_of_mmengine(schedules):
    config = {'optim_wrapper': {'optimizer': {'lr': 0.002}}, 'param_scheduler': schedules}
    found = learning_rates(config, 10, 11)
    assert found == pytest.approx(as_mmengine_does(schedules, 10, 11, 0.002), rel=1e-9)


@pytest.mark.parametrize(
    'change',
    [
        {'param_scheduler': [{'type': 'OneCycleLR'}]},
        {'param_scheduler': [{**STEPS, 'unknown': 1}]},
        {'param_scheduler': 'constant'},
        {'param_scheduler': [{'type': 'CosineAnnealingLR', 'T_max': 3, 'eta_min': 1e-5}]},
        {'optim_wrapper': {'optimizer': {'lr': 0.1}, 'paramwise_cfg': {'bias_lr_mult': 2}}},
        {'optim_wrapper': {}},
    ],
)
def test_schedules_of_other_kinds_are_not_guessed(change):
    config = {'optim_wrapper': {'optimizer': {'lr': 0.1}}, 'param_scheduler': [STEPS]}
    assert learning_rates(config | change, 5, 10) is None
