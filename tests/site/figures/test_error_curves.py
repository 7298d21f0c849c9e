from __future__ import annotations

import re

import numpy as np
import pytest

from benchmark.site.figures import Curve, error_curves

RNG = np.random.default_rng(3)
ERRORS = RNG.gamma(4, 0.012, 200)


def draw(*curves, **options):
    return error_curves('ced', 'title', curves, 'inter-pupil', **options)


def axes_of(drawn):
    """Left, right, top and bottom of the axes, from the grid."""
    grid = np.concatenate(drawn.lines('grid'))
    return *grid[:, 0][[grid[:, 0].argmin(), grid[:, 0].argmax()]], grid[:, 1].min(), grid[:, 1].max()


@pytest.mark.parametrize('limit', [0.1, 0.05])
def test_curve_is_the_share_of_images_with_at_most_each_error(read, limit):
    drawn = read(draw(Curve('STAR', ERRORS, 0, True), limit=limit))
    left, right, top, bottom = axes_of(drawn)
    (curve,) = drawn.lines('curve-0')
    assert len(curve) > 50
    for x, y in curve:
        error = limit * (x - left) / (right - left)
        slack = 0.01 * limit
        low, high = np.searchsorted(np.sort(ERRORS), [error - slack, error + slack]) / len(ERRORS)
        assert low - 0.005 <= (bottom - y) / (bottom - top) <= high + 0.005


def test_emphasised_curve_is_solid_and_the_others_of_its_group_are_broken_in_its_colour(read):
    curves = [Curve(str(i), ERRORS, i // 3, i % 3 == 2) for i in range(6)]
    styles = [read(draw(*curves)).style(f'curve-{i}') for i in range(6)]
    colours = [re.search(r'stroke: var\(--figure-(series-\d)\)', style)[1] for style in styles]
    assert colours == ['series-1'] * 3 + ['series-2'] * 3
    dashes = [(re.search(r'stroke-dasharray: ([^;]+)', style) or [''])[0] for style in styles]
    assert dashes[2] == dashes[5] == ''
    assert dashes[0] and dashes[1] and dashes[0] != dashes[1]
    assert dashes[:3] == dashes[3:]


def test_faultless_image_counts_from_the_start(read):
    drawn = read(draw(Curve('STAR', np.array([0.0, 0.0, 0.02, 0.5]), 0, True)))
    *_, top, bottom = axes_of(drawn)
    (curve,) = drawn.lines('curve-0')
    np.testing.assert_allclose((bottom - curve[[0, -1], 1]) / (bottom - top), [0.5, 0.75], atol=1e-3)


@pytest.mark.parametrize('count', [1, 6, 7, 20])
def test_every_curve_is_named_beside_a_sample_of_its_line(read, count):
    drawn = read(draw(*[Curve(f'method {i}', ERRORS, i, True) for i in range(count)]))
    assert [text for text in drawn.texts() if text.startswith('method')] == [f'method {i}' for i in range(count)]


def test_many_curves_are_named_below_the_axes(read):
    few, many = (read(draw(*[Curve(f'm{i}', ERRORS, i, True) for i in range(n)])) for n in (3, 12))
    inside, below = (
        [float(text.get('y')) for text in drawn.root.iter() if (text.text or '').startswith('m')]
        for drawn in (few, many)
    )
    assert max(inside) < axes_of(few)[3] and axes_of(many)[3] < min(below)


def test_normalizer_is_on_the_axis(read):
    assert 'per-image NME, % of the inter-pupil distance' in read(draw(Curve('a', ERRORS, 0, True))).texts()


@pytest.mark.parametrize('errors', [[], [0.1, np.nan], [np.inf]])
def test_curve_without_finite_errors_is_refused(errors):
    with pytest.raises(ValueError, match='ced: STAR: errors'):
        draw(Curve('STAR', np.array(errors), 0, True))


def test_figure_without_a_curve_is_refused():
    with pytest.raises(ValueError, match='no curve'):
        draw()
