from __future__ import annotations

import re

import numpy as np
import pytest

from benchmark.site.figures import Curve, TrainingCurve, error_curves, training_curves

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


EPOCHS, NOTHING = np.arange(1, 61), np.array([])
LOSS = 2.0 * np.exp(-EPOCHS / 20) + 0.05


def curve(label='STAR', loss=LOSS, test=True, rate=None, epochs=EPOCHS):
    measured = (np.array([20, 40, 60]), np.array([5.0, 4.0, 3.5])) if test else (NOTHING, NOTHING)
    return TrainingCurve(label, epochs, loss, *measured, rate)


def data_lines(drawn, panel):
    """Names of the data lines in a panel."""
    return [name.removeprefix('t-') for name in drawn.ids() if re.fullmatch(rf't-{panel}-\d+', name)]


def dashes(style):
    return (re.search(r'dasharray: ([^;]+)', style) or [''])[0]


def test_loss_is_drawn_on_a_logarithmic_axis(read):
    drawn = read(training_curves('t', 'title', [curve(test=False)]))
    (line,) = drawn.lines('loss-0')
    assert len(line) == 60
    heights = (line[:, 1] - line[0, 1]) / (line[-1, 1] - line[0, 1])
    expected = np.log(LOSS / LOSS[0]) / np.log(LOSS[-1] / LOSS[0])
    np.testing.assert_allclose(heights, expected, atol=1e-3)
    np.testing.assert_allclose((line[:, 0] - line[0, 0]) / np.ptp(line[:, 0]), (EPOCHS - 1) / 59, atol=1e-3)


def test_test_error_is_drawn_beside_and_said_to_choose_nothing(read):
    drawn = read(training_curves('t', 'title', [curve()]))
    (loss,), (test,) = drawn.lines('loss-0'), drawn.lines('test-0')
    assert loss[:, 0].max() < test[:, 0].min()
    np.testing.assert_allclose((test[:, 1] - test[0, 1]) / (test[-1, 1] - test[0, 1]), [0, 1 / 1.5, 1], atol=5e-3)
    assert {'test NME chooses nothing', 'test NME, %'} <= set(drawn.texts())
    assert drawn.root.get('width') == '374.4pt'


def test_without_test_errors_there_is_one_narrow_panel(read):
    drawn = read(training_curves('t', 'title', [curve(test=False)]))
    assert not data_lines(drawn, 'test') and not any('NME' in text for text in drawn.texts())
    assert drawn.root.get('width') == '244.8pt'


def test_seeds_of_a_row_share_a_colour_and_differ_in_style(read):
    curves = [curve(label, LOSS * (1 + seed / 9)) for label in ('A', 'B') for seed in range(3)]
    drawn = read(training_curves('t', 'title', curves))
    for panel in ('loss', 'test'):
        styles = [drawn.style(name) for name in data_lines(drawn, panel)]
        assert [re.search(r'series-\d', style)[0] for style in styles] == ['series-1'] * 3 + ['series-2'] * 3
        assert len({dashes(style) for style in styles[:3]}) == 3
        assert [dashes(style) for style in styles[:3]] == [dashes(style) for style in styles[3:]]
    assert {'A (3 seeds)', 'B (3 seeds)'} <= set(drawn.texts())


def test_schedule_that_rows_share_is_drawn_once(read):
    rate = 0.003 * np.cos(EPOCHS / 40)
    for other, expected in ((rate.copy(), 1), (rate / 2, 2), (None, 1)):
        drawn = read(training_curves('t', 'title', [curve('A', rate=rate), curve('B', rate=other)]))
        assert len(data_lines(drawn, 'rate')) == expected
        assert 'learning rate' in drawn.texts()
    without = read(training_curves('t', 'title', [curve()]))
    assert not data_lines(without, 'rate') and 'learning rate' not in without.texts()


def test_epoch_without_a_finite_loss_interrupts_the_line(read):
    loss = LOSS.copy()
    loss[[10, 11]] = np.nan
    first, second = read(training_curves('t', 'title', [curve(loss=loss, test=False)])).lines('loss-0')
    assert len(first) == 10 and len(second) == 48


@pytest.mark.parametrize(
    'loss', [np.array([1.0]), np.array([2.0, -1.0, 0.0]), np.full(4, np.nan), np.full(4, 3.0)], ids=str
)
def test_odd_losses_can_be_drawn(read, loss):
    epochs = np.arange(1, len(loss) + 1)
    figure = training_curves(
        't', 'title', [TrainingCurve('a', epochs, loss, NOTHING, NOTHING, np.full(len(loss), 0.1))]
    )
    assert figure.png()
    numbers = [text for text in read(figure).texts() if re.fullmatch(r'[\d.]+', text)]
    assert 'nan' not in figure.svg and len(numbers) >= 2


def test_long_training_is_drawn_with_few_points(read):
    epochs = np.arange(1, 5001)
    (line,) = read(training_curves('t', 'title', [curve(loss=1 / epochs, test=False, epochs=epochs)])).lines('loss-0')
    assert 100 <= len(line) <= 200


@pytest.mark.parametrize(
    'bad',
    [
        TrainingCurve('a', NOTHING, NOTHING, NOTHING, NOTHING),
        TrainingCurve('a', EPOCHS, LOSS[1:], NOTHING, NOTHING),
        TrainingCurve('a', EPOCHS, LOSS, EPOCHS, NOTHING),
        TrainingCurve('a', EPOCHS, LOSS, NOTHING, NOTHING, LOSS[1:]),
    ],
)
def test_curve_with_arrays_that_do_not_match_is_refused(bad):
    with pytest.raises(ValueError, match='t: a: no epoch, or arrays'):
        training_curves('t', 'title', [bad])


def test_training_without_a_curve_is_refused():
    with pytest.raises(ValueError, match='no curve'):
        training_curves('t', 'title', [])
