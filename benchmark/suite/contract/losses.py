"""Losses under contract, with inputs as the heads of this package give them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmark.suite.contract.subject import Broken, Inputs, Subject

IMAGES = 4
GRID = 24
REACH = (0.01, 0.03, 0.1, 0.3)  # errors of an image's landmarks, around the bends that losses have
DEGENERATE = ('empty', 'one pixel', 'uniform')


class Loss(Subject):
    """A loss on positions (B, K, 2) in [-1, 1].

    Args:
        make: makes the loss.
        file: where it is defined.
        landmarks: K, at least 2.
    """

    has_weights = True
    mirrors: Sequence[Callable[[Tensor], Tensor]] = (
        lambda positions: positions * positions.new_tensor([-1.0, 1.0]),
    ) * 2

    def __init__(self, make: Callable[[], nn.Module], file: Path, landmarks: int = 68) -> None:
        super().__init__(make, file)
        self.landmarks = landmarks

    def predicted(self, positions: Tensor, size: int = GRID) -> Tensor:
        """What the loss is given as a prediction of these positions."""
        return positions

    def target(self, positions: Tensor, size: int = GRID) -> Tensor:
        """What it is given as the truth."""
        return positions

    def inputs(self, predicted: Tensor, truth: Tensor, weights: Tensor | None = None, size: int = GRID) -> Inputs:
        """Arguments of the loss for predicted and true positions (B, K, 2); without weights all are 1."""
        weights = torch.ones(predicted.shape[:2]) if weights is None else weights
        return self.predicted(predicted, size), self.target(truth, size), *([weights] if self.has_weights else [])

    def positions(self, seed: int, images: int = IMAGES) -> tuple[Tensor, Tensor]:
        """Predicted and true positions (B, K, 2), within the image, with errors of several sizes."""
        generator = torch.Generator().manual_seed(seed)
        truth = 1.2 * torch.rand(images, self.landmarks, 2, generator=generator) - 0.6
        reach = torch.tensor(REACH).repeat(-(-images // len(REACH)))[:images].view(-1, 1, 1)
        return truth + reach * torch.randn(truth.shape, generator=generator), truth

    @cached_property
    def usual(self) -> Inputs:
        """Inputs as they are in a training."""
        return self.batch(0)

    def batch(self, seed: int, images: int = IMAGES, size: int = GRID) -> Inputs:
        """The same for other positions, another number of images, and maps of another size."""
        return self.inputs(*self.positions(seed, images), size=size)

    def cases(self) -> Mapping[str, Inputs]:
        """At the truth, from one corner to the other, far outside the image, and of one image."""
        predicted, truth = self.positions(1)
        corner = torch.ones_like(truth)
        return {
            'random predictions': self.usual,
            'predictions that equal the truth': self.inputs(truth, truth),
            'truth in the opposite corner': self.inputs(-corner, corner),
            'truth far outside the image': self.inputs(predicted, 10 * corner),
            'one image': self.inputs(predicted[:1], truth[:1]),
        }

    def outputs(self, module: nn.Module, inputs: Inputs) -> Inputs:
        """The loss.

        Raises:
            Broken: it is no scalar.
        """
        value = module(*inputs)
        if not isinstance(value, Tensor):
            raise Broken(f'gives {type(value).__name__}, not a tensor')
        if value.shape != ():
            raise Broken(f'gives shape {tuple(value.shape)}, not a scalar (take the mean)')
        return (value,)

    def objective(self, outputs: Inputs) -> Tensor:
        """The loss itself."""
        return outputs[0]


class HeatmapLoss(Loss):
    """A loss on heatmaps (B, K, H, W), non-negative, with a mass of 1, and positions (B, K, 2)."""

    mirrors = (lambda heatmaps: heatmaps.flip(-1), Loss.mirrors[1])

    def predicted(self, positions: Tensor, size: int = GRID) -> Tensor:
        """Heatmaps whose expectations are the positions, as far as they lie within the image."""
        bumps = _bumps(positions, size)
        return bumps / bumps.sum((-2, -1), keepdim=True).clamp(min=1e-6)

    def cases(self) -> Mapping[str, Inputs]:
        """Those of every loss, and degenerate heatmaps, as a network has them before it has learnt anything."""
        return {**super().cases(), **{f'{name} heatmaps': self._degenerate(name) for name in DEGENERATE}}

    def _degenerate(self, name: str) -> Inputs:
        _, *rest = self.usual
        maps = torch.zeros(IMAGES, self.landmarks, GRID, GRID)
        if name == 'one pixel':
            maps[..., GRID // 3, GRID // 4] = 1
        elif name == 'uniform':
            maps += 1 / GRID**2
        return maps, *rest


class MapLoss(HeatmapLoss):
    """A loss on maps (B, K, H, W) in [0, 1] and maps that they should be."""

    has_weights = False
    mirrors = (HeatmapLoss.mirrors[0],) * 2

    def predicted(self, positions: Tensor, size: int = GRID) -> Tensor:
        """Maps with a bump at each position, 1 at its top."""
        return _bumps(positions, size)

    target = predicted


LOSSES: Mapping[str, type[Loss]] = {'coordinates': Loss, 'heatmaps': HeatmapLoss, 'maps': MapLoss}


def _bumps(positions: Tensor, size: int) -> Tensor:
    """Elongated bumps (B, K, size, size), 1 at their top, each landmark's in another direction."""
    count = positions.shape[1]
    angle = 0.3 + torch.arange(count) * torch.pi / count
    along, across = torch.stack((angle.cos(), angle.sin()), -1), torch.stack((-angle.sin(), angle.cos()), -1)
    line = torch.linspace(-1, 1, size)
    grid = torch.stack(torch.meshgrid(line, line, indexing='xy'), -1)  # (size, size, 2) as (x, y)
    offset = grid - positions[:, :, None, None]
    lengths = (torch.einsum('bkhwc,kc->bkhw', offset, axis) for axis in (along, across))
    return sum(-0.5 * (length / spread) ** 2 for length, spread in zip(lengths, (0.2, 0.1), strict=True)).exp()
