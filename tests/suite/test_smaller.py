from __future__ import annotations

import pytest

from benchmark.errors import BenchmarkError
from benchmark.suite.experiments import load_experiment
from benchmark.suite.smaller import in_parts


@pytest.fixture
def experiment(workshop):
    return load_experiment(workshop.folder / 'configs' / 'tiny-star.py')


def test_a_step_has_as_many_images_as_before(experiment):
    half = in_parts(experiment, 2)
    assert (half.settings.images_per_step, half.settings.accumulation) == (8, 2)
    assert half.config.train_dataloader.batch_size == 4
    assert experiment.settings.accumulation == 1


def test_what_counts_batches_counts_the_parts(experiment):
    half = in_parts(experiment, 2).config
    warmup, cosine = half.param_scheduler
    assert warmup.end == 400
    assert cosine == experiment.config.param_scheduler[1]
    assert [hook.type for hook in half.custom_hooks] == ['EpochAccumulationHook', 'StepEMAHook']


def test_gradients_that_are_added_up_are_not_recorded(experiment):
    experiment.config.cuda_graphs = True
    assert not in_parts(experiment, 2).settings.cuda_graphs


def test_it_is_another_experiment(experiment):
    assert in_parts(experiment, 1) is experiment
    one, half = (each.identify('data', 'cpu') for each in (experiment, in_parts(experiment, 2)))
    assert one.experiment != half.experiment


def test_batch_that_cannot_be_divided_is_one_line(experiment):
    with pytest.raises(BenchmarkError, match='batch_size 8 cannot be divided by 3'):
        in_parts(experiment, 3)
