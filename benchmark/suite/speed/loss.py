"""How long the losses take on heatmaps, forward and backward, and what nothing could be faster than."""

from __future__ import annotations

from collections.abc import Callable

import torch
from mmengine.registry import DefaultScope
from mmpose.registry import MODELS
from torch import Tensor

from benchmark.losses.moments import soft_argmax
from benchmark.models import STARLoss
from benchmark.models.heads.soft_argmax_head import SMOOTH_L1
from benchmark.records.speed import Measurement, Row
from benchmark.suite.speed.eigh_loss import eigh_star_loss
from benchmark.suite.speed.options import Options
from benchmark.suite.speed.profiling import MIB, peak_mib, synchronizations
from benchmark.suite.speed.timing import Contender, compare, wall_clock

SIZES = ((32, 98, 64, 64), (32, 29, 64, 64), (16, 98, 32, 32))
STAR = 'STAR'
OFFICIAL = 'STAR by eigh on the CPU (official)'
COPIES, LIMIT = 'copying twice', 'reading, then copying'
CELLS_A_ROUND = 40e6  # so that a round takes milliseconds however small the heatmaps are


def measure(options: Options) -> Measurement:
    """Time STAR, the baseline, the official way and copies at several sizes.

    Args:
        options: the choices.
    """
    rows = []
    for size in SIZES:
        contenders = _contenders(size, options.device)
        group = ' x '.join(map(str, size))
        timed = compare(contenders, options.seconds / len(SIZES), wall_clock(options.device), group, STAR)
        rows += [_profiled(*pair, size, options.device) for pair in zip(timed, contenders, strict=True)]
    about = (
        'forward and backward pass on float32 heatmaps, images x landmarks x height x width; the official way goes '
        'through torch.linalg.eigh on CPU matrices; soft-argmax as the head has it, and from sums of rows and columns; '
        'copying twice is a copy of the heatmaps forward and another one backward, reading and then copying is what no '
        'gradient that depends on the heatmaps can undercut; memory beside the heatmaps, with their gradient'
    )
    return Measurement(part='loss', about=about, unit='batch', clock='wall', subject=STAR, rows=tuple(rows))


def _contenders(size: tuple[int, int, int, int], device: str) -> list[Contender]:
    heatmaps, keypoints = (part.to(device) for part in blobs(size))
    heatmaps.requires_grad_()
    weights = torch.ones(size[:2], device=device)
    star = STARLoss()
    with DefaultScope.overwrite_default_scope('mmpose'):
        smooth_l1 = MODELS.build(SMOOTH_L1)
    detached, copy = heatmaps.detach(), torch.empty_like(heatmaps, requires_grad=False)

    def backward(loss: Callable[[], Tensor]) -> Callable[[], None]:
        def run() -> None:
            loss().backward()
            heatmaps.grad = None

        return run

    ways = {
        STAR: backward(lambda: star(heatmaps, keypoints)),
        'soft-argmax + smooth-L1': backward(lambda: smooth_l1(soft_argmax(heatmaps), keypoints, weights)),
        'soft-argmax by sums + smooth-L1': backward(
            lambda: smooth_l1(_soft_argmax_of_sums(heatmaps), keypoints, weights)
        ),
        COPIES: lambda: (copy.copy_(detached), copy.copy_(detached)),
        LIMIT: lambda: (detached.sum(), copy.copy_(detached)),
    }
    repeats = max(round(CELLS_A_ROUND / heatmaps.numel()), 1)
    return [
        Contender(
            OFFICIAL,
            1,
            backward(lambda: eigh_star_loss(heatmaps, keypoints)),
        ),
        *(Contender(name, 1, run, repeats) for name, run in ways.items()),
    ]


def blobs(size: tuple[int, int, int, int]) -> tuple[Tensor, Tensor]:
    """Heatmaps like those of a trained network, and targets near their means."""
    generator = torch.Generator().manual_seed(0)
    centre = torch.rand(*size[:2], 2, generator=generator) - 0.5
    y, x = (torch.linspace(-1, 1, length) for length in size[2:])
    dx, dy = x - centre[..., :1], y - centre[..., 1:]
    heatmaps = (-dy.square() / 0.01).exp()[..., None] * (-dx.square() / 0.03).exp()[..., None, :]
    heatmaps += 0.01 * torch.rand(size, generator=generator)
    return heatmaps, centre + 0.02 * torch.randn(*size[:2], 2, generator=generator)


def _soft_argmax_of_sums(heatmaps: Tensor) -> Tensor:
    """The fastest soft-argmax known here in plain PyTorch; its rounding differs from that of the project's own."""
    columns, rows = heatmaps.sum(-2), heatmaps.sum(-1)
    x, y = (torch.linspace(-1, 1, part.shape[-1], device=part.device) for part in (columns, rows))
    mass = rows.sum(-1).clamp(min=1e-6)
    return torch.stack(((columns * x).sum(-1) / mass, (rows * y).sum(-1) / mass), -1)


def _profiled(row: Row, contender: Contender, size: tuple[int, int, int, int], device: str) -> Row:
    if row.name in (COPIES, LIMIT):
        return row
    peak, waits = peak_mib(contender.run, device), synchronizations(contender.run, device)
    heatmap = 4 * torch.Size(size).numel() / MIB
    return row.model_copy(update={'memory_mib': peak, 'memory_heatmaps': peak / heatmap, 'synchronizations': waits})
