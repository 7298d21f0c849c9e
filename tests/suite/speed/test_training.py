"""Epochs of a small network, made as a training makes them."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmark.datasets.prepared import open_prepared
from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.errors import BenchmarkError
from benchmark.suite.experiments import load_experiment
from benchmark.suite.face_runner import runtime_config
from benchmark.suite.progress_hook import ProgressHook
from benchmark.suite.speed import training, ways
from benchmark.suite.speed.options import Options
from benchmark.suite.speed.runners import conditions_of_training, prepared_runner, release
from benchmark.suite.speed.shares import PartClock, shares_of_epoch
from benchmark.suite.training import train

ROOT = Path(__file__).resolve().parents[3]
CONFIG = """
_base_ = '{root}/mmpose_configs/_base_/recipes/small_64x64.py'
train_dataloader = dict(batch_size=2, dataset=dict(benchmark='synthetic-29'))
test_dataloader = dict(batch_size=2, dataset=dict(benchmark='synthetic-29'))
test_evaluator = dict(benchmark='synthetic-29')
train_cfg = dict(max_epochs=3, val_interval=None)
model = dict(head=dict(out_channels=29, loss=dict(_delete_=True, type='STARLoss')))
"""
ONLY_CPU = pytest.mark.skipif(torch.cuda.is_available(), reason='a runner takes the GPU that it sees')


@pytest.fixture
def options(tmp_path, monkeypatch):
    """Choices for one small recipe, without a compiler."""
    (tmp_path / 'small.py').write_text(CONFIG.format(root=ROOT))
    monkeypatch.setattr(training, 'RECIPES', {'cpu': ('small.py',)})
    monkeypatch.setattr(training, 'BATCHES', {'cpu': 4})
    monkeypatch.setattr(training, 'PATIENCE', 0)
    monkeypatch.setattr(ways.shutil, 'which', lambda name: None)
    monkeypatch.setenv('CXX', 'a-compiler')
    return Options(data_root=tmp_path, configs=tmp_path, seconds=0, device='cpu')


@pytest.fixture
def broken(monkeypatch):
    """Has some of the ways ask for a compiler that does not exist."""

    def broken(*names):
        def changed(experiment, device):
            found, notes = ways.ways_to_train(experiment, device)
            for name in names:
                config = copy.deepcopy(found[name].config)
                config.compile_network = {'backend': 'nobody'}
                found[name] = replace(found[name], config=config)
            return found, notes

        monkeypatch.setattr(training, 'ways_to_train', changed)

    return broken


@ONLY_CPU
def test_epochs_are_compared_and_it_is_told_what_their_time_goes_to(options, capfd):
    measurement = training.measure(options)
    assert capfd.readouterr().out == ''  # left to the results
    assert (measurement.part, measurement.unit, measurement.clock) == ('training', 'image', 'wall')
    assert measurement.environment.device == 'cpu'
    assert '4 batches' in measurement.about
    assert '8 newly drawn faces of Synthetic faces, 29 landmarks' in measurement.about
    assert [row.name for row in measurement.rows] == ['float32, channels last', 'float32']
    assert measurement.rows[0].ratio == 1
    for row in measurement.rows:
        assert row.group == 'ResNet-18 x 1/4 + FPN, STAR, 64 x 64, 2 images'
        assert set(row.shares) == {
            'loading', 'augmentation', 'network', 'targets and losses', 'gradients', 'optimizer', 'hooks',
        }  # fmt: skip
        assert min(row.shares.values()) > 0
        assert sum(row.shares.values()) == pytest.approx(1)
        assert row.memory_heatmaps > 1
        assert row.synchronizations is None
    assert measurement.notes == (
        'left out: compiled: no C++ compiler a-compiler (install it, or name another one in CXX)',
    )


@ONLY_CPU
@pytest.mark.parametrize('names', [('float32, channels last', 'float32'), ('float32', 'float32, channels last')])
def test_way_that_does_not_work_is_left_out_with_the_reason(options, broken, names):
    works, fails = names
    broken(fails)
    measurement = training.measure(options)
    assert [(row.name, row.ratio) for row in measurement.rows] == [(works, 1)]
    (reason,) = (note for note in measurement.notes if f', {fails}: ' in note)
    assert reason.startswith('left out: ResNet-18') and 'nobody' in reason and '\n' not in reason


@ONLY_CPU
def test_nothing_that_works_is_an_error(options, broken):
    broken('float32', 'float32, channels last')
    with pytest.raises(BenchmarkError, match='nothing could be measured'):
        training.measure(options)


@pytest.mark.parametrize(('there', 'source'), [(9, 'training'), (7, 'newly drawn')])
def test_faces_are_drawn_where_too_few_are_prepared(options, tmp_path, there, source):
    prepare_synthetic(options.data_root, 'synthetic-29', train_images=there, test_images=6)
    before = sorted(options.data_root.rglob('*'))
    experiment = load_experiment(options.configs / 'small.py')
    _, told = training._with_faces(experiment, options, tmp_path / 'taken')
    assert told == f'8 {source} faces of Synthetic faces, 29 landmarks'
    assert len(open_prepared(tmp_path / 'taken', 'synthetic-29').train) == 8
    assert sorted(path for path in options.data_root.rglob('*') if 'taken' not in path.parts) == before


def test_faces_that_are_drawn_have_the_landmarks_of_the_configuration(options, tmp_path, monkeypatch):
    monkeypatch.setattr(training, 'BATCHES', {'cpu': 1})
    given = load_experiment(ROOT / 'mmpose_configs/cofw/td-softargmax_hg1w32-attn-star_16b-40e_cofw-128x128.py')
    experiment, source = training._with_faces(given, options, tmp_path)
    assert source == '16 newly drawn faces of Synthetic faces, 29 landmarks'
    assert experiment.benchmark == experiment.config.train_dataloader.dataset.benchmark == 'synthetic-29'
    assert given.benchmark == 'cofw'


def test_epochs_of_a_prepared_runner_are_those_of_a_training(options, tmp_path):
    prepare_synthetic(tmp_path, 'synthetic-29', train_images=8, test_images=6)
    config = load_experiment(tmp_path / 'small.py').config
    with conditions_of_training('cuda' if torch.cuda.is_available() else 'cpu'):
        runner = prepared_runner(config, tmp_path, tmp_path / 'prepared')
        runner.train_loop.run_epoch()
        shares_of_epoch(runner, iter(range(10_000)).__next__)
        runner.train_loop.run_epoch()
        release(runner)
        (made,) = (hook.curve for hook in runner.hooks if isinstance(hook, ProgressHook))
        progress = ProgressHook(lambda message: None)
        train(runtime_config(config, 0, tmp_path, tmp_path / 'whole'), tmp_path / 'whole', None, [progress])
    told = [[(epoch['loss'], epoch['learning_rate']) for epoch in curve] for curve in (made, progress.curve)]
    assert len(told[0]) == 3
    assert told[0] == told[1]


def test_everything_is_as_before_after_a_training():
    def state():
        return torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.deterministic

    before = state()
    with conditions_of_training('cuda'):
        assert state() == (True, True)
    assert state() == before


def test_time_inside_another_part_is_counted_once():
    now = iter([0.0, 1.0, 3.0, 7.0, 15.0, 31.0])
    parts = PartClock(lambda: next(now))
    with parts.part('outer'):
        with parts.part('inner'):
            pass
        with parts.part('inner'):
            pass
    assert parts.seconds == {'outer': 1 + 4 + 16, 'inner': 2 + 8}


def test_methods_are_counted_only_as_long_as_it_is_asked_for():
    class Owner:
        def made(self):
            return 'by the class'

    owner, parts = Owner(), PartClock(iter(range(100)).__next__)
    owner.put = lambda: 'by its owner'  # as a compiled method is
    with parts.method(owner, 'made', 'one'), parts.method(owner, 'put', 'other'):
        assert (owner.made(), owner.put()) == ('by the class', 'by its owner')
    assert (owner.made(), owner.put()) == ('by the class', 'by its owner')
    assert parts.seconds == {'one': 1, 'other': 1}


def test_ways_on_a_gpu_begin_with_the_configuration_and_change_one_thing_each():
    path = ROOT / 'mmpose_configs' / training.RECIPES['cuda'][0]
    found, notes = ways.ways_to_train(load_experiment(path), 'cuda')
    assert list(found) == [
        'float32',
        'bfloat16',
        'bfloat16, channels last',
        'bfloat16, channels last, CUDA graphs',
        'bfloat16, channels last, compiled',
        'bfloat16, channels last, compiled, CUDA graphs',
    ]
    assert notes == ()
    assert found['float32'].config.to_dict() == load_experiment(path).config.to_dict()


def test_recipes_are_configurations_that_the_device_can_train():
    for device, recipes in training.RECIPES.items():
        experiments = [load_experiment(ROOT / 'mmpose_configs' / recipe) for recipe in recipes]
        assert {experiment.needs_gpu for experiment in experiments} == {device == 'cuda'}
