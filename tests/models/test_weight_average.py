from __future__ import annotations

import copy

import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from torch import nn

from benchmark.models import JointMovingAverage


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1))


def change(network, step):
    """Weights and statistics as some training step may leave them."""
    torch.manual_seed(step)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter))
    network(torch.randn(2, 3, 8, 8))


@pytest.mark.parametrize('options', [{}, {'update_buffers': True}, {'update_buffers': True, 'interval': 3}])
def test_average_is_mmengines_to_the_bit_also_after_a_continuation(network, options):
    joint, plain = (kind(network, momentum=0.1, **options) for kind in (JointMovingAverage, ExponentialMovingAverage))
    for step in range(7):
        if step == 4:
            stored = copy.deepcopy(joint.state_dict())
            joint = JointMovingAverage(network, momentum=0.1, **options)
            joint.load_state_dict(stored)
        change(network, step)
        joint.update_parameters(network)
        plain.update_parameters(network)
    found, expected = joint.state_dict(), plain.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert not torch.equal(found['module.0.weight'], network[0].weight)


def test_average_is_computed_in_one_operation_for_all_weights(network):
    from tests.launches import GPU, listening

    network.to(GPU)
    average = JointMovingAverage(network, momentum=0.1, update_buffers=True)
    average.update_parameters(network)
    with listening() as told:
        average.update_parameters(network)
    assert sum(told.launches.values()) == 1
    assert told.waits == []
