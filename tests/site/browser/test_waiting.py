"""A page with many rows that wait beside two that have a result."""

from __future__ import annotations

import pytest

from benchmark.site.build import build_reports
from tests.results import Factory

expect = pytest.importorskip('playwright.sync_api', reason='needs playwright').expect
NETWORKS = ('HRNetV2-W18', 'Hourglass')
LOSSES = ('smooth-L1', 'L1', 'L2', 'Wing', 'STAR')


@pytest.fixture(scope='module')
def crowded(tmp_path_factory):
    factory = Factory(tmp_path_factory.mktemp('crowded') / 'reports')
    for loss in ('smooth-L1', 'STAR'):
        factory.add('300w', loss)
    for network in NETWORKS:
        for loss in LOSSES:
            options = {'network': network, 'created': '2026-11-20T10:00:00Z'}
            factory.add('300w', loss, status='no-data', reason='no prepared data', **options)
    build_reports(factory.reports)
    return factory.reports


@pytest.fixture
def page(browser, crowded):
    opened = browser.new_page(viewport={'width': 1440, 'height': 900})
    faults = []
    opened.on('pageerror', lambda error: faults.append(str(error)))
    opened.goto((crowded / '300w.html').as_uri())
    yield opened
    opened.close()
    assert faults == []


def test_rows_that_wait_do_not_stand_in_the_leaderboard(page):
    assert page.locator('#board tbody tr').count() == 2
    assert page.locator('#leaderboard .shown').inner_text() == '2 rows'
    assert page.get_by_text('No prepared data').count() == 0


def test_each_network_has_a_line_and_each_row_is_behind_a_fold(page):
    folded = page.locator('#waiting + .scroll tbody tr')
    assert sorted(folded.all_inner_texts()) == [
        f'smooth-L1 and 4 more losses\t{network}\t256 \u00d7 256\tnot-run: data has been prepared since'
        for network in NETWORKS
    ]
    each = page.locator('#waiting ~ details').first
    links = each.locator('tbody a')
    assert links.count() == 10 and not links.first.is_visible()
    each.locator('summary').click()
    assert links.first.is_visible()
    links.first.click()
    expect(page.get_by_role('heading', level=1)).to_contain_text('smooth-L1')


def test_leaderboard_is_sorted_and_filtered_as_ever(page):
    names = page.locator('#board tbody th')
    head = page.locator('#board thead [data-key="nme.full.inter-ocular"]')
    for order in (['STAR', 'smooth-L1'], ['smooth-L1', 'STAR']):
        head.click()
        expect(names).to_have_text(order)
    filters = page.locator('#leaderboard .filters')
    assert filters.get_by_label('Network').count() == filters.get_by_label('Status').count() == 0
    assert filters.get_by_label('Loss').locator('option').all_inner_texts() == ['all', 'smooth-L1', 'STAR']
    filters.get_by_label('Loss').select_option('STAR')
    expect(names).to_have_text(['STAR'])


def test_markdown_folds_them_too(crowded):
    text = (crowded / '300w.md').read_text()
    assert 'No prepared data' not in text
    leaderboard = text.partition('## Leaderboard')[2].partition('<details>')[0]
    assert leaderboard.count('data has been prepared since') == len(NETWORKS)
    assert (crowded / 'README.md').read_text().count('data has been prepared since') == len(NETWORKS)
