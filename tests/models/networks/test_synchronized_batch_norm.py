from __future__ import annotations

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from benchmark.models.networks.synchronized_batch_norm import SynchronizedBatchNorm, synchronize_batch_norm

# images of each process; one of them may have none
SHARES = {'even': (3, 3), 'uneven': (5, 1), 'one has nothing': (6, 0)}


def make_network(momentum=0.1):
    torch.manual_seed(0)
    norms = [nn.BatchNorm2d(4, momentum=momentum), nn.BatchNorm2d(3, momentum=momentum, affine=False)]
    return nn.Sequential(nn.Conv2d(2, 4, 1), norms[0], nn.ReLU(), nn.Conv2d(4, 3, 1), norms[1]).double()


def make_batch():
    generator = torch.Generator().manual_seed(0)
    draw = [torch.randn(6, channels, 5, 4, dtype=torch.float64, generator=generator) for channels in (2, 3)]
    return draw[0] * 2 + 5, draw[1]


def train_twice(network, images, weights):
    """Two steps, so that what the first one tracked matters; returns output, gradients and statistics."""
    images = images.clone().requires_grad_()
    for _ in range(2):
        output = network(images)
    (output * weights).sum().backward()
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    return {'output': output.detach(), 'images': images.grad, **gradients, **dict(network.named_buffers())}


def work(rank, folder):
    """One of two processes."""
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=2)
    results = {}
    for name, shares in SHARES.items():
        for momentum in (0.1, None):
            network = synchronize_batch_norm(make_network(momentum), 'cpu')
            part = slice(sum(shares[:rank]), sum(shares[: rank + 1]))
            results[name, momentum] = train_twice(network, *(tensor[part] for tensor in make_batch()))
    alone = dist.new_subgroups(1)[0]
    network = synchronize_batch_norm(make_network(), 'cpu')
    for norm in (network[1], network[4]):
        norm.process_group = alone
    results['alone'] = train_twice(network, *make_batch())
    try:
        SynchronizedBatchNorm(2)(torch.zeros(1 - rank, 2, 1, 1))
    except ValueError as error:
        results['error'] = str(error)
    torch.save(results, f'{folder}/{rank}.pt')
    dist.destroy_process_group()


@pytest.fixture(scope='module')
def of_two(tmp_path_factory):
    """What two processes compute together."""
    folder = tmp_path_factory.mktemp('processes')
    mp.spawn(work, (str(folder),), nprocs=2)
    return [torch.load(folder / f'{rank}.pt', weights_only=True) for rank in range(2)]


@pytest.mark.parametrize('momentum', [0.1, None])
@pytest.mark.parametrize('share', SHARES)
def test_two_processes_equal_one_with_the_whole_batch(of_two, share, momentum):
    expected = train_twice(make_network(momentum), *make_batch())
    parts = [results[share, momentum] for results in of_two]
    assert set(parts[0]) == set(expected)
    for name, value in expected.items():
        one, other = (part[name] for part in parts)
        if name in ('output', 'images'):
            together = torch.cat((one, other))
        elif 'running' in name or 'tracked' in name:
            together = one
            assert torch.equal(one, other)
        else:
            together = one + other
        torch.testing.assert_close(together, value, rtol=1e-6, atol=1e-9)


def test_a_process_that_is_to_normalize_alone_does(of_two):
    expected = train_twice(make_network(), *make_batch())
    for results in of_two:
        for name, value in expected.items():
            assert torch.equal(results['alone'][name], value), name


def test_one_value_in_all_processes_together_is_refused(of_two):
    for results in of_two:
        assert results['error'] == 'input: one value per channel in all processes together has no variance'


def test_alone_it_is_batch_normalization():
    plain, other = (train_twice(network, *make_batch()) for network in (make_network(), synchronized()))
    for name, value in plain.items():
        assert torch.equal(other[name], value), name


def synchronized():
    return synchronize_batch_norm(make_network(), 'cpu')


def test_evaluation_uses_the_running_statistics():
    network, plain = synchronized().eval(), make_network().eval()
    images, _ = make_batch()
    assert torch.equal(network(images), plain(images))


def test_replacing_keeps_parameters_statistics_names_and_mode():
    network = make_network()
    before = dict(network.named_parameters())
    train_twice(network, *make_batch())
    state = {name: value.clone() for name, value in network.state_dict().items()}
    network[1].eval()
    replaced = synchronize_batch_norm(network, 'cpu')
    assert replaced is network
    assert [type(network[index]) for index in (1, 4)] == [SynchronizedBatchNorm] * 2
    assert [network[index].training for index in (1, 4)] == [False, True]
    assert all(parameter is before[name] for name, parameter in network.named_parameters())
    after = network.state_dict()
    assert list(after) == list(state)
    assert all(torch.equal(after[name], value) for name, value in state.items())
    assert network[1].momentum == 0.1


def test_a_gpu_gets_the_one_of_pytorch():
    network = synchronize_batch_norm(make_network(), 'cuda')
    assert isinstance(network[1], nn.SyncBatchNorm)


def test_bfloat16_is_computed_in_float32():
    images = torch.randn(8, 3, 4, 4).to(torch.bfloat16)
    layer = SynchronizedBatchNorm(3)
    assert layer(images).dtype == torch.bfloat16
    assert layer.running_mean.dtype == torch.float32
