from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpose.registry import DATASETS, TRANSFORMS
from torch.utils.data import DataLoader

from benchmark.models.batches.sample_seed import SampleSeed

FACES = 7
pytestmark = pytest.mark.filterwarnings('ignore:This DataLoader will create')


class Recorder(BaseModel):
    """A model of one weight that keeps what it is given: {(epoch, face): sum over the image}."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen, self.epoch = {}, None

    def forward(self, inputs, data_samples, mode):
        for image, sample in zip(inputs, data_samples, strict=True):
            weights = torch.arange(image.numel(), dtype=torch.float64).view_as(image)
            self.seen[self.epoch, sample.id] = float((image * weights).sum())
        return {'loss': self.weight * torch.rand(())}


class TellEpoch(Hook):
    """Lets the recorder know the epoch."""

    def before_train_epoch(self, runner):
        runner.model.epoch = runner.epoch


@pytest.fixture
def draw():
    """Numbers of both generators after the transform."""

    def draw(transform, face):
        results = {'id': face, 'other': 'kept'}
        assert transform.transform(results) == {'id': face, 'other': 'kept'}
        return random.random(), float(np.random.rand())

    return draw


@pytest.fixture
def pipeline():
    return [
        {'type': 'SampleSeed'},
        {'type': 'LoadImage', 'color_type': 'color_ignore_orientation'},
        {'type': 'GetBBoxCenterScale'},
        {'type': 'RandomFlip', 'direction': 'horizontal'},
        {'type': 'RandomBBoxTransform', 'shift_prob': 0, 'rotate_factor': 60, 'scale_factor': (0.75, 1.25)},
        {'type': 'TopdownAffine', 'input_size': (16, 16)},
        {'type': 'PackPoseInputs'},
    ]


@pytest.fixture
def train(make_data, pipeline, tmp_path):
    """Train in a Runner and return what the model saw."""
    root = make_data(train=FACES)
    number = itertools.count()

    def train(workers, epochs=3, seed=4, folder=None, resume=False, persistent=True):
        model = Recorder()
        dataset = {'type': 'FaceDataset', 'benchmark': '300w', 'split': 'train', 'data_root': root}
        runner = Runner(
            model=model,
            work_dir=str(tmp_path / (folder or f'{workers}-{seed}-{persistent}')),
            train_dataloader={
                'batch_size': 3,
                'num_workers': workers,
                'persistent_workers': persistent and workers > 0,
                'sampler': {'type': 'DefaultSampler', 'shuffle': True},
                'dataset': {**dataset, 'pipeline': pipeline},
            },
            train_cfg={'by_epoch': True, 'max_epochs': epochs},
            optim_wrapper={'optimizer': {'type': 'SGD', 'lr': 0.1}},
            default_hooks={'logger': None},
            custom_hooks=[{'type': 'IterationSeedHook'}],
            default_scope='mmpose',
            randomness={'seed': seed},
            resume=resume,
            log_level='ERROR',
            experiment_name=f'{tmp_path.name}-{next(number)}',
        )
        runner.register_hook(TellEpoch())
        runner.train()
        runner.train_dataloader._iterator = None  # ends the processes; left to the garbage collector it takes 5 s each
        return model.seen, model.weight.item()

    return train


def test_every_part_of_the_identity_changes_both_generators(draw):
    numbers = []
    for seed, epoch, face in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)):
        transform = SampleSeed()
        transform.start_epoch(seed, epoch)
        numbers.append(draw(transform, face))
    assert all(len(set(column)) == 4 for column in zip(*numbers, strict=True))


def test_draws_depend_on_nothing_that_came_before(draw):
    transform = TRANSFORMS.build({'type': 'SampleSeed'})
    transform.start_epoch(3, 5)
    first = draw(transform, 2)
    draw(transform, 1)
    assert draw(transform, 2) == first


@pytest.mark.parametrize('workers', [1, 3])
def test_loading_processes_that_live_on_learn_of_each_epoch(make_data, pipeline, workers):
    options = {'benchmark': '300w', 'split': 'train', 'data_root': make_data(train=FACES), 'pipeline': pipeline}
    dataset = DATASETS.build({'type': 'FaceDataset', **options})
    loader = DataLoader(dataset, 2, num_workers=workers, persistent_workers=True, collate_fn=default_collate)
    epochs = []
    for epoch in (0, 1, 0):
        dataset.pipeline.transforms[0].start_epoch(9, epoch)
        epochs.append(torch.cat([batch['inputs'] for batch in loader]))
    assert torch.equal(epochs[0], epochs[2])
    assert all(not torch.equal(*pair) for pair in zip(epochs[0], epochs[1], strict=True))


def test_training_sees_the_same_with_any_number_of_loading_processes(train):
    seen, weight = train(0)
    assert sorted(seen) == [(epoch, face) for epoch in range(3) for face in range(FACES)]
    assert len(set(seen.values())) == len(seen)  # no face looks the same in two epochs
    for workers, persistent in ((1, True), (3, True), (3, False)):
        assert train(workers, persistent=persistent) == (seen, weight)


def test_another_seed_shows_other_images(train):
    first, second = train(0, epochs=1)[0], train(0, epochs=1, seed=5)[0]
    assert all(first[key] != second[key] for key in first)


@pytest.mark.parametrize('workers', [0, 3])
def test_resumed_training_goes_on_with_the_same_images(train, workers):
    seen, weight = train(0)
    train(workers, epochs=1, folder='resumed')
    rest, resumed_weight = train(workers, folder='resumed', resume=True)
    assert rest == {key: value for key, value in seen.items() if key[0] > 0}
    assert resumed_weight == weight
