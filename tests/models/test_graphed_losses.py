"""What is done around CUDA graphs, with a recording that computes anew; ``tests/gpu`` has the graphs themselves."""

from __future__ import annotations

import copy

import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS

from benchmark.models import graphed_losses
from benchmark.models.graphed_losses import BEFORE, GraphedLosses

CODEC = {'type': 'SoftArgmaxLabel', 'input_size': (64, 64)}


@pytest.fixture
def estimator():
    torch.manual_seed(0)
    config = {
        'type': 'TopdownPoseEstimator',
        'data_preprocessor': {'type': 'FaceDataPreprocessor', 'mean': [127.5] * 3, 'std': [127.5] * 3},
        'backbone': {
            'type': 'StackedHourglass',
            'layout': 'cofw',
            'channels': 8,
            'num_stacks': 1,
            'num_levels': 2,
            'input_size': (64, 64),
        },
        'head': {
            'type': 'StackedHourglassHead',
            'layout': 'cofw',
            'loss': {'type': 'STARLoss'},
            'stack_weights': (1.0,),
            'decoder': CODEC,
        },
    }
    return MODELS.build(Config(config)).train()


@pytest.fixture
def recorded(monkeypatch):
    """Stands for the recording: three computations that count for nothing, then copies into memory that stays."""
    calls = []

    def record(module, given, allow_unused_input):
        for _ in range(3):
            module(*given)
        compute = module.forward

        def replay(*now):
            calls.append(len(now[0]))
            with torch.no_grad():
                for kept, one in zip(given, now, strict=True):
                    kept.copy_(one)
            return compute(*given)

        module.forward = replay

    monkeypatch.setattr(torch.cuda, 'make_graphed_callables', record)
    return calls


def train(estimator, make_samples, sizes):
    """Losses of batches of sizes, and all weights and statistics afterwards."""
    generator = torch.Generator().manual_seed(1)
    optimizer = torch.optim.SGD(estimator.parameters(), lr=1e-4)
    losses = []
    for size in sizes:
        keypoints = torch.rand(size, 29, 2, generator=generator) - 0.5
        found = estimator.loss(torch.rand(size, 3, 64, 64, generator=generator), make_samples(keypoints))
        optimizer.zero_grad()
        sum(found.values()).backward()
        optimizer.step()
        losses.append({name: value.item() for name, value in found.items()})
    return losses, estimator.state_dict()


def test_numbers_are_those_without_also_for_the_last_shorter_batch(estimator, make_samples, recorded):
    sizes = 2 * ([2] * (BEFORE + 1) + [1])
    plain = copy.deepcopy(estimator)
    estimator.loss = GraphedLosses(estimator)
    (losses, weights), (expected, others) = (train(one, make_samples, sizes) for one in (estimator, plain))
    assert losses == expected
    assert weights.keys() == others.keys()
    assert all(torch.equal(weights[name], others[name]) for name in others)
    assert recorded == [2] * (BEFORE + 2)


def test_where_recording_fails_the_usual_way_is_taken_and_it_is_said(estimator, make_samples, monkeypatch):
    def fail(module, given, allow_unused_input):
        module(*given)
        raise RuntimeError('operation not permitted when stream is capturing\nCUDA kernel errors')

    monkeypatch.setattr(graphed_losses.torch.cuda, 'make_graphed_callables', fail)
    sizes, plain = [2] * (BEFORE + 2), copy.deepcopy(estimator)
    estimator.loss = GraphedLosses(estimator)
    with pytest.warns(
        UserWarning, match='computed without, because recording failed: operation not permitted when'
    ) as said:
        losses, weights = train(estimator, make_samples, sizes)
    expected, others = train(plain, make_samples, sizes)
    assert losses == expected
    assert all(torch.equal(weights[name], others[name]) for name in others)
    assert sum('cuda_graphs' in str(one.message) for one in said) == 1


def test_head_without_targets_of_its_own_is_refused_in_one_line(estimator):
    estimator.head = torch.nn.Identity()
    with pytest.raises(ValueError, match='cuda_graphs: Identity has no targets apart from its losses'):
        GraphedLosses(estimator)
