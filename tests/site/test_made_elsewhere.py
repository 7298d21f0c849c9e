"""Results that others made: what nobody measured is not known, and the pages say so."""

from __future__ import annotations

import csv
import json

import pytest

from benchmark.analysis.comparison import compare, pair
from benchmark.analysis.runs import read_runs
from benchmark.analysis.store import Store
from benchmark.errors import BenchmarkError
from benchmark.protocol.measures import Measure
from benchmark.records.record import write_record
from benchmark.site.build import build_reports
from benchmark.site.departures import departures
from benchmark.site.terminal import print_tables


@pytest.fixture
def elsewhere(factory):
    """Adds a row of 300W whose cost and surroundings are not known; options are the factory's, or change the record."""

    def add(loss='STAR', seed=0, changes=None, **options):
        record = factory.add('300w', loss, seed or 0, method='SomeMethod', **options)
        (factory.reports / 'records' / record.file_name).unlink()
        made = {'cost': None, 'environment': None, 'parameters': None, 'seed': seed, 'source': 'example.org, v1'}
        write_record(record.model_copy(update=made | (changes or {})), factory.reports / 'records')

    return add


def test_pages_exports_and_terminal_say_what_is_not_known(factory, elsewhere, capsys):
    factory.add('300w', 'smooth-L1')
    elsewhere(name='elsewhere')
    built = build_reports(factory.reports, [factory.reports])
    page = (factory.reports / 'experiments' / 'elsewhere.html').read_text()
    assert page.count('not known') >= 2 and 'example.org, v1' in page and 'SomeMethod' in page
    (row,) = (
        one
        for one in csv.DictReader((factory.reports / 'exports' / '300w.csv').open())
        if one['method'] == 'SomeMethod'
    )
    assert (row['device'], row['precision'], row['train_seconds']) == ('not known', 'not known', '')
    (data,) = (
        one
        for one in json.loads((factory.reports / 'exports' / '300w.json').read_text())['rows']
        if one['name'] == 'elsewhere'
    )
    assert data['values']['train_seconds'] == {'value': None, 'text': 'not known'}
    markdown = (factory.reports / '300w.md').read_text()
    assert 'not known' in markdown and 'scored here, SomeMethod' in markdown
    assert all(path.is_file() for path in built.files)
    print_tables([factory.reports])
    assert 'STAR' in capsys.readouterr().out


def test_own_results_still_need_their_cost(factory, elsewhere):
    elsewhere(changes={'method': None})
    with pytest.raises(BenchmarkError, match='status is done but cost is null'):
        read_runs([factory.reports], Store())


def test_unknown_number_of_epochs_is_a_departure(elsewhere, sections):
    elsewhere()
    (row,) = sections()[0].rows
    assert 'number of epochs not known' in departures(row, 'ResNet-18')


def test_row_of_an_unknown_seed_is_compared_without_a_claim_about_a_loss(factory, elsewhere, sections):
    for seed in range(3):
        factory.add('300w', 'smooth-L1', seed)
    elsewhere(seed=None)
    star, baseline = sorted(sections()[0].rows, key=lambda row: row.is_baseline)
    assert star.seeds_text == 'seed not known' and star.done[0].record.seed is None
    (found,) = compare([(pair(star, baseline), Measure('full', 'inter-ocular', 'nme'))])
    assert found.seeds == () and found.verdict == 'no claim' and not found.decided
    sentence = found.sentence()
    assert 'seed not known against the mean over 3 seeds' in sentence
    assert 'without common seeds nothing is said about a loss' in sentence
    build_reports(factory.reports, [factory.reports])
    assert 'seed not known' in (factory.reports / '300w.html').read_text()
