"""Trainings on a GPU: the same bits however they are interrupted, and the numbers of a CPU."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from mmengine.hooks import Hook
from torch.utils._pytree import tree_flatten_with_path

from benchmark.datasets.prepared import open_prepared
from benchmark.records.record import read_records
from benchmark.suite.conditions import Places
from benchmark.suite.execution import run_experiment
from benchmark.suite.experiments import load_experiment
from benchmark.suite.face_runner import runtime_config
from benchmark.suite.gpu import arrange, whole_float32
from benchmark.suite.progress_hook import ProgressHook
from benchmark.suite.speed.networks import build, random_batch
from benchmark.suite.speed.runners import conditions_of_training
from benchmark.suite.training import train
from tests.gpu.recipes import BATCH, FACES, IMAGES, RECIPES, ROOT, each_precision, each_recipe, load_recipe

BATCHES = IMAGES // BATCH
SMALLEST = """
_base_ = '{root}/mmpose_configs/synthetic/td-softargmax_res18w16-fpn-star_16b-15e_synthetic-68-64x64.py'
train_cfg = dict(max_epochs=2, val_interval=2)
train_dataloader = dict(batch_size={batch})
"""


class Killed(Exception):
    """Ends a training as a kill does, with what is on disk."""


class Batches(Hook):
    """Notes which batches are trained, and kills the training before one of them."""

    def __init__(self, last: float = math.inf) -> None:
        self.last = last
        self.trained: list[int] = []

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        if runner.iter == self.last:
            raise Killed
        self.trained.append(runner.iter)


@pytest.fixture
def run(faces, device):
    """Train in a folder, from where it stopped; returns the curve and which batches were trained."""

    def run(config, work, killed_before=math.inf):
        config = runtime_config(config, 0, faces, work)
        config.experiment_name = f'{work.name}, {killed_before}'  # MMEngine shares averages between runners of one name
        progress, batches = ProgressHook(lambda message: None), Batches(killed_before)
        train(config, work, None, [progress, batches])
        curve = [{key: value for key, value in epoch.items() if key != 'seconds'} for epoch in progress.curve]
        return curve, batches.trained

    with conditions_of_training(device):
        yield run


def contents(work):
    """What the last checkpoint holds of network, average and optimizer, by name."""
    checkpoint = torch.load(work / 'epoch_2.pth', map_location='cpu', weights_only=False)
    parts = {name: checkpoint[name] for name in ('state_dict', 'ema_state_dict', 'optimizer') if name in checkpoint}
    return {str(path): value for path, value in tree_flatten_with_path(parts)[0]}


@each_recipe
@each_precision
def test_killed_and_continued_training_has_the_bits_of_one_without_interruption(run, recipe, precision, tmp_path):
    config = load_recipe(recipe, precision)
    whole, parted = tmp_path / 'whole', tmp_path / 'parted'
    curve, trained = run(config, whole)
    assert trained == list(range(2 * BATCHES))
    assert all(math.isfinite(epoch['loss']) for epoch in curve)
    assert math.isfinite(curve[-1]['test_nme'])
    with pytest.raises(Killed):
        run(config, parted, killed_before=BATCHES + 1)
    continued, trained = run(config, parted)
    assert trained == list(range(BATCHES, 2 * BATCHES))
    assert continued == curve
    expected, found = contents(whole), contents(parted)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        same = torch.equal(found[name], value) if isinstance(value, torch.Tensor) else found[name] == value
        assert same, name


# Four untrained hourglasses multiply rounding: a gradient of float32 is off by a third of its norm, on a CPU as well.
@pytest.mark.parametrize(
    ('dtype', 'of_losses', 'of_gradients'), [(torch.float32, 1e-3, None), (torch.float64, 1e-4, 1e-3)]
)
@each_recipe
def test_cpu_and_gpu_find_the_same_losses(recipe, device, dtype, of_losses, of_gradients):
    config = load_recipe(recipe)
    experiment = load_experiment(ROOT / 'mmpose_configs' / '300w' / f'{RECIPES[recipe][0]}.py')
    experiment.config.model = config.model
    batch = random_batch(experiment, 4)
    losses, norms = [], []
    for where in ('cpu', device):
        model = build(experiment, where).to(dtype).train()
        if where == device:
            arrange(model)
        data = model.data_preprocessor(copy.deepcopy(batch), training=True)
        data['inputs'] = data['inputs'].to(dtype)
        with whole_float32():
            told = [value for name, value in model(**data, mode='loss').items() if 'loss' in name]
            sum(told).backward()
        losses.append(sum(told).item())
        gradients = [weights.grad.norm() for weights in model.parameters() if weights.grad is not None]
        norms.append(torch.stack(gradients).norm().item())
    assert losses[1] == pytest.approx(losses[0], rel=of_losses)
    if of_gradients is not None:
        assert norms[1] == pytest.approx(norms[0], rel=of_gradients)


def test_experiment_becomes_a_record(faces, device, tmp_path):
    (tmp_path / 'smallest.py').write_text(SMALLEST.format(root=ROOT, batch=BATCH))
    experiment = load_experiment(tmp_path / 'smallest.py')
    places = Places(faces, tmp_path / 'work', tmp_path / 'records')
    fingerprint = experiment.identify(open_prepared(faces, FACES).manifest.fingerprint, device, None).fingerprint(0)
    with conditions_of_training(device):
        run_experiment(experiment, 0, fingerprint, None, device, places, lambda message: None)
    (record,) = read_records(places.records)
    assert record.status == 'done'
    assert record.environment.device == device
    assert len(record.curve) == 2
    assert record.cost.peak_memory_mib > 0
    assert record.metrics[0].value > 0
