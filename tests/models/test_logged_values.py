from __future__ import annotations

import itertools
import json
import weakref
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmengine.runner import Runner

from benchmark.models import LoggedValuesHook
from benchmark.models.logged_values import read

CLIPPED = {'optimizer': {'type': 'SGD', 'lr': 0.1}, 'clip_grad': {'max_norm': 0.5}}


class Line(BaseModel):
    """A linear model with a loss in double and one in single precision."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(3, 2)

    def forward(self, x, y, mode):
        return {'loss_a': F.mse_loss(self.layer(x), y), 'loss_b': self.layer.weight.double().square().mean()}


class Doubled(torch.autograd.Function):
    """Keeps something for the gradient, to which there is a weak reference."""

    @staticmethod
    def forward(ctx, value, references):
        ctx.activation = Line()
        references.append(weakref.ref(ctx.activation))
        return 2 * value


@pytest.fixture
def train(tmp_path):
    """Train two epochs of 11 batches, a log line every 4; returns the Runner and what its log holds but times."""
    number = itertools.count()

    def train(info, wrapper, accumulate=1):
        generator = torch.Generator().manual_seed(1)
        x, y = torch.randn(44, 3, generator=generator), torch.randn(44, 2, generator=generator)
        name = f'{tmp_path.name}-{next(number)}'
        runner = Runner(
            model=Line(),
            work_dir=str(tmp_path / name),
            train_dataloader={
                'batch_size': 4,
                'num_workers': 0,
                'collate_fn': {'type': 'default_collate'},
                'sampler': {'type': 'DefaultSampler', 'shuffle': False},
                'dataset': [{'x': one, 'y': other} for one, other in zip(x, y, strict=True)],
            },
            train_cfg={'by_epoch': True, 'max_epochs': 2},
            optim_wrapper={'type': wrapper, 'accumulative_counts': accumulate, **CLIPPED},
            default_hooks={'logger': {'type': 'LoggerHook', 'interval': 4}, 'runtime_info': {'type': info}},
            default_scope='mmpose',
            randomness={'seed': 0},
            log_level='ERROR',
            experiment_name=name,
        )
        runner.train()
        (log,) = (tmp_path / name).rglob('scalars.json')
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        return runner, [{key: value for key, value in line.items() if 'time' not in key} for line in lines]

    return train


@pytest.mark.parametrize('accumulate', [1, 3])
def test_log_and_history_are_mmengines(train, accumulate):
    ours, logged = train('LoggedValuesHook', 'FaceOptimWrapper', accumulate)
    theirs, expected = train('RuntimeInfoHook', 'OptimWrapper', accumulate)
    assert logged == expected
    assert len(logged) == 4
    assert {'loss', 'loss_a', 'loss_b', 'grad_norm', 'lr'} <= logged[0].keys()
    for name in ('train/loss', 'train/loss_a', 'train/grad_norm', 'train/lr'):
        mine, other = (runner.message_hub.get_scalar(name).data[0] for runner in (ours, theirs))
        assert mine.tolist() == other.tolist()


def test_values_of_several_devices_are_read_in_their_order():
    """A loss may be a number that the host has computed."""
    kept = [{'a': torch.tensor([1.5]), 'b': 2.0}, {'a': torch.tensor(3), 'c': torch.tensor(0.25, dtype=torch.float64)}]
    assert read(kept) == [{'a': 1.5, 'b': 2.0}, {'a': 3.0, 'c': 0.25}]


def test_nothing_that_a_gradient_is_made_of_is_kept():
    hook, runner = LoggedValuesHook(), SimpleNamespace(optim_wrapper=None, hooks=[], train_dataloader=range(9))
    activations = []
    hook.after_train_iter(runner, 0, None, {'loss': Doubled.apply(torch.ones((), requires_grad=True), activations)})
    (activation,) = activations
    assert activation() is None


def test_weights_are_mmengines_to_the_bit(train):
    ours, theirs = (
        train(*kinds)[0] for kinds in (('LoggedValuesHook', 'FaceOptimWrapper'), ('RuntimeInfoHook', 'OptimWrapper'))
    )
    assert torch.equal(ours.model.layer.weight, theirs.model.layer.weight)
