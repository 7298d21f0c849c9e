from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from benchmark.site.figures import COLOURS, error_curves
from benchmark.site.rows import make_sections
from benchmark.site.runs import read_runs


@pytest.fixture
def section(factory):
    return lambda: make_sections(read_runs(factory.reports))[0]


def test_figure_is_well_formed_and_the_same_every_time(factory, section):
    factory.add('synthetic-29', 'smooth-L1')
    factory.add('synthetic-29', 'STAR')
    first = error_curves(section())
    assert ElementTree.fromstring(first).tag.endswith('svg')
    assert error_curves(section()) == first
    assert not re.search(r'Matplotlib v|<metadata|20\d\d-\d\d-\d\d', first)


def test_curve_is_the_share_of_images_below_each_error(factory, section):
    factory.add('synthetic-29', 'STAR')
    svg = error_curves(section())
    paths = [re.findall(r'(-?[\d.]+) (-?[\d.]+)', path) for path in re.findall(r'<path d="([^"]+)" clip-path', svg)]
    curve = np.array(max(paths, key=len), dtype=float)
    predictions = section().rows[0].done[0].predictions
    nme = predictions.distances.astype(float).mean(1) / predictions.inter_pupil
    grid = [np.array(path, dtype=float) for path in paths if len(path) == 2]
    left, right = min(g[0, 0] for g in grid), max(g[:, 0].max() for g in grid)
    top, bottom = min(g[:, 1].min() for g in grid), max(g[:, 1].max() for g in grid)
    for x, y in curve[:: len(curve) // 7]:
        error = 0.1 * (x - left) / (right - left)
        assert (bottom - y) / (bottom - top) == pytest.approx((nme <= error + 1e-9).mean(), abs=0.02)


def test_loss_that_looks_like_markup_is_shown_as_text(factory, section):
    factory.add('synthetic-29', '<script>alert(1)</script>', name='x', network='a$b$c')
    svg = error_curves(section())
    assert '<script' not in svg
    texts = [element.text for element in ElementTree.fromstring(svg).iter('{http://www.w3.org/2000/svg}text')]
    assert '<script>alert(1)</script>, a$b$c' in texts


def test_star_is_solid_and_its_baseline_is_broken_in_the_same_colour(factory, section):
    factory.add('synthetic-29', 'smooth-L1')
    factory.add('synthetic-29', 'STAR')
    lines = re.findall(r'<path d="(?:M|L|[\d.\s-])+" clip-path="[^"]+" style="([^"]+)"', error_curves(section()))
    curves = [style for style in lines if 'var(--ced-first)' in style]
    assert [('stroke-dasharray' in style) for style in curves] == [True, False]


def test_ids_of_two_figures_differ(factory):
    for benchmark in ('synthetic-29', 'synthetic-68'):
        factory.add(benchmark)
    first, second = map(error_curves, make_sections(read_runs(factory.reports)))
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0] and not ids[0] & ids[1]
    for svg, known in zip((first, second), ids, strict=True):
        assert set(re.findall(r'(?:url\(|href=")#([^")]+)', svg)) <= known


def test_many_recipes_reuse_the_colours(factory, section):
    for index in range(len(COLOURS) + 1):
        factory.add('synthetic-29', network=f'Net-{index}', recipe=str(index), sizes={'full': 20})
    assert error_curves(section()).count('Net-') == len(COLOURS) + 1


def test_there_is_no_figure_without_a_result(factory, section):
    factory.add('synthetic-29', status='not-run', reason='later')
    assert error_curves(section()) is None
