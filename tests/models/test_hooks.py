from __future__ import annotations

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmpose.registry import HOOKS

from benchmark.models import IterationSeedHook, hooks


@pytest.fixture
def draw():
    """Numbers of all three generators after a call of the hook."""

    def draw(seed=0, iteration=5, method='before_train_iter'):
        runner = SimpleNamespace(seed=seed, iter=iteration)
        hook = IterationSeedHook()
        hook.before_train_iter(runner, 0) if method == 'before_train_iter' else hook.before_train_epoch(runner)
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    return draw


def test_state_depends_on_nothing_that_came_before(draw):
    first = draw()
    random.seed(9), np.random.seed(9), torch.manual_seed(9)
    draw(iteration=4)
    assert draw() == first


@pytest.mark.parametrize('change', [{'seed': 1}, {'iteration': 6}, {'method': 'before_train_epoch'}])
def test_every_part_of_the_identity_changes_every_generator(draw, change):
    assert all(one != two for one, two in zip(draw(), draw(**change), strict=True))


def test_processes_draw_different_numbers(draw, monkeypatch):
    first = draw()
    monkeypatch.setattr(hooks, 'get_rank', lambda: 1)
    assert all(one != two for one, two in zip(first, draw(), strict=True))


def test_generators_differ_from_each_other(draw):
    assert len(set(draw())) == 3


def test_comes_before_other_hooks():
    hook = HOOKS.build({'type': 'IterationSeedHook'})
    assert isinstance(hook, IterationSeedHook)
    assert hook.priority == 'VERY_HIGH'
