"""Weights of the official STAR code for the network of this benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from benchmark.errors import BenchmarkError
from benchmark.models.networks.anisotropic_attention import contour_membership
from benchmark.models.networks.stacked_hourglass import StackedHourglass
from benchmark.protocol.layouts import LAYOUTS

_PARTS = {
    'same': 'up1',
    'down': 'low1',
    'inner': 'low2',
    'up': 'low3',
    'norm1': 'bn1',
    'conv1': 'conv1.conv',
    'norm2': 'bn2',
    'conv2': 'conv2.conv',
    'norm3': 'bn3',
    'conv3': 'conv3.conv',
    'shortcut': 'skip_layer.conv',
}
_STEM = {0: 'pre.0.conv', 1: 'pre.0.bn', 3: 'pre.1', 5: 'pre.3', 6: 'pre.4'}
_READ_OUTS = {
    'heatmaps': 'out_heatmaps',
    'point_maps': 'out_pointmaps',
    'edge_maps': 'out_edgemaps',
    'merge_features': 'merge_features',
    'merge_heatmaps': 'merge_heatmaps',
    'merge_point_maps': 'merge_pointmaps',
    'merge_edge_maps': 'merge_edgemaps',
}
_MOST_STACKS = 8
_MOST_LEVELS = 6  # of 64 x 64 maps
_LISTED_KEYS = 3


class NetworkSize(NamedTuple):
    """What distinguishes one official network from another.

    Attributes:
        num_landmarks: channels of heatmaps, K.
        channels: channels of the hourglasses.
        num_stacks: number of hourglasses.
        num_levels: how often a hourglass halves the resolution.
        attention: whether there are point maps and edge maps.
    """

    num_landmarks: int
    channels: int
    num_stacks: int
    num_levels: int
    attention: bool


def network_size(official: Mapping[str, Tensor]) -> NetworkSize:
    """Read a network's size from the names and shapes of its official state dict.

    Raises:
        BenchmarkError: the state dict is not one of this kind of network, or one of ADNet's, which is akin to it. The
            message names a key.
    """
    official = _undistributed(official)
    _check_pooling(official)
    num_stacks = _count(official, 'out_heatmaps.{}.conv.weight', _MOST_STACKS)
    num_levels = _count(official, 'hgs.0.{}up1.bn1.weight', _MOST_LEVELS, 'low2.')
    num_landmarks, channels, *_ = _shape_of_convolution(official, 'out_heatmaps.0.conv.weight')
    if channels < 2 or channels % 2:
        raise BenchmarkError(f'out_heatmaps.0.conv.weight: {channels} channels, expected an even number')
    return NetworkSize(num_landmarks, channels, num_stacks, num_levels, 'out_pointmaps.0.conv.weight' in official)


def convert_state_dict(official: Mapping[str, Tensor], layout: str) -> dict[str, Tensor]:
    """Rename the weights of the official network of `STAR loss <https://arxiv.org/abs/2306.02763>`_.

    Every key is accounted for: each one of :class:`StackedHourglass` is filled, and each official one is used, but for
    the attention's fixed matrix ``e2h_transform``, which must be the layout's own.

    Args:
        official: state dict of the official network, of any size; as a distributed network has it, too, each key then
            begins with ``module.``.
        layout: the landmarks that it was trained on: 'cofw', '300w' or 'wflw'.

    Returns:
        State dict of a ``TopdownPoseEstimator`` with a :class:`StackedHourglass` of the same size, all keys beginning
        with ``backbone.``; the tensors are those given.

    Raises:
        BenchmarkError: a key is missing, unknown, or not the tensor that it should be (kind, shape, finite numbers), or
            the weights are those of another layout. The message names the key.
    """
    official = _undistributed(official)
    size = network_size(official)
    if size.num_landmarks != LAYOUTS[layout].num_landmarks:
        fitting = [name for name, one in LAYOUTS.items() if one.num_landmarks == size.num_landmarks]
        advice = f'use --dataset {fitting[0]}' if fitting else f'known are {", ".join(LAYOUTS)}'
        raise BenchmarkError(f'these are weights for {size.num_landmarks} landmarks, not for {layout} ({advice})')
    with torch.device('meta'):
        network = StackedHourglass(layout, size.channels, size.num_stacks, size.num_levels, size.attention)
    ours = {name: (_official_name(name), value) for name, value in network.state_dict().items()}
    constants = _constants(layout) if size.attention else {}
    wanted = {name: value for name, value in ours.values()} | constants
    _check_keys(official, wanted)
    for name, expected in wanted.items():
        _check_tensor(name, official[name], expected)
    for name, expected in constants.items():
        if not torch.equal(official[name].cpu(), expected):
            raise BenchmarkError(f"{name}: the contours are not {layout}'s (weights of another data set)")
    return {f'backbone.{name}': official[name_there] for name, (name_there, _) in ours.items()}


def _undistributed(official: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The same without the prefix that a distributed network puts before every name."""
    if not all(isinstance(name, str) and name.startswith('module.') for name in official):
        return official
    return {name.removeprefix('module.'): value for name, value in official.items()}


def _check_pooling(official: Mapping[str, Tensor]) -> None:
    """Name the network that this one comes from: alike but for filters, without weights, where resolution is halved."""
    filters = [name for name in official if isinstance(name, str) and name.endswith('.filt')]
    if filters:
        raise BenchmarkError(
            f"{filters[0]}: weights of ADNet, the parent of STAR's network, which blurs before it halves resolution "
            '(convert a checkpoint of the official STAR code; python -m benchmark.score takes predictions of any code)'
        )


def _count(official: Mapping[str, Tensor], pattern: str, most: int, repeated: str | None = None) -> int:
    """Number of successive keys; ``repeated`` takes the number's place as often as the number says."""
    number = 0
    while number < most and pattern.format(number if repeated is None else repeated * number) in official:
        number += 1
    if not number:
        missing = pattern.format(0 if repeated is None else '')
        raise BenchmarkError(f'{missing}: missing (not weights of the official STAR network)')
    return number


def _shape_of_convolution(official: Mapping[str, Tensor], name: str) -> tuple[int, ...]:
    weight = official[name]
    if not isinstance(weight, Tensor) or weight.ndim != 4:
        raise BenchmarkError(f'{name}: {_describe(weight)}, expected a tensor of four dimensions')
    return tuple(weight.shape)


def _official_name(name: str) -> str:
    """Official name of one of the network's weights."""
    parts = name.split('.')
    if parts[0] == 'stem':
        head, rest = _STEM[int(parts[1])], parts[2:]
    else:
        index, part, rest = parts[1], parts[2], parts[3:]
        if part == 'locate':
            head = f'hgs.{index}.coordconv.conv'
        elif part == 'hourglass':
            head = f'hgs.{index}'
        elif part == 'feature':
            place, *rest = rest
            head = f'features.{index}.' + {'0': '0', '1': '1.conv', '2': '1.bn'}[place]
        else:
            head = f'{_READ_OUTS[part]}.{index}.conv'
    return '.'.join([head, *(_PARTS.get(part, part) for part in rest)])


def _constants(layout: str) -> dict[str, Tensor]:
    """The attention's matrix and bias, which official state dicts hold too."""
    membership, free = contour_membership(LAYOUTS[layout])
    return {'e2h_transform.weight': membership[:, :, None, None], 'e2h_transform.bias': free}


def _check_keys(official: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    for problem, keys in (
        ('missing', [name for name in wanted if name not in official]),
        ('unknown', [name for name in official if name not in wanted]),
    ):
        if keys:
            listed = ', '.join(f'{name!r:.80}' for name in keys[:_LISTED_KEYS])
            more = f' and {len(keys) - _LISTED_KEYS} more' if len(keys) > _LISTED_KEYS else ''
            raise BenchmarkError(f'{listed}{more}: {problem} (not weights of the official STAR network)')


def _check_tensor(name: str, value: object, expected: Tensor) -> None:
    if not isinstance(value, Tensor) or value.layout != torch.strided or value.dtype != expected.dtype:
        raise BenchmarkError(f'{name}: {_describe(value)}, expected a tensor of {expected.dtype}')
    if value.shape != expected.shape:
        raise BenchmarkError(f'{name}: shape {tuple(value.shape)}, expected {tuple(expected.shape)}')
    if not value.isfinite().all():
        raise BenchmarkError(f'{name}: NaN or infinite numbers (the training had diverged, or the file is damaged)')


def _describe(value: object) -> str:
    if isinstance(value, Tensor):
        return f'a tensor of shape {tuple(value.shape)} and {value.dtype}'
    return f'a {type(value).__name__}'
