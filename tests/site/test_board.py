from __future__ import annotations

import re

import numpy as np
import pytest

from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.records.parts import GivenWeights
from benchmark.records.record import write_record
from benchmark.site.board import make_board, page_links


@pytest.fixture
def board(sections):
    return lambda: make_board(Analysis(sections()[0], Store()))


def test_holds_every_column_that_a_reader_may_ask_for(factory, board):
    factory.add('wflw')
    found = board()
    keys = {field.key for field in found.fields}
    subsets = ('full', 'pose', 'expression', 'illumination', 'make-up', 'occlusion', 'blur')
    assert keys >= {f'nme.{subset}.{n}' for subset in subsets for n in ('inter-ocular', 'inter-pupil')}
    assert keys >= {f'{m}{t}.full.{n}' for m in ('fr', 'auc') for t in (8, 10) for n in ('inter-ocular', 'inter-pupil')}
    assert keys >= {'method', 'loss', 'backbone', 'parameters', 'gflops', 'seeds', 'interval.inter-ocular', 'date'}
    assert keys >= {'train_seconds', 'peak_memory_mib', 'device', 'precision', 'checkpoint_rule', 'status'}
    assert len(keys) == len(found.fields)
    assert all(line.values.keys() == keys for line in found.lines)


def test_headline_comes_first_and_is_essential(factory, board):
    factory.add('cofw')
    fields = [field for field in board().fields if field.key.startswith('nme.')]
    assert [(field.key, field.essential) for field in fields] == [
        ('nme.full.inter-pupil', True),
        ('nme.full.inter-ocular', False),
    ]


def test_row_without_a_result_has_a_reason_and_no_numbers(factory, board):
    factory.add('wflw', status='failed', reason='loss is NaN in epoch 3')
    (line,) = board().lines
    assert line.reason == 'failed: loss is NaN in epoch 3'
    assert {key for key, value in line.values.items() if value.sort is not None} == {
        *('method', 'loss', 'backbone', 'input', 'status')
    }


def test_delta_stands_beside_its_interval(factory, board):
    for seed in range(3):
        factory.add('synthetic-68', 'smooth-L1', seed, error=0.05)
        factory.add('synthetic-68', 'STAR', seed, error=0.04)
    baseline, star = board().lines
    assert baseline.values['delta.inter-ocular'].sort is None
    value = star.values['delta.inter-ocular']
    low, high = value.bounds
    assert low < value.sort < high < 0
    assert value.text == f'\u2212{-value.sort:.2f} [\u2212{-low:.2f}, \u2212{-high:.2f}]'


def test_interval_of_few_seeds_is_said_to_be_over_images_and_not_exported_as_the_other(factory, board):
    factory.add('synthetic-68', 'smooth-L1', error=0.05)
    factory.add('synthetic-68', 'STAR', error=0.04)
    value = board().lines[1].values['delta.inter-ocular']
    assert (value.note, value.bounds) == ('over images alone', None) and '[' in value.text


def test_date_and_cost_are_those_of_all_seeds(factory, board):
    for seed, day in enumerate((24, 27, 25)):
        factory.add('synthetic-68', seed=seed, created=f'2026-11-{day}T10:00:00Z')
    (line,) = board().lines
    assert line.values['date'].text == '2026-11-27'
    assert line.values['train_seconds'].sort == pytest.approx(np.mean([5025, 5085, 5145]))
    assert line.values['seeds'].sort == 3


def test_given_weights_have_no_difference_to_the_baseline_of_their_recipe(factory, board):
    for seed in range(3):
        factory.add('synthetic-68', 'smooth-L1', seed)
    record = factory.add('synthetic-68', 'STAR')
    weights = GivenWeights(origin='given weights', file='x', sha256='a', converted_from=None, converted_part=None)
    write_record(record.model_copy(update={'seed': None, 'weights': weights}), factory.reports / 'records')
    *trained, given = board().lines
    assert given.values['seeds'].text == 'given weights'
    assert given.values['delta.inter-ocular'].sort is None
    assert any(line.values['delta.inter-ocular'].sort for line in trained)
    value = given.values['nme.full.inter-ocular']
    assert value.sort and not value.best and not value.tie


def test_a_submitted_method_keeps_its_own_name(factory, board):
    factory.add('synthetic-68', method='Landmark Transformer')
    factory.add('synthetic-68', 'smooth-L1', name='td-softargmax_res18_x')
    assert {line.values['method'].text for line in board().lines} == {'Landmark Transformer', 'soft-argmax'}


def test_incomplete_subset_says_how_many_images_it_has(factory, board):
    factory.add('300w', sizes={'full': 562, 'common': 554, 'challenge': 8})
    (line,) = board().lines
    assert line.values['nme.challenge.inter-pupil'].note == '8 of 135 images'
    assert line.values['nme.common.inter-pupil'].note == ''


def test_every_row_has_a_page_of_its_own_with_a_plain_name(factory, sections):
    factory.add('synthetic-29', name='plain')
    factory.add('synthetic-29', name='PLAIN', recipe='c')
    for name in ('x..<b>x', '-..'):
        factory.add('300w', name=name)
    links = page_links(sections())
    assert len(set(map(str.casefold, links.values()))) == 4
    assert all(re.fullmatch(r'experiments/[A-Za-z0-9_-][A-Za-z0-9._-]*\.html', link) for link in links.values())


def test_the_current_configuration_keeps_the_plain_name(factory, sections):
    factory.add('synthetic-29', name='a', seed=1, version='1', recipe='old', created='2026-11-24T10:00:00Z')
    factory.add('synthetic-29', name='a', version='2', recipe='new', created='2026-11-25T10:00:00Z')
    links = {row.outdated: link for row, link in page_links(sections()).items()}
    assert links[False] == 'experiments/a.html'
    assert re.fullmatch(r'experiments/a-[0-9a-f]{8}\.html', links[True])
