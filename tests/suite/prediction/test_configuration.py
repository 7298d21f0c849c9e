from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark import export
from tests.conftest import ROOT
from tests.prediction import BOX, NAME

needs_onnx = pytest.mark.skipif(
    not (find_spec('onnx') and find_spec('onnxruntime')), reason='onnx or onnxruntime is not installed'
)


def test_weights_of_another_network_are_refused(trained, predict, tmp_path):
    state = torch.load(trained.weights, weights_only=False)
    state['state_dict'] = {name: value for name, value in state['state_dict'].items() if 'neck' not in name}
    torch.save(state, tmp_path / 'other.pth')
    done = predict(trained.photographs[0], '--weights', tmp_path / 'other.pth')
    assert (done.status, len(done.lines)) == (1, 1) and 'lacks neck.' in done.err and done.files() == []


def test_weights_that_would_run_something_are_refused(trained, predict, tmp_path):
    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / 'run',)

    torch.save({'state_dict': {'a': Evil()}}, tmp_path / 'evil.pth')
    done = predict(trained.photographs[0], '--weights', tmp_path / 'evil.pth')
    assert (done.status, len(done.lines)) == (1, 1) and 'not a file of weights that is safe to read' in done.err
    assert not (tmp_path / 'run').exists()


def resave(trained, path: Path, **meta) -> Path:
    content = torch.load(trained.weights, weights_only=False)
    torch.save({'state_dict': content['state_dict'], 'meta': {**content['meta'], **meta}}, path)
    return path


def test_weights_choose_no_file_that_is_read_as_a_configuration(trained, predict, tmp_path):
    (tmp_path / 'evil.py').write_text(f'open({str(tmp_path / "run")!r}, "w")')
    for name in ('evil.py', f'{tmp_path}/evil.py', './evil.py'):
        weights = resave(trained, tmp_path / 'w.pth', experiment_name=f'{name}_20260101_000000')
        done = predict(trained.photographs[0], '--weights', weights)
        assert done.status == 2 and len(done.lines) == 1
    assert not (tmp_path / 'run').exists()


def test_missing_weights_are_wrong_usage(trained, predict, tmp_path):
    for place in (tmp_path / 'absent.pth', tmp_path):  # a folder that is no pack
        done = predict(trained.photographs[0], '--weights', place)
        assert done.status == 2 and f'--weights {place}: no such file or pack' in done.err


def test_missing_configuration_is_wrong_usage(trained, predict, tmp_path):
    absent = predict(trained.photographs[0], '--config', 'nothing')
    assert absent.status == 2 and '--config nothing: no such configuration' in absent.err
    silent = predict(trained.photographs[0], '--weights', resave(trained, tmp_path / 'w.pth', experiment_name=''))
    assert silent.status == 2 and 'does not say its configuration (name it with --config)' in silent.err
    (tmp_path / 'others').mkdir()
    shutil.copy(trained.configs / 'tiny-smoothl1.py', tmp_path / 'others')
    elsewhere = predict(trained.photographs[0], '--configs', tmp_path / 'others')
    assert elsewhere.status == 2 and f'trained by {NAME}, which is not in' in elsewhere.err


@pytest.mark.parametrize(
    ('change', 'named'),
    [
        ('model = dict(data_preprocessor=dict(mean=[0.0] * 3))', 'model.data_preprocessor'),
        ("model = dict(head=dict(activation='softmax'))", 'model.head'),
        ('model = dict(test_cfg=dict(flip_test=False))', 'model.test_cfg'),
        (
            "test_dataloader = dict(dataset=dict(pipeline=[dict(type='LoadImage'), dict(type='GetBBoxCenterScale'), "
            "dict(type='TopdownAffine', input_size=(96, 96)), dict(type='PackPoseInputs')]))",
            'test_dataloader.dataset.pipeline',
        ),
    ],
)
def test_configuration_that_prepares_images_otherwise_is_refused(trained, predict, tmp_path, change, named):
    (tmp_path / 'other.py').write_text(f"_base_ = '{trained.configs}/{NAME}.py'\n{change}\n")
    done = predict(trained.photographs[0], '--config', tmp_path / 'other.py')
    assert (done.status, len(done.lines)) == (1, 1), done.err
    assert f'was trained with another {named} than other has' in done.err


def test_weights_of_a_failed_training_are_refused(trained, predict, tmp_path):
    content = torch.load(trained.weights, weights_only=False)
    torch.save({'state_dict': {k: v * np.nan for k, v in content['state_dict'].items()}}, tmp_path / 'nan.pth')
    done = predict(trained.photographs[0], '--weights', tmp_path / 'nan.pth', '--config', NAME)
    assert (done.status, len(done.lines)) == (1, 1) and 'gives landmarks that are no numbers' in done.err


def test_offset_of_the_evaluation_is_said_to_be_left_out(trained, predict, tmp_path):
    (tmp_path / 'offset.py').write_text(f"_base_ = '{trained.configs}/{NAME}.py'\nmirror_offset = True\n")
    done = predict(trained.photographs[0], '--config', tmp_path / 'offset.py', '--box', BOX)
    assert done.status == 0 and 'adds an offset measured on training faces, which is left out' in done.lines[0]


@pytest.fixture
def model(trained, tmp_path) -> Path:
    arguments = ['--config', NAME, '--configs', str(trained.configs), '--weights', str(trained.weights)]
    assert export.main([*arguments, '--output', str(tmp_path / 'model.onnx')]) == 0
    return tmp_path / 'model.onnx'


@needs_onnx
def test_onnx_model_gives_points_alone_and_says_so(trained, predict, model, tmp_path):
    done = predict(trained.photographs[0], '--weights', model, '--config', NAME, '--box', BOX)
    assert done.status == 0, done.err
    assert any('gives no covariances of heatmaps; points alone are drawn' in line for line in done.lines)
    assert any('without the flip test' in line for line in done.lines)
    (face,) = done.document(trained.photographs[0].stem)['faces']
    assert face['covariances'] is None
    # The same without the flip test in PyTorch.
    (tmp_path / 'single.py').write_text(
        f"_base_ = '{trained.configs}/{NAME}.py'\nmodel = dict(test_cfg=dict(flip_test=False))\n"
    )
    weights = resave(trained, tmp_path / 'w.pth', cfg='')
    again = predict(trained.photographs[0], '--weights', weights, '--config', tmp_path / 'single.py', '--box', BOX)
    (expected,) = again.document(trained.photographs[0].stem)['faces']
    np.testing.assert_allclose(face['landmarks'], expected['landmarks'], atol=5e-3)


@needs_onnx
def test_onnx_model_is_refused_where_it_does_not_fit(trained, predict, model, tmp_path, capfd):
    without = predict(trained.photographs[0], '--weights', model)
    assert without.status == 2 and 'does not say its configuration' in without.err
    other = 'td-softargmax_res18w16-fpn-star_16b-80e_cofw-128x128'
    wrong = predict(trained.photographs[0], '--weights', model, '--config', other, '--configs', ROOT / 'mmpose_configs')
    assert (wrong.status, len(wrong.lines)) == (1, 1) and 'has images of 3 x 128 x 128' in wrong.err
    (tmp_path / 'broken.onnx').write_bytes(model.read_bytes()[:500])
    broken = predict(trained.photographs[0], '--weights', tmp_path / 'broken.onnx', '--config', NAME)
    assert (broken.status, len(broken.lines)) == (1, 1) and 'onnxruntime cannot read it as a model' in broken.err
    capfd.readouterr()
    detector = predict(trained.photographs[0], '--detector', model)  # a network, but no detector
    assert (detector.status, len(detector.lines)) == (1, 1) and 'its detector YuNet' in detector.err
    assert capfd.readouterr().err == ''


def test_missing_onnxruntime_is_one_line(trained, predict, tmp_path, monkeypatch):
    from benchmark.suite import export

    monkeypatch.setattr(export, 'find_spec', lambda name: None)
    (tmp_path / 'model.onnx').touch()
    done = predict(trained.photographs[0], '--weights', tmp_path / 'model.onnx', '--config', NAME)
    assert (done.status, len(done.lines)) == (1, 1)
    assert done.err.startswith('error: onnxruntime: not installed (pip install ')
