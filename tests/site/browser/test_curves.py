from __future__ import annotations

import re

import numpy as np
import pytest

from benchmark.protocol import metrics
from benchmark.records.predictions import read_predictions
from benchmark.records.record import read_record

expect = pytest.importorskip('playwright.sync_api', reason='needs playwright').expect


def _errors(built, benchmark, loss, normalizer, subset):
    """Errors of all seeds, pooled, computed without what made the page; fractions."""
    pooled = []
    for path in sorted((built / 'records').glob('*.json')):
        record = read_record(path)
        if (record.benchmark, record.loss, record.status) == (benchmark, loss, 'done'):
            predictions = read_predictions(path.with_name(record.predictions))
            member = predictions.subsets[:, predictions.subset_names.tolist().index(subset)]
            distance = getattr(predictions, normalizer.replace('-', '_')).astype(np.float64)
            pooled.append((predictions.mean_distance / distance)[member])
    return np.concatenate(pooled)


def _move(page, threshold):
    page.get_by_label('Threshold').evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", str(threshold)
    )


def _values(page):
    """FR and AUC by what stands in front of the comma of a row's label."""
    lines = page.locator('#error-curves tbody tr').evaluate_all(
        'rows => rows.map(row => [...row.cells].slice(1, 5).map(cell => cell.textContent))'
    )
    return {label.split(',')[0]: (float(fr), float(auc)) for label, _, fr, auc in lines}


@pytest.mark.parametrize('threshold', [10, 8, 4.3, 12.5])
def test_threshold_changes_rates_and_areas_to_those_of_the_metrics(open_page, built, threshold):
    page = open_page('synthetic-68.html')
    _move(page, threshold)
    for loss, (rate, area) in _values(page).items():
        errors = _errors(built, 'synthetic-68', loss, 'inter-ocular', 'full')
        assert rate == pytest.approx(100 * metrics.failure_rate(errors, threshold / 100), abs=0.00501)
        assert area == pytest.approx(100 * metrics.area_under_curve(errors, threshold / 100), abs=0.015)
    assert page.locator('#error-curves thead').inner_text().count(f'@{threshold}') == 2


def test_subset_and_normalizer_can_be_chosen(open_page, built):
    page = open_page('synthetic-68.html')
    page.get_by_label('Subset').select_option('challenge')
    page.locator('#error-curves').get_by_label('Normalizer').select_option('inter-pupil')
    for loss, (rate, area) in _values(page).items():
        errors = _errors(built, 'synthetic-68', loss, 'inter-pupil', 'challenge')
        assert rate == pytest.approx(100 * metrics.failure_rate(errors, 0.1), abs=100.1 / len(errors))
        assert area == pytest.approx(100 * metrics.area_under_curve(errors, 0.1), abs=0.02)


def test_rates_are_those_of_the_leaderboard(open_page):
    page = open_page('300w.html')
    shown = page.evaluate(
        """() => {
          const column = Number(board.heads.find(head => head.dataset.key === 'fr10.full.inter-ocular').dataset.column);
          const rows = [...document.querySelectorAll('#board tbody tr:not(.missing)')];
          return Object.fromEntries(rows.map(row => [
            row.querySelector('th').textContent,
            Number(board.table.cell(row, column).node().dataset.sort),
          ]));
        }"""
    )
    assert len(shown) == 2
    assert {loss: rate for loss, (rate, _) in _values(page).items()} == pytest.approx(shown, abs=0.00501)


def test_boxes_of_the_leaderboard_choose_the_curves(open_page):
    page = open_page('synthetic-98.html')
    box = page.get_by_role('checkbox', name='Curve smooth-L1')
    assert 'smooth-L1' in _values(page)
    box.uncheck()
    assert 'smooth-L1' not in _values(page)
    page.get_by_role('button', name='Remove STAR').click()
    assert not page.get_by_role('checkbox', name='Curve STAR').is_checked()
    page.get_by_label('Search').fill('smooth-L1')
    page.get_by_role('button', name='Draw the first 8 rows').click()
    assert list(_values(page)) == ['smooth-L1']
    box.uncheck()
    assert page.get_by_text('No row is drawn').is_visible()


def test_slider_is_worked_with_the_keyboard_and_says_its_value(open_page):
    page = open_page('300w.html')
    slider = page.get_by_label('Threshold')
    slider.focus()
    page.keyboard.press('ArrowLeft')
    assert slider.get_attribute('aria-valuetext') == '9.9 percent'
    assert page.locator('#error-curves output').inner_text() == '9.9 %'


def test_page_of_a_row_draws_it_beside_its_baseline(open_page, built):
    page = open_page('300w.html')
    page.goto((built / page.locator('#board tr.strong a').first.get_attribute('href')).as_uri())
    assert list(_values(page)) == ['smooth-L1', 'STAR']
    link = page.locator('#error-curves tbody a').first
    link.click()
    expect(page.get_by_role('heading', level=1)).to_have_text(re.compile('^smooth-L1'))


def test_chart_is_drawn_in_the_colours_of_the_page(open_page):
    page = open_page('300w.html')
    colours = """() => {
      const chart = document.querySelector('.plot canvas');
      const copy = new OffscreenCanvas(chart.width, chart.height).getContext('2d', { willReadFrequently: true });
      copy.drawImage(chart, 0, 0);
      const pixels = copy.getImageData(0, 0, chart.width, chart.height).data;
      const found = new Set();
      for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] === 255) found.add(pixels.slice(i, i + 3).join());
      return [...found];
    }"""
    page.wait_for_function(f"({colours})().includes('0,114,178')")
    assert '86,180,233' not in page.evaluate(colours)
    page.get_by_role('button', name='Dark page').click()
    page.wait_for_function(f"({colours})().includes('86,180,233')")
    assert '0,114,178' not in page.evaluate(colours)
