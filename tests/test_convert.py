from __future__ import annotations

import collections
import hashlib
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.runner import load_checkpoint

import benchmark.models  # noqa: F401  (prepares the imports of MMPose)
from benchmark.convert import main

from mmpose.registry import MODELS  # isort: skip

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def mmpose_scope():
    """MMPose's registries answer first, as in a Runner."""
    with DefaultScope.overwrite_default_scope('mmpose'):
        yield


class Runs:
    """A pickle of it makes a folder when it is loaded."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.fixture(scope='session')
def state():
    """State dict of the official network, of two stacks of 16 channels."""
    with np.load(REPOSITORY / 'tests' / 'data' / 'network_wflw.npz') as golden:
        return collections.OrderedDict(
            (name.removeprefix('state/'), torch.from_numpy(golden[name]))
            for name in golden
            if name.startswith('state/')
        )


@pytest.fixture
def checkpoint(state):
    """What the official code saves: two sets of weights, and the states of Adam and of its schedule."""
    parameters = [torch.nn.Parameter(torch.randn(3, 3))]
    optimizer = torch.optim.Adam(parameters, lr=1e-3)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [200, 350, 450], 0.1)
    parameters[0].sum().backward()
    optimizer.step()
    scheduler.step()
    average = collections.OrderedDict((name, value * 2) for name, value in state.items() if 'e2h' not in name)
    average |= {name: value for name, value in state.items() if 'e2h' in name}
    return {
        'net': state.copy(),
        'optimizer': optimizer.state_dict(),
        'scheduler': scheduler.state_dict(),
        'epoch': 500,
        'net_ema': average,
    }


@pytest.fixture
def convert(tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder; returns stdout and the lines of stderr."""

    def convert(*arguments, status=0):
        assert main(list(map(str, arguments))) == status
        done = capsys.readouterr()
        return done.out, done.err.splitlines()

    monkeypatch.chdir(tmp_path)
    return convert


@pytest.fixture
def refused(convert, tmp_path):
    """Run the command on a file that it must refuse; returns its one line."""

    def refused(*arguments):
        before = sorted(path.name for path in tmp_path.iterdir())
        stdout, lines = convert(*arguments, status=1)
        assert stdout == ''
        assert len(lines) == 1
        assert sorted(path.name for path in tmp_path.iterdir()) == before
        return lines[0]

    return refused


def build_model():
    return MODELS.build(
        {
            'type': 'TopdownPoseEstimator',
            'data_preprocessor': {'type': 'FaceDataPreprocessor', 'mean': [127.5] * 3, 'std': [127.5] * 3},
            'backbone': {'type': 'StackedHourglass', 'layout': 'wflw', 'channels': 16, 'num_stacks': 2},
            'head': {
                'type': 'StackedHourglassHead',
                'layout': 'wflw',
                'loss': {'type': 'STARLoss'},
                'decoder': {'type': 'SoftArgmaxLabel', 'input_size': (256, 256)},
            },
        }
    )


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_weights_of_the_parent_network_are_named(tmp_path, refused, state, prefix):
    blurred = {'pre.2.1.filt': torch.ones(128, 1, 3, 3) / 9, 'hgs.0.pool1.1.filt': torch.ones(16, 1, 3, 3) / 9}
    torch.save(
        {'net': {f'{prefix}{name}': value for name, value in {**state, **blurred}.items()}}, tmp_path / 'adnet.pkl'
    )
    line = refused('adnet.pkl', '--dataset', 'wflw')
    assert line.startswith("error: adnet.pkl: net: pre.2.1.filt: weights of ADNet, the parent of STAR's network")
    assert line.endswith(
        '(convert a checkpoint of the official STAR code; python -m benchmark.score takes predictions of any code)'
    )


@pytest.mark.parametrize(('options', 'weights'), [((), 'net'), (('--weights', 'ema'), 'net_ema')])
def test_converted_weights_load_strictly_and_safely(tmp_path, convert, checkpoint, monkeypatch, options, weights):
    torch.save(checkpoint, tmp_path / 'best_model.pkl')
    stdout, lines = convert('best_model.pkl', '--dataset', 'wflw', '--json', *options)
    remark = '' if weights == 'net' else ' (the official evaluation loads net)'
    assert lines == [
        f'wrote best_model-mmengine.pth: {weights} of best_model.pkl, 98 landmarks, 2 stacks of 16 channels, '
        f'{sum(one.numel() for one in build_model().parameters()):,} parameters{remark}'
    ]
    printed = json.loads(stdout)
    assert printed.pop('output') == 'best_model-mmengine.pth'
    with monkeypatch.context() as patch:
        load = torch.load
        # MMEngine tries again without weights_only if this fails.
        patch.setattr(torch, 'load', lambda *args, **kwargs: load(*args, **{**kwargs, 'weights_only': True}))
        model = build_model()
        loaded = load_checkpoint(model, 'best_model-mmengine.pth', map_location='cpu', strict=True)
    assert loaded['meta'] == printed
    assert printed == {
        'dataset': 'wflw',
        'converted_from': 'best_model.pkl',
        'source_sha256': hashlib.sha256((tmp_path / 'best_model.pkl').read_bytes()).hexdigest(),
        'weights': weights,
        'num_landmarks': 98,
        'channels': 16,
        'num_stacks': 2,
        'num_levels': 4,
        'attention': True,
        'num_parameters': sum(one.numel() for one in model.parameters()),
    }
    assert torch.equal(model.backbone.stem[0].weight, checkpoint[weights]['pre.0.conv.weight'])
    assert sorted(path.name for path in tmp_path.iterdir()) == ['best_model-mmengine.pth', 'best_model.pkl']


def test_command_line_works_as_it_stands(tmp_path, checkpoint):
    torch.save(checkpoint, tmp_path / 'wflw.pkl')
    done = subprocess.run(
        [sys.executable, '-m', 'benchmark.convert', 'wflw.pkl', '--dataset', 'wflw', '--output', 'new.pth'],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, ''), done.stderr
    assert [line.split(':')[0] for line in done.stderr.splitlines()] == ['wrote new.pth']
    assert (tmp_path / 'new.pth').stat().st_mode & 0o777 == 0o644


def test_two_sets_that_share_their_memory_are_converted(tmp_path, convert, state):
    """The official code's best weights may be the average, saved under both names."""
    torch.save({'net': state, 'net_ema': state, 'epoch': 1}, tmp_path / 'best.pkl')
    convert('best.pkl', '--dataset', 'wflw')
    assert (tmp_path / 'best-mmengine.pth').stat().st_size < 2 * (tmp_path / 'best.pkl').stat().st_size


@pytest.mark.parametrize('where', ['top', 'inside'])
@pytest.mark.parametrize('zipped', [True, False], ids=['torch.save', 'pickle'])
def test_code_in_a_file_is_not_run(tmp_path, refused, checkpoint, where, zipped):
    folder = tmp_path / 'made'
    (checkpoint if where == 'top' else checkpoint['net'])['more'] = Runs(folder)
    if zipped:
        torch.save(checkpoint, tmp_path / 'evil.pkl')
    else:
        (tmp_path / 'evil.pkl').write_bytes(pickle.dumps(checkpoint))
    line = refused('evil.pkl', '--dataset', 'wflw')
    assert line.startswith('error: evil.pkl: refused, and nothing in it was run: ')
    if zipped:
        assert 'it holds posix.mkdir, which weights do not need' in line
    assert not folder.exists()


def test_code_in_the_older_format_of_torch_is_not_run(tmp_path, refused, checkpoint):
    checkpoint['more'] = Runs(tmp_path / 'made')
    torch.save(checkpoint, tmp_path / 'evil.pkl', _use_new_zipfile_serialization=False)
    assert 'refused, and nothing in it was run: a plain pickle' in refused('evil.pkl', '--dataset', 'wflw')
    assert not (tmp_path / 'made').exists()


def test_objects_that_weights_do_not_need_are_refused(tmp_path, refused, checkpoint):
    checkpoint['config'] = Path('conf')
    torch.save(checkpoint, tmp_path / 'odd.pkl')
    assert 'it holds pathlib.' in refused('odd.pkl', '--dataset', 'wflw')


def whole(checkpoint, path):
    torch.save(checkpoint, path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ('content', 'expected'),
    [
        (lambda whole: b'', 'empty (download it again)'),
        (lambda whole: b'\n <!DOCTYPE html><title>Sign in</title>', 'a web page, not a checkpoint'),
        (lambda whole: whole[: len(whole) // 2], 'incomplete (download it again)'),
        (lambda whole: whole[:1000] + b'\0' * 5000 + whole[6000:], 'not a file of torch.save with weights, or damaged'),
        (lambda whole: whole[:-2000] + b'\0' * 1900 + whole[-100:], 'damaged (download it again)'),
        (lambda whole: bytes(range(256)) * 9, 'a plain pickle or another file, not one of torch.save'),
    ],
    ids=['empty', 'web page', 'truncated', 'overwritten', 'directory overwritten', 'anything'],
)
def test_damaged_file_says_what_it_is(tmp_path, refused, checkpoint, content, expected):
    damaged = content(whole(checkpoint, tmp_path / 'file.pkl'))
    (tmp_path / 'file.pkl').write_bytes(damaged)
    line = refused('file.pkl', '--dataset', 'wflw')
    assert line.startswith('error: file.pkl: ')
    assert expected in line


def test_zip_bomb_is_not_unpacked(tmp_path, refused):
    with zipfile.ZipFile(tmp_path / 'bomb.pkl', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('archive/data.pkl', b'\0' * 10**8)
    assert 'bomb.pkl: a compressed archive' in refused('bomb.pkl', '--dataset', 'wflw')


def test_other_archives_are_refused(tmp_path, refused):
    with zipfile.ZipFile(tmp_path / 'photos.zip', 'w') as archive:
        archive.writestr('a.jpg', b'photo')
    assert 'photos.zip: not a file of torch.save with weights, or damaged' in refused('photos.zip', '--dataset', 'wflw')


def test_ten_thousand_keys_make_one_short_line(tmp_path, refused, checkpoint):
    checkpoint['net'] |= dict.fromkeys(map(str, range(10**4)), torch.zeros(1))
    torch.save(checkpoint, tmp_path / 'many.pkl')
    line = refused('many.pkl', '--dataset', 'wflw')
    assert line.startswith('error: many.pkl: net: ')
    assert len(line) < 300


def test_tensors_cannot_claim_more_than_the_file_has(tmp_path, refused, checkpoint):
    checkpoint['net']['out_heatmaps.0.conv.weight'] = torch.zeros(1).expand(98, 10**7, 1, 1)
    torch.save(checkpoint, tmp_path / 'large.pkl')
    assert 'its tensors claim to be larger than the file' in refused('large.pkl', '--dataset', 'wflw')


@pytest.mark.parametrize(
    ('change', 'expected'),
    [
        (
            lambda one: one.pop('net'),
            "no weights under 'net', there are 'optimizer', 'scheduler', 'epoch', 'net_ema' ",
        ),
        (lambda one: one.update(net=None), "no weights under 'net'"),
        (lambda one: one['net'].pop('pre.0.conv.bias'), "net: 'pre.0.conv.bias': missing"),
        (lambda one: one['net'].update(more=torch.zeros(1)), "net: 'more': unknown"),
        (
            lambda one: one['net'].update({'pre.0.conv.bias': torch.zeros(3)}),
            'pre.0.conv.bias: shape (3,), expected',
        ),
    ],
    ids=['absent', 'empty', 'missing', 'extra', 'misshapen'],
)
def test_unfit_weights_are_named(tmp_path, refused, checkpoint, change, expected):
    change(checkpoint)
    torch.save(checkpoint, tmp_path / 'file.pkl')
    assert expected in refused('file.pkl', '--dataset', 'wflw')


def test_missing_weights_lead_to_the_other_ones(tmp_path, refused, checkpoint):
    del checkpoint['net']
    torch.save(checkpoint, tmp_path / 'file.pkl')
    assert refused('file.pkl', '--dataset', 'wflw').endswith('(choose --weights ema)')
    del checkpoint['net_ema']
    torch.save(checkpoint, tmp_path / 'file.pkl')
    assert refused('file.pkl', '--dataset', 'wflw').endswith("there are 'optimizer', 'scheduler', 'epoch'")


def test_anything_but_a_dict_is_refused(tmp_path, refused):
    torch.save([torch.zeros(3)], tmp_path / 'list.pkl')
    assert 'list.pkl: holds a list, expected' in refused('list.pkl', '--dataset', 'wflw')


def test_wrong_data_set_names_the_right_one(tmp_path, refused, checkpoint):
    torch.save(checkpoint, tmp_path / 'file.pkl')
    expected = 'these are weights for 98 landmarks, not for 300w (use --dataset wflw)'
    assert refused('file.pkl', '--dataset', '300w') == f'error: file.pkl: net: {expected}'


def test_existing_file_is_not_overwritten(tmp_path, refused, checkpoint):
    torch.save(checkpoint, tmp_path / 'file.pkl')
    (tmp_path / 'file-mmengine.pth').write_text('dear')
    line = refused('file.pkl', '--dataset', 'wflw')
    assert line == 'error: file-mmengine.pth: exists already (remove it, or name another file with --output)'
    assert (tmp_path / 'file-mmengine.pth').read_text() == 'dear'
    assert 'file.pkl: exists already' in refused('file.pkl', '--dataset', 'wflw', '--output', 'file.pkl')


@pytest.mark.parametrize(
    ('arguments', 'expected'),
    [
        (('absent.pkl',), 'absent.pkl: cannot be read: No such file or directory'),
        (('.',), ': cannot be read: Is a directory'),
        (('file.pkl', '--output', 'no/where.pth'), 'no/where.pth: cannot be written: No such file or directory'),
    ],
)
def test_paths_that_do_not_work_are_named(tmp_path, refused, checkpoint, arguments, expected):
    torch.save(checkpoint, tmp_path / 'file.pkl')
    assert expected in refused(*arguments, '--dataset', 'wflw')


def test_full_disk_leaves_nothing_behind(tmp_path, refused, checkpoint, monkeypatch):
    torch.save(checkpoint, tmp_path / 'file.pkl')

    def full(*arguments):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    expected = 'error: file-mmengine.pth: cannot be written: No space left on device'
    assert refused('file.pkl', '--dataset', 'wflw') == expected


@pytest.mark.parametrize(
    'arguments', [(), ('file.pkl',), ('file.pkl', '--dataset', 'aflw'), ('file.pkl', '--weights', 'x')]
)
def test_wrong_usage_exits_with_2(convert, arguments):
    with pytest.raises(SystemExit) as caught:
        convert(*arguments)
    assert caught.value.code == 2
