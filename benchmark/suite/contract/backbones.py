"""Backbones under contract, and what is demanded of them alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from benchmark.suite.contract.findings import Outcome, failed, noted, passed
from benchmark.suite.contract.subject import Broken, Inputs, Subject, distance

IMAGES = 3
NEAR = 1e-2  # convolutions of other sizes may add in another order, and depth makes more of it
_SHOWN = 3


class Backbone(Subject):
    """A backbone, called with images (B, 3, H, W) whose values are about -1 to 1.

    Args:
        make: makes the backbone.
        file: where it is defined.
        input_size: width and height of the images.
    """

    near_derivative = 1e-2  # rectifiers bend within a step

    def __init__(self, make: Callable[[], nn.Module], file: Path, input_size: tuple[int, int] = (64, 64)) -> None:
        super().__init__(make, file)
        self.input_size = input_size

    @cached_property
    def usual(self) -> Inputs:
        """Random images."""
        return self.batch(0)

    def batch(self, seed: int) -> Inputs:
        """Other images: smooth, with noise, so that they differ as faces do."""
        width, height = self.input_size
        generator = torch.Generator().manual_seed(seed)
        coarse = torch.randn(IMAGES, 3, 5, 5, generator=generator)
        smooth = F.interpolate(coarse, (height, width), mode='bicubic', align_corners=True)
        return ((0.5 * smooth + 0.1 * torch.randn(smooth.shape, generator=generator)).clamp(-1, 1),)

    def cases(self) -> Mapping[str, Inputs]:
        """Random images, and images of one grey, which a face that is out of sight may be."""
        return {'random images': self.usual, 'images of one grey': (torch.zeros_like(self.usual[0]),)}

    def outputs(self, module: nn.Module, inputs: Inputs) -> Inputs:
        """The feature maps.

        Raises:
            Broken: they are not what necks and heads take.
        """
        features = module(*inputs)
        if not isinstance(features, tuple | list):
            raise Broken(f'gives {type(features).__name__}, not a tuple of feature maps (heads take its last)')
        if not features:
            raise Broken('gives no feature map')
        for one in features:
            if not isinstance(one, Tensor) or one.ndim != 4 or len(one) != len(inputs[0]):
                found = f'shape {tuple(one.shape)}' if isinstance(one, Tensor) else type(one).__name__
                raise Broken(f'gives {found} among its feature maps, expected (B, C, h, w), B {len(inputs[0])}')
        return tuple(features)

    def objective(self, outputs: Inputs) -> Tensor:
        """Every feature with a weight of its own."""
        return sum((one * _pattern(one)).mean() for one in outputs)

    def compared(self) -> nn.Module:
        """In evaluation, with the statistics of the usual images.

        In training, normalization of so few values would let what is near go apart; with the statistics that it begins
        with, deep networks would fade out.
        """
        module = self.new()
        for layer in module.modules():
            if isinstance(layer, _BatchNorm):
                layer.momentum = 1.0
        with torch.no_grad():
            self.forward(module, self.usual)
        module.eval()
        return module


def _pattern(like: Tensor) -> Tensor:
    return torch.arange(like.numel(), dtype=like.dtype).view_as(like).remainder(7).sub(2)


def independence(subject: Backbone) -> Outcome:
    """Whether each image has the features that it has alone, in evaluation."""
    module = subject.compared()
    (images,) = subject.usual
    with torch.no_grad():
        together = subject.forward(module, (images,))
        each = [subject.forward(module, (one[None],)) for one in images]
    apart = [torch.cat(parts) for parts in zip(*each, strict=True)]
    largest = max(map(distance, together, apart))
    if not largest <= NEAR:
        return failed(f'features of an image differ by {largest:.2g} of their size when it is alone in its batch')
    return passed(f'features of each of {IMAGES} images are those that it has alone, to {largest:.2g}')


def unused(subject: Backbone) -> Outcome:
    """Whether every parameter gets a gradient."""
    without = [name for name, one in subject.reference.parameters.items() if one is None]
    if without:
        more = f' and {len(without) - _SHOWN} more' if len(without) > _SHOWN else ''
        return noted(f'no gradient for {", ".join(without[:_SHOWN])}{more}: no output depends on them')
    return passed(f'all {len(subject.reference.parameters)} parameters get one')
