from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from benchmark.protocol.statistics import (
    LEAST_IMAGES,
    Spread,
    bootstrap_means,
    percentile_interval,
    pooled_spread,
    prediction_bound,
    rate_interval,
)
from tests.coverage import over_images


@pytest.fixture
def errors():
    return np.random.default_rng(3).gamma(4, 0.01, 400)


def test_interval_of_a_mean_agrees_with_the_normal_approximation(errors):
    low, high = percentile_interval(bootstrap_means(errors))
    half = 1.96 * errors.std(ddof=1) / np.sqrt(len(errors))
    assert low == pytest.approx(errors.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(errors.mean() + half, abs=0.1 * half)


def test_interval_of_two_values_is_known_by_hand():
    # Resamples of (0, 1) average 0, 0.5 or 1 with probability 1/4, 1/2 and 1/4.
    means = bootstrap_means([0.0, 1.0])
    assert percentile_interval(means, 0.95) == (0.0, 1.0)
    assert percentile_interval(means, 0.40) == (0.5, 0.5)


def test_distribution_is_the_same_for_the_same_seed(errors):
    np.testing.assert_array_equal(bootstrap_means(errors, seed=1), bootstrap_means(errors, seed=1))
    assert (bootstrap_means(errors, seed=1) != bootstrap_means(errors, seed=2)).any()


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


def test_distribution_has_9999_means_of_the_first_seed_unless_told_otherwise(errors):
    assert bootstrap_means(errors[:20]).shape == (9999,)
    few = bootstrap_means(errors, resamples=50)
    np.testing.assert_array_equal(few, bootstrap_means(errors, resamples=50, seed=0))


def test_intervals_of_several_distributions_are_those_of_each():
    distributions = np.random.default_rng(0).normal(0, [[1], [5]], (2, 300))
    low, high = percentile_interval(distributions)
    assert [percentile_interval(one) for one in distributions] == list(zip(low, high, strict=True))


def test_memory_of_a_bootstrap_does_not_grow_with_its_resamples():
    tracemalloc.start()
    bootstrap_means(np.ones(5000), resamples=2000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The numbers of all drawn images alone would take 80 MB.
    assert peak < 60e6


def test_least_number_of_images_is_thirty():
    assert LEAST_IMAGES == 30


def test_few_images_are_covered_too_seldom_and_the_least_number_well_enough():
    rng = np.random.default_rng(1)
    assert over_images(8, 1500, rng) < 90 < over_images(LEAST_IMAGES, 1500, rng)


@pytest.mark.parametrize(('failures', 'images'), [(0, 562), (1, 2500), (58, 2500), (20, 40), (39, 40), (40, 40)])
def test_interval_of_a_rate_is_the_exact_one(failures, images):
    expected = stats.binomtest(failures, images).proportion_ci(0.95, 'exact')
    assert rate_interval(failures / images, images) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize('confidence', [0.4, 0.99])
def test_interval_of_a_rate_has_the_confidence_asked_for(confidence):
    expected = stats.binomtest(20, 40).proportion_ci(confidence, 'exact')
    found = rate_interval(0.5, 40, confidence)
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert {type(bound) for bound in found} == {float}


@pytest.mark.parametrize('images', [1, 100])
def test_interval_of_no_failure_has_a_width_known_by_hand(images):
    low, high = rate_interval(0.0, images)
    assert low == 0 and (1 - high) ** images == pytest.approx(0.025)


def test_interval_of_a_mean_rate_lies_between_those_of_whole_failures():
    below, between, above = (rate_interval(failures / 300, 300) for failures in (4, 4 + 1 / 3, 5))
    assert below.low < between.low < above.low and below.high < between.high < above.high


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: bootstrap_means([0.1]), 'values: 1 images'),
        (lambda: bootstrap_means(np.zeros((2, 2, 2))), 'values: expected shape'),
        (lambda: bootstrap_means([0.1, np.nan]), 'values: not finite'),
        (lambda: rate_interval(1.5, 10), 'rate: expected a fraction'),
        (lambda: rate_interval(-0.1, 10), 'rate: expected a fraction'),
        (lambda: rate_interval(0.5, 0), 'images: 0'),
        *((lambda share=share: rate_interval(0.5, 10, share), 'confidence') for share in (95, 1, 0, -0.5)),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_spread_within_groups_leaves_the_differences_between_them_out():
    found = pooled_spread([[4.0, 5.0, 6.0], [104.0, 106.0], [9.0]])
    assert found == (pytest.approx(np.sqrt((2 + 2) / 3)), 3)


def test_single_seeds_have_no_spread():
    assert pooled_spread([[4.0], [5.0]]) is None


@pytest.mark.parametrize(('own', 'common'), [(1, 1), (3, 3), (2, 0), (5, 0)])
def test_prediction_holds_the_difference_as_often_as_it_says(own, common):
    """Of three published seeds; where some are common only these are compared."""
    rng = np.random.default_rng(0)
    published, here = rng.standard_normal((20_000, 3)), rng.standard_normal((20_000, own))
    others = published[:, :common] if common else published
    bounds = [prediction_bound(pooled_spread([row]), own, others.shape[1]) for row in published]
    held = np.mean(np.abs(here.mean(axis=1) - others.mean(axis=1)) <= bounds)
    assert held == pytest.approx(0.95, abs=0.006) if common != 1 else 0.945 < held < 0.99


def test_nothing_is_expected_to_differ_where_nothing_varies():
    assert prediction_bound(Spread(0.0, 0), 1, 1) == 0
