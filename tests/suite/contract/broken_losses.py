"""Losses with one fault each, by the check that alone finds it out."""

from __future__ import annotations

import threading

import numpy as np
import torch
from torch import nn

from benchmark.losses import heatmap_moments, soft_argmax


class Fine(nn.Module):
    """A weighted mean of distances, rounded off at zero; what is broken below differs from it in one thing."""

    def forward(self, predicted, target, weights):
        return self.mean(self.distance(predicted - target), weights)

    def distance(self, error):
        return (error.square().sum(-1) + 1e-4).sqrt()

    def mean(self, distance, weights):
        return (distance * weights).sum() / weights.sum().clamp(min=1e-6)


class ReturnsVector(Fine):
    def mean(self, distance, weights):
        return distance * weights


class ReturnsNumber(Fine):
    def mean(self, distance, weights):
        return super().mean(distance, weights).item()


class HasNoGradient(Fine):
    def distance(self, error):
        return super().distance(error.detach())


class TakesTwo(Fine):
    def forward(self, predicted, target):
        return super().forward(predicted, target, torch.ones(predicted.shape[:2]))


class IsNeverFinite(Fine):
    def mean(self, distance, weights):
        return super().mean(distance, weights) + float('nan')


class Unseeded(Fine):
    generator = np.random.default_rng()

    def mean(self, distance, weights):
        return super().mean(distance, weights) * self.generator.uniform(0.5, 1)


class CountsInItsClass(Fine):
    calls = 0

    def mean(self, distance, weights):
        type(self).calls += 1
        return super().mean(distance, weights) * self.calls


class RootOfZero(Fine):
    def distance(self, error):
        return error.square().sum(-1).sqrt()


class Overflows(Fine):
    def distance(self, error):
        return (9 * super().distance(error)).exp()


class SpreadsOverImages(Fine):
    def mean(self, distance, weights):
        return super().mean(distance, weights) + (distance * weights).mean(1).var()


class StopsGradient(Fine):
    def distance(self, error):
        return error.abs().sum(-1) * error.abs().sum(-1).detach()


class ParameterWithoutSlope(Fine):
    def __init__(self):
        super().__init__()
        self.width = nn.Parameter(torch.ones(2))

    def mean(self, distance, weights):
        width = self.width[0] + self.width[1].detach() + 0 * self.width[1]
        return super().mean(distance, weights) * width.square()


class IgnoresSign(Fine):
    def forward(self, predicted, target, weights):
        return super().forward(predicted.abs(), target.abs(), weights)


class PrefersErrors(Fine):
    """Lowest for errors a fifth of a unit long."""

    def distance(self, error):
        return super().distance(super().distance(error)[..., None] - 0.2)


class HidesTheTruth(PrefersErrors):
    """Lower still at the truth, but not near it."""

    def distance(self, error):
        return super().distance(error) - 0.4 * (-(error.square().sum(-1) / 0.003**2)).exp()


class LeansLeft(Fine):
    def distance(self, error):
        return super().distance(torch.where(error[..., :1] > 0, 1.5 * error, error))


class FirstImageCounts(Fine):
    def mean(self, distance, weights):
        return super().mean(distance, weights * torch.linspace(1, 2, len(weights))[:, None])


class DividesByVisible(Fine):
    def mean(self, distance, weights):
        return distance.sum() / weights.sum().clamp(min=1)


class DividesByNothing(Fine):
    def mean(self, distance, weights):
        return (distance * weights).sum() / weights.sum()


class KnowsTheHidden(Fine):
    """Hidden landmarks get no gradient, but scale that of the others."""

    def mean(self, distance, weights):
        hidden = (distance.detach() * (1 - weights)).sum()
        return super().mean(distance, weights) * (1 + hidden)


class PullsTheHidden(Fine):
    def forward(self, predicted, target, weights):
        pull = ((predicted - predicted.detach()).sum(-1) * (1 - weights)).mean()
        return super().forward(predicted, target, weights) + pull


class OverflowsHalf(Fine):
    def distance(self, error):
        return (1000 * error).square().sum(-1) / 1000


class LosesDigits(Fine):
    def distance(self, error):
        return super().distance(error + 30 - 30)


class FillsInputs(Fine):
    def forward(self, predicted, target, weights):
        return self.mean(self.distance(predicted.sub_(target)), weights)


class Tidies(Fine):
    def forward(self, predicted, target, weights):
        value = super().forward(predicted, target, weights)
        target.clamp_(-0.5, 0.5)
        return value


class CountsSteps(Fine):
    step = 0

    def mean(self, distance, weights):
        self.step += 1
        return super().mean(distance, weights) * (1 + self.step)


class BuffersLate(Fine):
    def mean(self, distance, weights):
        if not hasattr(self, 'seen'):
            self.register_buffer('seen', torch.zeros(()))
        self.seen += 1
        return super().mean(distance, weights) * self.seen


class ProjectsAtRandom(Fine):
    def __init__(self):
        super().__init__()
        self.scale = 1 + torch.rand(())

    def mean(self, distance, weights):
        return super().mean(distance, weights) * self.scale.to(distance.dtype)


class SavesNothing(Fine):
    def __init__(self):
        super().__init__()
        self.width = nn.Parameter(torch.ones(()))

    def mean(self, distance, weights):
        return super().mean(distance, weights) * self.width

    def state_dict(self, *args, **kwargs):
        return {}


class Locks(Fine):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


class CopiesHalf(Fine):
    scale = 1.0

    def __deepcopy__(self, memo):
        copy = type(self)()
        copy.scale = 0.5
        return copy

    def mean(self, distance, weights):
        return super().mean(distance, weights) * self.scale


BROKEN = [
    ('call', ReturnsVector),
    ('call', ReturnsNumber),
    ('call', HasNoGradient),
    ('call', TakesTwo),
    ('call', IsNeverFinite),
    ('repeatable', Unseeded),
    ('repeatable', CountsInItsClass),
    ('finite', RootOfZero),
    ('finite', Overflows),
    ('finite', SpreadsOverImages),
    ('gradient', StopsGradient),
    ('gradient', ParameterWithoutSlope),
    ('truth', IgnoresSign),
    ('truth', PrefersErrors),
    ('truth', HidesTheTruth),
    ('mirroring', LeansLeft),
    ('image-order', FirstImageCounts),
    ('masks', DividesByVisible),
    ('masks', DividesByNothing),
    ('masks', KnowsTheHidden),
    ('masks', PullsTheHidden),
    ('half-precision', OverflowsHalf),
    ('half-precision', LosesDigits),
    ('inputs', FillsInputs),
    ('inputs', Tidies),
    ('continuation', CountsSteps),
    ('continuation', BuffersLate),
    ('continuation', ProjectsAtRandom),
    ('continuation', SavesNothing),
    ('copies', Locks),
    ('copies', CopiesHalf),
]


class Random(Fine):
    def mean(self, distance, weights):
        return super().mean(distance * torch.rand(distance.shape), weights)


class HasNoDeterministicForm(Fine):
    def mean(self, distance, weights):
        torch.zeros(5).put_(torch.tensor([1]), torch.tensor([2.0]))
        return super().mean(distance, weights)


class IsOtherWhereStrict(Fine):
    def mean(self, distance, weights):
        return super().mean(distance, weights) * (1 + torch.are_deterministic_algorithms_enabled())


class Rises(Fine):
    """Falls on the way to the truth but for its last part."""

    def distance(self, error):
        far = super().distance(error)
        return far + 0.1 * (-((far - 0.02) / 0.01).square()).exp()


class WeighsLandmarks(Fine):
    def mean(self, distance, weights):
        return super().mean(distance, weights * torch.linspace(1, 2, weights.shape[1]))


class Sum(Fine):
    def mean(self, distance, weights):
        return (distance * weights).sum()


class KnowsNoWeights(Fine):
    def mean(self, distance, weights):
        return distance.mean()


class CannotBePickled(Fine):
    def __init__(self):
        super().__init__()
        self.root = lambda values: values.sqrt()


NOTED = [
    ('repeatable', Random),
    ('repeatable', HasNoDeterministicForm),
    ('repeatable', IsOtherWhereStrict),
    ('truth', Rises),
    ('landmark-order', WeighsLandmarks),
    ('batch-size', Sum),
    ('masks', KnowsNoWeights),
    ('copies', CannotBePickled),
]


class SoftArgmax(Fine):
    takes_heatmaps = True

    def forward(self, heatmaps, target, weights):
        return super().forward(self.positions(heatmaps), target, weights)

    def positions(self, heatmaps):
        return soft_argmax(heatmaps.to(torch.promote_types(heatmaps.dtype, torch.float32)))


class NeedsMass(SoftArgmax):
    def positions(self, heatmaps):
        return super().positions(heatmaps) / heatmaps.sum((-2, -1)).unsqueeze(-1)


class DividesBySpread(SoftArgmax):
    def positions(self, heatmaps):
        self.spread = (
            heatmap_moments(heatmaps.to(torch.promote_types(heatmaps.dtype, torch.float32))).scatter[..., ::2].sum(-1)
        )
        return super().positions(heatmaps)

    def mean(self, distance, weights):
        return super().mean(distance / self.spread, weights)


class TurnsAround(SoftArgmax):
    def positions(self, heatmaps):
        return -super().positions(heatmaps)


class CountsFromTheLeft(SoftArgmax):
    def positions(self, heatmaps):
        return super().positions(heatmaps) * 23 / 24 - 1 / 24


BROKEN_ON_HEATMAPS = [
    ('finite', NeedsMass),
    ('finite', DividesBySpread),
    ('truth', TurnsAround),
    ('mirroring', CountsFromTheLeft),
]
