"""What a loss on landmarks means: which predictions it prefers, and what it does not depend on."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from benchmark.suite.contract.findings import Outcome, failed, noted, passed, skipped
from benchmark.suite.contract.losses import IMAGES, Loss
from benchmark.suite.contract.subject import Evaluated, distance

NEAR = 1e-4  # sums in another order
SHIFT = 0.1
_SIDES = {'right': (1.0, 0.0), 'left': (-1.0, 0.0), 'bottom': (0.0, 1.0), 'top': (0.0, -1.0)}
APPROACH = (1.0, 0.5, 0.2, 0.1, 0.0)
ALIKE = 'draws random numbers, so that nothing can be compared'


def truth(loss: Loss) -> Outcome:
    """Whether the loss is lowest at the truth, and lower at a tenth of the error than at all of it."""
    _, true = loss.positions(0)
    noise = SHIFT * torch.randn(true.shape, generator=torch.Generator().manual_seed(3))
    wrong = {
        'random errors': true + noise,
        **{f'a shift to the {side}': true + SHIFT * torch.tensor(by) for side, by in _SIDES.items()},
        'mirrored landmarks': true * torch.tensor([-1.0, 1.0]),
        'the opposite points': -true,
        'x and y exchanged': true.flip(-1),
        "another landmark's points": true.roll(1, dims=1),
        "another image's points": true.roll(1, dims=0),
    }
    at_truth = _value(loss, true, true)
    values = {name: _value(loss, points, true) for name, points in wrong.items()}
    preferred = [f'{name} ({value:.4g})' for name, value in values.items() if not value > at_truth]
    if preferred:
        return failed(f'the truth ({at_truth:.4g}) is not better than {", ".join(preferred)}')
    path = [_value(loss, true + part * noise, true) for part in APPROACH]
    shown = ', '.join(f'{value:.3g}' for value in path)
    if not path[-2] < path[0]:
        return failed(f'errors of a tenth are not better than whole ones: {shown} on the way to the truth')
    if any(later > earlier for earlier, later in pairwise(path)):
        return noted(f'better at the truth than at {len(wrong)} others, but it rises on the way there: {shown}')
    return passed(f'better than {len(wrong)} other predictions, and falls on the way: {shown}')


_SIDES = {'right': (1.0, 0.0), 'left': (-1.0, 0.0), 'bottom': (0.0, 1.0), 'top': (0.0, -1.0)}


def _value(loss: Loss, predicted: Tensor, true: Tensor) -> float:
    return loss.evaluate(loss.inputs(predicted, true)).outputs[0].item()


def mirroring(loss: Loss) -> Outcome:
    """Whether mirrored predictions and targets give the same loss, and mirrored gradients."""
    if loss.draws_random_numbers:
        return skipped(ALIKE)
    given = loss.usual
    mirrored = (*(mirror(one) for mirror, one in zip(loss.mirrors, given, strict=False)), *given[2:])
    found = loss.evaluate(mirrored)
    largest = _difference(loss.reference, found.outputs[0], loss.mirrors[0](found.gradient))
    if not largest <= NEAR:
        return failed(f'mirrored images: value or gradient differ by {largest:.2g} of their size')
    return passed(f'the same for mirrored images, to {largest:.1g}')


def image_order(loss: Loss) -> Outcome:
    """Whether images in another order give the same loss."""
    if loss.draws_random_numbers:
        return skipped(ALIKE)
    largest = _reordered(loss, 0)
    if not largest <= NEAR:
        return failed(f'images in another order: value or gradient differ by {largest:.2g} of their size')
    return passed(f'the same for images in another order, to {largest:.1g}')


def landmark_order(loss: Loss) -> Outcome:
    """Whether landmarks in another order give the same loss."""
    if loss.draws_random_numbers:
        return skipped(ALIKE)
    largest = _reordered(loss, 1)
    if not largest <= NEAR:
        return noted(f'landmarks count differently: in another order, value or gradient change by {largest:.2g}')
    return passed(f'the same for landmarks in another order, to {largest:.1g}')


def _reordered(loss: Loss, dim: int) -> float:
    order = torch.randperm(loss.usual[0].shape[dim], generator=torch.Generator().manual_seed(4))
    found = loss.evaluate(tuple(one.index_select(dim, order) for one in loss.usual))
    return _difference(loss.reference, found.outputs[0], found.gradient.index_select(dim, order.argsort()))


def _difference(reference: Evaluated, value: Tensor, gradient: Tensor) -> float:
    return max(distance(value, reference.outputs[0]), distance(gradient, reference.gradient))


def batch_size(loss: Loss) -> Outcome:
    """Whether the loss is a mean over images."""
    if loss.draws_random_numbers:
        return skipped(ALIKE)
    twice = loss.evaluate(tuple(torch.cat((one, one)) for one in loss.usual)).outputs[0]
    once = loss.reference.outputs[0]
    if not distance(twice, once) <= NEAR:
        return noted(
            f'no mean: {once.item():.4g} for {IMAGES} images, {twice.item():.4g} for the same twice; a batch in two '
            'parts, or shared by two processes, trains otherwise'
        )
    return passed('a mean over images: the same for all of them twice')


def masks(loss: Loss) -> Outcome:
    """Whether landmarks of weight 0 have no part in value and gradient."""
    if not loss.has_weights:
        return skipped('takes no weights')
    predicted, true = loss.positions(0)
    weights = torch.ones(predicted.shape[:2])
    weights[:, ::2] = 0
    visible = weights[..., None] > 0
    hidden_elsewhere = torch.where(visible, predicted, -predicted), torch.where(visible, true, true.flip(-1))
    masked = loss.evaluate(loss.inputs(predicted, true, weights))
    if masked.equals(loss.reference):
        return noted('weights change nothing: hidden landmarks count as all others')
    seen = visible.view(*weights.shape, *[1] * (masked.gradient.ndim - 2))
    of_hidden = masked.gradient.masked_fill(seen, 0).norm() / masked.gradient.norm()
    if not of_hidden <= NEAR:
        return failed(f'landmarks of weight 0 get {of_hidden.item():.2g} of the gradient')
    other = loss.evaluate(loss.inputs(*hidden_elsewhere, weights))
    largest = _difference(masked, other.outputs[0], other.gradient)
    if not largest <= NEAR:
        return failed(f'where landmarks of weight 0 are changes value or gradient by {largest:.2g} of their size')
    if not loss.evaluate(loss.inputs(predicted, true, torch.zeros_like(weights))).is_finite():
        return failed('not finite where every landmark has weight 0')
    return passed('landmarks of weight 0 have no part in value and gradient; finite where all have it')
