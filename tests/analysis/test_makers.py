from __future__ import annotations

import shutil
from operator import attrgetter

import pytest

from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.errors import BenchmarkError

NEWER = '2026-11-28T10:00:00Z'


def _seeds(rows):
    return [(row.loss, [run.record.seed for run in row.done]) for row in rows]


def _copy(factory, own, record):
    (own.reports / 'records').mkdir(parents=True, exist_ok=True)
    for name in (record.file_name, record.predictions):
        shutil.copy(factory.reports / 'records' / name, own.reports / 'records')


def test_own_seed_joins_no_published_row(factory, own, both):
    for seed in (0, 1, 2):
        factory.add('synthetic-98', 'STAR', seed)
    own.add('synthetic-98', 'STAR', 0, error=0.07, created=NEWER)
    (section,) = both()
    assert _seeds(section.rows) == [('STAR', [0, 1, 2]), ('STAR (own)', [0])]


def test_own_results_change_no_published_number(factory, own, both, sections):
    for loss in ('smooth-L1', 'STAR', 'Wing'):
        for seed in (0, 1, 2):
            factory.add('synthetic-29', loss, seed)
            own.add('synthetic-29', loss, seed, error=0.01, created=NEWER)
        own.add('synthetic-29', loss, 0, recipe='b', network='wide', name=f'{loss}-wide', error=0.005)
    alone, beside = (Analysis(found()[0], Store()).completed() for found in (sections, both))
    published = [row for row in beside.section.rows if not row.own]
    assert [row.record for row in published] == [row.record for row in alone.section.rows]
    assert [row.record.name for row in beside.section.recipes[0]] == [row.record.name for row in published]
    for row, same in zip(published, alone.section.rows, strict=True):
        for measure in alone.measures:
            assert beside.summary(row, measure) == alone.summary(same, measure)
            assert beside.standing(row, measure) == alone.standing(same, measure)
    kept = attrgetter('mean', 'over_both', 'comparisons', 'corrected_p')
    ours = [kept(one) for one in beside.star_differences(beside.measures[0]) if not one.row.own]
    assert ours == [kept(one) for one in alone.star_differences(alone.measures[0])] and ours


def test_own_rows_follow_the_published_ones_of_their_recipe(factory, own, both):
    for recipe, error in (('a', 0.04), ('b', 0.05)):
        for loss in ('STAR', 'smooth-L1'):
            factory.add('synthetic-29', loss, recipe=recipe, network=recipe, error=error)
            own.add('synthetic-29', loss, recipe=recipe, network=recipe, error=0.09 - error, created=NEWER)
    (section,) = both()
    assert [(row.record.backbone, row.loss) for row in section.rows] == [
        (recipe, f'{loss}{mark}') for recipe in 'ab' for mark in ('', ' (own)') for loss in ('smooth-L1', 'STAR')
    ]


def test_rows_of_two_makers_are_never_compared(factory, own, both):
    factory.add('synthetic-29', 'smooth-L1')
    own.add('synthetic-29', 'STAR')
    analysis = Analysis(both()[0], Store())
    assert analysis.star_differences(analysis.measures[0]) == [] and analysis.leading_pair is None
    assert all(analysis.standing(row, analysis.measures[0]).best for row in analysis.section.rows)


def test_newer_own_configuration_does_not_make_a_published_one_older(factory, own, both):
    factory.add('synthetic-29', 'STAR', version='1', recipe='old')
    own.add('synthetic-29', 'STAR', version='2', recipe='new', created=NEWER)
    assert [row.outdated for row in both()[0].rows] == [False, False]


def test_own_results_alone_are_just_results(own, both):
    own.add('synthetic-29', 'STAR')
    (row,) = both()[0].rows
    assert (row.own, row.loss, row.label) == (False, 'STAR', 'synthetic-29_resnet-18_star')


def test_published_copy_of_an_own_result_is_no_row_of_its_own(factory, own, both):
    _copy(factory, own, factory.add('synthetic-29', 'STAR'))
    own.add('synthetic-29', 'STAR', 1, status='not-run', reason='time limit reached')
    (row,) = both()[0].rows
    assert not row.own and [run.record.seed for run in row.done] == [0]


def test_own_row_keeps_its_published_seeds_beside_new_ones(factory, own, both):
    _copy(factory, own, factory.add('synthetic-29', 'STAR', 0))
    own.add('synthetic-29', 'STAR', 1)
    assert _seeds(both()[0].rows) == [('STAR', [0]), ('STAR (own)', [0, 1])]


@pytest.mark.parametrize('waits', ['no-data', 'not-run'])
def test_who_waits_says_nothing_beside_a_result_of_the_same_name(factory, own, both, waits):
    factory.add('cofw', 'STAR')
    own.add('cofw', 'STAR', status=waits, reason='no data here', created=NEWER)
    factory.add('wflw', 'STAR', status=waits, reason='no data there', created=NEWER)
    own.add('wflw', 'STAR')
    assert [[(row.status, row.record.benchmark) for row in section.rows] for section in both()] == [
        [('done', 'cofw')],
        [('done', 'wflw')],
    ]


def test_of_two_who_wait_the_newer_one_counts(factory, own, both):
    factory.add('cofw', 'STAR', status='no-data', reason='no data there')
    own.add('cofw', 'STAR', status='no-data', reason='no data here', created=NEWER)
    (row,) = both()[0].rows
    assert row.reason == 'no data here' and row.loss == 'STAR'


def test_own_failure_keeps_its_row_beside_a_published_result(factory, own, both):
    factory.add('synthetic-29', 'STAR')
    own.add('synthetic-29', 'STAR', status='failed', reason='out of memory', created=NEWER)
    assert [(row.loss, row.status, row.notes) for row in both()[0].rows] == [
        ('STAR', 'done', ()),
        ('STAR (own)', 'failed', ()),
    ]


def test_each_kind_of_device_has_rows_of_its_own(factory, sections):
    for device in ('cuda', 'cpu'):
        for loss in ('STAR', 'smooth-L1'):
            for seed in (0, 1):
                created = NEWER if device == 'cpu' else '2026-11-24T10:00:00Z'
                factory.add('synthetic-29', loss, seed, device=device, version=device, created=created)
    (section,) = sections()
    assert [[row.loss for row in recipe] for recipe in section.recipes] == [
        ['smooth-L1 (cpu)', 'STAR (cpu)'],
        ['smooth-L1 (cuda)', 'STAR (cuda)'],
    ]
    assert not any(row.outdated for row in section.rows)
    assert len({row.identity for row in section.rows}) == 4


def test_rows_of_one_device_are_not_told_apart_by_it(factory, sections):
    factory.add('synthetic-29', 'STAR', device='cpu')
    factory.add('synthetic-29', 'Wing', device='cuda')
    assert {row.loss for row in sections()[0].rows} == {'STAR', 'Wing'}


def test_seeds_of_another_experiment_make_another_row(factory, sections):
    for seed in (0, 1):
        factory.add('synthetic-29', 'STAR', seed, version='1', experiment='a' * 64)
    factory.add('synthetic-29', 'STAR', 0, version='1b', experiment='b' * 64, created=NEWER)
    rows = sections()[0].rows
    assert {row.outdated: [run.record.seed for run in row.done] for row in rows} == {True: [0, 1], False: [0]}


def test_newest_record_of_a_seed_and_experiment_counts(factory, sections):
    theirs = {'experiment': 'a' * 64, 'method': 'Ours'}
    factory.add('synthetic-29', 'STAR', version='1', **theirs)
    newest = factory.add('synthetic-29', 'STAR', version='2', created=NEWER, **theirs)
    (row,) = sections()[0].rows
    assert [run.record.fingerprint for run in row.done] == [newest.fingerprint]


def test_seed_without_a_result_joins_the_row_of_its_configuration(factory, sections):
    factory.add('synthetic-29', 'STAR', 0, experiment='a' * 64)
    factory.add('synthetic-29', 'STAR', 1, experiment='a' * 64, status='failed', reason='x')
    factory.add('synthetic-29', 'STAR', 2, status='failed', reason='y')
    (row,) = sections()[0].rows
    assert row.notes == ('seed 1 failed: x', 'seed 2 failed: y')


def test_row_is_registered_where_one_plan_named_all_its_seeds(factory, register, sections):
    losses = 'STAR', 'Wing', 'smooth-L1'
    added = {(loss, seed): factory.add('synthetic-29', loss, seed) for loss in losses for seed in (0, 1)}
    register('summer', [added['STAR', 0], added['STAR', 1], added['Wing', 1], added['smooth-L1', 0]])
    register('winter', [added['smooth-L1', 1]])
    assert {row.loss: row.registered for row in sections()[0].rows} == {'STAR': True, 'Wing': False, 'smooth-L1': False}


def test_record_that_its_plan_does_not_name_is_refused(factory, register, sections):
    first, second = (factory.add('synthetic-29', 'STAR', seed) for seed in (0, 1))
    plan = register('summer', [first, second])
    sections()
    plan.write_text(plan.read_text().replace(second.fingerprint, 'f' * 64))
    with pytest.raises(BenchmarkError, match=r'plan: .*summer-\w+\.json is not the plan'):
        sections()
