"""A training step tells the GPU what to do, and waits for nothing."""

from __future__ import annotations

import gc
from contextlib import contextmanager

import pytest
import torch
from mmpose.registry import DATASETS

from benchmark.models.batches.face_dataset import collate_crops
from benchmark.models.graphed_losses import BEFORE
from benchmark.suite.speed.runners import conditions_of_training, prepared_runner, release
from tests.gpu.recipes import BATCH, each_precision, each_recipe, load_recipe


@contextmanager
def refusing_waits():
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode('error')
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode('default')


@pytest.fixture
def prepare(faces, device, tmp_path):
    """Prepare a runner, at the beginning of its first epoch."""
    runners = []

    def prepare(config):
        runner = prepared_runner(config, faces, tmp_path)
        runners.append(runner)
        runner.call_hook('before_train_epoch')
        runner.model.train()
        return runner

    with conditions_of_training(device):
        yield prepare
    for runner in runners:
        release(runner)
    gc.collect()


def check_a_step(runner):
    """A step that is neither the first of an epoch nor the last, and is not logged."""
    batches = iter(runner.train_dataloader)
    assert len(runner.train_dataloader) > 2
    runner.train_loop.run_iter(0, next(batches))
    batch = next(batches)
    before = runner.iter
    with refusing_waits():
        runner.train_loop.run_iter(1, batch)
    assert runner.iter == before + 1
    assert all(weights.isfinite().all() for weights in runner.model.state_dict().values())


def test_waiting_is_noticed(device):
    """Otherwise the tests below would see nothing."""
    values = torch.rand(8, device=device)
    with refusing_waits(), pytest.raises(RuntimeError, match='synchroniz'):
        values.sum().item()


@each_recipe
@each_precision
def test_step_waits_for_nothing(prepare, recipe, precision):
    check_a_step(prepare(load_recipe(recipe, precision)))


def test_step_with_clipping_averages_and_accumulation_waits_for_nothing(prepare):
    config = load_recipe('HRNet, heatmaps', 'bfloat16, channels last', optim_wrapper__clip_grad={'max_norm': 0.1})
    config.optim_wrapper.accumulative_counts = 2  # the second batch makes the step
    config.custom_hooks = [{'type': 'EMAHook', 'ema_type': 'ExponentialMovingAverage', 'update_buffers': True}]
    check_a_step(prepare(config))


def test_recorded_step_waits_for_nothing(prepare):
    config = load_recipe('hourglass', 'bfloat16, channels last', cuda_graphs=True)
    config.train_dataloader.batch_size = 4
    runner = prepare(config)
    batches = iter(runner.train_dataloader)
    for index in range(BEFORE + 2):
        runner.train_loop.run_iter(index, next(batches))
    assert runner.model.loss.failure is None
    batch = next(batches)
    with refusing_waits():
        runner.train_loop.run_iter(BEFORE + 2, batch)


def test_crops_on_the_gpu_are_those_that_would_be_loaded(prepare, device):
    """Picked by number, with landmarks, they give the same batch."""
    runner = prepare(load_recipe('hourglass', model__backbone__num_stacks=1, model__head__stack_weights=(1.0,)))
    preprocessor = runner.model.data_preprocessor
    assert preprocessor.faces.images.device.type == device
    config = runner.cfg.train_dataloader.dataset
    assert config.type == 'FaceCropDataset'
    loaded = DATASETS.build(config)
    batch = next(iter(runner.train_dataloader))
    numbers = batch['inputs']
    assert numbers.shape == (BATCH,)
    images = collate_crops([loaded[number] for number in numbers.tolist()])
    made = []
    for given, kept in ((batch, preprocessor.faces), (images, None)):
        preprocessor.faces = kept
        torch.manual_seed(0)
        data = preprocessor(preprocessor.cast_data(given), training=True)
        labels = torch.cat([sample.gt_instance_labels.keypoint_labels for sample in data['data_samples']])
        made.append((data['inputs'], labels))
    assert all(torch.equal(*pair) for pair in zip(*made, strict=True))
