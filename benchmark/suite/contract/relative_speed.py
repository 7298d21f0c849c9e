"""How long a loss takes, forward and backward, against smooth-L1 on the same inputs."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmpose.registry import MODELS
from torch import Tensor

from benchmark.losses.moments import soft_argmax
from benchmark.models.heads.soft_argmax_head import SMOOTH_L1
from benchmark.suite.contract.findings import Outcome, noted
from benchmark.suite.contract.losses import HeatmapLoss, Loss, MapLoss
from benchmark.suite.contract.subject import Inputs
from benchmark.suite.speed.timing import Contender, compare

SECONDS = 0.5
IMAGES = 16
SIZE = 64
REPEATS = {True: 1, False: 30}  # of maps, and of positions, which take next to no time


def speed(loss: Loss) -> Outcome:
    """Its time against smooth-L1: a figure, never a fault."""
    given = loss.batch(0, IMAGES, SIZE)
    leaf = given[0].requires_grad_()
    repeats = REPEATS[isinstance(loss, HeatmapLoss)]
    ways = {'smooth-L1': _smooth_l1(loss), 'this': loss.new()}
    contenders = [Contender(name, 1, _pass(way, leaf, given), repeats) for name, way in ways.items()]
    with loss.heeded():
        smooth_l1, _ = compare(contenders, SECONDS, subject='this')
    low, high = smooth_l1.subject_ratio_quartiles
    shapes = ', '.join(' x '.join(map(str, one.shape)) for one in given)
    return noted(f'{smooth_l1.subject_ratio:.2f} [{low:.2f}, {high:.2f}] times the time of smooth-L1 on {shapes}')


def _pass(way: Callable[..., Tensor], leaf: Tensor, given: Inputs) -> Callable[[], None]:
    def run() -> None:
        way(leaf.clone(), *given[1:]).backward()
        leaf.grad = None

    return run


def _smooth_l1(loss: Loss) -> Callable[..., Tensor]:
    """The baseline for such inputs: on positions, on those of heatmaps, or on every pixel of maps."""
    if isinstance(loss, MapLoss):
        return F.smooth_l1_loss
    with DefaultScope.overwrite_default_scope('mmpose'):
        baseline = MODELS.build(SMOOTH_L1)
    if isinstance(loss, HeatmapLoss):
        return lambda heatmaps, *rest: baseline(soft_argmax(heatmaps), *rest)
    return baseline
