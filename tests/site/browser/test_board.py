from __future__ import annotations

import csv
import io
import re

import pytest

expect = pytest.importorskip('playwright.sync_api', reason='needs playwright').expect


def _column(page, key, attribute=None):
    """Texts, or an attribute, of a column in the order of the rows that are shown."""
    return page.evaluate(
        """([key, attribute]) => {
          const head = board.heads.find(each => each.dataset.key === key);
          const cells = board.shown(Number(head.dataset.column));
          return cells.map(cell => attribute ? cell.getAttribute(attribute) : cell.textContent.trim());
        }""",
        [key, attribute],
    )


def _head(page, key):
    return page.locator(f'#board thead [data-key="{key}"]')


def _shown(page):
    return page.locator('#leaderboard .shown').inner_text()


@pytest.fixture
def page(open_page):
    return open_page('300w.html')


def test_click_on_a_heading_sorts_both_ways_and_then_restores_the_order_by_recipe(page):
    key = 'nme.full.inter-ocular'
    first = _column(page, 'loss')
    ascending = sorted(value for value in map(float, filter(None, _column(page, key, 'data-sort'))))
    for expected, direction in ((ascending, 'ascending'), (ascending[::-1], 'descending')):
        _head(page, key).click()
        expect(_head(page, key)).to_have_attribute('aria-sort', direction)
        found = _column(page, key, 'data-sort')
        assert [float(value) for value in found if value] == expected
        assert found[-1] == ''  # The row without a result.
    _head(page, key).click()
    expect(_head(page, key)).not_to_have_attribute('aria-sort', re.compile('.'))
    assert _column(page, 'loss') == first
    assert page.locator('#board tr.starts').count() == 1


@pytest.mark.parametrize('key', ['Enter', ' '])
def test_headings_are_reached_and_worked_with_the_keyboard(page, key):
    page.locator('#board thead [data-key="loss"] [role="button"]').focus()
    # In both directions the failed row of STAR stays last.
    for expected in (['smooth-L1', 'STAR', 'STAR'], ['STAR', 'smooth-L1', 'STAR']):
        page.keyboard.press(key)
        expect(page.locator('#board tbody th')).to_have_text(expected)
    page.keyboard.press('Tab')
    assert page.evaluate('document.activeElement.getAttribute("role")') == 'button'


def test_higher_is_better_sorts_the_highest_first(page):
    _head(page, 'auc10.full.inter-ocular').click()
    expect(_head(page, 'auc10.full.inter-ocular')).to_have_attribute('aria-sort', 'descending')
    found = [float(value) for value in _column(page, 'auc10.full.inter-ocular', 'data-sort') if value]
    assert found == sorted(found, reverse=True)


def test_search_looks_at_texts_and_not_at_markup(page):
    assert _shown(page) == '3 rows'
    search = page.get_by_label('Search')
    search.fill('hourglass')
    assert _column(page, 'backbone') == ['Hourglass (4 stacks, AAM)']
    assert _shown(page) == '1 of 3 rows'
    search.fill('small class')
    assert _shown(page) == '0 of 3 rows'
    assert page.get_by_text('No row fits').is_visible()


def test_filters_keep_the_rows_of_one_value_and_reset_brings_all_back(page):
    page.locator('.filters').first.get_by_label('Loss').select_option('STAR')
    assert _column(page, 'loss') == ['STAR', 'STAR']
    page.locator('.filters').first.get_by_label('Status').select_option('failed')
    assert _column(page, 'status') == ['failed: loss is NaN in epoch 3']
    page.get_by_role('button', name='Reset the view').click()
    assert _shown(page) == '3 rows'


def test_essential_columns_come_first_and_others_can_be_chosen(page):
    assert _head(page, 'nme.full.inter-ocular').count() == 1
    assert _head(page, 'nme.full.inter-pupil').count() == 0
    page.locator('.columns summary').click()
    group = page.get_by_role('group', name='NME, inter-pupil')
    group.get_by_label('challenge').check()
    assert _head(page, 'nme.challenge.inter-pupil').inner_text().strip().startswith('challenge')
    heading = page.locator('#board thead [scope="colgroup"]', has_text='NME, inter-pupil')
    assert heading.get_attribute('colspan') == '1'
    page.get_by_role('button', name='All', exact=True).click()
    assert page.locator('#board thead [data-key]').count() == page.locator('.columns [type="checkbox"]').count()
    page.keyboard.press('Escape')
    assert not page.get_by_role('group', name='Cost').is_visible()
    page.get_by_role('button', name='Reset the view').click()
    assert _head(page, 'nme.challenge.inter-pupil').count() == 0


def test_best_is_bold_and_rows_without_a_result_are_grey(open_page):
    page = open_page('synthetic-68.html')
    assert page.locator('#board td strong').count() > 0
    page = open_page('300w.html')
    missing = page.locator('#board tr.missing')
    assert missing.count() == 1
    rows = (missing, page.locator('#board tr.strong'))
    grey, black = (row.locator('td').last.evaluate('each => getComputedStyle(each).color') for row in rows)
    assert grey != black
    assert missing.locator('[type="checkbox"]').count() == 0


def test_exported_view_has_its_filter_columns_and_order_with_plain_numbers(page):
    page.locator('.filters').first.get_by_label('Status').select_option('partial')
    _head(page, 'nme.full.inter-ocular').click()
    expect(_head(page, 'nme.full.inter-ocular')).to_have_attribute('aria-sort', 'ascending')
    with page.expect_download() as download:
        page.get_by_role('button', name='This view as CSV').click()
    assert download.value.suggested_filename == '300w-view.csv'
    text = download.value.path().read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row['loss'] for row in rows] == _column(page, 'loss')
    assert [row['nme.full.inter-ocular'] for row in rows] == _column(page, 'nme.full.inter-ocular', 'data-sort')
    assert float(rows[0]['nme.full.inter-ocular']) < float(rows[1]['nme.full.inter-ocular'])
    assert float(rows[0]['delta.inter-ocular']) < 0 and 'delta.inter-ocular.low' not in rows[0]
    assert rows[0]['status'] == 'partial: 2012 of 3148 training, 562 of 689 test images'
    assert 'nme.full.inter-pupil' not in rows[0]
    shown = page.locator('#board thead [data-key]').evaluate_all('heads => heads.map(each => each.dataset)')
    keys = [head['key'] for head in sorted(shown, key=lambda head: int(head['column']))]
    assert keys == [key for key in rows[0] if not key.endswith(('.deviation', '.low', '.high'))]


def test_copied_view_is_the_exported_one(page):
    page.evaluate("document.addEventListener('copy', () => { window.copied = document.activeElement.value; })")
    page.get_by_role('button', name='Copy this view').click()
    with page.expect_download() as download:
        page.get_by_role('button', name='This view as CSV').click()
    assert page.evaluate('window.copied') == download.value.path().read_text()


def test_exported_view_agrees_with_the_ready_made_file(page, built):
    page.locator('.columns summary').click()
    page.get_by_role('button', name='All', exact=True).click()
    with page.expect_download() as download:
        page.get_by_role('button', name='This view as CSV').click()
    view = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    ready = list(csv.DictReader((built / 'exports' / '300w.csv').open()))
    for mine, theirs in zip(view, ready, strict=True):
        for key in mine.keys() & theirs.keys():
            if key.startswith(('nme', 'fr', 'auc', 'delta', 'interval')):
                assert (float(mine[key]) if mine[key] else None) == (float(theirs[key]) if theirs[key] else None), key


def test_rows_lead_to_their_pages(page):
    page.locator('#board tbody th').nth(1).get_by_role('link').click()
    expect(page.get_by_role('heading', level=1)).to_have_text(re.compile('^STAR, ResNet-18'))
