from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmpose.models.necks import FeatureMapProcessor
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from benchmark.models.networks.separable_upsampling import (
    SeparableUpsampling,
    interpolation_matrix,
    make_upsampling_deterministic,
    upsample_bilinear,
)
from benchmark.suite.experiments import load_experiment
from benchmark.suite.speed.networks import build

CONFIG = Path(__file__).resolve().parents[3] / 'mmpose_configs/300w/td-softargmax_hrnet-w8-star_16b-40e_300w-128x128.py'
FACTORS = [(2, 2), (4, 4), (8, 8), (1, 2), (3, 1), (5, 4), (1, 1)]
SHAPES = [(1, 3, 4, 7), (2, 17, 5, 3), (2, 1, 1, 6), (1, 2, 1, 1)]


def draw(shape, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(dtype)


def interpolate(features, factors):
    size = [length * factor for length, factor in zip(features.shape[2:], factors, strict=True)]
    return F.interpolate(features, size=size, mode='bilinear', align_corners=False)


def with_gradient(function, features, factors):
    """What a function gives, and the gradient of a weighted sum of it."""
    features = features.clone().requires_grad_()
    output = function(features, factors)
    return output.detach(), *torch.autograd.grad((output * draw(output.shape, output.dtype)).sum(), features)


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('factors', FACTORS)
@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize(('dtype', 'tolerance'), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_equals_pytorch_with_its_gradient(shape, factors, layout, dtype, tolerance):
    features = draw(shape, dtype).to(memory_format=layout)
    results = with_gradient(upsample_bilinear, features, factors)
    for result, expected in zip(results, with_gradient(interpolate, features, factors), strict=True):
        torch.testing.assert_close(result, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_layout_stays(layout):
    features = draw((2, 17, 5, 3)).to(memory_format=layout)
    output, gradient = with_gradient(upsample_bilinear, features, (2, 4))
    assert output.is_contiguous(memory_format=layout)
    assert gradient.is_contiguous(memory_format=layout)


def test_features_of_any_layout_are_taken():
    features = draw((2, 5, 9, 4))[:, 1:4, ::2].transpose(2, 3)
    for result, expected in zip(
        with_gradient(upsample_bilinear, features, (2, 4)), with_gradient(interpolate, features, (2, 4)), strict=True
    ):
        torch.testing.assert_close(result, expected, rtol=1e-12, atol=1e-12)


def test_second_derivative_is_that_of_a_linear_map():
    features = draw((2, 2, 3, 2)).requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: upsample_bilinear(x, (2, 4)).square(), features)


def test_factors_of_one_give_the_features_themselves():
    features = draw((1, 2, 3, 4))
    assert upsample_bilinear(features, (1, 1)) is features


@pytest.mark.parametrize('factor', [2, 4, 8])
@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_weights_are_exact_in_half_precision(factor, dtype):
    weights = interpolation_matrix(6, factor, dtype, torch.device('cpu')).double()
    assert torch.equal(weights, interpolation_matrix(6, factor, torch.float64, torch.device('cpu')))
    assert torch.equal(weights * 2 * factor, (weights * 2 * factor).round())
    assert torch.equal(weights.sum(1), torch.ones(6 * factor, dtype=torch.float64))


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_half_precision_stays_and_is_rounded_twice(layout):
    features = draw((2, 17, 4, 5), torch.bfloat16).to(memory_format=layout)
    expected = interpolate(features.double(), (4, 2))
    with torch.autocast('cpu', torch.bfloat16):
        result = upsample_bilinear(features, (4, 2))
    assert result.dtype == torch.bfloat16
    largest = features.abs().max().item()
    torch.testing.assert_close(result.double(), expected, rtol=0, atol=2 * largest * 2**-9)


@pytest.mark.parametrize('factors', [(0, 2), (2, -1), (2, 1.5)])
def test_other_factors_are_refused(factors):
    with pytest.raises(ValueError, match=r'^factors: \(.*\) are not whole numbers of at least 1$'):
        upsample_bilinear(draw((1, 1, 2, 2)), factors)


def test_training_is_possible_after_inference():
    features = draw((1, 2, 23, 29))  # of a size that no other test has
    with torch.inference_mode():
        upsample_bilinear(features, (2, 2))
    _, gradient = with_gradient(upsample_bilinear, features, (2, 2))
    torch.testing.assert_close(gradient, with_gradient(interpolate, features, (2, 2))[1], rtol=1e-12, atol=1e-12)


class Operators(TorchDispatchMode):
    """Names of the operators that are called."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.names.append(function._schema.name)
        return function(*args, **(kwargs or {}))


@pytest.fixture
def deterministic():
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_a_gpu_has_few_operations_and_sums_at_no_indices(deterministic, layout):
    """On the meta device PyTorch chooses as on a GPU."""
    names = []
    for function in (upsample_bilinear, interpolate):
        features = torch.empty(2, 17, 4, 5, device='meta').to(memory_format=layout).requires_grad_()
        function(features, (2, 2))
        with Operators() as operators:
            function(features, (2, 2)).sum().backward()
        names.append(operators.names)
    own, of_pytorch = names
    assert any('index_put' in name for name in of_pytorch)
    assert not any(part in name for name in own for part in ('index', 'scatter', 'upsample', 'pad'))
    assert 2 * len(own) < len(of_pytorch)


def make_model():
    doubling = nn.Upsample(scale_factor=2, mode='bilinear', align_corners=False)
    return nn.ModuleDict(
        {
            'twice': nn.Sequential(doubling, nn.Conv2d(3, 3, 1), doubling),
            'pair': nn.Upsample(scale_factor=(1.0, 3.0), mode='bilinear'),
            'nearest': nn.Upsample(scale_factor=2, mode='nearest'),
            'corners': nn.Upsample(scale_factor=2, mode='bilinear', align_corners=True),
            'broken': nn.Upsample(scale_factor=1.5, mode='bilinear'),
            'smaller': nn.Upsample(scale_factor=0.5, mode='bilinear'),
            'sized': nn.Upsample(size=(8, 8), mode='bilinear'),
            'neck': FeatureMapProcessor(concat=True, apply_relu=True, select_index=(1, 0, 2)),
            'cornered': FeatureMapProcessor(concat=True, align_corners=True),
        }
    )


def test_only_bilinear_upsampling_by_whole_factors_is_replaced():
    model = make_model()
    before, state = dict(model.named_modules(remove_duplicate=False)), list(model.state_dict())
    make_upsampling_deterministic(model)
    after = dict(model.named_modules(remove_duplicate=False))
    assert list(after) == list(before)
    assert {name for name in after if after[name] is not before[name]} == {'twice.0', 'twice.2', 'pair', 'neck'}
    assert [after[name].factors for name in ('twice.0', 'twice.2', 'pair')] == [(2, 2), (2, 2), (1, 3)]
    assert list(model.state_dict()) == state


@pytest.mark.parametrize('name', ['pair', 'twice', 'broken', 'smaller', 'sized'])
def test_modules_give_what_they_gave(name):
    torch.manual_seed(0)
    model, features = make_model().double(), draw((2, 3, 4, 6))
    expected = model[name](features)
    make_upsampling_deterministic(model)
    torch.testing.assert_close(model[name](features), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize('sizes', [((4, 6), (8, 12), (2, 3)), ((4, 6), (8, 12), (3, 4)), ((4, 6), (2, 3), (4, 6))])
def test_neck_gives_what_it_gave(sizes):
    model, maps = make_model(), [draw((2, 3, *size)) for size in sizes]
    expected = model['neck'](maps)
    make_upsampling_deterministic(model)
    for result, other in zip(model['neck'](maps), expected, strict=True):
        torch.testing.assert_close(result, other, rtol=1e-12, atol=1e-12)


def train(network, images):
    """Features, heatmaps and gradients of a whole network."""
    features = network.extract_feat(images)
    heatmaps = network.head(features)
    (heatmaps * draw(heatmaps.shape, heatmaps.dtype)).sum().backward()
    return features[0].detach(), heatmaps.detach(), {name: p.grad for name, p in network.named_parameters()}


def test_a_whole_network_learns_the_same():
    plain = build(load_experiment(CONFIG), 'cpu').double().train()
    network = copy.deepcopy(plain)
    make_upsampling_deterministic(network)
    replaced = [module for module in network.modules() if isinstance(module, SeparableUpsampling)]
    assert len(replaced) == 10
    assert list(network.state_dict()) == list(plain.state_dict())
    images = draw((2, 3, 128, 128))
    (features, heatmaps, gradients), (expected, other, plain_gradients) = (train(n, images) for n in (network, plain))
    torch.testing.assert_close(features, expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(heatmaps, other, rtol=1e-5, atol=1e-5 * other.abs().max().item())
    assert set(gradients) == set(plain_gradients)
    largest = max(gradient.abs().max().item() for gradient in plain_gradients.values())
    for name, gradient in plain_gradients.items():
        torch.testing.assert_close(gradients[name], gradient, rtol=1e-5, atol=1e-7 * largest, msg=name)


@pytest.mark.filterwarnings('error:.*lru_cache')
@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_compiles_as_one_graph(layout):
    torch._dynamo.reset()
    compiled = torch.compile(SeparableUpsampling((2, 4)), backend='aot_eager', fullgraph=True)
    for batch in (2, 3):
        features = draw((batch, 17, 3, 5)).to(memory_format=layout)
        results = with_gradient(lambda x, _: compiled(x), features, (2, 4))
        for result, expected in zip(results, with_gradient(upsample_bilinear, features, (2, 4)), strict=True):
            torch.testing.assert_close(result, expected, rtol=1e-12, atol=1e-12)
