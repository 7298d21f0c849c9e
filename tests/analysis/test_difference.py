from __future__ import annotations

import dataclasses
from itertools import combinations
from operator import attrgetter

import numpy as np
import pytest

from benchmark.analysis.comparison import compare, correct, pair
from benchmark.analysis.difference import p_text, signed, signed_interval
from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.protocol.measures import Measure
from benchmark.protocol.statistics import Interval

CLAIMS = ('lowers', 'raises', 'better', 'worse')
NME = Measure('full', 'inter-ocular', 'nme')


@pytest.fixture
def clear(factory, compared):
    """Three seeds of which each shows that STAR is better."""
    for seed in range(3):
        factory.add('synthetic-68', 'smooth-L1', seed, error=0.05)
        factory.add('synthetic-68', 'STAR', seed, error=0.04)
    return compared()


def test_three_seeds_may_speak_about_the_loss(clear):
    low, high = clear.interval
    assert (clear.decided, clear.verdict) == (True, 'better')
    assert clear.sentence() == (
        f'STAR lowers NME by {-clear.mean:.2f} [{-high:.2f}, {-low:.2f}] against smooth-L1 '
        f'(3 seeds, 400 images, inter-ocular, {p_text(clear.p_value)}, exact sign-flip p = 0.25).'
    )


@pytest.mark.parametrize('seeds', [1, 2])
def test_fewer_than_three_seeds_speak_about_networks(factory, compared, seeds):
    for seed in range(seeds):
        factory.add('synthetic-68', 'smooth-L1', seed, error=0.05)
        factory.add('synthetic-68', 'STAR', seed, error=0.04)
    found = compared()
    text = found.sentence()
    assert found.excludes_zero and not found.decided
    assert found.verdict == ('1 seed', '2 seeds')[seeds - 1]
    assert not any(word in text for word in CLAIMS)
    start = ('the network trained with STAR reads ', 'the networks trained with STAR read ')[seeds - 1]
    assert text.startswith(start) and ' lower in NME than with smooth-L1 (' in text
    assert text.endswith(f'; {("one seed", "two seeds")[seeds - 1]} cannot tell whether the loss makes a difference.')


def test_pairs_of_equal_losses_with_different_seeds_give_no_claim(factory, sections):
    for seed in range(6):
        factory.add('synthetic-68', 'STAR', seed, name=f'a{seed}', recipe=f'a{seed}', error=0.04 + 0.0004 * seed)
    rows = sections()[0].rows
    relabelled = [
        dataclasses.replace(
            row,
            done=tuple(dataclasses.replace(run, record=run.record.model_copy(update={'seed': 0})) for run in row.done),
        )
        for row in rows
    ]
    found = correct(compare([(pair(a, b), NME) for a, b in combinations(relabelled, 2)]), attrgetter('measure'))
    assert len(found) == 15 and sum(one.excludes_zero for one in found) > 5
    for one in found:
        assert one.verdict == '1 seed' and not one.decided
        assert not any(word in one.sentence() for word in CLAIMS)


@pytest.mark.parametrize('seeds', [3, 4])
def test_seeds_that_do_not_differ_give_no_claim(factory, sections, seeds):
    # To two decimals, and to the last: the same difference from every seed says nothing of how seeds vary.
    star = factory.predictions('synthetic-68', 'STAR', 0, {'full': 50}, 0.04)
    for seed in range(seeds):
        shift = np.float32(seed)
        other = dataclasses.replace(star, keypoints=star.keypoints + shift)
        factory.add('synthetic-68', 'STAR', seed, predictions=other)
        worse = dataclasses.replace(other, distances=star.distances * np.float32(1.5))
        factory.add('synthetic-68', 'smooth-L1', seed, predictions=worse)
    baseline, row = sections()[0].recipes[0]
    (found,) = compare([(pair(row, baseline), NME)])
    assert (found.over_both, found.verdict) == (None, 'no claim')
    assert found.sentence().endswith('all seeds give the same difference, so nothing is known of how seeds vary.')


def test_interval_around_zero_leaves_the_difference_open(factory, compared):
    for seed in range(3):
        factory.add('synthetic-68', 'smooth-L1', seed, error=0.04)
        factory.add('synthetic-68', 'STAR', seed, error=0.04)
    found = compared()
    assert found.interval[0] < 0 < found.interval[1] and found.verdict == 'undecided'
    assert found.sentence().startswith('no difference between STAR and smooth-L1 can be shown: ')
    assert ' in NME' not in found.sentence()
    assert ' in AUC@10 (' in compared(metric='auc', threshold=10.0).sentence()


def test_networks_that_cannot_be_told_apart_are_said_to_be(factory, compared):
    factory.add('synthetic-68', 'smooth-L1', error=0.04)
    factory.add('synthetic-68', 'STAR', error=0.04)
    assert compared().sentence().startswith('the networks trained with STAR and smooth-L1 cannot be told apart: ')


@pytest.mark.parametrize(
    ('low', 'high', 'decided'),
    [(-0.02, -0.006, True), (-0.02, -0.004, False), (0.006, 0.02, True), (0.004, 0.02, False), (-0.1, 0.1, False)],
)
def test_interval_decides_as_it_is_printed(clear, low, high, decided):
    found = dataclasses.replace(clear, mean=(low + high) / 2, over_both=Interval(low, high))
    assert found.decided is decided and (found.verdict == 'undecided') is not decided
    assert found.sentence().startswith(('STAR lowers ', 'STAR raises ')) is decided


@pytest.mark.parametrize(('p', 'decided'), [(0.0499, True), (0.05, False)])
def test_corrected_p_has_to_be_below_five_percent(clear, p, decided):
    assert dataclasses.replace(clear, corrected_p=p).decided is decided


def test_a_difference_that_the_correction_takes_away_is_not_claimed(clear):
    many = dataclasses.replace(clear, comparisons=9, p_value=0.01, corrected_p=0.09)
    assert many.excludes_zero and many.verdict == 'undecided'
    assert 'can be shown after the correction: ' in many.sentence()
    assert 'p = 0.01, corrected for 9 comparisons p = 0.09' in many.sentence()
    two = dataclasses.replace(clear, comparisons=2, p_value=0.01, corrected_p=0.02)
    assert two.decided and 'p = 0.01, corrected for 2 comparisons p = 0.02' in two.sentence()


def test_a_rate_that_the_exact_test_leaves_open_is_not_claimed(clear):
    rate = Measure('full', 'inter-ocular', 'fr', 10.0)
    found = dataclasses.replace(clear, measure=rate, exact_p=0.07, p_value=0.07, corrected_p=0.07)
    assert found.excludes_zero and not found.decided
    assert found.sentence().startswith(
        'no difference between STAR and smooth-L1 can be shown by the exact test over images'
    )
    alone = dataclasses.replace(found, seeds=(0,), over_both=None, p_value=None, corrected_p=None)
    assert alone.sentence().startswith('the networks trained with STAR and smooth-L1 cannot be told apart: ')


@pytest.mark.parametrize(
    ('metric', 'threshold', 'better'), [('nme', None, False), ('fr', 10.0, False), ('auc', 10.0, True)]
)
def test_direction_is_that_of_the_metric(clear, metric, threshold, better):
    measure = Measure('challenge', 'inter-ocular', metric, threshold)
    more = dataclasses.replace(clear, measure=measure, mean=0.5, over_both=Interval(0.25, 0.75))
    less = dataclasses.replace(more, mean=-0.5, over_both=Interval(-0.75, -0.25))
    assert (more.is_better, less.is_better) == (better, not better)
    assert {more.verdict, less.verdict} == {'better', 'worse'} and (more.verdict == 'better') is better
    label = measure.metric_label
    assert more.sentence().startswith(f'STAR raises {label} by 0.50 [0.25, 0.75] against smooth-L1 (3 seeds, ')
    assert less.sentence().startswith(f'STAR lowers {label} by 0.50 [0.25, 0.75] against smooth-L1 (3 seeds, ')
    assert ' images, challenge, inter-ocular, ' in more.sentence()
    alone = {'seeds': (0,), 'over_both': None}
    more, less = (dataclasses.replace(one, over_images=one.over_both, **alone) for one in (more, less))
    for one, side in ((more, 'higher'), (less, 'lower')):
        assert f'STAR reads 0.50 [0.25, 0.75] {side} in {label} than with smooth-L1 (1 seed' in one.sentence()


@pytest.mark.parametrize(('exact', 'told_apart'), [(0.049, True), (0.05, False), (0.5, False)])
def test_networks_are_told_apart_by_a_rate_only_with_the_exact_test(clear, exact, told_apart):
    rate = Measure('full', 'inter-ocular', 'fr', 10.0)
    found = dataclasses.replace(clear, measure=rate, seeds=(0,), over_both=None, exact_p=exact)
    assert ('cannot be told apart: ' in found.sentence()) is not told_apart
    assert f'exact paired {p_text(exact)}' in found.sentence()


def test_reversed_is_the_same_from_the_other_side(clear):
    other = clear.reversed()
    assert (other.row, other.reference, other.mean) == (clear.reference, clear.row, -clear.mean)
    assert other.interval == (-clear.interval.high, -clear.interval.low)
    assert other.over_seeds == (-clear.over_seeds.high, -clear.over_seeds.low)
    assert (other.decided, other.verdict) == (True, 'worse') and other.reversed() == clear
    assert other.sentence().startswith('smooth-L1 raises NME by ') and ' against STAR (' in other.sentence()


def test_missing_test_images_are_named(factory, compared):
    for loss in ('smooth-L1', 'STAR'):
        factory.add('300w', loss, sizes={'full': 562, 'common': 554, 'challenge': 8})
    assert '(1 seed, 562 of 689 images, inter-ocular, partial data)' in compared().sentence()


@pytest.mark.parametrize('partial', ['STAR', 'smooth-L1'])
def test_missing_training_images_of_either_row_are_named(factory, compared, partial):
    for loss in ('smooth-L1', 'STAR'):
        factory.add('300w', loss, train_images=2012 if loss == partial else None)
    assert '(1 seed, 689 images, inter-ocular, partial data)' in compared().sentence()


def test_subset_of_few_images_has_no_interval(factory, compared):
    sizes = {'full': 562, 'common': 554, 'challenge': 8}
    for seed in range(3):
        for loss in ('smooth-L1', 'STAR'):
            factory.add('300w', loss, seed, sizes=sizes)
    found = compared(subset='challenge')
    assert (found.interval, found.verdict) == (None, 'no claim')
    assert found.sentence().endswith('; fewer than 30 images have no interval.')


def test_rows_of_different_recipes_are_named_by_their_configurations(factory, sections):
    for seed in range(3):
        factory.add('synthetic-68', 'smooth-L1', seed, recipe='a', name='wide', error=0.05)
        factory.add('synthetic-68', 'STAR', seed, recipe='b', name='narrow', error=0.04)
    rows = {row.record.name: row for row in sections()[0].rows}
    (found,) = compare([(pair(rows['narrow'], rows['wide']), NME)])
    assert found.sentence().startswith('narrow lowers NME by ') and 'against wide (' in found.sentence()


@pytest.mark.parametrize('seeds', [1, 2])
def test_few_seeds_of_different_recipes_speak_about_networks(factory, sections, seeds):
    for seed in range(seeds):
        factory.add('synthetic-68', 'smooth-L1', seed, recipe='a', name='wide', error=0.05)
        factory.add('synthetic-68', 'STAR', seed, recipe='b', name='narrow', error=0.04)
    rows = {row.record.name: row for row in sections()[0].rows}
    (found,) = compare([(pair(rows['narrow'], rows['wide']), NME)])
    start, middle = (
        ('the network of narrow reads ', ' lower in NME than that of wide ('),
        ('the networks of narrow read ', ' lower in NME than those of wide ('),
    )[seeds - 1]
    assert found.sentence().startswith(start) and middle in found.sentence()
    assert found.sentence().endswith('cannot tell whether the configuration makes a difference.')


def test_given_weights_claim_nothing_about_a_loss(factory, sections, give_weights):
    give_weights('synthetic-68', name='official', error=0.02)
    for seed in range(3):
        factory.add('synthetic-68', 'smooth-L1', seed, name='baseline')
    rows = {row.record.loss: row for row in sections()[0].rows}
    (found,) = compare([(pair(rows['STAR'], rows['smooth-L1']), NME)])
    text = found.sentence()
    assert text.startswith('official [star.pth] reads ')
    assert (
        ' lower in NME than baseline (given weights against the mean over 3 seeds, 400 images, inter-ocular); ' in text
    )
    assert text.endswith('; given weights were trained and chosen elsewhere, so this says nothing about a loss.')
    assert not any(word in text for word in CLAIMS)


def test_every_word_about_a_difference_follows_from_one_rule(factory, sections):
    for seed in range(3):
        factory.add('synthetic-68', 'smooth-L1', seed, error=0.0412)
        factory.add('synthetic-68', 'STAR', seed, error=0.04)
    analysis = Analysis(sections()[0], Store())
    baseline, star = analysis.section.rows
    decided = 0
    for measure in analysis.measures:
        found = analysis.difference(star, baseline, measure)
        decided += found.decided
        marks = [analysis.standing(row, measure) for row in (star, baseline)]
        assert found.decided == (not any(mark.tie for mark in marks) and sum(mark.best for mark in marks) == 1)
        assert found.decided == any(word in found.sentence() for word in CLAIMS)
        assert found.decided == (found.verdict in CLAIMS)
    assert 0 < decided < len(analysis.measures)


@pytest.mark.parametrize(('value', 'text'), [(0.114, '+0.11'), (-0.114, '\u22120.11'), (-0.001, '0.00'), (0, '0.00')])
def test_signed_numbers_have_a_true_minus_and_no_negative_zero(value, text):
    assert signed(value) == text


def test_interval_is_printed_with_its_mean():
    assert signed_interval(0.12, Interval(-0.031, 0.271)) == '+0.12 [\u22120.03, +0.27]'
    assert signed_interval(-17.04, Interval(-33.91, -0.16), 1) == '\u221217.0 [\u221233.9, \u22120.2]'
    assert signed_interval(0.12, None) == '+0.12'


@pytest.mark.parametrize(
    ('p', 'text'),
    [(0.0123, 'p = 0.012'), (1, 'p = 1'), (1e-4, 'p = 0.0001'), (9.9e-5, 'p < 0.0001'), (1e-12, 'p < 0.0001')],
)
def test_tiny_p_is_printed_as_a_bound(p, text):
    assert p_text(p) == text
