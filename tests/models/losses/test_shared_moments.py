"""The heatmaps of a training step are summed once, in parts that a cache holds, and little is kept of them."""

from __future__ import annotations

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode

from benchmark.models import SoftArgmaxHead, StackedHourglassHead, STARLoss
from benchmark.models.heads import decoding, soft_argmax_head
from benchmark.models.heads import stacked_hourglass_head as hourglass_head
from benchmark.models.losses import moments, star_loss
from benchmark.models.losses.moments import heatmap_moments
from benchmark.models.networks.stacked_hourglass import StackOutput

CODEC = {'type': 'SoftArgmaxLabel', 'input_size': (64, 64)}


@pytest.fixture
def heatmaps():
    """Peaked heatmaps on a low background, float64."""
    generator = torch.Generator().manual_seed(0)
    options = {'generator': generator, 'dtype': torch.float64}
    centre, spread = torch.rand(2, 7, 2, 1, 1, **options) * 1.8 - 0.9, 0.03 + 0.1 * torch.rand(2, 7, 1, 1, **options)
    x = torch.linspace(-1, 1, 32, dtype=torch.float64) - centre[:, :, 0]
    y = torch.linspace(-1, 1, 24, dtype=torch.float64)[:, None] - centre[:, :, 1]
    return torch.exp(-(x**2 + 0.5 * y**2 + 0.3 * x * y) / spread**2) + 1e-4 * torch.rand(2, 7, 24, 32, **options)


@pytest.fixture
def counted(monkeypatch):
    """Which functions of the moments are called, from wherever they are used."""
    calls = []
    for name in ('heatmap_moments', 'soft_argmax'):
        function = getattr(moments, name)

        def count(argument, name=name, function=function):
            calls.append((name, argument.data_ptr()))
            return function(argument)

        for module in (decoding, star_loss, soft_argmax_head, hourglass_head):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, count)
    return calls


def bare_head(landmarks, **options):
    return SoftArgmaxHead(landmarks, landmarks, final_layer=None, decoder=CODEC, **options)


def _gradient(heatmaps, d_moments):
    heatmaps = heatmaps.detach().clone().requires_grad_()
    torch.autograd.backward(list(heatmap_moments(heatmaps)), list(d_moments))
    return heatmaps.grad


@pytest.mark.parametrize('together', [1, 3, 14, 100])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_parts_that_a_cache_holds_give_the_moments_of_the_whole(heatmaps, monkeypatch, together, dtype):
    heatmaps = heatmaps.to(dtype)
    d_moments = [torch.randn_like(part) for part in heatmap_moments(heatmaps)]
    whole = [*heatmap_moments(heatmaps), _gradient(heatmaps, d_moments)]
    monkeypatch.setattr(moments, 'CACHED_BYTES', together * heatmaps[0, 0].nbytes)
    parts = [*heatmap_moments(heatmaps), _gradient(heatmaps, d_moments)]
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize('restriction', ['value', 'detach'])
@pytest.mark.parametrize('distance', ['smooth_l1', 'l1', 'l2'])
def test_gradient_in_float32_is_within_1e_4_of_float64(heatmaps, distance, restriction):
    keypoints = heatmap_moments(heatmaps).mean + 0.02
    loss = STARLoss(distance, restriction)
    single, double = (
        torch.autograd.grad(loss(part, keypoints.to(part)), part)[0].double()
        for part in (heatmaps.to(dtype).requires_grad_() for dtype in (torch.float32, torch.float64))
    )
    norms = [(part.flatten(2).norm(dim=-1)) for part in (single - double, double)]
    assert (norms[0] < 1e-4 * norms[1]).all()


def test_gradient_near_a_peak_in_a_corner_is_as_exact_as_elsewhere(heatmaps):
    """Only these pixels count after the softmax."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing='ij')
    heatmap = torch.exp(-((x.double() - 0.9) ** 2 + (y.double() + 0.85) ** 2) / (2 * 0.03**2))[None, None]
    d_moments = [torch.zeros(1, 1, 2), torch.tensor([[[1.0, 0.5, -1.0]]]), torch.zeros(1, 1), torch.zeros(1, 1)]
    single = _gradient(heatmap.float(), d_moments).double()
    double = _gradient(heatmap, [part.double() for part in d_moments])
    near = heatmap > 0.1
    assert (single - double)[near].norm() < 1e-5 * double[near].norm()


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_heatmap_and_seven_numbers_are_kept_for_each_landmark(dtype):
    kept = {}

    def pack(tensor):
        kept[tensor.data_ptr()] = tensor.numel()
        return tensor

    heatmaps = torch.rand(2, 3, 16, 16, dtype=dtype).requires_grad_()
    with saved_tensors_hooks(pack, lambda tensor: tensor):
        heatmap_moments(heatmaps)
    assert kept.pop(heatmaps.data_ptr()) == heatmaps.numel()
    assert list(kept.values()) == [7 * 2 * 3]


def test_extra_memory_of_a_step_is_one_heatmap():
    """The gradient itself; nothing else is as large as half of it, even for a moment."""

    class LargeResults(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            for part in result if isinstance(result, tuple | list) else (result,):
                if isinstance(part, torch.Tensor):
                    storage = part.untyped_storage()
                    if storage.nbytes() >= heatmaps.nbytes / 2:
                        storages[storage.data_ptr()] = storage.nbytes()
            return result

    heatmaps, storages = torch.rand(8, 8, 64, 64).requires_grad_(), {}
    with LargeResults():
        gradient = torch.autograd.grad(STARLoss()(heatmaps, torch.zeros(8, 8, 2)), heatmaps)[0]
    own = heatmaps.untyped_storage().data_ptr()
    assert {key: size for key, size in storages.items() if key != own} == {gradient.data_ptr(): heatmaps.nbytes}


@pytest.mark.parametrize(('loss', 'name'), [('STARLoss', 'heatmap_moments'), ('SoftWeightSmoothL1Loss', 'soft_argmax')])
def test_training_step_computes_moments_once(counted, make_samples, loss, name):
    head = bare_head(3, loss={'type': loss})
    head.loss((torch.rand(2, 3, 16, 16),), make_samples(torch.zeros(2, 3, 2)))
    assert [called for called, _ in counted] == [name]


def test_training_step_computes_moments_once_for_every_stack(counted, make_samples):
    head = StackedHourglassHead('cofw', {'type': 'STARLoss'}, map_loss=None, stack_weights=(0.5, 1.0), decoder=CODEC)
    stacks = [StackOutput(torch.rand(2, 29, 16, 16), None, None) for _ in range(2)]
    head.loss(stacks, make_samples(torch.zeros(2, 29, 2)))
    assert counted == [('heatmap_moments', stack.heatmaps.data_ptr()) for stack in stacks]


@pytest.mark.parametrize('flip_test', [False, True])
def test_prediction_computes_moments_once_for_every_heatmap(counted, make_samples, flip_test):
    feats = (torch.rand(2, 3, 16, 16),)
    samples = make_samples(torch.zeros(2, 3, 2), [0, 2, 1])
    bare_head(3).predict((feats, feats) if flip_test else feats, samples, {'flip_test': flip_test})
    assert [called for called, _ in counted] == ['heatmap_moments'] * (1 + flip_test)


@pytest.mark.parametrize('backend', ['eager', 'aot_eager'])
@pytest.mark.parametrize('activation', ['softmax', 'instance_norm_relu'])
def test_head_and_loss_compile_without_graph_breaks(backend, activation):
    head = bare_head(3, activation=activation)

    def step(channels, keypoints):
        return STARLoss()(head((channels,)), keypoints)

    channels = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)).requires_grad_()
    keypoints = torch.full((2, 3, 2), 0.2)
    results = []
    for run in (step, torch.compile(step, backend=backend, fullgraph=True)):
        value = run(channels, keypoints)
        results.append((value, torch.autograd.grad(value, channels)[0]))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize('backend', ['eager', 'aot_eager'])
def test_stacked_hourglass_head_compiles_without_graph_breaks(backend):
    head = StackedHourglassHead('cofw', {'type': 'STARLoss'}, map_loss=None, stack_weights=(1.0,), decoder=CODEC)

    def step(heatmaps, keypoints):
        return head.compare([StackOutput(heatmaps, None, None)], keypoints, torch.ones(2, 29))['loss_kpt_0']

    heatmaps, keypoints = torch.rand(2, 29, 16, 16).requires_grad_(), torch.zeros(2, 29, 2)
    expected, compiled = (
        torch.autograd.grad(run(heatmaps, keypoints), heatmaps)[0]
        for run in (step, torch.compile(step, backend=backend, fullgraph=True))
    )
    torch.testing.assert_close(compiled, expected)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_gradient_is_not_lowered_where_autocast_encloses_the_backward_pass(heatmaps, dtype):
    heatmaps = heatmaps.float().requires_grad_()
    expected = torch.autograd.grad(heatmap_moments(heatmaps).scatter.sum(), heatmaps)[0]
    with torch.autocast('cpu', dtype=dtype):
        gradient = torch.autograd.grad(heatmap_moments(heatmaps).scatter.sum(), heatmaps)[0]
    assert torch.equal(gradient, expected)
