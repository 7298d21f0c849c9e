from __future__ import annotations

import pytest
import torch
from torch import nn

from benchmark.models.networks.checkpointing import checkpointed, running_statistics_kept
from benchmark.models.networks.synchronized_batch_norm import SynchronizedBatchNorm
from benchmark.suite.speed.profiling import peak_mib


def make_network(kind=nn.BatchNorm2d, momentum=0.1):
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 4, 3), kind(4, momentum=momentum), nn.ReLU(), nn.Conv2d(4, 2, 1), kind(2, momentum=momentum)]
    return nn.Sequential(*layers).double()


@pytest.mark.parametrize('momentum', [0.1, None])
@pytest.mark.parametrize('kind', [nn.BatchNorm2d, SynchronizedBatchNorm])
def test_gradients_and_running_statistics_are_those_of_a_plain_call(kind, momentum):
    images = torch.randn(4, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    plain, other = make_network(kind, momentum), make_network(kind, momentum)
    for step in range(3):
        results = []
        for network, call in ((plain, plain), (other, lambda x: checkpointed(other, other, x))):
            network.zero_grad()
            output = call(images + step)
            output.square().sum().backward()
            results.append((output, *(parameter.grad for parameter in network.parameters())))
        for one, two in zip(*results, strict=True):
            torch.testing.assert_close(two, one, rtol=1e-12, atol=1e-12)
    for (name, one), (other_name, two) in zip(plain.named_buffers(), other.named_buffers(), strict=True):
        assert name == other_name
        assert torch.equal(one, two), name
    assert other[1].num_batches_tracked.item() == 3


def test_networks_in_a_row_take_less_than_half_the_memory():
    networks = [
        nn.Sequential(nn.Conv2d(4, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 4, 1))
        for _ in range(6)
    ]
    images = torch.randn(4, 4, 32, 32, requires_grad=True)

    def step(call):
        x = images
        for network in networks:
            x = call(network, x)
        torch.autograd.grad(x.sum(), images)

    plain, other = (
        peak_mib(lambda call=call: step(call), 'cpu')
        for call in (lambda network, x: network(x), lambda network, x: checkpointed(network, network, x))
    )
    assert other < plain / 2


def test_compiler_leaves_the_call_as_it_is():
    network = make_network()
    images = torch.randn(4, 3, 8, 8, dtype=torch.float64)
    compiled = torch.compile(lambda x: checkpointed(network, network, x * 2) + 1, backend='eager')
    assert torch.equal(compiled(images), network(images * 2) + 1)
    compiled(images).sum().backward()
    assert network[1].num_batches_tracked.item() == 3


def test_batch_normalization_is_as_before_after_an_error():
    network = make_network()
    with pytest.raises(RuntimeError, match='stop'), running_statistics_kept(network):
        assert network[1].momentum == 0
        raise RuntimeError('stop')
    assert network[1].momentum == 0.1
    assert network[1].num_batches_tracked.item() == 0
