from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from benchmark.models.networks.hourglass_blocks import Hourglass, PreActivationBottleneck


def normalized(x, layer):
    """Batch normalization in training, written out."""
    mean = x.mean((0, 2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((0, 2, 3), keepdim=True)
    x = (x - mean) / (variance + layer.eps) ** 0.5
    return x * layer.weight[:, None, None] + layer.bias[:, None, None]


@pytest.mark.parametrize(('channels', 'projects'), [((6, 8), True), ((8, 8), False)])
def test_block_is_a_preactivation_bottleneck(channels, projects):
    torch.manual_seed(0)
    block = PreActivationBottleneck(*channels).double()
    for layer in (block.norm1, block.norm2, block.norm3):
        torch.nn.init.uniform_(layer.weight)
        torch.nn.init.uniform_(layer.bias)
    x = torch.randn(2, channels[0], 5, 4, dtype=torch.float64)
    before = x.clone()
    inner = F.conv2d(normalized(x, block.norm1).clamp(min=0), block.conv1.weight, block.conv1.bias)
    assert inner.shape[1] == channels[1] // 2
    inner = F.conv2d(normalized(inner, block.norm2).clamp(min=0), block.conv2.weight, block.conv2.bias, padding=1)
    inner = F.conv2d(normalized(inner, block.norm3).clamp(min=0), block.conv3.weight, block.conv3.bias)
    shortcut = F.conv2d(x, block.shortcut.weight, block.shortcut.bias) if projects else x
    torch.testing.assert_close(block(x), inner + shortcut)
    assert torch.equal(x, before)


@pytest.mark.parametrize(('channels', 'projects'), [((6, 8), True), ((8, 8), False)])
def test_unused_shortcut_is_counted_and_not_trained(channels, projects):
    shortcut = PreActivationBottleneck(*channels).shortcut
    assert [parameter.requires_grad for parameter in shortcut.parameters()] == [projects, projects]
    assert tuple(shortcut.weight.shape) == (channels[1], channels[0], 1, 1)


@pytest.mark.parametrize('num_levels', [1, 2, 3])
def test_hourglass_has_four_blocks_for_the_first_level_and_three_for_each_other(num_levels):
    hourglass = Hourglass(4, num_levels)
    blocks = sum(isinstance(module, PreActivationBottleneck) for module in hourglass.modules())
    assert blocks == 3 * num_levels + 1
    assert hourglass(torch.rand(2, 4, 8, 24)).shape == (2, 4, 8, 24)


def test_hourglass_joins_the_lower_resolution_by_nearest_neighbours():
    """Blocks whose last convolution gives nothing pass their input on, so that pooling and joining remain."""
    hourglass = Hourglass(2, 1).double()
    for module in hourglass.modules():
        if isinstance(module, PreActivationBottleneck):
            torch.nn.init.zeros_(module.conv3.weight)
            torch.nn.init.zeros_(module.conv3.bias)
    x = torch.randn(1, 2, 4, 6, dtype=torch.float64)
    expected = x.clone()
    for row in range(4):
        for column in range(6):
            top, left = row // 2 * 2, column // 2 * 2
            expected[:, :, row, column] += x[:, :, top : top + 2, left : left + 2].amax((2, 3))
    torch.testing.assert_close(hourglass(x), expected)
