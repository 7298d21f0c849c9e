from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from benchmark.suite.speed.timing import LEAST_ROUNDS, Contender, compare, single_thread


class Clock:
    """A clock that contenders put forward."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def contender(clock):
    """A contender that takes given seconds in every other of its calls; the calls before do not count."""

    def contender(name, samples, seconds):
        left = iter([second for counted in seconds for second in (99.0, counted)])

        def run():
            clock.now += next(left)

        return Contender(name, samples, run)

    return contender


SLOW, FAST = (4.0, 8.0, 4.0, 12.0, 4.0), (1.0, 4.0, 2.0, 2.0, 1.0)


def test_times_and_ratios_are_medians_with_quartiles_per_sample(clock, contender):
    slow, fast = compare([contender('slow', 2, SLOW), contender('fast', 10, FAST)], 0, clock)
    assert (slow.name, fast.name) == ('slow', 'fast')
    assert slow.rounds == fast.rounds == LEAST_ROUNDS == 5
    assert slow.milliseconds == pytest.approx(1000 * np.median(SLOW) / 2)
    assert fast.milliseconds == pytest.approx(1000 * np.median(FAST) / 10)
    for row in (slow, fast):
        assert row.samples_per_second == pytest.approx(1000 / row.milliseconds)
        assert row.milliseconds_quartiles[0] <= row.milliseconds <= row.milliseconds_quartiles[1]
    assert (slow.ratio, slow.ratio_quartiles) == (1, (1, 1))


def test_ratios_are_taken_within_rounds(clock, contender):
    """A machine that gets slower for both ways at once leaves their ratio as it is."""
    burden = np.array([1.0, 7, 3, 100, 2])
    slow, fast = compare([contender('slow', 1, 6 * burden), contender('fast', 1, 2 * burden)], 0, clock)
    assert fast.ratio == pytest.approx(3)
    assert fast.ratio_quartiles == pytest.approx((3, 3))
    slow, fast = compare([contender('slow', 2, SLOW), contender('fast', 10, FAST)], 0, clock)
    ratios = np.array(SLOW) / 2 / (np.array(FAST) / 10)
    assert fast.ratio == pytest.approx(np.median(ratios))
    assert fast.ratio != pytest.approx(slow.milliseconds / fast.milliseconds)


def test_rounds_go_on_until_the_time_is_up(monkeypatch, clock):
    now = iter(np.arange(0, 1000, 0.5))
    monkeypatch.setattr('benchmark.suite.speed.timing.time.monotonic', lambda: float(next(now)))
    calls = []

    def run():
        calls.append(None)
        clock.now += 1

    (row,) = compare([Contender('one', 1, run)], 10, clock)
    assert row.rounds == len(calls) / 2 > LEAST_ROUNDS


@pytest.mark.parametrize(('patience', 'rounds'), [(0, 3), (5, 4), (60, 5)])
def test_fewer_rounds_have_to_do_where_they_take_too_long(monkeypatch, clock, patience, rounds):
    now = iter(np.arange(0, 1000, 1.0))
    monkeypatch.setattr('benchmark.suite.speed.timing.time.monotonic', lambda: float(next(now)))

    def run():
        clock.now += 1

    (row,) = compare([Contender('one', 1, run)], 0, clock, patience=patience)
    assert row.rounds == rounds


def test_time_of_the_subject_is_divided_by_every_other_within_rounds(clock, contender):
    contenders = [contender('slow', 2, SLOW), contender('fast', 10, FAST)]
    slow, fast = compare(contenders, 0, clock, group='here', subject='fast')
    assert (fast.subject_ratio, fast.subject_ratio_quartiles) == (1, (1, 1))
    assert slow.subject_ratio == pytest.approx(np.median(np.array(FAST) / 10 / (np.array(SLOW) / 2)))
    assert slow.subject_ratio_quartiles[0] <= slow.subject_ratio <= slow.subject_ratio_quartiles[1]
    assert slow.group == fast.group == 'here'


def test_repeats_are_timed_together(clock):
    def run():
        clock.now += next(durations)

    durations = iter([100.0, 1.0, 2.0, 3.0] * LEAST_ROUNDS)
    (row,) = compare([Contender('one', 2, run, repeats=3)], 0, clock)
    assert row.milliseconds == pytest.approx(1000)
    assert row.subject_ratio is None


def test_every_call_counts_without_warming_up(clock):
    durations = iter([1.0, 2.0, 3.0, 4.0, 5.0])

    def run():
        clock.now += next(durations)

    (row,) = compare([Contender('one', 1, run, warm_up=False)], 0, clock)
    assert row.milliseconds == pytest.approx(3000)


def test_threads_are_as_before_afterwards():
    before = torch.get_num_threads(), cv2.getNumThreads()
    with pytest.raises(RuntimeError, match='inside'), single_thread():
        assert (torch.get_num_threads(), cv2.getNumThreads()) == (1, 1)
        raise RuntimeError('inside')
    assert (torch.get_num_threads(), cv2.getNumThreads()) == before
