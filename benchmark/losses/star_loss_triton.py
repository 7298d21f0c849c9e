"""STAR loss of every landmark in one kernel, and its gradient in another, for GPUs.

Each program holds one heatmap in registers: it is read once forward, and read and written once backward. The steps are
those of :mod:`benchmark.losses.moments` and :mod:`benchmark.losses.star_terms`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmark.losses.moments import MIN_MASS


def _triton() -> tuple[Any, Callable]:
    """Triton's language and compiler. Importing them takes a second, and PyTorch without GPU has no use for them."""
    if torch.version.cuda or torch.version.hip or os.environ.get('TRITON_INTERPRET') == '1':
        try:
            import triton
            import triton.language

            return triton.language, triton.jit
        except ModuleNotFoundError:
            pass
    return None, lambda function: function  # leaves kernels that nothing will call as they are


tl, jit = _triton()
DISTANCES = ('smooth_l1', 'l1', 'l2')
LARGEST = 128 * 128  # cells of a heatmap, with both sides rounded up to powers of two, that registers hold
_TRIED = ('smooth_l1', False, 1.0, 0.01, 1e-5)
_USABLE: dict[str, bool] = {}
_NUMBERS = 9  # mean, polynomial about it, factor of the heatmap itself


@jit
def _grid_line(index, length, step):
    return tl.where(2 * index < length, step * index - 1, 1 - step * (length - 1 - index))


@jit
def _distance(error, beta, distance: tl.constexpr):
    size = tl.abs(error)
    sign = tl.where(error > 0, 1.0, tl.where(error < 0, -1.0, 0.0))
    if distance == 1:
        value, slope = size, sign
    elif distance == 2:
        value, slope = error * error, 2 * error
    else:
        value = tl.where(size < beta, 0.5 * error * error / beta, size - 0.5 * beta)
        slope = tl.where(size < beta, error / beta, sign)
    return value, slope


@jit
def _forward(
    heatmaps,
    keypoints,
    terms,
    numbers,
    d_keypoints,
    weight,
    beta,
    eps,
    min_mass,
    noise,
    relative_noise,
    step_y,
    step_x,
    height: tl.constexpr,
    width: tl.constexpr,
    distance: tl.constexpr,
    detach: tl.constexpr,
    rows: tl.constexpr,
    columns: tl.constexpr,
):
    landmark = tl.program_id(0)
    i, j = tl.arange(0, rows)[:, None], tl.arange(0, columns)[None, :]
    inside = (i < height) & (j < width)
    p = tl.load(heatmaps + landmark.to(tl.int64) * height * width + i * width + j, mask=inside, other=0.0)
    raw_mass = tl.sum(tl.sum(p, 1), 0)
    inverse = 1 / tl.maximum(raw_mass, min_mass)
    mass = raw_mass * inverse
    p = p * inverse
    x, y = _grid_line(j, width, step_x), _grid_line(i, height, step_y)
    mean_x, mean_y = tl.sum(tl.sum(p * x, 1), 0), tl.sum(tl.sum(p * y, 1), 0)
    dx, dy = x - mean_x, y - mean_y
    scatter_xx = tl.sum(tl.sum(p * dx * dx, 1), 0)
    scatter_xy = tl.sum(tl.sum(p * dx * dy, 1), 0)
    scatter_yy = tl.sum(tl.sum(p * dy * dy, 1), 0)
    concentration = tl.sum(tl.sum(p * p, 1), 0)

    first, second = mass + eps, concentration + eps
    unbounded = first - second / first
    divisor = tl.maximum(unbounded, eps / 2)
    xx, xy, yy = scatter_xx / divisor, scatter_xy / divisor, scatter_yy / divisor

    middle, half = (xx + yy) / 2, (xx - yy) / 2
    squared = half * half + xy * xy
    isotropic = (squared <= relative_noise * middle * relative_noise * middle) | (squared < noise)
    squared = tl.where(isotropic, 1.0, squared)
    radius = tl.where(isotropic, 0.0, tl.sqrt(squared))
    axis_x = tl.where(isotropic, 1.0, tl.where(half >= 0, half + radius, xy))
    axis_y = tl.where(isotropic, 0.0, tl.where(half >= 0, xy, radius - half))
    length = tl.sqrt(axis_x * axis_x + axis_y * axis_y)
    axis_x, axis_y = axis_x / length, axis_y / length
    small, large = tl.maximum(middle - radius, 0.0), middle + radius

    error_x = tl.load(keypoints + 2 * landmark) - mean_x
    error_y = tl.load(keypoints + 2 * landmark + 1) - mean_y
    along, across = error_x * axis_x + error_y * axis_y, error_y * axis_x - error_x * axis_y
    size_across, slope_across = _distance(across, beta, distance)
    size_along, slope_along = _distance(along, beta, distance)
    by_small, by_large = 1 / tl.sqrt(small + eps), 1 / tl.sqrt(large + eps)
    term = size_across * by_small + size_along * by_large

    d_across, d_along = slope_across * by_small, slope_along * by_large
    if detach:
        d_small, d_large = 0.0 * small, 0.0 * large
    else:
        term += weight * (small + large)
        d_small = weight - 0.5 * size_across * by_small * by_small * by_small
        d_large = weight - 0.5 * size_along * by_large * by_large * by_large
    d_small = tl.where(middle - radius >= 0, d_small, 0.0)
    d_angle = d_along * across - d_across * along
    d_half = tl.where(isotropic, 0.0, ((d_large - d_small) * half * radius - 0.5 * d_angle * xy) / squared)
    d_xy = tl.where(isotropic, 0.0, ((d_large - d_small) * xy * radius + 0.5 * d_angle * half) / squared)
    d_xx, d_yy = (d_small + d_large + d_half) / 2, (d_small + d_large - d_half) / 2
    d_target_x, d_target_y = d_along * axis_x - d_across * axis_y, d_along * axis_y + d_across * axis_x

    d_divisor = tl.where(unbounded >= eps / 2, -(d_xx * xx + d_xy * xy + d_yy * yy) / divisor, 0.0)
    d_mass, d_concentration = d_divisor * (1 + second / (first * first)), -d_divisor / first
    d_xx, d_xy, d_yy = d_xx / divisor, d_xy / divisor, d_yy / divisor
    short = 1 - mass
    d_x = -d_target_x - short * (2 * d_xx * mean_x + d_xy * mean_y)
    d_y = -d_target_y - short * (2 * d_yy * mean_y + d_xy * mean_x)
    divided = -(d_xx * scatter_xx + d_xy * scatter_xy + d_yy * scatter_yy) - 2 * d_concentration * concentration
    constant = tl.where(raw_mass > min_mass, divided, d_x * mean_x + d_y * mean_y + d_mass)

    tl.store(terms + landmark, term)
    tl.store(d_keypoints + 2 * landmark, d_target_x)
    tl.store(d_keypoints + 2 * landmark + 1, d_target_y)
    numbers += 9 * landmark
    tl.store(numbers, mean_x)
    tl.store(numbers + 1, mean_y)
    tl.store(numbers + 2, constant * inverse)
    tl.store(numbers + 3, d_x * inverse)
    tl.store(numbers + 4, d_y * inverse)
    tl.store(numbers + 5, d_xx * inverse)
    tl.store(numbers + 6, d_xy * inverse)
    tl.store(numbers + 7, d_yy * inverse)
    tl.store(numbers + 8, 2 * d_concentration * inverse * inverse)


@jit
def _backward(
    heatmaps,
    numbers,
    d_terms,
    gradient,
    step_y,
    step_x,
    height: tl.constexpr,
    width: tl.constexpr,
    rows: tl.constexpr,
    columns: tl.constexpr,
):
    landmark = tl.program_id(0)
    i, j = tl.arange(0, rows)[:, None], tl.arange(0, columns)[None, :]
    inside = (i < height) & (j < width)
    cells = landmark.to(tl.int64) * height * width + i * width + j
    p = tl.load(heatmaps + cells, mask=inside, other=0.0)
    d_term = tl.load(d_terms + landmark)
    numbers += 9 * landmark
    dx = _grid_line(j, width, step_x) - tl.load(numbers)
    dy = _grid_line(i, height, step_y) - tl.load(numbers + 1)
    by_x = tl.load(numbers + 3) + tl.load(numbers + 5) * dx + tl.load(numbers + 6) * dy
    by_y = tl.load(numbers + 4) + tl.load(numbers + 7) * dy
    slope = tl.load(numbers + 2) + by_x * dx + by_y * dy + tl.load(numbers + 8) * p
    tl.store(gradient + cells, d_term * slope, mask=inside)


@torch.library.custom_op('star_loss::terms', mutates_args=())
def star_terms(
    heatmaps: Tensor, keypoints: Tensor, distance: str, detach: bool, weight: float, beta: float, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Loss of each landmark.

    Args:
        heatmaps: (B, K, H, W), float32, contiguous, at most :data:`LARGEST` cells each.
        keypoints: (B, K, 2), float32, contiguous.
        distance: one of :data:`DISTANCES`.
        detach: whether the gradient stops at the eigenvalues.
        weight: of the sum of eigenvalues, unless ``detach``.
        beta: error below which smooth-L1 is quadratic.
        eps: added to eigenvalues and to the sums of the unbiased covariance.

    Returns:
        Terms (B, K), the numbers (B, K, 9) that the gradient is made of, and the terms' gradient (B, K, 2) with respect
        to ``keypoints``. Only the terms are differentiable.
    """
    terms = heatmaps.new_empty(heatmaps.shape[:2])
    numbers = heatmaps.new_empty((*heatmaps.shape[:2], _NUMBERS))
    d_keypoints = torch.empty_like(keypoints)
    precision = torch.finfo(torch.float32)
    noise = max(((4 * precision.eps) ** 2 / eps) ** 2, precision.tiny)
    constants = (weight, beta, eps, MIN_MASS, noise, 8 * precision.eps)
    plain_l1 = distance == 'smooth_l1' and beta == 0
    kind = 1 if plain_l1 else DISTANCES.index(distance)
    tensors = heatmaps, keypoints, terms, numbers, d_keypoints
    sizes = _tile(heatmaps)
    with torch.cuda.device_of(heatmaps):
        _forward[(terms.numel(),)](*tensors, *constants, *_steps(heatmaps), distance=kind, detach=detach, **sizes)
    return terms, numbers, d_keypoints


@star_terms.register_fake
def _(heatmaps, keypoints, distance, detach, weight, beta, eps):
    shape = heatmaps.shape[:2]
    return heatmaps.new_empty(shape), heatmaps.new_empty((*shape, _NUMBERS)), torch.empty_like(keypoints)


@torch.library.custom_op('star_loss::gradient', mutates_args=())
def star_gradient(heatmaps: Tensor, numbers: Tensor, d_terms: Tensor) -> Tensor:
    """Gradient (B, K, H, W) of the terms, weighted by ``d_terms`` (B, K), with respect to the heatmaps."""
    gradient = torch.empty_like(heatmaps)
    tensors = heatmaps, numbers, d_terms.contiguous(), gradient
    with torch.cuda.device_of(heatmaps):
        _backward[(d_terms.numel(),)](*tensors, *_steps(heatmaps), **_tile(heatmaps))
    return gradient


@star_gradient.register_fake
def _(heatmaps, numbers, d_terms):
    return torch.empty_like(heatmaps)


def _keep(ctx: Any, inputs: tuple, output: tuple[Tensor, Tensor, Tensor]) -> None:
    ctx.save_for_backward(inputs[0], *output[1:])


def _differentiate(ctx: Any, d_terms: Tensor, *_: Tensor) -> tuple:
    heatmaps, numbers, d_keypoints = ctx.saved_tensors
    wanted = ctx.needs_input_grad
    of_heatmaps = star_gradient(heatmaps, numbers, d_terms) if wanted[0] else None
    of_keypoints = d_terms[..., None] * d_keypoints if wanted[1] else None
    return of_heatmaps, of_keypoints, None, None, None, None, None


def _refuse(ctx: Any, *_: Tensor) -> tuple:
    raise RuntimeError('STARLoss is once_differentiable: there is no second derivative')


star_terms.register_autograd(_differentiate, setup_context=_keep)
star_gradient.register_autograd(_refuse)


def fits(heatmaps: Tensor) -> bool:
    """Whether the kernels can be used for these heatmaps."""
    if tl is None or not heatmaps.is_cuda or heatmaps.dtype != torch.float32:
        return False
    tile = _tile(heatmaps)
    return tile['rows'] * tile['columns'] <= LARGEST and usable(heatmaps.device.type)


# Naming the decorator imports PyTorch's compiler, which takes seconds, and without kernels nothing asks.
@torch.compiler.assume_constant_result if tl else lambda function: function
def usable(device: str) -> bool:
    """Whether kernels can be built and run: tried once in a process, and said if not."""
    if device not in _USABLE:
        try:
            heatmap = torch.ones(1, 1, 2, 2, device=device)
            terms, numbers, _ = star_terms(heatmap, heatmap[..., 0], *_TRIED)
            star_gradient(heatmap, numbers, terms)
            _USABLE[device] = True
        except Exception as error:  # a compiler, Python's headers or a writable folder may be missing
            reason = f'{type(error).__name__}: {error}'.splitlines()[0]
            warnings.warn(f'STAR loss goes without its kernels: Triton fails here ({reason})', stacklevel=2)
            _USABLE[device] = False
    return _USABLE[device]


def _steps(heatmaps: Tensor) -> list[float]:
    return [2 / (length - 1) if length > 1 else 0.0 for length in heatmaps.shape[2:]]


def _tile(heatmaps: Tensor) -> dict[str, int]:
    height, width = heatmaps.shape[2:]
    rows, columns = (1 << (length - 1).bit_length() for length in (height, width))
    num_warps = 4 if rows * columns <= 4096 else 8
    return {'height': height, 'width': width, 'rows': rows, 'columns': columns, 'num_warps': num_warps}
