from __future__ import annotations

import numpy as np
import pytest

from benchmark.site.figures import Effect, forest_plot

EFFECTS = [
    Effect('full', -0.12, -0.2, -0.04, 'ResNet', True, '3 seeds'),
    Effect('common', -0.08, -0.15, 0.01, 'ResNet', False),
    Effect('challenge', 0.4, 0.1, 0.9, 'Hourglass', False, '1 seed'),
    Effect('pose', 0.05, None, None, 'Hourglass', False),
]


@pytest.fixture
def drawn(read):
    return read(forest_plot('forest', 'title', EFFECTS))


def scale(drawn):
    """Percentage points from x, by the labels of the axis."""
    zero = drawn.lines('zero')[0][0, 0]
    tick = next(text for text in drawn.root.iter() if text.text == '0.5')
    return lambda x: (x - zero) / (float(tick.get('x')) - zero) * 0.5


def test_whiskers_and_squares_are_at_the_numbers(drawn):
    value = scale(drawn)
    whiskers = [value(line[:, 0]) for line in drawn.lines('intervals')]
    np.testing.assert_allclose(whiskers, [(e.low, e.high) for e in EFFECTS if e.low is not None], atol=2e-3)
    squares = [value(line[:, 0].mean()) for gid in ('decided', 'others') for line in drawn.lines(gid)]
    np.testing.assert_allclose(squares, [-0.12, -0.08, 0.4, 0.05], atol=2e-3)


def test_square_is_filled_only_where_the_difference_is_decided_whatever_its_interval(drawn):
    assert (len(drawn.lines('decided')), len(drawn.lines('others'))) == (1, 3)
    assert 'fill: var(--figure-series-1)' in drawn.style('decided')
    assert 'fill: var(--figure-page)' in drawn.style('others')


def test_numbers_are_printed_with_their_signs(drawn):
    shown = {text.replace('\u2212', '-') for text in drawn.texts()}
    assert {'-0.12 [-0.20, -0.04]', '-0.08 [-0.15, +0.01]', '+0.05 (no interval)', '3 seeds'} <= shown


def test_number_that_rounds_to_zero_has_no_sign():
    assert Effect('a', -0.001, None, None, 'g', False).numbers == '0.00 (no interval)'


def test_each_group_has_one_heading_above_its_lines_and_the_zero_line_spares_it(drawn):
    y = {text.text: float(text.get('y')) for text in drawn.root.iter() if text.text and text.get('y')}
    assert y['ResNet'] < y['full'] < y['common'] < y['Hourglass'] < y['challenge'] < y['pose']
    assert drawn.texts().count('ResNet') == 1
    first, second = drawn.lines('zero')
    assert first[:, 1].max() <= y['Hourglass'] - 6 and second[:, 1].min() >= y['Hourglass']


@pytest.mark.parametrize('means', [(-3.0, -2.0), (2.0, 3.0)])
def test_both_directions_are_on_the_axis_and_say_whom_they_favour(read, means):
    effects = [Effect('a', mean, mean - 0.1, mean + 0.1, 'g', True) for mean in means]
    drawn = read(forest_plot('forest', 'title', effects, 'points', 'favours A', 'favours B'))
    x = {text.text: float(text.get('x')) for text in drawn.root.iter() if text.text and text.get('x')}
    zero = drawn.lines('zero')[0][0, 0]
    assert x['← favours A'] < zero < x['favours B →']
    labels = [float(label.replace('\u2212', '-')) for label in x if label.replace('\u2212', '').isdecimal()]
    assert 0 in labels
    assert 'points' in x


@pytest.mark.parametrize(('mean', 'low', 'high'), [(np.nan, 0, 1), (0, 0, np.inf), (0, None, 1), (0, 0, None)])
def test_effect_that_cannot_be_drawn_is_refused(mean, low, high):
    with pytest.raises(ValueError, match=r'forest: full: .* cannot be drawn'):
        forest_plot('forest', 'title', [Effect('full', mean, low, high, 'g', False)])


def test_plot_without_an_effect_is_refused():
    with pytest.raises(ValueError, match='no effect'):
        forest_plot('forest', 'title', [])
