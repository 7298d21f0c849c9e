from __future__ import annotations

import dataclasses
from operator import attrgetter

import numpy as np
import pytest
from scipy import stats

from benchmark.analysis.comparison import baseline_of, compare, correct, pair, star_pairs
from benchmark.errors import BenchmarkError
from benchmark.protocol.differences import holm
from benchmark.protocol.measures import Measure

SMALL = {'full': 50, 'common': 30, 'challenge': 20}
NME = Measure('full', 'inter-ocular', 'nme')


def _nme(run, distance='inter_ocular'):
    predictions = run.read_predictions()
    return 100 * (predictions.mean_distance / getattr(predictions, distance))


def test_one_seed_has_a_paired_interval_over_images_alone(factory, compared):
    factory.add('synthetic-68', 'smooth-L1')
    factory.add('synthetic-68', 'STAR')
    found = compared()
    paired = _nme(found.row.done[0]) - _nme(found.reference.done[0])
    expected = stats.ttest_1samp(paired, 0).confidence_interval(0.95)
    assert found.mean == pytest.approx(paired.mean(), abs=1e-6)
    assert found.interval == found.over_images == pytest.approx((expected.low, expected.high), abs=1e-5)
    assert (found.over_seeds, found.over_both, found.p_value, found.sign_flip_p) == (None, None, None, None)


def test_several_seeds_are_paired_over_the_common_ones(factory, compared):
    for seed in (0, 1, 2, 3):
        factory.add('synthetic-68', 'smooth-L1', seed)
    for seed in (1, 2, 3, 4):
        factory.add('synthetic-68', 'STAR', seed)
    found = compared('inter-pupil')
    ours, theirs = (
        {run.record.seed: _nme(run, 'inter_pupil').mean() for run in row.done} for row in (found.row, found.reference)
    )
    differences = [ours[seed] - theirs[seed] for seed in (1, 2, 3)]
    assert found.seeds == (1, 2, 3)
    assert found.mean == pytest.approx(np.mean(differences), abs=1e-6)
    expected = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert found.over_seeds == pytest.approx((expected.low, expected.high), abs=1e-5)
    assert found.interval == found.over_both
    assert found.over_both.low < found.over_seeds.low and found.over_both.low < found.over_images.low
    assert found.sign_flip_p == 0.25


@pytest.mark.parametrize(('seeds', 'p'), [(1, None), (2, 0.5), (5, 2 / 2**5), (16, 2 / 2**16), (17, None)])
def test_seeds_have_the_sign_flip_test_where_its_patterns_can_be_weighed(factory, compared, seeds, p):
    for seed in range(seeds):
        for loss, error in (('smooth-L1', 0.06), ('STAR', 0.03)):
            factory.add('synthetic-29', loss, seed, error=error, sizes={'full': 5})
    assert compared().sign_flip_p == p


def test_area_is_compared_as_a_mean(factory, compared):
    for loss in ('smooth-L1', 'STAR'):
        factory.add('synthetic-68', loss)
    found = compared(metric='auc', threshold=10.0)
    ours, theirs = (np.maximum(0, 100 - 10 * _nme(row.done[0])) for row in (found.row, found.reference))
    expected = stats.ttest_1samp(ours - theirs, 0).confidence_interval(0.95)
    assert found.over_images == pytest.approx((expected.low, expected.high), abs=1e-4)


def test_failures_are_compared_as_failures(factory, compared):
    factory.add('synthetic-68', 'smooth-L1', error=0.01)
    factory.add('synthetic-68', 'STAR', error=0.01)
    found = compared(metric='fr', threshold=10.0)
    assert found.mean == 0 and found.exact_p == 1
    assert found.over_images.low < 0 < found.over_images.high
    assert compared().exact_p is None


def test_rows_without_a_common_seed_are_not_compared(factory, compared):
    factory.add('synthetic-68', 'smooth-L1', 0)
    factory.add('synthetic-68', 'STAR', 1)
    assert compared() is None


@pytest.mark.parametrize('failed', ['smooth-L1', 'STAR'])
def test_row_without_a_result_is_not_compared(factory, compared, failed):
    for loss in ('smooth-L1', 'STAR'):
        factory.add('synthetic-68', loss, status='failed' if loss == failed else 'done', reason='x')
    assert compared() is None


def test_recipe_may_lack_a_baseline(factory, sections):
    factory.add('synthetic-68', 'Wing')
    factory.add('synthetic-68', 'STAR')
    (recipe,) = sections()[0].recipes
    assert baseline_of(recipe) is None
    assert [[row.record.loss for row in rows] for rows in star_pairs(recipe)] == [['STAR', 'Wing']]


def test_baseline_is_that_of_the_present_configuration(factory, sections):
    factory.add('synthetic-68', 'smooth-L1', 0, name='a', version='1')
    factory.add('synthetic-68', 'smooth-L1', 1, name='a', version='2', created='2026-11-25T10:00:00Z')
    factory.add('synthetic-68', 'STAR', 0)
    (recipe,) = sections()[0].recipes
    assert [row.outdated for row in recipe] == [True, False, False]
    assert baseline_of(recipe) is recipe[1]


def test_older_configurations_are_in_no_pair(factory, sections):
    factory.add('synthetic-68', 'smooth-L1')
    factory.add('synthetic-68', 'STAR', 5, name='a', version='1')
    factory.add('synthetic-68', 'STAR', 0, name='a', version='2', created='2026-11-25T10:00:00Z')
    (recipe,) = sections()[0].recipes
    assert len(recipe) == 3 and [rows[0].done[0].record.seed for rows in star_pairs(recipe)] == [0]


def test_given_weights_are_compared_with_the_mean_over_all_seeds(factory, sections, give_weights):
    give_weights('synthetic-68', error=0.0425)
    for seed, error in enumerate((0.06, 0.04, 0.03)):
        factory.add('synthetic-68', 'smooth-L1', seed, error=error)
    rows = {row.record.loss: row for row in sections()[0].rows}
    (found,) = compare([(pair(rows['STAR'], rows['smooth-L1']), NME)])
    theirs = [_nme(run).mean() for run in rows['smooth-L1'].done]
    assert found.mean == pytest.approx(_nme(rows['STAR'].done[0]).mean() - np.mean(theirs), abs=1e-6)
    assert found.mean < 0 < _nme(rows['STAR'].done[0]).mean() - theirs[-1]
    assert (found.seeds, found.decided, found.verdict) == ((), False, 'given weights')
    (turned,) = compare([(pair(rows['smooth-L1'], rows['STAR']), NME)])
    assert turned.mean == pytest.approx(-found.mean)


def test_given_weights_never_differ_in_the_loss_alone(factory, sections, give_weights):
    give_weights('synthetic-68')
    factory.add('synthetic-68', 'smooth-L1')
    recipes = sections()[0].recipes
    assert [[row.record.loss for row in recipe] for recipe in recipes] == [['smooth-L1'], ['STAR']]
    assert [star_pairs(recipe) for recipe in recipes] == [[], []]


@pytest.mark.parametrize('change', ['image_ids', 'subsets'])
def test_runs_on_different_images_are_refused(factory, compared, change):
    good = factory.predictions('synthetic-68', 'STAR', 0, SMALL, 0.04)
    other = good.image_ids[::-1] if change == 'image_ids' else good.subsets[::-1]
    factory.add('synthetic-68', 'smooth-L1', predictions=good)
    factory.add('synthetic-68', 'STAR', predictions=dataclasses.replace(good, **{change: other}))
    with pytest.raises(BenchmarkError, match='other test images, subsets or order of them'):
        compared()


@pytest.mark.parametrize('distance', ['inter_ocular', 'inter_pupil'])
def test_runs_with_other_normalizing_distances_are_refused(factory, compared, distance):
    good = factory.predictions('synthetic-68', 'STAR', 0, SMALL, 0.04)
    factory.add('synthetic-68', 'smooth-L1', predictions=good)
    other = dataclasses.replace(good, **{distance: getattr(good, distance) * np.float32(1.01)})
    factory.add('synthetic-68', 'STAR', predictions=other)
    with pytest.raises(BenchmarkError, match='cannot be paired'):
        compared()


def test_comparisons_of_one_measure_are_corrected_together(factory, sections):
    for seed in range(3):
        for loss, error in (('smooth-L1', 0.0405), ('Wing', 0.0403), ('STAR', 0.04)):
            factory.add('synthetic-68', loss, seed, error=error)
    (recipe,) = sections()[0].recipes
    pairs = [pair(*rows) for rows in star_pairs(recipe)]
    measures = (NME, Measure('full', 'inter-pupil', 'nme'))
    found = correct(compare([(one, measure) for measure in measures for one in pairs]), attrgetter('measure'))
    assert [one.comparisons for one in found] == [2] * 4
    for family in (found[:2], found[2:]):
        assert [one.corrected_p for one in family] == pytest.approx(holm([one.p_value for one in family]))


def test_comparisons_of_one_seed_are_not_counted(factory, sections):
    for seed in range(3):
        for loss in ('smooth-L1', 'STAR'):
            factory.add('synthetic-68', loss, seed)
    factory.add('synthetic-68', 'Wing', 0)
    (recipe,) = sections()[0].recipes
    found = correct(compare([(pair(*rows), NME) for rows in star_pairs(recipe)]), attrgetter('measure'))
    assert [(one.comparisons, one.corrected_p == one.p_value) for one in found] == [(1, True)] * 2
