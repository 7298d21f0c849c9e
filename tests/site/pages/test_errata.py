from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmark.analysis.runs import read_runs
from benchmark.analysis.sections import make_sections
from benchmark.analysis.store import Store
from benchmark.protocol import errata
from benchmark.site.board import page_links
from benchmark.site.pages.errata_view import errata_view
from benchmark.site.pages.markdown import render_markdown_errata
from benchmark.site.pages.render import Frame, render_errata
from tests.protocol.test_errata import HEAD

SIZES = {'full': 40, 'common': 30, 'challenge': 10}
LINES = (
    'test,ibug/face_of_40_031,,swapped,1 2,,,,check,confirmed,<b>seen</b>',
    'test,ibug/face_of_40_032,,train-test-duplicate,,train,afw/x|y,,check,confirmed,',
    'train,afw/z,,duplicate,,train,afw/x|y,,check,confirmed,',
    'test,ibug/face_of_40_033,,duplicate,,test,ibug/face_of_40_034,,check,no mistake,two photographs',
)


def _view(*folders):
    sections = make_sections(read_runs(folders, Store()))
    return errata_view(sections, page_links(sections))


def _pages(view):
    return render_errata(view, Frame((), Path())), render_markdown_errata(view)


@pytest.fixture
def listed(tmp_path, monkeypatch):
    (tmp_path / 'lists').mkdir()
    (tmp_path / 'lists' / '300w.csv').write_text(HEAD + '\n'.join(LINES) + '\n')
    monkeypatch.setattr(errata, 'FOLDER', tmp_path / 'lists')


def test_numbers_stand_beside_those_without_the_faces(listed, factory, read_markdown):
    factory.add('300w', 'STAR', sizes=SIZES)
    view = _view(factory.reports)
    effect = view.parts[0].effects[0]
    (caption, lines) = next(one for one in read_markdown(_pages(view)[1]).items() if one[0].startswith('300W: NME'))
    assert caption == '300W: NME, inter-ocular, percent'
    assert [line['Subset'] for line in lines] == ['full', 'challenge']
    assert lines[0]['Loss'] == '[STAR (partial)](experiments/300w_resnet-18_star.html)'
    assert lines[0]['NME, all images'] == f'{effect.nme:.2f}'
    assert lines[0]['Without wrong annotations: NME'] == f'{effect.without["wrong"].nme:.2f}'
    change = lines[0]['Without training faces: difference'].replace('\u2212', '-')
    assert float(change) == pytest.approx(effect.without['trained'].nme - effect.nme, abs=5e-4)


def test_lists_name_images_and_say_what_was_seen(listed, tmp_path, read_markdown):
    page, text = _pages(_view(tmp_path))
    tables = read_markdown(text)
    assert tables['300W: wrong annotations'] == [
        {
            'Image': 'ibug/face_of_40_031',
            'Split': 'test',
            'Kind': 'swapped',
            'Landmarks': '1, 2',
            'To be seen': '<b>seen</b>',
            'Found by': 'check',
        }
    ]
    assert tables['300W: test faces that are training faces too'][0]['The same face'] == 'train: afw/x|y'
    assert tables['300W: looked at and not confirmed'][0]['By eye'] == 'no mistake'
    assert [line['Image'] for line in tables['300W: faces that occur twice in a split']] == ['afw/z']
    assert '&lt;b&gt;seen&lt;/b&gt;' in page and '<b>seen' not in page
    assert 'afw/x|y' in page


def test_both_count_faces_and_say_where_no_result_is(listed, tmp_path):
    for page in _pages(_view(tmp_path)):
        text = ' '.join(re.sub('<[^>]+>', ' ', page).split())
        assert 'wrong annotations: 0 training and 1 test faces' in text
        assert 'faces that occur again in their split: 1 training and 0 test faces' in text
        assert 'looked at and no mistake: 1; not to be decided: 0' in text
        assert '300W 2,012 of 3,148 training and 689 of 689 test faces' in text
        assert 'No row of 300W has a result yet.' in text and 'No row of WFLW has a result yet.' in text


def test_both_say_whether_rows_change_places(listed, factory):
    factory.add('300w', 'smooth-L1', sizes=SIZES, error=0.06)
    factory.add('300w', 'STAR', sizes=SIZES, error=0.04)
    view = _view(factory.reports)
    assert view.parts[0].order[0] == []
    for page in _pages(view):
        text = ' '.join(re.sub('<[^>]+>', ' ', page).split())
        assert '4 pairs of rows were compared' in text and 'No two rows change places.' in text
        assert text.count('NME changes most for') == 2


def test_row_that_was_tested_on_none_of_them_has_no_line(listed, factory):
    factory.add('300w', 'STAR', sizes={'full': 41, 'common': 31, 'challenge': 10})
    for page in _pages(_view(factory.reports)):
        assert 'No row was tested on any of them.' in page
