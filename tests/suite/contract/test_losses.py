"""Every check of a loss has losses that it alone finds out."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmark.models import AdaptiveWingMapLoss, LandmarkDistanceLoss, STARLoss
from benchmark.suite.contract import CHECKS
from benchmark.suite.contract.examination import examine
from benchmark.suite.contract.losses import LOSSES
from tests.suite.contract.broken_losses import (
    BROKEN,
    BROKEN_ON_HEATMAPS,
    NOTED,
    BuffersLate,
    Fine,
    Random,
    ReturnsVector,
    SoftArgmax,
    StopsGradient,
)


def check(make, kind='coordinates', accepted=()):
    return examine(LOSSES[kind](make, Path(__file__), 6), accepted)


def verdicts(found, verdict):
    return [name for name, outcome in found.items() if outcome.verdict == verdict]


def test_loss_without_fault_passes_all():
    found = check(Fine)
    assert verdicts(found, 'note') == ['speed'] and len(verdicts(found, 'pass')) == len(found) - 1
    assert list(found) == [name for name in CHECKS if name not in ('independence', 'unused')]


@pytest.mark.parametrize(('name', 'loss'), BROKEN, ids=lambda one: getattr(one, '__name__', one))
def test_fault_is_found_by_the_check_that_is_there_for_it(name, loss):
    found = check(loss)
    assert verdicts(found, 'fail') == [name], found


@pytest.mark.parametrize(('name', 'loss'), NOTED, ids=lambda one: getattr(one, '__name__', one))
def test_what_may_be_meant_is_noted(name, loss):
    found = check(loss)
    assert verdicts(found, 'fail') == [] and verdicts(found, 'note') == [name, 'speed'], found


@pytest.mark.parametrize(('name', 'loss'), BROKEN_ON_HEATMAPS, ids=lambda one: getattr(one, '__name__', one))
def test_fault_of_a_loss_on_heatmaps_is_found(name, loss):
    assert verdicts(check(SoftArgmax, 'heatmaps'), 'fail') == []
    assert verdicts(check(loss, 'heatmaps'), 'fail') == [name]


def test_every_check_that_can_fail_has_a_loss_that_only_it_finds_out():
    never = {'landmark-order', 'batch-size', 'speed', 'independence', 'unused'}
    assert {name for name, _ in BROKEN} == set(CHECKS) - never


def test_random_loss_is_not_compared_with_itself():
    found = check(Random)
    assert verdicts(found, 'skipped') == ['mirroring', 'image-order', 'landmark-order', 'batch-size']
    assert 'the same bits after the same seed' in found['repeatable'].text


def test_what_is_needed_for_the_others_is_asked_first():
    found = check(ReturnsVector)
    assert found['call'].text == 'gives shape (4, 6), not a scalar (take the mean)'
    assert set(verdicts(found, 'skipped')) == set(found) - {'call'}


def test_exception_is_a_failed_check_with_its_line():
    class Raises(Fine):
        def mean(self, distance, weights):
            if not distance.requires_grad or distance.dtype == torch.float64:
                return super().mean(distance, weights)
            if len(distance) == 1:
                raise RuntimeError('one image\nis too little')
            return super().mean(distance, weights)

    found = check(Raises)
    line = next(i for i, text in enumerate(Path(__file__).read_text().splitlines(), 1) if "RuntimeError('one" in text)
    assert found['finite'] == ('fail', f'test_losses.py, line {line}: RuntimeError: one image')
    assert verdicts(found, 'fail') == ['finite']


def test_state_that_does_not_fit_is_named():
    assert check(BuffersLate)['continuation'].text.endswith('step 3 gives other numbers: not taken: seen')


def test_accepted_failure_is_a_note():
    found = check(StopsGradient, accepted=['gradient'])
    assert verdicts(found, 'fail') == [] and found['gradient'].text.startswith('accepted: differs from finite')


def test_gradient_of_what_computes_in_float32_is_skipped():
    class Single(Fine):
        def distance(self, error):
            return super().distance(error.float())

    assert check(Single)['gradient'] == ('skipped', 'computes in float32, too coarse for finite differences')


@pytest.mark.parametrize('weighted', [False, True])
@pytest.mark.parametrize('restriction', ['value', 'detach'])
@pytest.mark.parametrize('distance', ['smooth_l1', 'l1', 'l2'])
def test_star_loss_holds(distance, restriction, weighted):
    """With 'detach' it stops a gradient on purpose."""
    stops = restriction == 'detach'
    found = check(lambda: STARLoss(distance, restriction, use_target_weight=weighted), 'heatmaps')
    assert verdicts(found, 'fail') == ['gradient'] * stops, found
    assert verdicts(found, 'note') == ['masks'] * (not weighted) + ['speed']


@pytest.mark.parametrize('weighted', [False, True])
@pytest.mark.parametrize('distance', ['smooth_l1', 'l1', 'l2', 'wing'])
def test_distance_losses_hold(distance, weighted):
    found = check(lambda: LandmarkDistanceLoss(distance, use_target_weight=weighted))
    assert verdicts(found, 'fail') == [], found
    assert verdicts(found, 'note') == ['masks'] * (not weighted) + ['speed']


def test_loss_of_maps_holds():
    found = check(AdaptiveWingMapLoss, 'maps')
    assert verdicts(found, 'fail') == [] and verdicts(found, 'skipped') == ['masks'], found
