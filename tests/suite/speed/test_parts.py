"""Each part measures what it says, on networks and heatmaps small enough for a test."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from mmengine.registry import DefaultScope

from benchmark.models import STARLoss
from benchmark.suite.speed import evaluation, inference, loss, networks, recipes, step
from benchmark.suite.speed.eigh_loss import eigh_star_loss
from benchmark.suite.speed.options import Options
from benchmark.suite.speed.profiling import peak_mib, synchronizations

ROOT = Path(__file__).resolve().parents[3]
CONFIG = """
_base_ = '{root}/mmpose_configs/_base_/recipes/small_64x64.py'
train_dataloader = dict(batch_size=2, dataset=dict(benchmark='synthetic-29'))
test_dataloader = dict(batch_size=2, dataset=dict(benchmark='synthetic-29'))
test_evaluator = dict(benchmark='synthetic-29')
train_cfg = dict(max_epochs=1)
model = dict(head=dict(out_channels=29{loss}))
"""


@pytest.fixture
def options(tmp_path, monkeypatch):
    """Choices for one small network."""
    for name, choice in (('smoothl1', ''), ('star', ", loss=dict(_delete_=True, type='STARLoss')")):
        (tmp_path / f'small-{name}.py').write_text(CONFIG.format(root=ROOT, loss=choice))
    monkeypatch.setattr(networks, 'NETWORKS', (networks.Network('small-{loss}.py'),))
    return Options(data_root=tmp_path, configs=tmp_path, seconds=0, device='cpu')


@pytest.mark.parametrize('shape', [(2, 3, 16, 16), (1, 4, 12, 20)])
def test_official_way_computes_the_same_loss_and_gradient(shape):
    heatmaps, keypoints = (part.double() for part in loss.blobs(shape))
    heatmaps.requires_grad_()
    value, expected = eigh_star_loss(heatmaps, keypoints), STARLoss()(heatmaps, keypoints)
    torch.testing.assert_close(value, expected, rtol=1e-10, atol=0)
    torch.testing.assert_close(
        *(torch.autograd.grad(one, heatmaps)[0] for one in (value, expected)), rtol=1e-7, atol=1e-12
    )


def test_faster_soft_argmax_that_losses_are_compared_with_is_one():
    heatmaps, _ = loss.blobs((2, 3, 12, 20))
    torch.testing.assert_close(loss._soft_argmax_of_sums(heatmaps), loss.soft_argmax(heatmaps))


def test_loss_is_compared_at_every_size_and_its_memory_is_measured(options, monkeypatch):
    monkeypatch.setattr(loss, 'SIZES', ((2, 3, 16, 16), (1, 2, 8, 8)))
    monkeypatch.setattr(loss, 'CELLS_A_ROUND', 1)
    measurement = loss.measure(options)
    assert (measurement.unit, measurement.clock, measurement.subject) == ('batch', 'wall', 'STAR')
    assert [row.group for row in measurement.rows] == ['2 x 3 x 16 x 16'] * 6 + ['1 x 2 x 8 x 8'] * 6
    assert [row.name for row in measurement.rows[:3]] == [
        'STAR by eigh on the CPU (official)',
        'STAR',
        'soft-argmax + smooth-L1',
    ]
    for row in measurement.rows:
        assert row.subject_ratio > 0
        assert (row.memory_mib is None) == (row.name in (loss.COPIES, loss.LIMIT))
        assert row.memory_mib is None or row.memory_heatmaps >= 1  # the gradient
        assert row.synchronizations is None


def test_step_of_baseline_and_star_is_compared(options):
    measurement = step.measure(options)
    assert measurement.subject == 'STAR'
    assert [row.name for row in measurement.rows] == ['smooth-L1', 'STAR']
    assert {row.group for row in measurement.rows} == {'ResNet-18 x 1/4 + FPN, 64 x 64, float32, 2 images'}
    assert measurement.rows[1].subject_ratio == 1
    assert all(row.memory_mib > 0 for row in measurement.rows)


def test_step_trains_the_network(options):
    experiment = networks.load(networks.NETWORKS[0], 'star', options)
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = networks.build(experiment, 'cpu')
        before = [parameter.clone() for parameter in model.backbone.parameters()]
        run = step.training_step(experiment, 2, 'cpu', model)
    run()
    assert not any(torch.equal(*pair) for pair in zip(before, model.backbone.parameters(), strict=True))


def test_recipes_are_timed_by_network_and_say_what_was_left_out(options, tmp_path):
    gpu, half = 'needs_gpu = True\n', "optim_wrapper = dict(type='AutocastOptimWrapper')\n"
    (tmp_path / 'official.py').write_text(f"_base_ = './small-star.py'\n{gpu}{half}")
    (tmp_path / 'broken.py').write_text("_base_ = './small-star.py'\nbackbone_name = 'B'\nmodel = dict(type='Gone')\n")
    measurement = recipes.measure(options)
    assert (measurement.part, measurement.unit, measurement.clock) == ('recipes', 'image', 'computation')
    assert measurement.environment.threads == 1
    (group,) = {row.group for row in measurement.rows}
    assert (group, [row.name for row in measurement.rows]) == (
        'ResNet-18 x 1/4 + FPN, 64 x 64, float32',
        ['training', 'test'],
    )
    assert all(row.milliseconds > 0 and row.rounds >= 3 for row in measurement.rows)
    reasons = {note.split(': ')[1]: note.split(': ')[2] for note in measurement.notes}
    assert reasons['ResNet-18 x 1/4 + FPN, 64 x 64, bfloat16'] == 'made for a GPU, in half precision'
    assert 'B, 64 x 64, float32' in reasons


def test_evaluation_is_compared_with_the_network_alone(options):
    measurement = evaluation.measure(options)
    assert [row.name for row in measurement.rows] == [
        'normalization and network alone',
        'landmarks and covariances',
        'landmarks and covariances, with flip test',
    ]


def test_inference_is_measured_in_pytorch_where_nothing_can_be_exported(options, monkeypatch):
    monkeypatch.setattr('benchmark.suite.export.find_spec', lambda name: None)
    measurement = inference.measure(options)
    assert [row.name for row in measurement.rows] == ['PyTorch', 'PyTorch']
    assert measurement.notes == (
        'left out: onnxruntime: onnx: not installed (pip install "star-loss-benchmark[export]")',
    )


@pytest.mark.skipif(not (find_spec('onnx') and find_spec('onnxruntime')), reason='onnx or onnxruntime is not installed')
def test_inference_is_measured_in_pytorch_and_onnxruntime(options):
    measurement = inference.measure(options)
    assert [row.name for row in measurement.rows] == ['PyTorch', 'onnxruntime'] * 2
    assert measurement.notes == ()


def test_networks_of_the_list_are_configurations_for_both_losses():
    given = Options(data_root=ROOT, configs=ROOT / 'mmpose_configs', seconds=0, device='cuda')
    for network in networks.networks_for('cuda'):
        first, second = (networks.load(network, name, given) for name in step.LOSSES)
        assert (first.loss, second.loss) == ('smooth-L1', 'STAR')
        assert first.precision == second.precision
        assert network.half <= (first.precision == 'bfloat16')
    assert not any(network.needs_gpu for network in networks.networks_for('cpu'))


def test_peak_counts_what_lives_at_the_same_time():
    def one_after_the_other():
        for _ in range(3):
            torch.empty(2**18)

    def together():
        return [torch.empty(2**18) for _ in range(3)]

    assert peak_mib(one_after_the_other, 'cpu') == pytest.approx(1, abs=0.1)
    assert peak_mib(together, 'cpu') == pytest.approx(3, abs=0.1)


def test_nothing_is_waited_for_on_a_cpu():
    assert synchronizations(lambda: None, 'cpu') is None


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_waiting_for_a_gpu_is_counted():
    values = torch.rand(8, device='cuda')
    assert synchronizations(lambda: values * 2, 'cuda') == 0
    assert synchronizations(lambda: [values.sum().item() for _ in range(3)], 'cuda') == 3
