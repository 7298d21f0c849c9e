from __future__ import annotations

import numpy as np
import pytest

from benchmark.records.coding import multiplied, pack, round_down_carrying, round_each, units_below, units_for, unpack


@pytest.mark.parametrize('shape', [(5, 7), (5, 7, 3), (1, 1), (1, 98, 2), (0, 4), (3, 1, 2)])
@pytest.mark.parametrize('digits', [0, 1, 7, 8, 15, 24])
def test_packed_numbers_come_back(shape, digits):
    rng = np.random.default_rng(digits)
    whole = rng.integers(-(2**digits) + 1, 2**digits, shape)
    planes = pack(whole)
    assert planes.dtype == np.uint8 and planes.shape[1:] == (*shape[1:], shape[0] + 1)
    np.testing.assert_array_equal(unpack(planes), whole)


def test_largest_steps_between_landmarks_and_images_come_back():
    most = 2**24 - 1
    whole = np.array([[most, -most, most], [-most, most, -most]])
    np.testing.assert_array_equal(unpack(pack(whole)), whole)


def test_numbers_that_are_alike_take_one_byte_each():
    whole = 100_000 + 1_000 * np.arange(98) + np.random.default_rng(0).integers(-30, 31, (50, 98))
    planes = pack(whole)
    assert not planes[1:, :, 1:].any()


@pytest.mark.parametrize(
    'planes',
    [
        np.zeros((2, 3, 4)),
        np.zeros((2, 3, 4), np.int16),
        np.zeros((3, 4), np.uint8),
        np.zeros((5, 3, 4), np.uint8),
        np.zeros((0, 3, 4), np.uint8),
        np.zeros((2, 3, 0), np.uint8),
    ],
    ids=lambda planes: f'{planes.dtype}-{planes.shape}',
)
def test_other_arrays_are_no_packed_numbers(planes):
    with pytest.raises(ValueError, match='no packed numbers'):
        unpack(planes)


LARGEST = [1.0, 0.75, 2.0**24 - 1, 2.0**24 - 0.25, 3e-39, 2.0**-149, 2.0**126, 1e30, np.nextafter(2.0, 1)]


@pytest.mark.parametrize('largest', LARGEST)
@pytest.mark.parametrize('digits', [8, 22, 24])
def test_unit_is_the_smallest_whose_multiples_have_so_many_digits(largest, digits):
    values = np.array([[0.0, -largest]])
    (unit,) = units_for(values, digits)
    assert np.frexp(unit)[0] == 0.5
    assert np.rint(largest / unit) < 2**digits
    assert np.rint(largest / (unit / 2)) >= 2**digits or unit == 2.0**-149
    assert unit / 2 <= largest / (2**digits - 1) or unit == 2.0**-149


def test_image_of_zeros_has_the_smallest_unit():
    values = np.zeros((2, 3))
    assert units_for(values, 8).tolist() == [2.0**-149] * 2
    assert not round_each(values, units_for(values, 8)).any()


def test_unit_below_is_a_power_of_two_that_is_reached():
    assert units_below([1.0, 1.99, 2.0, 0.3, 1e-60]).tolist() == [1, 1, 2, 0.25, 2.0**-149]


def test_multiples_with_24_digits_are_exact():
    whole = np.array([[2**24 - 1, 1 - 2**24, 1, 0]])
    for unit in (2.0**-149, 2.0**-12, 1.0, 2.0**103):
        np.testing.assert_array_equal(multiplied(whole, np.array([unit])).astype(np.float64), whole * unit)


def test_rounding_twice_is_rounding_once():
    values = np.random.default_rng(0).lognormal(0, 3, (40, 30))
    for digits in (8, 22, 24):
        units = units_for(values, digits)
        once = multiplied(round_each(values, units), units)
        np.testing.assert_array_equal(units_for(once, digits), units)
        np.testing.assert_array_equal(multiplied(round_each(once, units), units), once)


def test_remainders_go_to_the_next_image():
    values = np.array([[0.75, 0.5], [0.75, 0.5], [0.75, 0.25]])
    whole = round_down_carrying(values, np.ones(3), np.ones(3), np.ones(3, bool))
    assert whole.tolist() == [[0, 0], [1, 1], [1, 0]]


def test_remainders_pass_over_an_image_that_takes_no_part():
    values = np.array([[0.75], [6.0], [0.75]])
    whole = round_down_carrying(values, np.array([1.0, 4.0, 1.0]), np.ones(3), np.array([True, False, True]))
    assert whole.tolist() == [[0], [2], [1]]


def test_remainders_are_shares_of_the_scale():
    values = np.array([[0.5], [1.0], [2.0]])
    whole = round_down_carrying(values, np.ones(3), np.array([1.0, 2.0, 4.0]), np.ones(3, bool))
    # 0.5 of 1 is 1 of 2, and nothing is left for the last.
    assert whole.tolist() == [[0], [2], [2]]
