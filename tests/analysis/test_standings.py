from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from benchmark.analysis.standings import Analysis
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


def test_best_and_ties_follow_the_paired_interval(three_rows, analysis):
    found = analysis()
    standings = {row.record.loss: found.standing(row, NME) for row in found.section.rows}
    assert standings['STAR'].best != standings['Wing'].best
    assert standings['STAR'].tie != standings['Wing'].tie
    assert not standings['smooth-L1'].best and not standings['smooth-L1'].tie


def test_the_highest_area_is_the_best(three_rows, analysis):
    found, area = analysis(), Measure('full', 'inter-ocular', 'auc', 10.0)
    best = max(found.section.rows, key=lambda row: found.summary(row, area).mean)
    assert found.standing(best, area).best


def test_interval_of_one_row_is_that_of_scipy(three_rows, analysis):
    found = analysis()
    row = found.section.rows[0]
    errors = 100 * row.done[0].digest.nme('inter-ocular')
    expected = stats.bootstrap((errors,), np.mean, method='percentile', rng=np.random.default_rng(1))
    half = (expected.confidence_interval.high - expected.confidence_interval.low) / 2
    assert found.interval(row, NME) == pytest.approx(expected.confidence_interval, abs=0.08 * half)


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
        assert difference.over_seeds is None and difference.p_value is None


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
