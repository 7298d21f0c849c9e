from __future__ import annotations

import re

import pytest
import torch

from benchmark.models import StackedHourglass
from benchmark.models.networks.stacked_hourglass import StackOutput
from benchmark.protocol.layouts import LAYOUTS
from benchmark.suite.speed.profiling import peak_mib
from tests.models.traffic import traffic


@pytest.fixture
def build():
    """A small network: two stacks of eight channels, input 64 x 64 unless told otherwise."""

    def build(layout='wflw', channels=8, num_stacks=2, num_levels=2, input_size=(64, 64), **options):
        torch.manual_seed(0)
        return StackedHourglass(layout, channels, num_stacks, num_levels, input_size=input_size, **options)

    return build


@pytest.fixture
def images():
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


def total(outputs: tuple[StackOutput, ...]) -> torch.Tensor:
    """A scalar that every map of every stack has a part in, each cell its own."""
    maps = [part for output in outputs for part in output if part is not None]
    return sum((part * torch.linspace(-1, 1, part[0].numel()).view_as(part[0]).to(part)).sum() for part in maps)


@pytest.mark.parametrize(('layout', 'expected'), [('cofw', 16925892), ('300w', 17069572), ('wflw', 17177332)])
def test_number_of_parameters_is_the_official_one(layout, expected):
    with torch.device('meta'):
        network = StackedHourglass(layout)
    assert sum(parameter.numel() for parameter in network.parameters()) == expected
    unused = sum(parameter.numel() for parameter in network.parameters() if not parameter.requires_grad)
    assert unused == pytest.approx(3.70e6, abs=0.005e6)


@pytest.mark.parametrize('attention', [True, False])
@pytest.mark.parametrize('layout', LAYOUTS)
def test_every_stack_gives_maps_of_a_quarter_of_the_size(build, layout, attention):
    outputs = build(layout, input_size=(32, 64), attention=attention)(torch.rand(2, 3, 64, 32))
    assert len(outputs) == 2
    points, edges = LAYOUTS[layout].num_landmarks, len(LAYOUTS[layout].curves)
    for heatmaps, point_maps, edge_maps in outputs:
        assert heatmaps.shape == (2, points, 16, 8)
        assert (heatmaps >= 0).all()
        assert heatmaps.any()
        if not attention:
            assert point_maps is edge_maps is None
            continue
        assert (point_maps.shape, edge_maps.shape) == ((2, points, 16, 8), (2, edges, 16, 8))
        for part in (point_maps, edge_maps):
            assert ((part >= 0) & (part <= 1)).all()


@pytest.mark.parametrize('attention', [True, False])
def test_every_parameter_that_requires_a_gradient_gets_one(build, images, attention):
    network = build(attention=attention)
    total(network(images)).backward()
    for name, parameter in network.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name
        unused = re.search(r'shortcut\.(weight|bias)$', name) and not name.startswith(('stem.3', 'stem.6'))
        # stem.6 projects from 128 channels, stem.3 from 64; all other blocks keep their channels
        assert parameter.requires_grad == (not unused), name


@pytest.mark.parametrize('with_cp', [False, True])
def test_maps_are_float32_and_contiguous_under_autocast_and_channels_last(build, images, with_cp):
    network = build(with_cp=with_cp)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        outputs = network(images.contiguous(memory_format=torch.channels_last))
    for part in (part for output in outputs for part in output):
        assert part.dtype == torch.float32
        assert part.is_contiguous()
    total(outputs).backward()
    assert network.stem[0].weight.grad.isfinite().all()


@pytest.mark.parametrize('attention', [True, False])
def test_checkpointing_changes_neither_gradients_nor_running_statistics(build, images, attention):
    networks = [build(attention=attention, with_cp=with_cp).double() for with_cp in (False, True)]
    for network in networks:
        for step in range(2):
            network.zero_grad()
            total(network(images.double() / (1 + step))).backward()
    plain, other = ({name: one.grad for name, one in network.named_parameters()} for network in networks)
    for name, gradient in plain.items():
        if gradient is None:
            assert other[name] is None
        else:
            torch.testing.assert_close(other[name], gradient, rtol=1e-6, atol=1e-12 * float(gradient.abs().max()))
    plain, other = (dict(network.named_buffers()) for network in networks)
    for name, value in plain.items():
        assert torch.equal(other[name], value), name


def test_checkpointing_halves_the_memory_of_the_stacks(build, images):
    plain, other = (build('cofw', channels=64, num_stacks=4, with_cp=with_cp) for with_cp in (False, True))
    stem = peak_mib(lambda: plain.stem(images), 'cpu')  # is kept by both
    peaks = [peak_mib(lambda network=network: total(network(images)).backward(), 'cpu') for network in (plain, other)]
    assert peaks[1] - stem < (peaks[0] - stem) / 2


@torch.no_grad()
def test_checkpointing_costs_nothing_in_evaluation(build, images):
    plain, other = (build(with_cp=with_cp) for with_cp in (False, True))
    for network in (plain, other):
        network.eval()
    for one, two in zip(plain(images), other(images), strict=True):
        assert all(map(torch.equal, one, two))
    assert traffic(lambda: other(images)) <= traffic(lambda: plain(images))


def test_channels_last_gives_the_same_maps(build, images):
    network = build()
    network.eval()
    with torch.no_grad():
        expected = network(images)
        network.to(memory_format=torch.channels_last)
        found = network(images.contiguous(memory_format=torch.channels_last))
    for one, two in zip(expected, found, strict=True):
        torch.testing.assert_close(two, one, rtol=1e-4, atol=1e-5)


def test_compiler_traces_the_network_in_one_graph_and_finds_the_same_maps(build, images):
    network = build('cofw', num_levels=1)
    expected = total(network(images))
    compiled = torch.compile(network, backend='eager', fullgraph=True)
    torch.testing.assert_close(total(compiled(images)), expected, rtol=1e-4, atol=0)


@torch.no_grad()
def test_boundary_comes_from_the_last_heatmap_alone(build, images):
    """The last two weights of a stack's first convolution are those of the boundary."""
    network = build()
    network.eval()
    last, before = network.stacks[0].heatmaps.weight[-1], network.stacks[0].heatmaps.weight[:-1]
    boundary = network.stacks[1].locate.weight[:, -2:]

    def matters():
        expected = network(images)[-1].heatmaps
        boundary.add_(1)
        return not torch.equal(network(images)[-1].heatmaps, expected)

    before.zero_()  # empty heatmaps
    assert matters()
    last.zero_()
    assert not matters()


def test_images_of_another_size_say_what_to_set(build):
    with pytest.raises(
        ValueError, match=r'width and height \(32, 64\) differ from \(64, 64\) \(set input_size to fit\)'
    ):
        build()(torch.zeros(1, 3, 64, 32))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'layout': 'aflw'}, r"^layout: 'aflw' is not one of 'cofw', '300w', 'wflw'"),
        ({'channels': 7}, r'^channels: 7 is not an even, positive number'),
        ({'channels': 0}, r'^channels: 0'),
        ({'num_stacks': 0}, r'^num_stacks, num_levels: 0 and 2'),
        ({'num_levels': 0}, r'^num_stacks, num_levels: 2 and 0'),
        ({'input_size': (64, 72)}, r'^input_size: \(64, 72\) are not multiples of 16'),
    ],
)
def test_unfit_argument_names_itself(build, options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)
