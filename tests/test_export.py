from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmpose.registry import MODELS

from benchmark import export as command
from benchmark.models.heads.landmark_network import LandmarkNetwork
from benchmark.suite import export
from benchmark.suite.experiments import find_experiment

ROOT = Path(__file__).resolve().parents[1]
SMALL = 'td-softargmax_res18w16-fpn-star_16b-15e_synthetic-29-64x64'
HOURGLASS = 'td-softargmax_hg1w32-attn-star_16b-40e_cofw-128x128'
VARIANT = 'td-softargmax_hg1w32-star-l1_16b-40e_cofw-128x128'  # has no file
needs_onnx = pytest.mark.skipif(
    not (find_spec('onnx') and find_spec('onnxruntime')), reason='onnx or onnxruntime is not installed'
)


@pytest.fixture(scope='module', autouse=True)
def logger():
    """MMEngine's, made before a test captures stderr: it would hold the stream of that test for all others."""
    return MMLogger.get_current_instance()


@pytest.fixture
def checkpoint(tmp_path):
    """Random weights of a configuration, in a file as MMEngine writes it; returns the file and the network."""

    def checkpoint(name=SMALL):
        with DefaultScope.overwrite_default_scope('mmpose'):
            torch.manual_seed(3)
            model = MODELS.build(find_experiment(name, ROOT / 'mmpose_configs').config.model)
            model.init_weights()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
        file = tmp_path / 'epoch_1.pth'
        torch.save({'state_dict': model.state_dict(), 'meta': {}}, file)
        return file, model.eval()

    return checkpoint


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(export, 'require_onnx', lambda: None)

    def run(weights, output=None, config=SMALL, *more):
        output = output or tmp_path / 'model.onnx'
        folder = str(ROOT / 'mmpose_configs')
        flags = ['--config', config, '--weights', str(weights), '--output', str(output), '--configs', folder]
        return command.main([*flags, *more])

    return run


def left(folder):
    return sorted(path.name for path in folder.iterdir())


@needs_onnx
@pytest.mark.parametrize('name', [SMALL, HOURGLASS, VARIANT])
def test_exported_network_finds_the_landmarks_that_pytorch_finds(checkpoint, run, tmp_path, capsys, name):
    weights, model = checkpoint(name)
    assert run(weights, None, name, '--json') == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert told['landmarks'] == 29
    assert (told['mean'], told['std'], told['channels']) == ([127.5] * 3, [127.5] * 3, 'BGR')
    assert told['difference'] < export.TOLERANCE
    assert err.startswith(f'wrote {tmp_path / "model.onnx"}: images (N, 3, ')
    assert left(tmp_path) == ['epoch_1.pth', 'model.onnx']
    find = export.onnx_runner(tmp_path / 'model.onnx')
    width, height = told['input_size']
    for count in (1, 2, 5):
        images = torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(count))
        with torch.no_grad():
            encoded = model.head(model.extract_feat(images))
            expected = LandmarkNetwork(model)(images).numpy()
        assert len(encoded) == count
        np.testing.assert_allclose(find(images.numpy()), expected, atol=1e-3)


def test_landmarks_are_those_that_the_head_predicts(checkpoint):
    _, model = checkpoint()
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features = model.extract_feat(images)
        landmarks = LandmarkNetwork(model)(images)
        instances = model.head.predict(features, [None, None])
    np.testing.assert_allclose(landmarks, np.concatenate([one.keypoints for one in instances]), atol=1e-3)


@needs_onnx
def test_file_that_disagrees_is_not_left_behind(checkpoint, run, tmp_path, monkeypatch, capsys):
    true_runner = export.onnx_runner
    monkeypatch.setattr(export, 'onnx_runner', lambda path: lambda images: true_runner(path)(images) + 0.02)
    assert run(checkpoint()[0]) == 1
    assert 'model.onnx: not written: onnxruntime and PyTorch differ by 0.02 pixels' in capsys.readouterr().err
    assert left(tmp_path) == ['epoch_1.pth']


@needs_onnx
def test_landmarks_that_are_not_numbers_are_refused(checkpoint, run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(export, 'onnx_runner', lambda path: lambda images: np.nan)
    assert run(checkpoint()[0]) == 1
    assert 'differ by nan pixels' in capsys.readouterr().err
    assert left(tmp_path) == ['epoch_1.pth']


def test_missing_packages_are_named_in_one_line(checkpoint, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(export, 'find_spec', lambda name: None)
    weights, _ = checkpoint()
    flags = ['--config', SMALL, '--weights', str(weights), '--output', str(tmp_path / 'model.onnx')]
    assert command.main([*flags, '--configs', str(ROOT / 'mmpose_configs')]) == 1
    assert capsys.readouterr().err == ('error: onnx: not installed (pip install "star-loss-benchmark[export]")\n')


def test_weights_of_another_network_are_refused(checkpoint, run, tmp_path, capsys):
    weights, _ = checkpoint(HOURGLASS)
    assert run(weights) == 1
    err = capsys.readouterr().err
    assert err.startswith(f'error: {weights}: lacks backbone.') and err.count('\n') == 1
    assert left(tmp_path) == ['epoch_1.pth']


def test_landmarks_that_are_no_expectations_are_refused(checkpoint, run, capsys):
    name = 'td-hm_hrnet-w8-mse_16b-40e_cofw-128x128'
    assert run(checkpoint(name)[0], None, name) == 1
    err = capsys.readouterr().err
    assert 'head: HeatmapHead is not SoftArgmaxHead or StackedHourglassHead' in err and err.count('\n') == 1


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'config': 'nothing'}, '--config nothing: no such configuration'),
        ({'output': 'epoch_1.pth'}, 'exists already'),
        ({'output': 'nowhere/model.onnx'}, 'no such folder'),
    ],
)
def test_wrong_usage_is_one_line_and_exit_status_2(run, tmp_path, capsys, changes, message):
    (tmp_path / 'epoch_1.pth').touch()
    if 'output' in changes:
        changes = {'output': tmp_path / changes['output']}
    assert run(tmp_path / 'epoch_1.pth', **changes) == 2
    err = capsys.readouterr().err
    assert message in err and err.count('\n') == 1


def test_help_loads_no_torch():
    command = [sys.executable, '-X', 'importtime', '-m', 'benchmark.export', '--help']
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert '--weights' in done.stdout
    assert 'torch' not in done.stderr
