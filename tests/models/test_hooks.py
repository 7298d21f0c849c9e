from __future__ import annotations

import itertools
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from benchmark.models import IterationSeedHook, hooks

ADAM = {'type': 'Adam', 'lr': 0.1}
ACCUMULATION = {'type': 'EpochAccumulationHook'}
AVERAGE = {'type': 'StepEMAHook', 'ema_type': 'ExponentialMovingAverage', 'momentum': 0.25}


class Line(BaseModel):
    """A linear model without batch normalization."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(3, 2)

    def forward(self, x, y, mode):
        return {'loss': F.mse_loss(self.layer(x), y)}


@pytest.fixture
def samples():
    """Inputs (44, 3) and targets (44, 2), which the batches of the tests divide."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(44, 3, generator=generator), torch.randn(44, 2, generator=generator)


@pytest.fixture
def train(samples, tmp_path):
    """Train in a Runner; returns the Runner."""
    number = itertools.count()

    def train(batch, accumulate, hooks, epochs=2, folder=None, resume=False):
        name = f'{tmp_path.name}-{next(number)}'
        runner = Runner(
            model=Line(),
            work_dir=str(tmp_path / (folder or name)),
            train_dataloader={
                'batch_size': batch,
                'num_workers': 0,
                'collate_fn': {'type': 'default_collate'},
                'sampler': {'type': 'DefaultSampler', 'shuffle': False},
                'dataset': [{'x': x, 'y': y} for x, y in zip(*samples, strict=True)],
            },
            train_cfg={'by_epoch': True, 'max_epochs': epochs},
            optim_wrapper={'optimizer': ADAM, 'accumulative_counts': accumulate},
            default_hooks={'logger': None},
            custom_hooks=hooks,
            default_scope='mmpose',
            randomness={'seed': 0},
            resume=resume,
            log_level='ERROR',
            experiment_name=name,
        )
        runner.train()
        return runner

    return train


@pytest.fixture
def train_plainly(samples):
    """Weights after each step of a plain loop over batches of a size; the last one of an epoch may be smaller."""

    def train_plainly(batch, epochs=2):
        model = Line().layer
        optimizer = torch.optim.Adam(model.parameters(), lr=ADAM['lr'])
        steps = []
        for _ in range(epochs):
            for x, y in zip(*(part.split(batch) for part in samples), strict=True):
                optimizer.zero_grad()
                F.mse_loss(model(x), y).backward()
                optimizer.step()
                steps.append({name: value.clone() for name, value in model.state_dict().items()})
        return steps

    return train_plainly


@pytest.fixture
def draw():
    """Numbers of all three generators after a call of the hook."""

    def draw(seed=0, iteration=5, method='before_train_iter'):
        loader = SimpleNamespace(dataset=SimpleNamespace())
        runner = SimpleNamespace(seed=seed, iter=iteration, epoch=0, train_dataloader=loader)
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


@pytest.mark.parametrize(('method', 'alike'), [('before_train_iter', True), ('before_train_epoch', False)])
def test_processes_load_with_numbers_of_their_own_and_augment_with_the_same(draw, monkeypatch, method, alike):
    first = draw(method=method)
    monkeypatch.setattr(hooks, 'get_rank', lambda: 1)
    assert [one == two for one, two in zip(first, draw(method=method), strict=True)] == [alike] * 3


def test_generators_differ_from_each_other(draw):
    assert len(set(draw())) == 3


def test_comes_before_other_hooks():
    hook = HOOKS.build({'type': 'IterationSeedHook'})
    assert isinstance(hook, IterationSeedHook)
    assert hook.priority == 'VERY_HIGH'


def test_data_without_a_pipeline_is_seeded_too():
    runner = SimpleNamespace(seed=0, iter=0, epoch=3, train_dataloader=SimpleNamespace(dataset=[]))
    drawn = []
    for _ in range(2):
        IterationSeedHook().before_train_epoch(runner)
        drawn.append(torch.rand(3))
    assert torch.equal(*drawn)


@pytest.mark.parametrize(
    ('batch', 'accumulate', 'together'),
    # 44 samples: 11 batches of 4 leave one over, which makes a step of 4; 2 batches of 22 make one step.
    [(4, 2, 8), (4, 3, 12), (4, 1, 4), (22, 8, 44)],
)
def test_accumulated_batches_step_as_one_batch_does_also_where_some_are_left_over(
    train, train_plainly, batch, accumulate, together
):
    layer = train(batch, accumulate, [ACCUMULATION]).model.layer
    for name, value in train_plainly(together)[-1].items():
        torch.testing.assert_close(layer.state_dict()[name], value, rtol=0, atol=1e-6)


def test_training_resumed_after_an_uneven_epoch_goes_on_as_if_never_stopped(train):
    whole = train(4, 2, [ACCUMULATION, AVERAGE], epochs=3)
    train(4, 2, [ACCUMULATION, AVERAGE], epochs=1, folder='stopped')
    resumed = train(4, 2, [ACCUMULATION, AVERAGE], epochs=3, folder='stopped', resume=True)
    for first, second in ((whole.model, resumed.model), (_average(whole), _average(resumed))):
        for name, value in first.state_dict().items():
            assert torch.equal(second.state_dict()[name], value), name


@pytest.mark.parametrize(('batch', 'accumulate', 'together'), [(4, 2, 8), (4, 3, 12), (4, 1, 4)])
def test_average_takes_one_part_of_every_step(train, train_plainly, batch, accumulate, together):
    average = _average(train(batch, accumulate, [AVERAGE, ACCUMULATION]))
    steps = train_plainly(together)
    assert average.steps == len(steps)
    for name, value in average.module.layer.state_dict().items():
        expected = steps[0][name]
        for step in steps[1:]:
            expected = 0.75 * expected + 0.25 * step[name]
        torch.testing.assert_close(value, expected, rtol=0, atol=1e-6)


def _average(runner):
    return next(hook.ema_model for hook in runner.hooks if isinstance(hook, hooks.StepEMAHook))
