from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from benchmark.protocol.differences import holm, paired_difference, paired_rate_test, sign_flip_test
from benchmark.protocol.statistics import LEAST_IMAGES
from tests.coverage import SPREADS, over_both, over_both_of_a_rate


@pytest.fixture
def differences():
    rng = np.random.default_rng(5)
    return rng.normal(0.1, 1, (4, 1)) / 10 + rng.normal(0, 1, (1, 200)) / 5 + rng.normal(0, 0.3, (4, 200))


def half_width(interval):
    return (interval.high - interval.low) / 2


def test_intervals_over_images_and_seeds_are_those_of_students_t(differences):
    found = paired_difference(differences)
    for interval, axis in ((found.over_images, 0), (found.over_seeds, 1)):
        expected = stats.ttest_1samp(differences.mean(axis=axis), 0).confidence_interval(0.95)
        assert interval == pytest.approx((expected.low, expected.high))
    assert found.mean == pytest.approx(differences.mean())
    assert found.exact_p is None


@pytest.mark.parametrize('rate', [False, True])
def test_what_is_shown_are_plain_numbers(differences, rate):
    found = paired_difference(100.0 * np.sign(differences), rate)
    numbers = [found.mean, *found.over_images, *found.over_seeds, *found.over_both, found.p_value, found.exact_p]
    assert {type(number) for number in numbers} - {type(None)} == {float}
    assert type(paired_rate_test([[100, 100, 0]])) is float


def test_half_widths_add_as_squares(differences):
    found = paired_difference(differences)
    expected = np.hypot(half_width(found.over_images), half_width(found.over_seeds))
    assert found.over_both == pytest.approx((found.mean - expected, found.mean + expected))


@pytest.mark.parametrize('sign', [1, -1])
def test_p_is_where_the_interval_reaches_zero(differences, sign):
    differences = sign * (differences - differences.mean() + 0.08)
    found = paired_difference(differences)
    errors = [stats.sem(differences.mean(axis=axis)) for axis in (0, 1)]
    tails = [stats.t.isf(found.p_value / 2, freedom) for freedom in (199, 3)]
    assert np.hypot(*np.multiply(errors, tails)) == pytest.approx(0.08, rel=1e-6)
    assert (found.p_value < 0.05) == (found.over_both.low > 0 or found.over_both.high < 0)


def test_no_difference_has_p_one_and_a_clear_one_a_tiny_p(differences):
    assert paired_difference(differences - differences.mean()).p_value == pytest.approx(1)
    whole = np.rint(10 * differences)
    assert paired_difference(np.concatenate([whole, -whole[:, ::-1] + [[1], [0], [0], [-1]]])).p_value == 1
    for mean in (50, -50, 0.5):
        assert paired_difference(np.random.default_rng(0).normal(mean, 1e-6, (12, 200))).p_value <= 1e-10


@pytest.mark.parametrize('seeds', [1, 2])
def test_fewer_seeds_than_three_give_no_claim(differences, seeds):
    found = paired_difference(differences[:seeds])
    assert found.over_both is None and found.p_value is None and found.over_images is not None
    assert (found.over_seeds is None) == (seeds == 1)
    assert paired_difference(differences[:3]).over_both is not None


def test_seeds_that_do_not_differ_give_no_claim(differences):
    rng = np.random.default_rng(0)
    in_other_orders = np.stack([rng.permutation(differences[0]) for _ in range(50)])
    assert np.ptp(in_other_orders.mean(axis=1)) > 0
    for values in (np.repeat(differences[:1], 5, axis=0), in_other_orders, 0 * differences):
        found = paired_difference(values)
        assert (found.over_seeds, found.over_both, found.p_value) == (None, None, None)


def test_float32_differences_are_weighed_in_float64(differences):
    single = differences.astype(np.float32)
    assert paired_difference(single) == paired_difference(single.astype(np.float64))


def test_what_is_shown_does_not_depend_on_the_size_of_the_unit(differences):
    small, large = paired_difference(1e-10 * differences), paired_difference(1e10 * differences)
    assert small.over_both == pytest.approx([1e-20 * bound for bound in large.over_both], rel=1e-9, abs=0)
    assert small.p_value == pytest.approx(large.p_value)


def test_too_few_images_have_no_interval_over_images(differences):
    found = paired_difference(differences[:, : LEAST_IMAGES - 1])
    assert (found.over_images, found.over_both) == (None, None) and found.over_seeds is not None
    assert paired_difference(differences[:, :LEAST_IMAGES]).over_both is not None


def test_methods_that_fail_on_the_same_images_have_an_interval_with_a_width():
    found = paired_difference(np.zeros((1, 562)), rate=True)
    # One image more fails on either side: two of 564.
    expected = stats.t.isf(0.025, 563) * np.sqrt(2 * 100**2 / 563 / 564)
    assert found.over_images == pytest.approx((-expected, expected))
    assert found.exact_p == 1


def test_interval_of_a_difference_of_rates_counts_one_image_more_on_either_side():
    values = 100.0 * np.repeat([1, -1, 0], [12, 3, 85])[None]
    low, high = paired_difference(values, rate=True).over_images
    share = (13 - 4) / 102
    wald = 1.96 * np.sqrt((13 + 4) / 102 - share**2) / np.sqrt(102)
    assert (low, high) == pytest.approx((100 * (share - wald), 100 * (share + wald)), abs=0.15)


def test_p_of_rates_is_not_below_that_of_the_exact_test():
    rng = np.random.default_rng(2)
    values = 100.0 * (rng.random((3, 400)) < 0.02) - 100.0 * (rng.random((3, 400)) < 0.03)
    found, plain = paired_difference(values, rate=True), paired_difference(values)
    assert found.p_value >= found.exact_p > 0 and plain.exact_p is None
    # Three images that the first method alone fails, one of them after nine trainings of ten.
    few = np.zeros((10, 400))
    few[:, :3] = 100.0
    few[0, 0] = 0.0
    found = paired_difference(few, rate=True)
    assert found.p_value == found.exact_p == 0.25


@pytest.mark.parametrize(('only_first', 'only_second'), [(0, 0), (1, 0), (3, 1), (12, 3), (7, 7), (0, 30)])
def test_exact_test_of_one_seed_is_mcnemars(only_first, only_second):
    values = 100.0 * np.repeat([1, -1, 0], [only_first, only_second, 50])[None]
    expected = 1.0
    if only_first + only_second:
        expected = stats.binomtest(only_first, only_first + only_second).pvalue
    assert paired_rate_test(values) == pytest.approx(expected)


@pytest.mark.parametrize('seed', range(3))
def test_exact_test_of_several_seeds_weighs_every_sign(seed):
    rng = np.random.default_rng(seed)
    values = 100.0 * np.where(rng.random((4, 9)) < 0.3, rng.integers(-1, 2, (4, 9)), rng.integers(-1, 2, 9))
    counts = values.sum(axis=0) / 100
    sums = [abs(np.dot(signs, counts)) for signs in product([-1, 1], repeat=9)]
    assert paired_rate_test(values) == pytest.approx(np.mean(np.array(sums) >= abs(counts.sum())))


@pytest.mark.parametrize('images', [1, 2, 6, 12])
def test_methods_that_fail_equally_often_have_p_one(images):
    values = 100.0 * np.repeat([1, -1], images)[None]
    assert paired_rate_test(values) == pytest.approx(1) and paired_rate_test(values) <= 1


def test_rates_that_are_means_have_no_exact_test():
    assert paired_difference(100 / 3 * np.arange(4)[None].repeat(20, axis=1), rate=True).exact_p is None


def test_holm_is_known_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2] and holm([]) == []


@pytest.mark.parametrize('spread', SPREADS.values(), ids=SPREADS)
@pytest.mark.parametrize('seeds', [3, 10])
def test_interval_over_both_covers_as_often_as_it_says(seeds, spread):
    assert over_both(seeds, spread, 400, np.random.default_rng(seeds)) >= 93


def test_interval_over_both_of_a_rate_covers_as_often_as_it_says():
    assert over_both_of_a_rate(3, 300, np.random.default_rng(0)) >= 93


@pytest.mark.parametrize(
    ('differences', 'p'),
    [
        ([0.3], 1.0),
        ([0.1, 0.2], 0.5),
        ([0.1, 0.2, 0.3], 0.25),
        ([-0.1, -0.2, -0.3], 0.25),
        ([0.1] * 5, 2 / 2**5),
        ([0.1] * 16, 2 / 2**16),
        # |sum| >= 0.4 for +++, ++-... : 0.6 twice and 0.4 (first sign flipped) twice, out of 8.
        ([-0.1, 0.2, 0.3], 0.5),
        ([0.0, 0.0, 0.0], 1.0),
        ([0.1, -0.1], 1.0),
    ],
)
def test_sign_flip_p_values_known_by_hand(differences, p):
    assert sign_flip_test(differences) == p and type(sign_flip_test(differences)) is float


@pytest.mark.parametrize('seed', range(5))
def test_sign_flip_weighs_every_pattern(seed):
    differences = np.random.default_rng(seed).normal(0.3, 1, 9)
    sums = [abs(np.dot(signs, differences)) for signs in product([-1, 1], repeat=9)]
    assert sign_flip_test(differences) == np.mean(np.array(sums) >= abs(differences.sum()) - 1e-12)


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: paired_difference([0.1, 0.2]), 'differences: expected shape'),
        (lambda: paired_difference(np.ones((2, 2, 2))), 'differences: expected shape'),
        (lambda: paired_difference(np.zeros((0, 5))), 'differences: expected shape'),
        (lambda: paired_difference([[0.1, np.inf]]), 'differences: not finite'),
        (lambda: paired_rate_test([[100.0, 1.0]]), 'differences: of failures'),
        (lambda: sign_flip_test([]), 'differences: 0 seeds'),
        (lambda: sign_flip_test(np.ones(17)), 'differences: 17 seeds'),
        (lambda: sign_flip_test(np.ones((2, 17))), 'differences: 17 seeds'),
        (lambda: sign_flip_test([np.nan]), 'differences: value 0'),
        (lambda: sign_flip_test(0.1), 'differences: expected shape'),
        (lambda: sign_flip_test(np.zeros((2, 2, 2))), 'differences: expected shape'),
        (lambda: sign_flip_test([[np.nan, 1.0]]), 'differences: not finite'),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(('sets', 'seeds'), [(7, 5), (20, 3), (1, 4), (3, 1)])
def test_several_sets_of_seeds_are_tested_at_once(sets, seeds):
    differences = np.random.default_rng(2).normal(0.3, 1, (sets, seeds))
    found = sign_flip_test(differences)
    assert found.shape == (sets,)
    np.testing.assert_allclose(found, [sign_flip_test(one) for one in differences])
