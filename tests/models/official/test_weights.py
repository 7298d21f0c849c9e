from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS

from benchmark.errors import BenchmarkError
from benchmark.losses.moments import soft_argmax
from benchmark.models import StackedHourglass, StackedHourglassHead
from benchmark.models.official.weights import NetworkSize, convert_state_dict, network_size

EXCERPT = Path(__file__).parents[2] / 'data' / 'network_wflw.npz'


def read_state(golden):
    """The official state dict in a file of golden values."""
    return {name.removeprefix('state/'): torch.from_numpy(golden[name]) for name in golden if name.startswith('state/')}


def run(golden, num_stacks):
    """Outputs of our network with the official weights, on the official images."""
    network = StackedHourglass('wflw', 16, num_stacks)
    converted = convert_state_dict(read_state(golden), 'wflw')
    network.load_state_dict({name.removeprefix('backbone.'): value for name, value in converted.items()}, strict=True)
    network.eval()
    images = torch.from_numpy(golden['image_bgr']).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        return network(images)


@pytest.fixture(scope='module')
def excerpt():
    """Two stacks of the official network with random weights, an image, and what the official code makes of it."""
    with np.load(EXCERPT) as golden:
        return dict(golden)


@pytest.fixture(scope='module')
def golden(shared):
    """The same with all four stacks, two images, maps and losses."""
    with np.load(shared / 'golden' / 'network_wflw.npz') as golden:
        return dict(golden)


@pytest.fixture(scope='module')
def outputs(golden):
    return run(golden, 4)


@pytest.fixture
def state(excerpt):
    return read_state(excerpt)


def test_official_weights_give_the_official_landmarks(excerpt):
    for index, output in enumerate(run(excerpt, 2)):
        np.testing.assert_allclose(soft_argmax(output.heatmaps), excerpt[f'stack{index}/landmarks'], rtol=0, atol=1e-5)


def test_official_weights_give_the_official_landmarks_of_all_four_stacks(golden, outputs):
    assert len(outputs) == 4
    for index, output in enumerate(outputs):
        np.testing.assert_allclose(soft_argmax(output.heatmaps), golden[f'stack{index}/landmarks'], rtol=0, atol=1e-5)
    np.testing.assert_allclose(soft_argmax(outputs[-1].heatmaps), golden['landmarks'], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ('ours', 'official'), [('heatmaps', 'fused_heatmaps'), ('point_maps', 'point_maps'), ('edge_maps', 'edge_maps')]
)
def test_official_weights_give_the_official_maps(golden, outputs, ours, official):
    expected = golden[f'stack3/{official}']  # of the first four landmarks or contours
    np.testing.assert_allclose(getattr(outputs[-1], ours)[:, : expected.shape[1]], expected, rtol=0, atol=1e-5)


def test_the_twelve_losses_and_their_sum_are_the_official_ones(golden, outputs):
    head = StackedHourglassHead(
        'wflw', {'type': 'STARLoss'}, decoder={'type': 'SoftArgmaxLabel', 'input_size': (256, 256)}
    )
    # Any maps serve as targets; these were drawn at random, in hundredths.
    point_maps, edge_maps = (torch.from_numpy(golden[f'loss/{kind}_maps']) / 100 for kind in ('point', 'edge'))
    losses = head.compare(outputs, torch.from_numpy(golden['loss/targets']), torch.ones(2, 98), point_maps, edge_maps)
    found = [loss.item() for loss in losses.values()]
    np.testing.assert_allclose(found, golden['loss/terms'] * golden['loss/weights'], rtol=1e-5)
    assert sum(found) == pytest.approx(float(golden['loss/total']), rel=1e-5)
    assert list(losses)[:3] == ['loss_kpt_0', 'loss_point_0', 'loss_edge_0']


@pytest.mark.parametrize('attention', [True, False])
def test_size_is_read_from_the_shapes(state, attention):
    if not attention:
        state = without_attention(state)
    assert network_size(state) == NetworkSize(98, 16, 2, 4, attention)


def without_attention(state):
    kinds = ('out_pointmaps', 'out_edgemaps', 'merge_pointmaps', 'merge_edgemaps', 'e2h_transform')
    return {name: value for name, value in state.items() if not name.startswith(kinds)}


@pytest.mark.parametrize('attention', [True, False])
def test_an_estimator_loads_what_is_converted_and_every_tensor_arrives(state, attention):
    if not attention:
        state = without_attention(state)
    # Every official tensor but the fixed matrix gets a number of its own.
    numbers = {name: index for index, name in enumerate(state) if 'e2h' not in name}
    state |= {name: torch.full_like(state[name], number) for name, number in numbers.items()}
    model = MODELS.build(
        {
            'type': 'TopdownPoseEstimator',
            'backbone': {
                'type': 'StackedHourglass',
                'layout': 'wflw',
                'channels': 16,
                'num_stacks': 2,
                'attention': attention,
            },
            'head': {
                'type': 'StackedHourglassHead',
                'layout': 'wflw',
                'loss': {'type': 'STARLoss'},
                'decoder': {'type': 'SoftArgmaxLabel', 'input_size': (256, 256)},
                **({} if attention else {'map_loss': None}),
            },
        }
    )
    model.load_state_dict(convert_state_dict(state, 'wflw'), strict=True)
    arrived = [value.unique().tolist() for value in model.state_dict().values()]
    assert sorted(arrived) == [[number] for number in numbers.values()]


def test_unused_shortcuts_keep_their_places(state):
    converted = convert_state_dict(state, 'wflw')
    for ours, official in (
        ('stem.5', 'pre.3'),
        ('stacks.1.hourglass.same', 'hgs.1.up1'),
        ('stacks.0.hourglass.inner.inner.down', 'hgs.0.low2.low2.low1'),
        ('stacks.1.hourglass.inner.inner.inner.inner', 'hgs.1.low2.low2.low2.low2'),
        ('stacks.0.hourglass.inner.up', 'hgs.0.low2.low3'),
        ('stacks.1.feature.0', 'features.1.0'),
    ):
        assert torch.equal(converted[f'backbone.{ours}.shortcut.bias'], state[f'{official}.skip_layer.conv.bias'])


def test_names_of_a_distributed_network_are_understood(state):
    converted = convert_state_dict(state, 'wflw')
    distributed = convert_state_dict({f'module.{name}': value for name, value in state.items()}, 'wflw')
    assert list(distributed) == list(converted)
    assert all(torch.equal(distributed[name], value) for name, value in converted.items())


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('pre.0.conv.weight', None, r"^'pre.0.conv.weight': missing"),
        ('hgs.1.low2.up1.bn2.running_var', None, r"^'hgs.1.low2.up1.bn2.running_var': missing"),
        ('e2h_transform.bias', None, r"^'e2h_transform.bias': missing"),
        (
            'out_heatmaps.0.conv.weight',
            None,
            r'^out_heatmaps.0.conv.weight: missing \(not weights of the official STAR',
        ),
        ('hgs.0.up1.bn1.weight', None, r'^hgs.0.up1.bn1.weight: missing'),
        ('hgs.0.up3.bn1.weight', torch.zeros(16), r"^'hgs.0.up3.bn1.weight': unknown"),
        (5, torch.zeros(16), r'^5: unknown'),
        ('two\nlines', torch.zeros(1), r"^'two\\nlines': unknown"),
        ('pre.0.conv.bias', torch.zeros(65), r'^pre.0.conv.bias: shape \(65,\), expected \(64,\)'),
        ('pre.0.conv.bias', torch.zeros(64).half(), r'^pre.0.conv.bias: a tensor of shape \(64,\) and torch.float16'),
        ('pre.0.conv.bias', 'text', r'^pre.0.conv.bias: a str, expected a tensor of torch.float32'),
        ('pre.0.conv.bias', torch.zeros(64).to_sparse(), r'^pre.0.conv.bias: a tensor of'),
        ('pre.0.conv.bias', torch.full((64,), torch.nan), r'^pre.0.conv.bias: NaN or infinite'),
        ('out_heatmaps.0.conv.weight', torch.zeros(98), r'^out_heatmaps.0.conv.weight: a tensor of shape \(98,\)'),
        ('out_heatmaps.0.conv.weight', torch.zeros(98, 15, 1, 1), r'^out_heatmaps.0.conv.weight: 15 channels'),
        ('e2h_transform.bias', torch.ones(98), r"^e2h_transform.bias: the contours are not wflw's"),
    ],
)
def test_wrong_key_is_named(state, name, value, message):
    if value is None:
        del state[name]
    else:
        state[name] = value
    with pytest.raises(BenchmarkError, match=message) as caught:
        convert_state_dict(state, 'wflw')
    assert '\n' not in str(caught.value)


def test_many_wrong_keys_make_a_short_message(state):
    state |= {f'{number}' * 1000: torch.zeros(1) for number in range(9)}
    with pytest.raises(BenchmarkError, match=r'and 6 more: unknown') as caught:
        convert_state_dict(state, 'wflw')
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize('count', [29, 68, 70])
def test_weights_of_another_data_set_name_the_right_one(state, count):
    state['out_heatmaps.0.conv.weight'] = torch.zeros(count, 16, 1, 1)
    advice = {29: 'use --dataset cofw', 68: 'use --dataset 300w', 70: 'known are cofw, 300w, wflw'}[count]
    with pytest.raises(BenchmarkError, match=rf'^these are weights for {count} landmarks, not for wflw \({advice}\)'):
        convert_state_dict(state, 'wflw')


@pytest.mark.parametrize('official', [{}, {'state_dict': {}}, {1: 2}])
def test_anything_else_is_not_taken_for_weights(official):
    with pytest.raises(BenchmarkError, match='missing'):
        convert_state_dict(official, 'wflw')


def test_huge_claims_cost_nothing(state):
    """A tensor may claim any shape without holding that many numbers, and names are cheap."""
    for name in list(state):
        if name.startswith('out_heatmaps'):
            state[name] = torch.zeros(1).expand(98, 10**9, 1, 1)
    state |= {f'out_heatmaps.{index}.conv.weight': torch.zeros(1) for index in range(2, 10**4)}
    state |= {f'hgs.0.{"low2." * level}up1.bn1.weight': torch.zeros(1) for level in range(4, 200)}
    with pytest.raises(BenchmarkError, match='missing'):
        convert_state_dict(state, 'wflw')
