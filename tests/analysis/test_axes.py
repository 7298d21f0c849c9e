from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from benchmark.analysis.axes import agreement, axis_differences

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
    assert both.sentence().endswith('; 2 seeds cannot tell whether the loss makes a difference.')


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


def test_interval_that_touches_zero_as_it_is_printed_decides_nothing(add, found):
    add('smooth-L1', 10)
    add('STAR', 40)
    (one,) = found()
    assert not dataclasses.replace(one, over_seeds=(0.04, 2.0)).decided
    assert dataclasses.replace(one, over_seeds=(0.06, 2.0)).decided


def test_methods_without_heatmaps_are_not_compared(add, factory, found):
    add('smooth-L1', 10)
    for seed in range(3):
        made = factory.predictions('synthetic-29', 'STAR', seed, SIZES, 0.04)
        factory.add('synthetic-29', 'STAR', seed, predictions=dataclasses.replace(made, covariances=None))
    assert found() == []
