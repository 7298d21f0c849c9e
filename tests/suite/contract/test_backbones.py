"""Every check of a backbone has backbones that it alone finds out."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmpose.registry import MODELS
from torch import nn

from benchmark.suite.contract import CHECKS
from benchmark.suite.contract.backbones import Backbone
from benchmark.suite.contract.examination import examine


class Fine(nn.Module):
    """Two stages; what is broken below differs from it in one thing."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.stage = nn.Sequential(nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU())

    def forward(self, images):
        first = self.early(self.stem(images))
        return first, self.stage(first)

    def early(self, features):
        return features


class ReturnsOneMap(Fine):
    def forward(self, images):
        return super().forward(images)[-1]


class ReturnsVectors(Fine):
    def forward(self, images):
        return tuple(one.mean((-2, -1)) for one in super().forward(images))


class ReturnsNothing(Fine):
    def forward(self, images):
        return ()


class MixesImagesIntoChannels(Fine):
    def forward(self, images):
        return tuple(one.flatten(0, 1)[None] for one in super().forward(images))


class CannotTakeThem(Fine):
    def forward(self, images):
        return super().forward(images.flatten(1))


class IsFrozen(Fine):
    def forward(self, images):
        return tuple(one.detach() for one in super().forward(images))


class Unseeded(Fine):
    generator = np.random.default_rng()

    def early(self, features):
        return features * self.generator.uniform(0.5, 1)


class NormalizesContrast(Fine):
    def forward(self, images):
        each = (1, 2, 3)
        return super().forward((images - images.mean(each, keepdim=True)) / images.std(each, keepdim=True))


class StopsGradient(Fine):
    def early(self, features):
        return features * features.detach()


class LooksAtTheOthers(Fine):
    def early(self, features):
        return features - features.mean(0, keepdim=True)


class OverflowsHalf(Fine):
    def early(self, features):
        large = 1e5 * torch.eye(features.shape[1], dtype=features.dtype)
        return (features.movedim(1, -1) @ large / 1e5).movedim(-1, 1)


class ChangesImages(Fine):
    def forward(self, images):
        return super().forward(images.add_(1))


class CountsSteps(Fine):
    step = 0

    def early(self, features):
        self.step += self.training
        return features * (1 + self.step)


class KeepsItsMeanToItself(Fine):
    mean = 0

    def early(self, features):
        if self.training:
            self.mean = 0.5 * self.mean + 0.5 * features.detach().mean((0, 2, 3), keepdim=True)
        return features - self.mean


class Locks(Fine):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


class DropsOut(Fine):
    def early(self, features):
        return nn.functional.dropout(features, 0.2, self.training)


class HasSpareLayers(Fine):
    def __init__(self):
        super().__init__()
        self.spare = nn.ModuleList(nn.Conv2d(1, 1, 1) for _ in range(2))


class IsDeep(Fine):
    """Without statistics of its images it fades out."""

    def __init__(self):
        super().__init__()
        layers = (layer for _ in range(20) for layer in (nn.Conv2d(8, 8, 3, 1, 1), nn.BatchNorm2d(8), nn.ReLU()))
        self.middle = nn.Sequential(*layers)

    def early(self, features):
        return self.middle(features)


class IsRough(Fine):
    """Hardly anything is left of features that differ in their last digits."""

    def early(self, features):
        return features + 1e3 - 1e3


BROKEN = [
    ('call', ReturnsOneMap),
    ('call', ReturnsVectors),
    ('call', ReturnsNothing),
    ('call', MixesImagesIntoChannels),
    ('call', CannotTakeThem),
    ('call', IsFrozen),
    ('repeatable', Unseeded),
    ('finite', NormalizesContrast),
    ('gradient', StopsGradient),
    ('independence', LooksAtTheOthers),
    ('half-precision', OverflowsHalf),
    ('inputs', ChangesImages),
    ('continuation', CountsSteps),
    ('continuation', KeepsItsMeanToItself),
    ('copies', Locks),
]
NOTED = [('repeatable', DropsOut), ('unused', HasSpareLayers), ('half-precision', IsRough)]


def check(make, size=32):
    return examine(Backbone(make, Path(__file__), (size, size)))


def verdicts(found, verdict):
    return [name for name, outcome in found.items() if outcome.verdict == verdict]


def test_backbone_without_fault_passes_all():
    found = check(Fine)
    assert verdicts(found, 'pass') == list(found), found
    assert {'independence', 'unused'} < set(found) < set(CHECKS)
    assert found['call'].text == '(3, 3, 32, 32) give (3, 8, 16, 16), (3, 16, 8, 8)'


@pytest.mark.parametrize(('name', 'backbone'), BROKEN, ids=lambda one: getattr(one, '__name__', one))
def test_fault_is_found_by_the_check_that_is_there_for_it(name, backbone):
    found = check(backbone)
    assert verdicts(found, 'fail') == [name], found


def test_every_check_that_can_fail_has_a_backbone_that_only_it_finds_out():
    assert {name for name, _ in BROKEN} == set(check(Fine)) - {'unused'}


@pytest.mark.parametrize(('name', 'backbone'), NOTED, ids=lambda one: getattr(one, '__name__', one))
def test_what_may_be_meant_is_noted(name, backbone):
    found = check(backbone)
    assert verdicts(found, 'fail') == [] and verdicts(found, 'note') == [name], found


def test_deep_backbone_does_not_fade_out():
    found = check(IsDeep)
    assert verdicts(found, 'fail') == [], found


def test_what_heads_cannot_take_is_named():
    said = {make.__name__: check(make)['call'].text for make in (ReturnsOneMap, ReturnsNothing, ReturnsVectors)}
    assert said == {
        'ReturnsOneMap': 'gives Tensor, not a tuple of feature maps (heads take its last)',
        'ReturnsNothing': 'gives no feature map',
        'ReturnsVectors': 'gives shape (3, 8) among its feature maps, expected (B, C, h, w), B 3',
    }


def test_parameters_without_gradient_are_named():
    text = check(HasSpareLayers)['unused'].text
    assert text == 'no gradient for spare.0.weight, spare.0.bias, spare.1.weight and 1 more: no output depends on them'


def test_backbone_of_mmpose_holds():
    def make():
        with DefaultScope.overwrite_default_scope('mmpose'):
            return MODELS.get('ResNet')(18, stem_channels=8, base_channels=8)

    found = check(make, 64)
    assert verdicts(found, 'fail') == [] and verdicts(found, 'note') == [], found
