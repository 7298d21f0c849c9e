from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from benchmark.protocol.statistics import (
    bootstrap_interval,
    bootstrap_means,
    percentile_interval,
    sign_flip_test,
)


@pytest.fixture
def errors():
    return np.random.default_rng(3).gamma(4, 0.01, 400)


def test_interval_of_a_mean_agrees_with_the_normal_approximation(errors):
    low, high = bootstrap_interval(errors)
    half = 1.96 * errors.std(ddof=1) / np.sqrt(len(errors))
    assert low == pytest.approx(errors.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(errors.mean() + half, abs=0.1 * half)


def test_interval_of_two_values_is_known_by_hand():
    # Resamples of (0, 1) average 0, 0.5 or 1 with probability 1/4, 1/2 and 1/4.
    assert bootstrap_interval([0.0, 1.0], confidence=0.95) == (0.0, 1.0)
    assert bootstrap_interval([0.0, 1.0], confidence=0.40) == (0.5, 0.5)


def test_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    intervals = [bootstrap_interval(rng.gamma(4, 0.01, 100), confidence=0.9, resamples=999) for _ in range(200)]
    assert 0.84 <= np.mean([low <= 0.04 <= high for low, high in intervals]) <= 0.95


def test_interval_is_the_same_for_the_same_seed(errors):
    assert bootstrap_interval(errors, seed=1) == bootstrap_interval(errors, seed=1)
    assert bootstrap_interval(errors, seed=1) != bootstrap_interval(errors, seed=2)


def test_more_confidence_is_a_wider_interval(errors):
    narrow, wide = bootstrap_interval(errors, confidence=0.5), bootstrap_interval(errors, confidence=0.99)
    assert wide.low < narrow.low < errors.mean() < narrow.high < wide.high


def test_equal_values_have_an_interval_without_width():
    assert bootstrap_interval(np.zeros(50)) == (0.0, 0.0)


def test_pairing_finds_a_difference_that_separate_intervals_hide(errors):
    other = errors + np.random.default_rng(4).normal(0.0005, 0.001, len(errors))
    assert bootstrap_interval(errors).high > bootstrap_interval(other).low
    assert bootstrap_interval(errors - other).high < 0


def test_distribution_is_that_of_scipy_for_the_same_random_numbers(errors):
    expected = stats.bootstrap(
        (errors,), np.mean, n_resamples=500, method='percentile', batch=100, rng=np.random.default_rng(7)
    )
    found = bootstrap_means(errors, resamples=500, seed=7)
    np.testing.assert_allclose(found, expected.bootstrap_distribution, rtol=1e-12)
    np.testing.assert_allclose(percentile_interval(found), expected.confidence_interval, rtol=1e-12)


def test_columns_share_their_resamples(errors):
    other = errors[::-1] * 1.1
    both = bootstrap_means(np.stack([errors, other], axis=1), resamples=300)
    assert both.shape == (2, 300)
    np.testing.assert_allclose(both[0] - both[1], bootstrap_means(errors - other, resamples=300), atol=1e-15)


@pytest.mark.parametrize(
    ('differences', 'p'),
    [
        ([0.3], 1.0),
        ([0.1, 0.2], 0.5),
        ([0.1, 0.2, 0.3], 0.25),
        ([-0.1, -0.2, -0.3], 0.25),
        ([0.1] * 5, 2 / 2**5),
        # |sum| >= 0.4 for +++, ++-... : 0.6 twice and 0.4 (first sign flipped) twice, out of 8.
        ([-0.1, 0.2, 0.3], 0.5),
        ([0.0, 0.0, 0.0], 1.0),
        ([0.1, -0.1], 1.0),
    ],
)
def test_sign_flip_p_values_known_by_hand(differences, p):
    assert sign_flip_test(differences) == p


@pytest.mark.parametrize('seed', range(5))
def test_sign_flip_weighs_every_pattern(seed):
    differences = np.random.default_rng(seed).normal(0.3, 1, 9)
    sums = [abs(np.dot(signs, differences)) for signs in product([-1, 1], repeat=9)]
    assert sign_flip_test(differences) == np.mean(np.array(sums) >= abs(differences.sum()) - 1e-12)


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: bootstrap_interval([0.1]), 'values: 1 images'),
        (lambda: bootstrap_interval([[0.1, 0.2]]), 'values: expected shape'),
        (lambda: bootstrap_interval([0.1, np.nan]), 'values: value 1 is not finite'),
        (lambda: bootstrap_interval([0.1, 0.2], confidence=95), 'confidence'),
        (lambda: sign_flip_test([]), 'differences: 0 seeds'),
        (lambda: sign_flip_test(np.ones(17)), 'differences: 17 seeds'),
        (lambda: sign_flip_test([np.nan]), 'differences: value 0'),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_several_sets_of_seeds_are_tested_at_once():
    differences = np.random.default_rng(2).normal(0.3, 1, (7, 5))
    np.testing.assert_allclose(sign_flip_test(differences), [sign_flip_test(one) for one in differences])
