"""What holds for every kind of figure."""

from __future__ import annotations

import io
import pickle
import re
import xml.etree.ElementTree as ElementTree

import matplotlib
import numpy as np
import pytest
from PIL import Image

from benchmark.site.figures import figure as module
from benchmark.site.figures.style import DARK, LIGHT, STAND_INS

KINDS = ['error curves', 'forest', 'landmark errors', 'ellipses', 'faces', 'training']
TITLE = 'Errors of <STAR> & "others"'


@pytest.fixture(scope='module', params=KINDS)
def make(request, kinds):
    return kinds[request.param]


def test_same_input_gives_the_same_bytes_whatever_the_users_settings(make):
    first = make('a', TITLE, 'row')
    with matplotlib.rc_context(
        {
            'font.size': 20,
            'savefig.bbox': 'tight',
            'lines.scale_dashes': False,
            'svg.fonttype': 'path',
            'axes.unicode_minus': False,
            'path.snap': False,
        }
    ):
        second = make('a', TITLE, 'row')
        assert second.png() == first.png()
    assert second.svg == first.svg
    assert not re.search(r'Matplotlib|<metadata|20\d\d-\d\d-\d\d', first.svg)


def test_figure_leaves_the_users_settings_alone(make):
    before = dict(matplotlib.rcParams)
    make('a', TITLE, 'row').png()
    assert dict(matplotlib.rcParams) == before


def test_svg_names_itself_for_those_who_do_not_see_it(make, read):
    drawn = read(make('a', TITLE, 'row'))
    assert drawn.root.get('role') == 'img'
    assert drawn.root.get('aria-label') == TITLE
    assert drawn.root[0].tag.endswith('}title') and drawn.root[0].text == TITLE


@pytest.mark.parametrize(
    'label', ['<script>x</script>', '$x$', 'a & b', 'id="x"', '0.12345', '--> ]]>', '#010201', 'M 1 2', '&lt;']
)
def test_label_of_a_record_is_shown_as_it_is(make, read, label):
    figure = make('a', TITLE, label)
    assert '<script' not in figure.svg
    assert label in read(figure).texts()


def test_label_that_is_no_mathematics_is_drawn_as_png(make):
    assert make('a', TITLE, r'$\nonsense{$').png()


def test_label_that_xml_cannot_hold_is_still_drawn(make, read):
    figure = make('a', TITLE, 'a\x00\ud800\nb')
    assert 'a\ufffd\ufffd b' in read(figure).texts()
    figure.svg.encode()


def test_figures_can_share_a_page(make, kinds, read):
    first, second = make('one', TITLE, 'row'), make('two', TITLE, 'row')
    ids = read(first).ids() + read(second).ids() + read(kinds['forest']('three', TITLE, 'row')).ids()
    assert len(ids) == len(set(ids)) > 2
    for figure in (first, second):
        own = set(read(figure).ids())
        assert set(re.findall(r'(?:url\(|href=")#([^")]+)', figure.svg)) <= own
        assert all(name.startswith(f'{figure.name}-') for name in own)


def test_colours_of_the_theme_are_variables(make, read):
    svg = make('a', TITLE, 'row').svg
    assert not set(STAND_INS.series) & set(re.findall(r'#[0-9a-f]{6}', svg))
    style = next(read(make('a', TITLE, 'row')).root.iter('{http://www.w3.org/2000/svg}style')).text
    used = set(re.findall(r'var\((--[\w-]+)\)', svg))
    assert {'--figure-text', '--figure-page'} <= used <= set(re.findall(r'(--[\w-]+):', style))


def test_theme_follows_the_system_unless_the_page_decides(make):
    blocks = re.findall(r'([^{}\n]*)\{([^{}]*--figure-page:(#\w+)[^{}]*)\}', make('a', TITLE, 'row').svg)
    pages = {selector: page for selector, _, page in blocks}
    assert pages[':root[data-theme=dark] .figure'] == DARK.page
    assert pages[':root[data-theme=light] .figure'] == LIGHT.page
    assert pages['.figure'] in (LIGHT.page, DARK.page) and len(blocks) == 4
    svg = make('a', TITLE, 'row').svg
    assert f'@media (prefers-color-scheme:dark){{.figure{{--figure-text:{DARK.text}' in svg
    # The page's choice has to win over the system's: it is more specific, and it stands later.
    assert svg.index('prefers-color-scheme') < svg.index('data-theme=light')


def test_png_is_light_at_300_dots_per_inch(make, read):
    figure = make('a', TITLE, 'row')
    data = figure.png()
    assert data.startswith(b'\x89PNG\r\n')
    image = Image.open(io.BytesIO(data))
    points = np.array([float(value) for value in read(figure).root.get('viewBox').split()[2:]])
    np.testing.assert_allclose(image.size, points * 300 / 72, atol=1)
    assert points[0] in (244.8, 374.4)
    assert round(image.info['dpi'][0]) == 300
    pixels = np.asarray(image.convert('RGB'))
    assert (pixels[[0, 0, -1, -1], [0, -1, 0, -1]] == 255).all()
    assert (pixels < 100).any()


def test_coordinates_are_short(make):
    assert not re.search(r'\d\.\d{3,}', make('a', TITLE, 'row').svg)


def test_all_text_lies_inside_and_is_legible(make, read):
    drawn = read(make('a', TITLE, 'row'))
    width, height = (float(value) for value in drawn.root.get('viewBox').split()[2:])
    for text in drawn.root.iter('{http://www.w3.org/2000/svg}text'):
        assert 0 < float(text.get('x')) < width and 0 < float(text.get('y')) < height, text.text
        assert float(text.get('font-size')) >= 7


def test_figure_can_be_sent_to_another_process(make):
    figure = make('a', TITLE, 'row')
    copy = pickle.loads(pickle.dumps(figure))
    assert copy == figure and copy.png() == figure.png()


@pytest.mark.parametrize('name', ['', '1a', 'a b', 'a"b', 'a<b', 'ü'])
def test_name_that_is_no_id_is_refused(kinds, name):
    with pytest.raises(ValueError, match='cannot be the name'):
        kinds['forest'](name, TITLE, 'row')


def test_preamble_of_matplotlib_is_gone(make):
    svg = make('a', TITLE, 'row').svg
    assert svg.startswith('<svg ') and svg.count('<style') == 1
    assert ElementTree.fromstring(svg).tag.endswith('}svg')
    # A style for every element would reach the page around it.
    assert '\n*{' not in svg and '>*{' not in svg
    assert module.FIGURE_RULES in svg
