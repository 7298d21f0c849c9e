from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from benchmark.models.networks.coord_conv import CoordConv2d, position_channels


def positions_one_by_one(width, height):
    rows = [-1 + 2 * row / (height - 1) if height > 1 else 0.0 for row in range(height)]
    columns = [-1 + 2 * column / (width - 1) if width > 1 else 0.0 for column in range(width)]
    radius = [[(row**2 + column**2) ** 0.5 for column in columns] for row in rows]
    largest = max(max(line) for line in radius) or 1.0
    return np.array(
        [
            [[row] * width for row in rows],
            [columns] * height,
            [[value / largest for value in line] for line in radius],
        ]
    )


@pytest.mark.parametrize('size', [(4, 4), (5, 3), (1, 4), (1, 1)])
def test_positions_are_row_column_and_distance_from_the_middle(size):
    np.testing.assert_allclose(position_channels(size)[0], positions_one_by_one(*size), atol=1e-6)


@pytest.mark.parametrize('boundary', [False, True])
def test_equals_a_convolution_of_concatenated_channels(boundary):
    torch.manual_seed(0)
    layer = CoordConv2d(2, 4, 3, (6, 8), boundary, stride=2, padding=1).double()
    features = torch.randn(3, 2, 8, 6, dtype=torch.float64)
    mask = torch.rand(3, 1, 8, 6) < 0.5 if boundary else None
    positions = torch.from_numpy(positions_one_by_one(6, 8)).expand(3, -1, -1, -1)
    stacked = [features, positions]
    if boundary:
        stacked.append(torch.where(mask, positions[:, :2], 0))
    expected = F.conv2d(torch.cat(stacked, dim=1), layer.weight, layer.bias, stride=2, padding=1)
    torch.testing.assert_close(layer(features, mask), expected, rtol=1e-6, atol=1e-6)


def test_positions_are_not_in_the_state_dict():
    assert set(CoordConv2d(2, 4, 3, (6, 8)).state_dict()) == {'weight', 'bias'}


def test_features_of_another_size_name_both_sizes():
    with pytest.raises(ValueError, match=r'width and height \(8, 6\) differ from \(6, 8\) \(set input_size to fit\)'):
        CoordConv2d(2, 4, 1, (6, 8))(torch.zeros(1, 2, 6, 8))


@pytest.mark.parametrize('boundary', [False, True])
def test_mask_goes_with_boundary(boundary):
    layer = CoordConv2d(2, 4, 1, (3, 3), boundary)
    mask = None if boundary else torch.ones(1, 1, 3, 3, dtype=torch.bool)
    with pytest.raises(ValueError, match=r'^mask: (missing|given) with boundary='):
        layer(torch.zeros(1, 2, 3, 3), mask)
