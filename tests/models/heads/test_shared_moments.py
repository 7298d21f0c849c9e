"""A training step reads its heatmaps no more often than its loss needs to, and takes little memory for it."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from benchmark.losses.moments import heatmap_moments, soft_argmax
from benchmark.models import SoftArgmaxHead, StackedHourglassHead, STARLoss
from benchmark.models.networks.stacked_hourglass import StackOutput
from benchmark.suite.speed.profiling import MIB, peak_mib
from tests.models.traffic import traffic

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
def channels():
    """What a head makes heatmaps of."""
    return torch.randn(8, 29, 32, 32, generator=torch.Generator().manual_seed(0)).requires_grad_()


def bare_head(landmarks, **options):
    return SoftArgmaxHead(landmarks, landmarks, final_layer=None, decoder=CODEC, **options)


def stacked_head(stack_weights, **loss):
    return StackedHourglassHead('cofw', loss, map_loss=None, stack_weights=stack_weights, decoder=CODEC)


def _gradient(heatmaps, d_moments):
    heatmaps = heatmaps.detach().clone().requires_grad_()
    torch.autograd.backward(list(heatmap_moments(heatmaps)), list(d_moments))
    return heatmaps.grad


@pytest.mark.parametrize(('landmarks', 'zoom'), [(7, 1), (7, 12), (1, 32), (1, 40)])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_each_heatmap_has_the_moments_that_it_has_alone(heatmaps, landmarks, zoom, dtype):
    """Together they may be more than a cache holds, and so may each of them."""
    heatmaps = F.interpolate(heatmaps[:, :landmarks], scale_factor=zoom, mode='bilinear').to(dtype) / zoom**2
    d_moments = [torch.randn_like(part) for part in heatmap_moments(heatmaps)]
    together = [*heatmap_moments(heatmaps), _gradient(heatmaps, d_moments)]
    for image in range(len(heatmaps)):
        for landmark in range(landmarks):
            alone = slice(image, image + 1), slice(landmark, landmark + 1)
            d_alone = [part[alone] for part in d_moments]
            expected = [*heatmap_moments(heatmaps[alone]), _gradient(heatmaps[alone], d_alone)]
            for part, one in zip(together, expected, strict=True):
                torch.testing.assert_close(part[alone], one)


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


@pytest.mark.parametrize('options', [{}, {'distance': 'l2', 'restriction': 'detach'}])
def test_loss_takes_at_most_one_batch_of_heatmaps_more_than_the_baseline(options):
    heatmaps, keypoints = torch.rand(8, 29, 64, 64).requires_grad_(), torch.zeros(8, 29, 2)
    star, baseline = (
        peak_mib(lambda loss=loss: torch.autograd.grad(loss(), heatmaps), 'cpu')
        for loss in (
            lambda: STARLoss(**options)(heatmaps, keypoints),
            lambda: F.smooth_l1_loss(soft_argmax(heatmaps), keypoints),
        )
    )
    assert star <= baseline + heatmaps.nbytes / MIB


def test_losses_of_four_stacks_take_at_most_one_batch_of_heatmaps_more_than_the_baseline(make_samples):
    heatmaps = [torch.rand(8, 29, 64, 64).requires_grad_() for _ in range(4)]
    stacks, samples = [StackOutput(part, None, None) for part in heatmaps], make_samples(torch.zeros(8, 29, 2))
    star, baseline = (
        peak_mib(lambda head=head: torch.autograd.grad(sum(head.loss(stacks, samples).values()), heatmaps), 'cpu')
        for head in (stacked_head([1.0] * 4, type=name) for name in ('STARLoss', 'SoftWeightSmoothL1Loss'))
    )
    assert star <= baseline + heatmaps[0].nbytes / MIB


def assert_no_more_traffic(run, expected, heatmaps):
    """Reading the heatmaps once more would be more."""
    assert traffic(run) < traffic(expected) + heatmaps.nbytes / 2


def test_step_with_star_reads_and_writes_what_head_and_loss_do(channels, make_samples):
    keypoints = torch.zeros(8, 29, 2)
    head, samples = bare_head(29, loss={'type': 'STARLoss'}), make_samples(keypoints)
    assert_no_more_traffic(
        lambda: torch.autograd.grad(head.loss((channels,), samples)['loss_kpt'], channels),
        lambda: torch.autograd.grad(STARLoss()(head((channels,)), keypoints), channels),
        channels,
    )


def test_step_with_smooth_l1_reads_and_writes_what_head_and_soft_argmax_do(channels, make_samples):
    keypoints = torch.zeros(8, 29, 2)
    head, samples = bare_head(29), make_samples(keypoints)
    assert_no_more_traffic(
        lambda: torch.autograd.grad(head.loss((channels,), samples)['loss_kpt'], channels),
        lambda: torch.autograd.grad(F.smooth_l1_loss(soft_argmax(head((channels,))), keypoints), channels),
        channels,
    )


def test_losses_of_stacks_read_and_write_what_one_loss_each_does(make_samples):
    keypoints = torch.zeros(8, 29, 2)
    heatmaps = [torch.rand(8, 29, 32, 32).requires_grad_() for _ in range(2)]
    stacks, samples = [StackOutput(part, None, None) for part in heatmaps], make_samples(keypoints)
    head = stacked_head((0.5, 1.0), type='STARLoss')
    assert_no_more_traffic(
        lambda: torch.autograd.grad(sum(head.loss(stacks, samples).values()), heatmaps),
        lambda: torch.autograd.grad(sum(STARLoss()(part, keypoints) for part in heatmaps), heatmaps),
        heatmaps[0],
    )


@pytest.mark.parametrize('flip_test', [False, True])
@torch.no_grad()
def test_prediction_reads_and_writes_what_head_and_moments_do(channels, make_samples, flip_test):
    head, feats = bare_head(29), (channels,)
    samples = make_samples(torch.zeros(8, 29, 2))
    images = 1 + flip_test
    assert_no_more_traffic(
        lambda: head.predict((feats, feats) if flip_test else feats, samples, {'flip_test': flip_test}),
        lambda: [heatmap_moments(head(feats)) for _ in range(images)],
        channels,
    )


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
    head = stacked_head((1.0,), type='STARLoss')

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
