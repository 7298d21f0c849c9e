from __future__ import annotations

import re

import numpy as np
import pytest

from benchmark.site.figures import landmark_errors

NAMES = ['cofw', '300w', 'wflw']


def errors_of(layout):
    return np.random.default_rng(layout.num_landmarks).uniform(1, 9, layout.num_landmarks)


def by_landmark(drawn, gid, tag):
    """Elements of a group in the order of landmarks, by their hints, and the numbers that the hints state."""
    hints = [re.fullmatch(r'landmark (\d+): (.+)', element[0].text) for element in drawn.elements(gid, tag)]
    order = np.argsort([int(hint[1]) for hint in hints])
    numbers = np.array([float(hint[2].replace('\u2212', '-')) for hint in hints])
    return [drawn.elements(gid, tag)[i] for i in order], numbers[order]


@pytest.mark.parametrize('name', NAMES)
def test_each_landmark_is_a_disc_in_its_place_with_an_area_in_proportion_to_its_error(
    read, layouts, shape, fit_similarity, name
):
    layout = layouts[name]
    points, errors = shape(layout), errors_of(layout)
    discs, stated = by_landmark(read(landmark_errors('mean', 'title', points, layout, errors)), 'landmarks', 'circle')
    assert len(discs) == layout.num_landmarks
    np.testing.assert_allclose(stated, errors, atol=0.005)
    centres = np.array([[float(disc.get('cx')), float(disc.get('cy'))] for disc in discs])
    fit_similarity(points, centres)
    radii = np.array([float(disc.get('r')) for disc in discs])
    np.testing.assert_allclose((radii / radii.max()) ** 2, errors / errors.max(), atol=0.01)


def test_colour_tells_errors_apart(read, layouts, shape):
    layout = layouts['300w']
    errors = np.repeat([1.0, 2.0, 4.0, 8.0], 17)
    discs, _ = by_landmark(read(landmark_errors('m', 't', shape(layout), layout, errors)), 'landmarks', 'circle')
    fills = [disc.get('fill') for disc in discs]
    assert [len(set(fills[start : start + 17])) for start in range(0, 68, 17)] == [1] * 4
    assert len(set(fills)) == 4
    brightness = [sum(int(fill[i : i + 2], 16) for i in (1, 3, 5)) for fill in fills[::17]]
    assert brightness == sorted(brightness)


def test_small_discs_are_drawn_over_large_ones(read, layouts, shape):
    layout = layouts['cofw']
    drawn = read(landmark_errors('m', 't', shape(layout), layout, errors_of(layout)))
    radii = drawn.places('landmarks', 'circle', 'r')[:, 0]
    assert (np.diff(radii) <= 0).all()


def test_contours_run_through_the_landmarks(read, layouts, shape):
    layout = layouts['wflw']
    drawn = read(landmark_errors('m', 't', shape(layout), layout, errors_of(layout)))
    discs, _ = by_landmark(drawn, 'landmarks', 'circle')
    centres = np.array([[float(disc.get('cx')), float(disc.get('cy'))] for disc in discs])
    for curve, line in zip(layout.curves, drawn.lines('contours-0'), strict=True):
        np.testing.assert_allclose(line[: len(curve.indices)], centres[list(curve.indices)], atol=0.02)
    (path,) = drawn.elements('contours-0', 'path')
    assert path.get('d').count('z') == sum(curve.closed for curve in layout.curves)


def test_difference_points_down_and_is_blue_where_smaller_and_up_and_orange_where_larger(read, layouts, shape):
    layout = layouts['300w']
    errors, difference = errors_of(layout), np.linspace(-0.5, 0.25, 68)
    drawn = read(landmark_errors('m', 't', shape(layout), layout, errors, errors - difference))
    triangles, stated = by_landmark(drawn, 'differences', 'polygon')
    np.testing.assert_allclose(stated, difference, atol=0.006)
    for triangle, value in zip(triangles, difference, strict=True):
        corners = np.array([point.split(',') for point in triangle.get('points').split()], dtype=float)
        tip, base = corners[0, 1], corners[1:, 1].mean()
        assert (tip < base) == (value > 0)
        red, _, blue = (int(triangle.get('fill')[i : i + 2], 16) for i in (1, 3, 5))
        assert (red > blue) == (value > 0)
    corners = [np.array([p.split(',') for p in t.get('points').split()], dtype=float) for t in triangles]
    areas = np.array([np.ptp(c[:, 0]) * np.ptp(c[:, 1]) / 2 for c in corners])
    np.testing.assert_allclose(areas / areas.max(), np.abs(difference) / 0.5, atol=0.02)


def test_colour_of_no_difference_is_grey_and_limits_are_symmetric(read, layouts, shape):
    layout = layouts['300w']
    errors = errors_of(layout)
    difference = np.zeros(68)
    difference[:2] = 1.0, 0.01
    drawn = read(landmark_errors('m', 't', shape(layout), layout, errors, errors - difference))
    triangles, _ = by_landmark(drawn, 'differences', 'polygon')
    red, green, blue = (int(triangles[5].get('fill')[i : i + 2], 16) for i in (1, 3, 5))
    assert max(red, green, blue) - min(red, green, blue) <= 6
    # The bar of the second panel reaches as far below zero, where nothing is, as above.
    assert {'\u22121', '1'} <= set(drawn.texts())


def test_one_panel_is_narrow_and_two_are_wide(read, layouts, shape):
    layout = layouts['cofw']
    errors = errors_of(layout)
    widths = [
        read(landmark_errors('m', 't', shape(layout), layout, errors, reference)).root.get('width')
        for reference in (None, errors + 1)
    ]
    assert widths == ['244.8pt', '374.4pt']


def test_unit_is_shown(read, layouts, shape):
    layout = layouts['cofw']
    drawn = read(landmark_errors('m', 't', shape(layout), layout, errors_of(layout), unit='px of <x>'))
    assert 'px of <x>' in drawn.texts()


def test_faultless_prediction_can_be_drawn(layouts, shape):
    layout = layouts['cofw']
    assert landmark_errors('m', 't', shape(layout), layout, np.zeros(29), np.zeros(29)).png()


@pytest.mark.parametrize('spoiled', ['shape', 'errors', 'reference'])
@pytest.mark.parametrize('fault', ['length', 'nan'])
def test_array_that_does_not_fit_is_named(layouts, shape, spoiled, fault):
    layout = layouts['cofw']
    arrays = {'shape': shape(layout), 'errors': np.ones(29), 'reference': np.ones(29)}
    if fault == 'length':
        arrays[spoiled] = arrays[spoiled][1:]
    else:
        arrays[spoiled] = np.where(np.arange(arrays[spoiled].size).reshape(arrays[spoiled].shape) == 3, np.nan, 1.0)
    with pytest.raises(
        ValueError, match=f'm: {spoiled}: ' + ('28 landmarks' if fault == 'length' else 'a value is NaN')
    ):
        landmark_errors('m', 't', layout=layout, **arrays)
