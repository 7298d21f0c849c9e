"""Several figures in one SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from benchmark.site.figures import make_sheet

SVG = '{http://www.w3.org/2000/svg}'
TITLE = 'Errors of <STAR> & "3pt"'


@pytest.fixture(scope='module')
def figures(kinds):
    return {kind.split()[0]: make(f'{kind.split()[0]}-x', TITLE, '3pt" wide') for kind, make in kinds.items()}


@pytest.fixture(scope='module')
def sheet(figures):
    text, parts = make_sheet('figures/x.svg', TITLE, figures)
    return ElementTree.fromstring(text), parts


def test_each_figure_lies_where_its_view_looks(sheet, figures):
    root, parts = sheet
    drawings, bottom = root.findall(f'{SVG}svg'), 0.0
    views = {
        view.get('id'): [float(number) for number in view.get('viewBox').split()] for view in root.iter(f'{SVG}view')
    }
    assert list(views) == list(parts) == list(figures)
    for drawing, (key, (left, top, width, height)) in zip(drawings, views.items(), strict=True):
        assert (left, top, width, height) == (0, float(drawing.get('y')), parts[key].width, parts[key].height)
        assert (drawing.get('width'), drawing.get('height')) == (f'{width:g}', f'{height:g}')
        assert top >= bottom, 'they do not overlap'
        bottom = top + height
        assert parts[key].source == f'figures/x.svg#{key}' and parts[key].title == TITLE
    assert float(root.get('viewBox').split()[3]) == bottom


def test_rules_stand_once_and_texts_as_they_are(sheet):
    root, _ = sheet
    assert len(list(root.iter(f'{SVG}style'))) == 1
    assert root.get('aria-label') == TITLE
    assert any('3pt" wide' in (text.text or '') for text in root.iter(f'{SVG}text'))
    ids = [element.get('id') for element in root.iter() if element.get('id')]
    assert len(ids) == len(set(ids))


def test_change_of_one_mark_changes_one_line(figures):
    lines = make_sheet('figures/x.svg', TITLE, figures)[0].splitlines()
    assert all(line.startswith(('<', '.', '@', ':')) for line in lines)
    assert not [line for line in lines if line.startswith(('<circle', '<ellipse', '<polygon', '<text', '<path'))]
