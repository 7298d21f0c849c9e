from __future__ import annotations

import numpy as np
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from benchmark.site.figures.chart import number, ticks
from benchmark.site.figures.style import width, wrap


@pytest.mark.parametrize('weight', ['normal', 'bold'])
@pytest.mark.parametrize('text', ['smooth-L1, ResNet-18', 'iiiiiiii', 'WWWW', '\u22120.12 [\u22120.20, +0.04]'])
def test_width_is_that_of_matplotlib(text, weight):
    properties = FontProperties(family='DejaVu Sans', weight=weight, size=8)
    expected = text_to_path.get_text_width_height_descent(text, properties, False)[0]
    assert width(text, 8, weight) == pytest.approx(expected, rel=0.05)


def test_character_that_the_font_lacks_is_counted_without_a_warning(recwarn):
    assert width('\u4e2d\u6587', 8) == 16
    assert not recwarn.list


@pytest.mark.parametrize('limit', [30, 60, 200])
@pytest.mark.parametrize('text', ['one two three four five', 'helen/testset/3139620200_1.jpg: 12.3 %', 'x' * 60])
def test_wrapped_lines_fit_and_hold_all_of_the_text(text, limit):
    lines = wrap(text, limit, 8, lines=100)
    assert all(width(line, 8) <= limit for line in lines)
    assert ''.join(lines).replace(' ', '') == text.replace(' ', '')


def test_text_beyond_the_last_line_is_marked_as_cut():
    lines = wrap('word ' * 40, 60, 8, lines=2)
    assert len(lines) == 2 and lines[-1].endswith('…')
    assert all(width(line, 8) <= 60 for line in lines)


def test_text_that_fits_stays_whole():
    assert wrap('a b', 100, 8) == ['a b']


def test_empty_text_is_one_empty_line():
    assert wrap('', 100, 8) == ['']


@pytest.mark.parametrize(
    ('low', 'high', 'count', 'log'),
    [(0, 10, 10, False), (-0.3, 0.7, 4, False), (1e-5, 3e-3, 2, True), (0.09, 3, 4, True), (2.0, 2.1, 4, True)],
)
def test_ticks_are_round_inside_and_few(low, high, count, log):
    values = ticks(low, high, count, log)
    assert 2 <= len(values) <= count + 2
    assert (values >= low - 1e-12).all() and (values <= high + 1e-12).all()
    assert (np.diff(values) > 0).all()
    assert all(len(number(value)) <= 6 for value in values)


def test_number_has_no_trailing_digits_and_a_true_minus_sign():
    assert [number(value) for value in (0.1 + 0.2, -0.0, -1.5, 20.0)] == ['0.3', '0', '\u22121.5', '20']
