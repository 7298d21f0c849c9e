from __future__ import annotations

import hashlib
import os

import pytest
import torch
from mmengine.logging import HistoryBuffer

from benchmark.errors import BenchmarkError
from benchmark.suite.weights import Weights, check_covers, file_sha256, published_file_name, read_tensors


@pytest.fixture
def network():
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.BatchNorm2d(4))


@pytest.mark.parametrize(
    ('name', 'file'),
    [
        ('open-mmlab://msra/hrnetv2_w18', 'hrnetv2_w18-00eb2006.pth'),
        ('torchvision://resnet50', 'resnet50-0676ba61.pth'),
        ('https://example.org/weights/mine-1a2b.pth?download=1', 'mine-1a2b.pth'),
        ('weights/mine.pth', 'mine.pth'),
    ],
)
def test_file_is_sought_under_its_published_name(name, file):
    assert published_file_name(name) == file


@pytest.mark.parametrize('name', ['open-mmlab://msra/hrnetv2_w19', 'torchvision://resnet51'])
def test_unknown_name_lists_the_known_ones(name):
    with pytest.raises(BenchmarkError, match=rf'{name}: unknown name .*(hrnetv2_w18|resnet50)'):
        published_file_name(name)


@pytest.mark.parametrize('wrap', [lambda state: state, lambda state: {'state_dict': state, 'meta': {'epoch': 3}}])
def test_tensors_are_read_with_and_without_a_frame(tmp_path, network, wrap):
    torch.save(wrap(network.state_dict()), tmp_path / 'a.pth')
    state, meta = read_tensors(tmp_path / 'a.pth')
    assert state.keys() == network.state_dict().keys()
    assert all(torch.equal(state[name], value) for name, value in network.state_dict().items())
    assert meta in ({}, {'epoch': 3})


class Touch:
    """Unpickling it would make a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


class Attribute:
    """Unpickling it would look into what a class can reach; MMEngine's own checkpoints need ``getattr``."""

    def __reduce__(self):
        return getattr, (HistoryBuffer, '__init__')


@pytest.mark.parametrize('content', ['code', 'attribute', 'cut', 'page', 'absent', 'list', 'numbers'])
def test_what_is_no_weights_is_refused_in_one_line(tmp_path, network, content):
    path = tmp_path / 'a.pth'
    if content == 'code':
        torch.save({'state_dict': network.state_dict(), 'meta': Touch(tmp_path / 'made')}, path)
    elif content == 'attribute':
        torch.save({'state_dict': {}, 'meta': Attribute()}, path)
    elif content == 'cut':
        torch.save(network.state_dict(), path)
        path.write_bytes(path.read_bytes()[:-50])
    elif content == 'page':
        path.write_text('<html>404</html>')
    elif content != 'absent':
        torch.save([1.0] if content == 'list' else {'state_dict': {'weight': 1.0}}, path)
    with pytest.raises(BenchmarkError, match=r'a\.pth: ') as error:
        read_tensors(path)
    assert '\n' not in str(error.value)
    assert not (tmp_path / 'made').exists()


def test_weights_cover_a_network_whatever_else_they_hold(tmp_path, network):
    state = {f'backbone.{name}': value for name, value in network.state_dict().items()}
    check_covers({**state, 'classifier.weight': torch.zeros(1)}, network, tmp_path, 'backbone.')
    check_covers({f'module.{name}': value for name, value in network.state_dict().items()}, network, tmp_path)


@pytest.mark.parametrize(
    ('change', 'named'),
    [
        (lambda state: state.pop('1.running_var'), r'lacks 1\.running_var'),
        (lambda state: state.update({'0.weight': torch.zeros(4, 1, 1, 1)}), r'0\.weight has shape \(4, 1, 1, 1\)'),
    ],
)
def test_weights_of_another_network_are_refused(tmp_path, network, change, named):
    state = network.state_dict()
    change(state)
    with pytest.raises(BenchmarkError, match=named):
        check_covers(state, network, tmp_path)


def test_digest_follows_the_content(tmp_path):
    path = tmp_path / 'a.pth'
    path.write_bytes(b'one')
    assert file_sha256(path) == hashlib.sha256(b'one').hexdigest()
    path.write_bytes(b'another')
    assert file_sha256(path) == hashlib.sha256(b'another').hexdigest()
    with pytest.raises(BenchmarkError, match='cannot read the weights'):
        file_sha256(tmp_path / 'absent.pth')


def test_results_are_told_apart_by_what_is_done_with_weights():
    identities = {
        Weights('initial', None, 'a').identity,
        Weights('initial', None, 'b').identity,
        Weights('final', None, 'a').identity,
        Weights('random').identity,
    }
    assert len(identities) == 4
