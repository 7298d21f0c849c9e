"""What is seen without scrolling sideways, on a wide screen and on a phone."""

from __future__ import annotations

import pytest

WIDE, PHONE = 1440, 390


def _box(page, selector):
    return page.locator(selector).first.bounding_box()


def _right(box):
    return box['x'] + box['width']


def test_first_page_uses_the_width_of_a_wide_screen(open_page):
    page = open_page('index.html', WIDE)
    main = _box(page, 'main')
    assert main['width'] > 0.9 * WIDE
    for selector in ('.card table', '#answers .findings', '#missing dd'):
        assert _right(_box(page, selector)) > _right(main) - 40, selector
    figures, missing = _box(page, '#figures'), _box(page, '#missing')
    assert missing['y'] == pytest.approx(figures['y'], abs=2) and missing['x'] > _right(figures)


def test_ten_figures_are_seen_at_once_on_a_wide_screen(open_page):
    page = open_page('index.html', WIDE)
    last = page.locator('#figures tbody tr').last.bounding_box()
    assert page.locator('#figures tbody tr').count() == 10
    assert last['y'] + last['height'] < 900


def test_phone_shows_published_and_measured_figures_without_scrolling(open_page):
    page = open_page('index.html', PHONE)
    for column in (0, 1, 2):
        heads = page.locator('#figures tbody tr >> nth=1 >> td')
        assert _right(heads.nth(column).bounding_box()) <= PHONE


@pytest.mark.parametrize('name', ['index.html', '300w.html', 'synthetic-98.html'])
def test_phone_shows_the_error_without_scrolling(open_page, name):
    page = open_page(name, PHONE)
    if name == 'index.html':
        numbers = page.locator('.card tbody tr td:nth-child(2)')
    else:
        column = page.locator('#board thead [data-key^="nme.full."]').first
        assert _right(column.bounding_box()) <= PHONE
        numbers = page.locator('#board tbody tr:not(.missing) td:nth-child(3)')
    assert numbers.count() > 0
    for number in numbers.all():
        assert _right(number.bounding_box()) <= PHONE
        assert float(number.inner_text().split()[0]) > 0


def test_network_stands_under_the_loss_on_a_phone_and_its_column_can_be_shown(open_page):
    page = open_page('300w.html', PHONE)
    shown = 'getComputedStyle(document.querySelector("#board tbody th"), "::after").content'
    assert 'ResNet-18' in page.evaluate(shown)
    assert page.locator('#board thead [data-key="backbone"]').count() == 0
    assert page.locator('#board tbody th').first.inner_text() == 'smooth-L1'
    page.locator('.columns summary').click()
    page.get_by_role('group', name='Configuration').get_by_label('Network').check()
    assert page.locator('#board thead [data-key="backbone"]').count() == 1
    wide = open_page('300w.html', WIDE)
    assert wide.evaluate(shown) == 'none'
    assert wide.locator('#board thead [data-key="backbone"]').count() == 1


def test_boxes_of_the_columns_say_which_are_shown_on_a_phone(open_page):
    page = open_page('300w.html', PHONE)
    page.locator('.columns summary').click()
    for box in page.locator('.columns [type="checkbox"]').all():
        head = page.locator(f'#board thead [data-column="{box.get_attribute("value")}"]')
        assert box.is_checked() == (head.count() == 1)
