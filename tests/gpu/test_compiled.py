"""Networks that are compiled, recorded as CUDA graphs, or both train as plain ones."""

from __future__ import annotations

import gc
import os
import shutil

import pytest
import torch
from mmengine.hooks import Hook

from benchmark.suite.gpu import whole_float32
from benchmark.suite.speed.runners import conditions_of_training, prepared_runner, release
from tests.gpu.recipes import IMAGES, load_recipe

BATCH = 5  # of 24 faces: the last batch is shorter, and there are some to be replayed
# With as many channels as the stem: most blocks are then alike, and compiled once.
NETWORK = {
    'model__backbone__channels': 128,
    'model__backbone__num_stacks': 1,
    'model__backbone__num_levels': 1,
    'model__head__stack_weights': (1.0,),
}


class Losses(Hook):
    """Keeps the loss of every batch."""

    def __init__(self) -> None:
        self.kept: list[torch.Tensor] = []

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        self.kept.append(outputs['loss'].detach().clone())


@pytest.fixture
def train(faces, device, tmp_path):
    """Train two epochs; returns the loss of every batch."""

    def train(name, **changes):
        config = load_recipe('hourglass', **changes, **NETWORK)
        config.train_dataloader.batch_size = BATCH
        runner, losses = prepared_runner(config, faces, tmp_path / name), Losses()
        runner.register_hook(losses)
        with whole_float32():
            for _ in range(2):
                runner.train_loop.run_epoch()
        release(runner)
        return torch.stack(losses.kept).tolist()

    with conditions_of_training(device):
        yield train
    torch.compiler.reset()
    gc.collect()


WAYS = {
    'compiled': {'compile_network': True},
    'recorded': {'cuda_graphs': True},
    'compiled and recorded': {'compile_network': True, 'cuda_graphs': True},
}


@pytest.mark.parametrize('way', WAYS)
def test_losses_are_those_of_the_plain_network(train, way, recwarn):
    if 'compiled' in way and not any(shutil.which(name) for name in (os.environ.get('CC', 'cc'), 'gcc', 'clang')):
        pytest.skip('no C compiler')
    plain, found = train('plain'), train(way, **WAYS[way])
    assert len(found) == 2 * -(-IMAGES // BATCH)
    assert found[0] == pytest.approx(plain[0], rel=1e-4)
    # Adam's first steps have the size of the learning rate whatever the gradient: rounding grows from here on.
    assert found == pytest.approx(plain, rel=0.05)
    assert not [str(one.message) for one in recwarn if 'recording failed' in str(one.message)]
