from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from benchmark.analysis.selection import compare_named
from benchmark.analysis.standings import Analysis, Standing
from benchmark.analysis.store import Store
from benchmark.protocol.measures import Measure

SMALL = {'full': 120, 'common': 90, 'challenge': 30}
NME = Measure('full', 'inter-ocular', 'nme')


@pytest.fixture
def analysis(sections):
    return lambda: Analysis(sections()[0], Store())


def _scaled(predictions, factor, noise=0.0):
    rng = np.random.default_rng(0)
    change = factor * (1 + noise * rng.normal(size=(len(predictions.distances), 1)))
    return dataclasses.replace(predictions, distances=(predictions.distances * change).astype(np.float32))


@pytest.fixture
def three_rows(factory):
    """Rows whose errors stand to each other as 1 (STAR), 1.001 (Wing), and 1.3 (smooth-L1)."""
    good = factory.predictions('synthetic-68', 'STAR', 0, SMALL, 0.04)
    factory.add('synthetic-68', 'STAR', sizes=SMALL, predictions=good)
    factory.add('synthetic-68', 'Wing', sizes=SMALL, predictions=_scaled(good, 1.001, 0.1))
    factory.add('synthetic-68', 'smooth-L1', sizes=SMALL, predictions=_scaled(good, 1.3))


def test_rows_of_one_seed_are_all_ties(three_rows, analysis):
    found = analysis()
    standings = {row.record.loss: found.standing(row, NME) for row in found.section.rows}
    assert sum(one.best for one in standings.values()) == 1
    assert all(one.best != one.tie for one in standings.values())


@pytest.fixture
def seeds(factory):
    """Adds three seeds of a row."""

    def add(loss, error, seeds=(0, 1, 2), benchmark='synthetic-68', **options):
        for seed in seeds:
            factory.add(benchmark, loss, seed, error=error, **options)

    return add


def test_ties_are_the_rows_from_which_the_best_is_not_shown_to_differ(seeds, analysis):
    for loss, error in (('STAR', 0.04), ('Wing', 0.0402), ('smooth-L1', 0.05)):
        seeds(loss, error)
    found = analysis()
    standings = {row.record.loss: found.standing(row, NME) for row in found.section.rows}
    assert standings == {'STAR': Standing(True, False), 'Wing': Standing(False, True), 'smooth-L1': Standing()}


def test_best_that_is_no_star_is_compared_by_the_same_rule(seeds, analysis):
    seeds('smooth-L1', 0.04)
    seeds('STAR', 0.05)
    seeds('STAR', 0.06, recipe='b', name='other')
    found = analysis()
    assert [found.standing(row, NME) for row in found.section.rows] == [Standing(True), Standing(), Standing()]
    best, star, other = found.section.rows
    assert found.compared(best, star, NME) == found.difference(star, best, NME).reversed()
    assert found.difference(best, other, NME) is None and found.compared(best, other, NME).decided
    assert [found.compared(best, row, NME).comparisons for row in (star, other)] == [1, 1]


def test_row_without_seeds_in_common_with_the_best_is_a_tie(seeds, analysis):
    seeds('smooth-L1', 0.05)
    seeds('STAR', 0.03, seeds=(5, 6, 7))
    found = analysis()
    assert [found.standing(row, NME) for row in found.section.rows] == [Standing(False, True), Standing(True)]


def test_given_weights_are_not_ranked(seeds, analysis, give_weights):
    give_weights('synthetic-68', error=0.01)
    seeds('smooth-L1', 0.05)
    found = analysis()
    marks = {bool(row.record.weights): found.standing(row, NME) for row in found.section.rows}
    assert marks == {True: Standing(), False: Standing(True)}


def test_outdated_rows_are_not_ranked(seeds, analysis):
    seeds('STAR', 0.01, seeds=(7, 8, 9), name='a', version='1', recipe='old')
    seeds('STAR', 0.05, name='a', version='2', recipe='new', created='2026-11-25T10:00:00Z')
    found = analysis()
    assert {row.outdated: found.standing(row, NME) for row in found.section.rows} == {
        True: Standing(),
        False: Standing(True),
    }


def test_rows_of_other_test_images_are_not_ranked_together(seeds, analysis):
    seeds('smooth-L1', 0.05, sizes={'full': 100})
    seeds('STAR', 0.05, sizes={'full': 100})
    seeds('STAR', 0.01, sizes={'full': 90}, recipe='b', name='other')
    found = analysis()
    other, *pair = found.section.rows
    assert found.standing(other, NME) == Standing()
    assert any(found.standing(row, NME).best for row in pair)


@pytest.mark.parametrize(('common', 'challenge', 'marked'), [(554, 68, True), (554, 67, False), (276, 135, True)])
def test_column_of_which_most_images_are_missing_has_no_marks(seeds, analysis, common, challenge, marked):
    sizes = {'full': common + challenge, 'common': common, 'challenge': challenge}
    seeds('STAR', 0.04, benchmark='300w', sizes=sizes)
    found = analysis()
    (row,) = found.section.rows
    assert found.standing(row, NME._replace(subset='challenge')).best is marked
    assert found.standing(row, NME._replace(subset='common')).best is (common == 554)
    assert found.standing(row, NME).best


@pytest.mark.parametrize('images', [29, 30])
def test_column_of_too_few_images_has_no_marks_and_rates_alone_have_intervals(seeds, analysis, images):
    seeds('STAR', 0.04, sizes={'full': images})
    found = analysis()
    (row,) = found.section.rows
    assert found.standing(row, NME).best == (found.interval(row, NME) is not None) == (images == 30)
    low, high = found.interval(row, Measure('full', 'inter-ocular', 'fr', 10.0))
    assert low < high


def test_column_of_which_exactly_half_is_missing_has_no_marks(seeds, analysis):
    seeds('STAR', 0.04, benchmark='wflw', sizes={'full': 1250})
    found = analysis()
    (row,) = found.section.rows
    assert found.standing(row, NME) == Standing()


def test_errors_of_subsets_are_those_of_the_headline_normalizer(seeds, analysis):
    seeds('STAR', 0.04)
    assert analysis().subset_errors == tuple(NME._replace(subset=name) for name in ('full', 'common', 'challenge'))


def test_leading_pair_is_the_first_star_of_the_best_recipe_that_has_both(factory, analysis):
    for loss in ('smooth-L1', 'STAR', 'STAR (detach)'):
        factory.add('synthetic-68', loss, recipe='b', name=f'b-{loss}', error=0.05)
    factory.add('synthetic-68', 'STAR', recipe='a', name='a-star', error=0.01)
    factory.add('synthetic-68', 'smooth-L1', recipe='a', name='a-base', status='failed', reason='x')
    factory.add('synthetic-68', 'smooth-L1', recipe='c', name='c-base', error=0.02)
    factory.add('synthetic-68', 'STAR', recipe='c', name='c-star', status='failed', reason='x')
    factory.add('synthetic-68', 'STAR', recipe='d', name='d-star', error=0.03)
    assert [row.record.name for row in analysis().leading_pair] == ['b-STAR', 'b-smooth-L1']


def test_leading_pair_has_most_seeds_in_common(factory, analysis):
    for loss, recipe, seed in (
        *(('smooth-L1', 'a', seed) for seed in range(3)),
        ('STAR', 'a', 0),
        *((loss, 'b', seed) for loss in ('smooth-L1', 'STAR') for seed in range(2)),
    ):
        factory.add(
            'synthetic-68', loss, seed, recipe=recipe, name=f'{recipe}-{loss}', error=0.01 * 'xab'.index(recipe)
        )
    assert [row.record.name for row in analysis().leading_pair] == ['b-STAR', 'b-smooth-L1']


def test_without_a_pair_none_leads(seeds, analysis):
    seeds('STAR', 0.04)
    assert analysis().leading_pair is None


def test_rate_of_zero_has_the_exact_interval(seeds, analysis):
    seeds('STAR', 0.001)
    found = analysis()
    (row,) = found.section.rows
    low, high = found.interval(row, Measure('full', 'inter-ocular', 'fr', 10.0))
    assert low == 0 and high == pytest.approx(100 * (1 - 0.025 ** (1 / 400)))


def test_older_rows_are_not_counted_among_the_comparisons(seeds, analysis):
    for loss in ('smooth-L1', 'STAR'):
        seeds(loss, 0.04, name=loss)
    seeds('Wing', 0.05, seeds=(7, 8, 9), name='wing', version='1')
    seeds('Wing', 0.05, name='wing', version='2', created='2026-11-25T10:00:00Z', recipe='new')
    found = analysis()
    assert [one.comparisons for one in found.star_differences(NME)] == [1]


def test_comparison_of_the_command_with_the_best_is_that_of_the_marks(factory, seeds, analysis):
    for number in range(5):
        seeds('STAR', 0.04 + 0.0003 * number, recipe=str(number), name=f'row-{number}')
    found = analysis()
    best, *others = sorted(found.section.rows, key=lambda row: found.summary(row, NME).mean)
    for row in others:
        (one, *_) = compare_named([factory.reports], best.record.name, row.record.name).differences
        assert (one.measure, one.comparisons) == (NME, 4)
        assert one.decided != found.standing(row, NME).tie


def test_comparison_of_the_command_is_that_of_the_pages(factory, seeds, analysis):
    for loss, error in (('STAR', 0.04), ('Wing', 0.0402), ('smooth-L1', 0.0405)):
        seeds(loss, error, name=loss)
    found = analysis()
    rows = {row.record.loss: row for row in found.section.rows}
    for first, second in (('STAR', 'smooth-L1'), ('smooth-L1', 'STAR')):
        (one, *_) = compare_named([factory.reports], first, second).differences
        page = found.compared(rows[first], rows[second], NME)
        assert (one.measure, one.comparisons, one.corrected_p) == (NME, 3, page.corrected_p)
        assert one.interval == page.interval and one.sentence() == page.sentence()


def test_the_highest_area_is_the_best(three_rows, analysis):
    found, area = analysis(), Measure('full', 'inter-ocular', 'auc', 10.0)
    best = max(found.section.rows, key=lambda row: found.summary(row, area).mean)
    assert [row for row in found.section.rows if found.standing(row, area).best] == [best]


def test_interval_of_one_row_is_that_of_scipy(three_rows, analysis):
    found = analysis()
    row = found.section.rows[0]
    errors = 100 * row.done[0].digest.nme('inter-ocular')
    expected = stats.bootstrap((errors,), np.mean, method='percentile', rng=np.random.default_rng(1))
    half = (expected.confidence_interval.high - expected.confidence_interval.low) / 2
    assert found.interval(row, NME) == pytest.approx(expected.confidence_interval, abs=0.08 * half)


def test_interval_of_an_area_is_that_of_a_mean_and_of_a_rate_the_exact_one(three_rows, analysis):
    found = analysis()
    row = next(row for row in found.section.rows if row.is_baseline)
    errors = 100 * row.done[0].digest.nme('inter-ocular')
    areas = np.maximum(0, 100 - 10 * errors)
    low, high = found.interval(row, Measure('full', 'inter-ocular', 'auc', 10.0))
    assert (high - low) / 2 == pytest.approx(1.96 * stats.sem(areas), rel=0.1)
    failures = int((errors > 8).sum())
    exact = stats.binomtest(failures, len(errors)).proportion_ci()
    assert failures and found.interval(row, Measure('full', 'inter-ocular', 'fr', 8.0)) == pytest.approx(
        (100 * exact.low, 100 * exact.high)
    )


def test_star_and_baseline_are_compared_in_every_measure(three_rows, analysis):
    found = analysis()
    for measure in found.measures:
        losses = [(d.row.record.loss, d.reference.record.loss) for d in found.star_differences(measure)]
        everywhere = measure in found.headlines
        assert losses == [('STAR', 'smooth-L1')] + ([('STAR', 'Wing')] if everywhere else [])


def test_differences_add_up(three_rows, analysis):
    found = analysis()
    rows = {row.record.loss: row for row in found.section.rows}
    for measure in found.measures:
        difference = found.difference(rows['STAR'], rows['smooth-L1'], measure)
        ours, theirs = (found.summary(rows[loss], measure).mean for loss in ('STAR', 'smooth-L1'))
        assert difference.mean == pytest.approx(ours - theirs)
        assert difference.over_images.low <= difference.mean <= difference.over_images.high
        assert difference.over_seeds is None and difference.p_value is None and not difference.decided


def test_partial_rows_are_not_the_best_beside_complete_ones(factory, analysis):
    factory.add('300w', 'smooth-L1', error=0.05)
    factory.add('300w', 'STAR', error=0.02, recipe='b', sizes={'full': 562, 'common': 554, 'challenge': 8})
    found = analysis()
    assert [found.standing(row, NME).best for row in found.section.rows] == [
        not row.missing_data for row in found.section.rows
    ]


def test_seeds_are_averaged_before_images_are_resampled(factory, analysis):
    for seed in range(3):
        factory.add('synthetic-68', 'STAR', seed, sizes=SMALL)
    found = analysis()
    (row,) = found.section.rows
    errors = np.mean([100 * run.digest.nme('inter-ocular') for run in row.done], axis=0)
    half = 1.96 * errors.std(ddof=1) / np.sqrt(len(errors))
    low, high = found.interval(row, NME)
    assert (high - low) / 2 == pytest.approx(half, rel=0.12)
