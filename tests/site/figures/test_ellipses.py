from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest

from benchmark.site.figures import ambiguity_ellipses


@pytest.fixture
def case(layouts, shape):
    """Layout, shape, and covariances with known axes: deviations 3 and 1 at angles all around."""
    layout = layouts['300w']
    angles = np.linspace(-np.pi / 2, np.pi / 2, 68, endpoint=False)
    c, s = np.cos(angles), np.sin(angles)
    return layout, shape(layout), np.column_stack([9 * c * c + s * s, 8 * c * s, 9 * s * s + c * c])


def placed(drawn, gid):
    """Centres, (N, 2), radii, (N, 2), and angles in degrees, (N,), of the ellipses in a group."""
    elements = drawn.elements(gid, 'ellipse')
    turns = [
        re.fullmatch(r'translate\((\S+) (\S+)\)rotate\((\S+)\)', element.get('transform')).groups()
        for element in elements
    ]
    x, y, angle = np.array(turns, dtype=float).T
    return np.column_stack([x, y]), drawn.places(gid, 'ellipse', 'rx', 'ry'), angle


def test_ellipses_have_the_axes_of_their_covariances(read, case, fit_similarity):
    layout, points, covariances = case
    drawn = read(ambiguity_ellipses('e', 't', points, layout, covariances, scale=2.0))
    centres, radii, angles = placed(drawn, 'predicted-0')
    factor, _ = fit_similarity(points, centres)
    np.testing.assert_allclose(radii, np.full((68, 2), [6.0, 2.0]) * factor, atol=0.01)
    # An independent decomposition; both axes point downward on the page, so angles agree as they are.
    for covariance, angle in zip(covariances, angles, strict=True):
        _, vectors = np.linalg.eigh([[covariance[0], covariance[1]], [covariance[1], covariance[2]]])
        expected = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
        assert abs((angle - expected + 90) % 180 - 90) < 0.1


def test_main_axis_runs_through_each_ellipse(read, case):
    layout, points, covariances = case
    drawn = read(ambiguity_ellipses('e', 't', points, layout, covariances, scale=2.0))
    centres, radii, angles = placed(drawn, 'predicted-0')
    lines = np.array(drawn.lines('predicted-0-axes'))
    np.testing.assert_allclose(lines.mean(axis=1), centres, atol=0.02)
    direction = np.column_stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))])
    np.testing.assert_allclose(lines[:, 1] - lines[:, 0], 2 * radii[:, :1] * direction, atol=0.05)


def test_truth_differs_in_colour_and_line_style(read, case):
    layout, points, covariances = case
    drawn = read(ambiguity_ellipses('e', 't', points, layout, covariances, covariances[::-1]))
    predicted, truth = drawn.style('predicted-0'), drawn.style('truth-0')
    assert 'var(--figure-series-1)' in predicted and 'dasharray' not in predicted
    assert 'var(--figure-series-2)' in truth and 'dasharray' in truth
    labels = ' '.join(drawn.texts())
    assert 'predicted heatmap' in labels and 'true ambiguity' in labels


@pytest.mark.parametrize('layout_name', ['cofw', '300w', 'wflw'])
@pytest.mark.parametrize('size', [1e-3, 1.0, 1e4])
def test_chosen_scale_makes_ellipses_visible_and_is_stated(read, layouts, shape, layout_name, size):
    layout = layouts[layout_name]
    covariances = np.tile([4.0 * size, 0.0, size], (layout.num_landmarks, 1))
    drawn = read(ambiguity_ellipses('e', 't', shape(layout), layout, covariances, covariances / 100))
    predicted, truth = placed(drawn, 'predicted-0')[1], placed(drawn, 'truth-0')[1]
    assert (predicted[:, 0] > 3).all() and (predicted[:, 0] < 15).all()
    assert (truth[:, 0] > 3).all() and (truth[:, 0] < 15).all()
    stated = [float(re.search(r'radius (\S+) ', text)[1]) for text in drawn.texts() if 'radius' in text]
    centres = placed(drawn, 'predicted-0')[0]
    factor = np.ptp(centres[:, 0]) / np.ptp(shape(layout)[:, 0])
    np.testing.assert_allclose(predicted[0, 0], stated[0] * 2 * np.sqrt(size) * factor, rtol=0.01)
    np.testing.assert_allclose(truth[0, 0], stated[1] * 0.2 * np.sqrt(size) * factor, rtol=0.01)


def test_all_predictions_share_one_scale(read, case):
    layout, points, covariances = case
    drawn = read(ambiguity_ellipses('e', 't', points, layout, {'STAR': covariances, 'other': 4 * covariances}))
    alone = read(ambiguity_ellipses('e', 't', points, layout, 4 * covariances))
    ratio = placed(drawn, 'predicted-1')[1] / placed(drawn, 'predicted-0')[1]
    np.testing.assert_allclose(ratio, 2, rtol=0.02)
    # The scale of the widest, which would else cover the face.
    assert [text for text in drawn.texts() if 'radius' in text] == [text for text in alone.texts() if 'radius' in text]


@pytest.mark.parametrize('count', [1, 2, 3])
def test_each_set_has_a_panel_of_its_own_with_the_truth(read, case, count):
    layout, points, covariances = case
    # Names that are also those of arguments.
    sets = {label: covariances for label in ('shape', 'name', 'truth')[:count]}
    drawn = read(ambiguity_ellipses('e', 't', points, layout, sets, covariances))
    middles = [placed(drawn, f'predicted-{i}')[0][:, 0] for i in range(count)]
    assert all(left.max() < right.min() for left, right in pairwise(middles))
    assert all(len(placed(drawn, f'truth-{i}')[0]) == 68 for i in range(count))
    assert [text for text in drawn.texts() if text in sets] == list(sets)
    assert drawn.root.get('width') == ('244.8pt' if count == 1 else '374.4pt')


def test_ellipses_stay_inside_the_figure(read, case):
    layout, points, covariances = case
    covariances = covariances.copy()
    covariances[[0, 20, 40]] *= 100
    drawn = read(ambiguity_ellipses('e', 't', points, layout, covariances))
    centres, radii, _ = placed(drawn, 'predicted-0')
    assert (centres - radii[:, :1] > 0).all()
    assert (centres[:, 0] + radii[:, 0] < 244.8).all()


@pytest.mark.parametrize('count', [0, 4])
def test_number_of_sets_is_limited(case, count):
    layout, points, covariances = case
    with pytest.raises(ValueError, match=f'{count} sets'):
        ambiguity_ellipses('e', 't', points, layout, {str(i): covariances for i in range(count)})


def test_set_that_does_not_fit_is_named(case):
    layout, points, covariances = case
    with pytest.raises(ValueError, match='e: STAR: 67 landmarks, expected 68'):
        ambiguity_ellipses('e', 't', points, layout, {'STAR': covariances[1:]})
    with pytest.raises(ValueError, match='e: true ambiguity: a value is NaN'):
        ambiguity_ellipses('e', 't', points, layout, covariances, covariances * np.nan)
