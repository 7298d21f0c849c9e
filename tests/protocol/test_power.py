from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmark.protocol.differences import paired_difference
from benchmark.protocol.power import Variation, deviation_factors, power, seeds_needed, variation


def _simulated(rng, effect, found, seeds):
    """(seeds, images) paired differences."""
    of_seed = np.sqrt(found.over_seeds**2 - found.rest**2 / found.images)
    return (
        effect
        + of_seed * rng.standard_normal((seeds, 1))
        + found.over_images * rng.standard_normal(found.images)
        + found.rest * rng.standard_normal((seeds, found.images))
    )


@pytest.mark.parametrize(
    'found',
    [
        Variation(over_seeds=0.3, over_images=0.0, rest=1.0, images=100),
        Variation(over_seeds=0.2, over_images=1.0, rest=1.0, images=100),
        Variation(over_seeds=0.15, over_images=1.2, rest=0.5, images=100),
    ],
)
def test_as_many_seeds_show_the_difference_in_four_of_five_simulations(found):
    rng = np.random.default_rng(0)
    seeds = seeds_needed(0.4, found)
    shown = 0
    for _ in range(600):
        low, high = paired_difference(_simulated(rng, 0.4, found, seeds)).over_both
        shown += low > 0 or high < 0
    assert seeds > 3 and shown / 600 == pytest.approx(power(0.4, found, seeds), abs=0.05)
    assert power(0.4, found, seeds) >= 0.8 > power(0.4, found, seeds - 1)


def test_power_over_seeds_alone_is_that_of_the_t_test():
    found = Variation(over_seeds=0.1, over_images=0.0, rest=0.0, images=400)
    limit = stats.t.ppf(0.975, 9)
    centre = np.sqrt(10)
    expected = stats.nct.sf(limit, 9, centre) + stats.nct.cdf(-limit, 9, centre)
    assert power(0.1, found, 10) == pytest.approx(expected, abs=1e-3)


def test_no_number_of_seeds_makes_up_for_too_few_images():
    found = Variation(over_seeds=0.1, over_images=1.0, rest=0.0, images=100)
    assert seeds_needed(0.2, found) is None
    assert seeds_needed(0.4, found) < 20


def test_three_seeds_are_the_least():
    assert seeds_needed(9.0, Variation(over_seeds=0.1, over_images=0.1, rest=0.1, images=400)) == 3


def test_variance_is_split_into_what_seeds_images_and_neither_add():
    rng = np.random.default_rng(1)
    true = Variation(over_seeds=0.5, over_images=1.0, rest=2.0, images=2000)
    found = variation(_simulated(rng, 0.3, true, 200))
    assert found == pytest.approx(true, rel=0.1)


def test_images_that_add_less_than_chance_would_add_nothing():
    rest = np.array([[1.0, -1.0, 2.0], [-1.0, 1.0, -2.0]])
    assert variation(rest).over_images == 0


@pytest.mark.parametrize('values', [[1.0, 2.0], [[1.0, 2.0]], [[1.0], [2.0]]])
def test_variance_takes_two_seeds_and_two_images(values):
    with pytest.raises(ValueError, match='at least two of both'):
        variation(values)


def test_true_deviation_lies_within_its_factors():
    low, high = deviation_factors(4)
    measured = np.random.default_rng(2).standard_normal((4000, 5)).std(axis=1, ddof=1)
    assert np.mean((low * measured < 1) & (high * measured > 1)) == pytest.approx(0.95, abs=0.012)
