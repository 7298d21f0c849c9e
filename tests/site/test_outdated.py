"""Rows of older configurations keep their line in the leaderboard, and nothing else is said of them."""

from __future__ import annotations

import pytest

from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.site.board import page_links
from benchmark.site.exports.latex_table import latex_table
from benchmark.site.exports.macros import latex_macros
from benchmark.site.pages.benchmark_view import BenchmarkView
from benchmark.site.pages.index_view import index_view
from benchmark.site.published import literature_table
from benchmark.site.reproduction import reproduction_table


@pytest.fixture
def view(factory, sections):
    """An older STAR of a wide network with the best numbers, and the present rows."""
    for seed in (7, 8, 9):
        factory.add('cofw', 'STAR', seed, network='Wide', name='star', recipe='old', error=0.01)
    for loss in ('smooth-L1', 'STAR'):
        for seed in range(3):
            name = 'star' if loss == 'STAR' else 'baseline'
            factory.add('cofw', loss, seed, name=name, version='2', created='2026-11-25T10:00:00Z')
    (section,) = sections()
    return BenchmarkView(Analysis(section, Store()), page_links([section]))


def _texts(table):
    return ' '.join(cell.text for body in table.bodies for line in body for cell in line.cells)


def test_older_row_keeps_its_line(view):
    assert [line.row.record.backbone for line in view.board.lines].count('Wide') == 1


def test_older_row_is_in_no_table_of_results_and_no_figure(view):
    section = view.analysis.section
    (card,) = index_view([view], ()).real
    for text in (_texts(reproduction_table(section)), _texts(literature_table(section)), _texts(card.table)):
        assert 'Wide' not in text and 'ResNet-18' in text
    assert 'Wide' not in view.figures['ced'].inline and 'ResNet-18' in view.figures['ced'].inline


def test_older_row_is_not_exported_to_latex(view):
    for text in (latex_macros(view.analysis), latex_table(view.board, view.analysis)):
        assert 'Wide' not in text and 'ResNet-18' in text


def test_older_row_is_neither_found_better_nor_led_with(view):
    assert view.analysis.leading_pair[0].record.backbone == 'ResNet-18'
    assert {one.row.record.backbone for one in view.findings} == {'ResNet-18'}
