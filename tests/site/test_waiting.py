from __future__ import annotations

import pytest

from benchmark.analysis.runs import read_runs
from benchmark.analysis.sections import make_sections
from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.site.board import page_links
from benchmark.site.board_tables import accuracy_table
from benchmark.site.pages.benchmark_view import BenchmarkView
from tests.results import Factory

EARLIER, LATER = '2026-11-20T10:00:00Z', '2026-11-28T10:00:00Z'
STALE = 'not-run: data has been prepared since'


@pytest.fixture
def view(factory):
    def make(*folders):
        store = Store()
        sections = make_sections(read_runs(folders or [factory.reports], store))
        return BenchmarkView(Analysis(sections[0], store), page_links(sections))

    return make


def _statuses(view):
    return {line.row.record.loss: line.values['status'].text for line in view.board.lines}


def test_no_data_is_not_said_once_another_row_was_trained(factory, view):
    factory.add('300w', 'Wing', status='no-data', reason='no prepared data', created=EARLIER)
    assert view().lacks_data
    factory.add('300w', 'STAR', created=LATER)
    found = view()
    assert not found.lacks_data
    assert _statuses(found)['Wing'] == STALE
    (line,) = (line for line in found.board.lines if line.row.record.loss == 'Wing')
    assert (line.reason, line.values['status'].sort) == (STALE, 'not-run')


def test_no_data_stays_where_the_attempt_is_newer_than_every_result(factory, view):
    factory.add('300w', 'STAR', created=EARLIER)
    factory.add('300w', 'Wing', status='no-data', reason='no prepared data', created=LATER)
    assert view().lacks_data
    assert _statuses(view())['Wing'] == 'no-data: no prepared data'


def test_results_of_another_folder_do_not_prove_that_data_is_prepared(factory, view, tmp_path):
    factory.add('300w', 'Wing', status='no-data', reason='no prepared data', created=EARLIER)
    Factory(tmp_path / 'published').add('300w', 'STAR', created=LATER)
    assert view(factory.reports, tmp_path / 'published').lacks_data


def test_failed_rows_keep_their_reason(factory, view):
    factory.add('300w', 'Wing', status='failed', reason='loss is NaN', created=EARLIER)
    factory.add('300w', 'STAR', created=LATER)
    assert _statuses(view())['Wing'] == 'failed: loss is NaN'


@pytest.fixture
def many(factory):
    """Two rows with a result, one that failed, and twelve of two networks that wait, in four recipes."""
    for loss in ('smooth-L1', 'STAR'):
        factory.add('300w', loss, created=LATER)
    factory.add('300w', 'L1', status='failed', reason='loss is NaN')
    for network in ('HRNetV2-W18', 'Hourglass'):
        for recipe in ('b', 'c'):
            for loss in ('smooth-L1', 'Wing', 'STAR'):
                name = f'{network}_{recipe}_{loss}'
                options = {'network': network, 'recipe': recipe, 'name': name, 'created': EARLIER}
                factory.add('300w', loss, status='no-data', reason='no prepared data', **options)
    return factory


def test_waiting_rows_share_a_line_a_network_after_all_others(many, view):
    found = view()
    lines = [line for body in accuracy_table(found.board, 'inter-ocular').bodies for line in body]
    shown = [(line.cells[0].text, line.cells[1].text, line.reason) for line in lines]
    assert shown == [
        ('smooth-L1', 'ResNet-18', ''),
        ('L1', 'ResNet-18', 'failed: loss is NaN'),
        ('STAR', 'ResNet-18', ''),
        ('smooth-L1, Wing, STAR', 'HRNetV2-W18', STALE),
        ('smooth-L1, Wing, STAR', 'Hourglass', STALE),
    ]


def test_leaderboard_holds_results_and_failures_and_the_rest_is_folded_with_each_row_behind_it(many, view):
    found = view()
    assert [line.row.record.loss for line in found.board.lines if found.stands(line)] == ['smooth-L1', 'L1', 'STAR']
    assert found.waiting.count == 12
    assert sum(map(len, found.waiting.folded.bodies)) == 2
    assert sum(map(len, found.waiting.rows.bodies)) == 12
    waiting = [found.links[line.row] for line in found.board.lines if not found.stands(line)]
    assert [page for pages in found.waiting.pages for page in pages] == waiting


def test_different_reasons_of_a_network_are_all_said(factory, view):
    factory.add('300w', 'STAR', status='not-run', reason='needs a GPU')
    factory.add('300w', 'Wing', status='not-run', reason='time limit')
    (body,) = view().waiting.folded.bodies
    assert [set(line.reason.split('; ')) for line in body] == [{'not-run: needs a GPU', 'not-run: time limit'}]


def test_page_whose_rows_all_have_a_result_folds_nothing(factory, view):
    factory.add('300w', 'STAR')
    assert view().waiting is None
