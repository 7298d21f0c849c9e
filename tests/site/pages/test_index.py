from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from benchmark.analysis.difference import Difference
from benchmark.analysis.runs import read_runs
from benchmark.analysis.sections import make_sections
from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.site.board import page_links
from benchmark.site.pages.benchmark_view import BenchmarkView
from benchmark.site.pages.index_view import index_view
from benchmark.site.pages.markdown import render_markdown_index
from benchmark.site.pages.render import Frame, render_index
from tests.results import Factory

CLAIMED = ['4.62', '2.87', '2.52', '4.32', '4.03', '3.50', '6.22', '4.02', '2.32', '60.50']


def _view(folder):
    store = Store()
    sections = make_sections(read_runs([folder], store))
    links = page_links(sections)
    return index_view([BenchmarkView(Analysis(section, store), links) for section in sections], ())


@pytest.fixture(scope='module')
def view(filled):
    return _view(filled)


def _page(view):
    return render_index(view, Frame((), Path()))


@pytest.mark.parametrize('filled_folder', [True, False])
def test_first_page_begins_with_the_ten_figures(filled, tmp_path, filled_folder):
    view = _view(filled if filled_folder else tmp_path)
    page = _page(view).partition('</h1>')[2]
    first = page[page.index('<table') : page.index('</table>')]
    lines = re.findall(r'<tr>\s*<th scope="row">.*?</tr>', first, flags=re.DOTALL)
    assert [re.search(r'<td>([\d.]+)</td>', line)[1] for line in lines] == CLAIMED
    assert re.findall('<h2[^>]*>(.*?)</h2>', page)[0] == 'Are the published figures reproduced?'


def test_markdown_begins_with_the_ten_figures(view, read_markdown):
    text = render_markdown_index(view)
    caption, lines = next(iter(read_markdown(text).items()))
    assert caption.startswith('Published figures of STAR loss')
    assert [line['Published'] for line in lines] == CLAIMED
    assert re.findall('^## (.*)', text, flags=re.MULTILINE)[:2] == [
        *('Are the published figures reproduced?', 'Does STAR help?')
    ]


def test_both_say_what_the_figures_lack_and_that_their_protocol_favours_the_published_ones(view):
    for text in (_page(view), render_markdown_index(view)):
        text = ' '.join(text.split())
        assert text.count('No run of the official recipe yet: it needs a GPU and the complete data set.') == 2
        assert text.count('The official recipe failed: loss is NaN in epoch 3.') == 1
        assert text.count('favours the published ones') == 1
        assert 'None of the 10' in text


def test_all_that_seeds_allow_to_claim_of_star_answers_too(tmp_path):
    factory = Factory(tmp_path)
    for recipe, seeds in (('a', 4), ('b', 3), ('c', 1)):
        for loss in ('smooth-L1', 'L1', 'STAR', 'STAR (detach)'):
            for seed in range(seeds):
                factory.add('synthetic-68', loss, seed, recipe=recipe, name=f'{recipe}-{loss}')
    view = _view(tmp_path)
    (answer,) = [one for one in view.answers if one.benchmark.name == 'synthetic-68']
    told = {(one.row.record.name, one.reference.record.name) for one in answer.findings}
    assert told == {('a-STAR', 'a-smooth-L1'), ('b-STAR', 'b-smooth-L1')}
    (card,) = view.synthetic
    rows = {(one.row.record.name, one.reference.record.name) for one in card.findings if isinstance(one, Difference)}
    assert rows == {('c-STAR', 'c-smooth-L1'), *((f'{name}-STAR (detach)', f'{name}-smooth-L1') for name in 'abc')}
    assert f'{card.more_findings} more with other losses in [synthetic-68.md]' in render_markdown_index(view)


def test_every_benchmark_is_answered_by_its_leading_pair(view):
    assert [answer.benchmark.name for answer in view.answers] == list(BENCHMARKS)
    for answer in view.answers:
        assert bool(answer.findings) != bool(answer.lacking)
        card = next((card for card in (*view.real, *view.synthetic) if card.benchmark is answer.benchmark), None)
        assert answer.recorded == (card is not None)
        if answer.findings:
            pair = card.view.analysis.leading_pair
            every = [*card.view.findings, *card.view.axis_findings]
            assert answer.findings == tuple(one for one in every if (one.row, one.reference) == pair)
            rest = [one for one in every if (one.row, one.reference) != pair]
            assert card.findings == tuple(one for one in rest if one.reference.is_baseline)
            assert card.more_findings == len(rest) - len(card.findings)
    lacking = {answer.benchmark.name: answer.lacking for answer in view.answers if answer.lacking}
    assert lacking == {
        'cofw': 'nothing has been run',
        'wflw': 'no result yet, as no data is prepared',
        'synthetic-29': 'no result yet',
    }


def test_answers_stand_before_the_leaderboards_in_both_forms(view):
    page, text = _page(view), render_markdown_index(view)
    for shown, start in ((page, '<h2 id="real">'), (re.sub(r'\\(.)', r'\1', text), '\n## Real faces')):
        above = shown.split(start)[0]
        for answer in view.answers:
            texts = [one.sentence() for one in answer.findings] or [answer.lacking]
            assert all(text in html.unescape(above) for text in texts)


def test_result_without_a_row_to_compare_with_is_said(factory):
    factory.add('300w', 'Wing', 0)
    factory.add('300w', 'STAR', 1)
    answer = next(one for one in _view(factory.reports).answers if one.benchmark.name == '300w')
    assert answer.lacking == 'no row of STAR shares a seed with another loss of its recipe'


def test_numbers_of_a_card_come_before_the_network(view):
    for card in (*view.real, *view.synthetic):
        if card.table:
            labels = [column.label for column in card.table.columns]
            assert labels[:2] == ['Loss', 'full']
            assert labels.index('Network') > labels.index('AUC@10')
