"""The kernels for GPUs, run on one where there is one and by Triton's interpreter elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch

from benchmark.losses import star_loss
from benchmark.models import STARLoss

INTERPRETED = os.environ.get('TRITON_INTERPRET') == '1' and find_spec('triton') is not None


@pytest.fixture
def device():
    return 'cuda' if torch.cuda.is_available() else 'cpu'


@pytest.fixture
def fused(device, monkeypatch):
    """Let STARLoss use the kernels, also where the interpreter runs them."""
    if device == 'cpu':
        if not INTERPRETED:
            pytest.skip('needs a GPU, or Triton with TRITON_INTERPRET=1 set before the start')
        monkeypatch.setattr(star_loss.fused, 'fits', lambda heatmaps: True)
    return star_loss.fused


@pytest.fixture
def plain(monkeypatch):
    """Compute a loss without the kernels."""

    def plain(loss, *arguments):
        with monkeypatch.context() as context:
            context.setattr(star_loss.fused, 'fits', lambda heatmaps: False)
            return loss(*arguments)

    return plain


@pytest.fixture
def arguments(device):
    generator = torch.Generator().manual_seed(0)
    heatmaps = torch.rand(2, 4, 12, 20, generator=generator) ** 6
    heatmaps[0, 0] *= 1e-9  # less than the smallest mass
    keypoints = (torch.rand(2, 4, 2, generator=generator) - 0.5) * 0.6
    weights = torch.rand(2, 4, generator=generator)
    return [part.to(device) for part in (heatmaps, keypoints, weights)]


def _with_gradients(run, heatmaps, keypoints, *weights):
    heatmaps, keypoints = (part.detach().clone().requires_grad_() for part in (heatmaps, keypoints))
    value = run(heatmaps, keypoints, *weights)
    value.backward()
    return value.detach(), heatmaps.grad, keypoints.grad


@pytest.mark.skipif(torch.cuda.is_available() or INTERPRETED, reason='the tests below run the kernels')
@pytest.mark.skipif(find_spec('triton') is None, reason='Triton is not installed (PyTorch for GPUs brings it)')
def test_kernels_pass_in_the_interpreter():
    command = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', __file__]
    done = subprocess.run(command, env={**os.environ, 'TRITON_INTERPRET': '1'}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.gpu
@pytest.mark.parametrize('restriction', ['value', 'detach'])
@pytest.mark.parametrize('distance', ['smooth_l1', 'l1', 'l2'])
def test_loss_and_gradients_equal_those_of_float64_without_kernels(fused, plain, arguments, distance, restriction):
    loss = STARLoss(distance, restriction, eigenvalue_weight=0.7, eps=1e-4, use_target_weight=True)
    results = _with_gradients(loss, *arguments)
    expected = _with_gradients(lambda *given: plain(loss, *given), *(part.double() for part in arguments))
    for one, other in zip(results, expected, strict=True):
        assert one.dtype == torch.float32
        assert (one - other).norm() < 1e-5 * other.norm()


@pytest.mark.gpu
def test_smooth_l1_without_a_quadratic_part_is_l1(fused, arguments):
    results = [_with_gradients(loss, *arguments) for loss in (STARLoss(smooth_l1_beta=0.0), STARLoss('l1'))]
    assert all(torch.equal(*pair) for pair in zip(*results, strict=True))


@pytest.mark.gpu
@pytest.mark.parametrize('mass', [0.0, 1e-12, 1e-6, 1.0, 1e15])
def test_any_shape_of_a_heatmap_has_a_finite_gradient(fused, device, mass):
    y, x = torch.meshgrid(torch.linspace(-1, 1, 16), torch.linspace(-1, 1, 16), indexing='ij')
    hot = torch.zeros(16, 16)
    hot[4, 9] = 1
    row = torch.zeros(16, 16)
    row[5] = 1
    heatmaps = torch.stack((torch.ones(16, 16), hot, row, torch.exp(-(x**2 + y**2) / 0.1)))[None]
    heatmaps = (heatmaps / heatmaps.sum((2, 3), keepdim=True) * mass).to(device)
    keypoints = torch.tensor([0.31, -0.27], device=device).expand(1, 4, 2)
    assert all(part.isfinite().all() for part in _with_gradients(STARLoss(), heatmaps, keypoints))


@pytest.mark.gpu
def test_same_input_gives_the_same_bits(fused, arguments):
    results = [_with_gradients(STARLoss(), *arguments) for _ in range(2)]
    assert all(torch.equal(*pair) for pair in zip(*results, strict=True))


@pytest.mark.gpu
def test_second_derivative_is_refused(fused, arguments):
    heatmaps = arguments[0].requires_grad_()
    gradient = torch.autograd.grad(STARLoss()(heatmaps, arguments[1]), heatmaps, create_graph=True)[0]
    with pytest.raises(RuntimeError, match='once_differentiable'):
        gradient.sum().backward()


@pytest.mark.gpu
def test_compiler_is_told_the_truth_about_the_kernels(fused, arguments):
    heatmaps, keypoints = (part.requires_grad_() for part in arguments[:2])
    options = ('smooth_l1', False, 1.0, 0.01, 1e-5)
    checks = ('test_schema', 'test_autograd_registration', 'test_faketensor')
    found = torch.library.opcheck(fused.star_terms, (heatmaps, keypoints, *options), test_utils=checks)
    assert set(found.values()) == {'SUCCESS'}
    numbers = fused.star_terms(heatmaps, keypoints, *options)[1].detach()
    found = torch.library.opcheck(fused.star_gradient, (heatmaps.detach(), numbers, arguments[2]), test_utils=checks)
    assert set(found.values()) == {'SUCCESS'}


@pytest.mark.gpu
def test_compiles_without_graph_breaks(fused, arguments):
    loss = STARLoss(use_target_weight=True)
    results = _with_gradients(torch.compile(loss, backend='aot_eager', fullgraph=True), *arguments)
    for one, other in zip(results, _with_gradients(loss, *arguments), strict=True):
        torch.testing.assert_close(one, other)


def test_where_no_kernel_can_be_built_the_general_way_is_taken_and_it_is_said_once(monkeypatch, arguments, recwarn):
    """As on a machine with Triton and without a compiler, whose GPU is pretended here."""

    class Broken:
        def __getitem__(self, grid):
            raise RuntimeError('Failed to find C compiler. Please specify via CC environment variable.\nMore lines')

    expected = _with_gradients(STARLoss(), *arguments[:2])
    for kernel in ('_forward', '_backward'):
        monkeypatch.setattr(star_loss.fused, kernel, Broken())
    monkeypatch.setattr(star_loss.fused, '_USABLE', {})
    monkeypatch.setattr(star_loss.fused, 'fits', lambda heatmaps: star_loss.fused.usable(heatmaps.device.type))
    found = [_with_gradients(STARLoss(), *arguments[:2]) for _ in range(2)]
    for one, other in zip(found[1], expected, strict=True):
        torch.testing.assert_close(one, other)
    (said,) = [str(warning.message) for warning in recwarn if 'STAR loss' in str(warning.message)]
    assert said.startswith('STAR loss goes without its kernels: Triton fails here (RuntimeError: Failed to find C')
    assert '\n' not in said


def test_kernels_are_for_float32_on_a_gpu_and_maps_that_registers_hold():
    assert not star_loss.fused.fits(torch.rand(1, 1, 8, 8))
    assert not star_loss.fused.fits(torch.empty(1, 1, 8, 8, device='meta'))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
@pytest.mark.parametrize(
    ('shape', 'dtype', 'expected'),
    [
        ((1, 1, 64, 64), torch.float32, True),
        ((1, 1, 128, 128), torch.float32, True),
        ((1, 1, 64, 64), torch.float64, False),
        ((1, 1, 129, 128), torch.float32, False),
    ],
)
def test_other_heatmaps_on_a_gpu_go_the_general_way(shape, dtype, expected):
    assert star_loss.fused.fits(torch.empty(shape, dtype=dtype, device='cuda')) is expected


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_step_waits_for_nothing_on_a_gpu(fused, arguments):
    heatmaps = arguments[0].requires_grad_()
    torch.cuda.set_sync_debug_mode('error')
    try:
        STARLoss()(heatmaps, arguments[1]).backward()
    finally:
        torch.cuda.set_sync_debug_mode('default')
    assert heatmaps.grad.isfinite().all()
