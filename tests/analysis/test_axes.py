from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from benchmark.analysis.axes import agreement, axis_differences
from benchmark.protocol.statistics import Interval

SIZES = {'full': 40}


@pytest.fixture
def add(factory):
    """Adds a row whose main axes are turned by about some angle, differently for each seed."""

    def rows(loss, angle, seeds=3, benchmark='synthetic-29', **options):
        for seed in range(seeds):
            made = factory.predictions(benchmark, loss, seed, SIZES, 0.04)
            twice = 2 * np.radians(angle + seed * (1 if loss == 'smooth-L1' else 1.5))
            xx, xy, yy = np.moveaxis(made.ambiguity.astype(np.float64), -1, 0)
            middle, u, v = (xx + yy) / 2, (xx - yy) / 2, xy
            u, v = u * np.cos(twice) - v * np.sin(twice), u * np.sin(twice) + v * np.cos(twice)
            turned = np.stack([middle + u, v, middle - u], axis=-1).astype(np.float32)
            factory.add(benchmark, loss, seed, sizes=SIZES, predictions=dataclasses.replace(made, covariances=turned))

    return rows


@pytest.fixture
def found(sections):
    return lambda: axis_differences(sections()[0].recipes)


def test_agreement_is_that_of_all_seeds(add, sections):
    add('STAR', 20)
    (row,) = sections()[0].rows
    measured = agreement(row.done)
    assert measured.angle.mean == pytest.approx(21.5, abs=0.05)
    assert measured.angle.deviation == pytest.approx(1.5, abs=0.05)
    assert measured.cosine.mean == pytest.approx(np.cos(np.radians([20, 21.5, 23])).mean(), abs=1e-3)
    assert measured.anisotropy.mean == pytest.approx(3, rel=1e-3) == measured.true_anisotropy
    assert measured.landmarks == 40 * 29


def test_worse_axes_are_said_like_better_ones(add, found):
    add('smooth-L1', 10)
    for angle, verdict, words in ((40, 'worse', 'degrees farther from'), (5, 'better', 'degrees closer to')):
        add('STAR', angle)
        (one,) = found()
        assert (one.verdict, one.decided, one.mean) == (verdict, True, pytest.approx(angle - 9.5, abs=0.05))
        text = one.sentence()
        assert text.startswith(f'the heatmap axes of STAR lie {abs(one.mean):.1f} [') and f'] {words} the true' in text
        assert f'{angle + 1.5:.1f} against 11.0, chance is 45; axis ratio 3.00 against 3.00, true 3.00; 3 seeds' in text


def test_interval_is_over_seeds(add, found, sections):
    add('smooth-L1', 10)
    add('STAR', 40, seeds=2)
    add('STAR (detach)', 12)
    both, row = found()
    baseline, detach = (one for one in sections()[0].rows if len(one.done) == 3)
    values = [a.digest.axes.angle - b.digest.axes.angle for a, b in zip(detach.done, baseline.done, strict=True)]
    expected = stats.ttest_1samp(values, 0)
    assert row.over_seeds == pytest.approx(expected.confidence_interval(0.95))
    assert row.p_value == pytest.approx(expected.pvalue) == row.corrected_p
    assert (both.verdict, both.decided, both.over_seeds) == ('2 seeds', False, None)
    assert 'can be shown: +30.2 degrees (' in both.sentence()
    assert both.sentence().endswith('; two seeds cannot tell whether the loss makes a difference.')


def test_sentence_is_about_the_seeds_that_both_have(add, found):
    add('smooth-L1', 10, seeds=3)
    add('STAR', 40, seeds=6)
    (one,) = found()
    assert f'{one.ours.angle.mean:.1f} against {one.theirs.angle.mean:.1f}, chance' in one.sentence()
    assert one.ours.angle.mean - one.theirs.angle.mean == pytest.approx(one.mean)


def test_differences_are_corrected_for_their_number(add, found):
    add('smooth-L1', 10)
    add('STAR', 40)
    add('STAR (detach)', 30)
    assert [one.comparisons for one in found()] == [2, 2]
    assert all(one.corrected_p > one.p_value for one in found()[:1])
    open_one = dataclasses.replace(found()[0], corrected_p=0.06)
    assert (open_one.verdict, open_one.decided) == ('undecided', False)
    assert open_one.sentence().startswith('no difference between the heatmap axes of STAR and smooth-L1 can be shown')


@pytest.fixture
def clear(add, found):
    add('smooth-L1', 10)
    add('STAR', 40)
    (one,) = found()
    return one


@pytest.mark.parametrize(
    ('low', 'high', 'words'),
    [
        (0.06, 2.0, 'lie 1.0 [0.1, 2.0] degrees farther from the true ones than those of smooth-L1 ('),
        (-2.0, -0.06, 'lie 1.0 [0.1, 2.0] degrees closer to the true ones than those of smooth-L1 ('),
        (0.4, 0.8, 'lie 0.6 [0.4, 0.8] degrees farther from'),
        (-0.8, -0.4, 'lie 0.6 [0.4, 0.8] degrees closer to'),
        (0.04, 2.0, 'can be shown: +1.0 [0.0, +2.0] degrees ('),
        (-2.0, -0.04, 'can be shown: \u22121.0 [\u22122.0, 0.0] degrees ('),
        (-2.0, 3.0, 'can be shown: +0.5 ['),
    ],
)
def test_interval_decides_as_it_is_printed(clear, low, high, words):
    one = dataclasses.replace(clear, mean=(low + high) / 2, over_seeds=Interval(low, high))
    assert words in one.sentence()
    decided = {'farther': 'worse', 'closer': 'better'}
    assert one.verdict == next((verdict for word, verdict in decided.items() if word in words), 'undecided')


def test_corrected_p_has_to_be_below_five_percent_and_is_said(clear):
    assert 'corrected' not in clear.sentence()
    assert not dataclasses.replace(clear, corrected_p=0.05).decided
    two = dataclasses.replace(clear, p_value=0.01, corrected_p=0.02, comparisons=2)
    assert two.decided and '; p = 0.01; corrected for 2 comparisons p = 0.02).' in two.sentence()


@pytest.mark.parametrize('seeds', [3, 5])
def test_seeds_that_do_not_differ_give_no_claim(factory, found, seeds):
    for seed in range(seeds):
        made = factory.predictions('synthetic-29', 'STAR', 0, SIZES, 0.04)
        moved = dataclasses.replace(made, keypoints=made.keypoints + np.float32(seed))
        factory.add('synthetic-29', 'smooth-L1', seed, predictions=moved)
        turned = dataclasses.replace(moved, covariances=moved.ambiguity)
        factory.add('synthetic-29', 'STAR', seed, predictions=turned)
    (one,) = found()
    assert one.mean < -1 and (one.over_seeds, one.p_value, one.verdict) == (None, None, 'no claim')
    assert one.sentence().endswith('; all seeds give the same difference, so nothing is known of how seeds vary.')


def test_more_than_three_seeds_may_be_claimed_of(add, found):
    add('smooth-L1', 10, seeds=5)
    add('STAR', 40, seeds=5)
    (one,) = found()
    assert (one.seeds, one.verdict, one.comparisons) == (5, 'worse', 1)


def test_methods_without_heatmaps_are_not_compared(add, factory, found):
    add('smooth-L1', 10)
    for seed in range(3):
        made = factory.predictions('synthetic-29', 'STAR', seed, SIZES, 0.04)
        factory.add('synthetic-29', 'STAR', seed, predictions=dataclasses.replace(made, covariances=None))
    assert found() == []
