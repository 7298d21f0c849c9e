from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from benchmark.analysis.comparison import compare, pair, signed
from benchmark.analysis.store import Store
from benchmark.errors import BenchmarkError
from benchmark.protocol.measures import Measure
from benchmark.protocol.statistics import Interval


def _compared(sections, normalizer='inter-ocular', subset='full', metric='nme', threshold=None):
    """STAR against the baseline of the first recipe."""
    baseline, star = sections()[0].recipes[0]
    paired = pair(star, baseline)
    return compare([(paired, Measure(subset, normalizer, metric, threshold))], Store())[0] if paired else None


def _nme(run, distance):
    predictions = run.read_predictions()
    return 100 * (predictions.mean_distance / getattr(predictions, distance))


def test_one_seed_has_a_paired_interval_over_images(factory, sections):
    factory.add('synthetic-68', 'smooth-L1')
    factory.add('synthetic-68', 'STAR')
    found = _compared(sections)
    baseline, star = found.reference, found.row
    paired = _nme(star.done[0], 'inter_ocular') - _nme(baseline.done[0], 'inter_ocular')
    assert found.mean == pytest.approx(paired.mean(), abs=1e-6)
    normal = 1.96 * paired.std(ddof=1) / np.sqrt(len(paired))
    assert found.interval == pytest.approx((paired.mean() - normal, paired.mean() + normal), abs=0.1 * normal)
    assert found.sentence() == (
        f'STAR lowers NME by {-found.mean:.2f} [{-found.interval[1]:.2f}, {-found.interval[0]:.2f}] against smooth-L1 '
        '(1 seed, 400 images, inter-ocular).'
    )


def test_several_seeds_are_paired_over_the_common_ones(factory, sections):
    for seed in (0, 1, 2, 3):
        factory.add('synthetic-68', 'smooth-L1', seed)
    for seed in (1, 2, 3, 4):
        factory.add('synthetic-68', 'STAR', seed)
    found = _compared(sections, 'inter-pupil')
    baseline, star = found.reference, found.row
    ours = {run.record.seed: _nme(run, 'inter_pupil').mean() for run in star.done}
    theirs = {run.record.seed: _nme(run, 'inter_pupil').mean() for run in baseline.done}
    differences = [ours[seed] - theirs[seed] for seed in (1, 2, 3)]
    assert found.seeds == (1, 2, 3)
    assert found.mean == pytest.approx(np.mean(differences), abs=1e-6)
    expected = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert found.interval == pytest.approx((expected.low, expected.high), abs=1e-5)
    assert '(3 seeds, 400 images, inter-pupil, exact sign-flip p = 0.25)' in found.sentence()


def test_interval_around_zero_claims_no_difference(factory, sections):
    factory.add('synthetic-68', 'smooth-L1', error=0.04)
    factory.add('synthetic-68', 'STAR', error=0.04)
    found = _compared(sections)
    assert found.interval[0] < 0 < found.interval[1]
    assert found.sentence().startswith('no difference between STAR and smooth-L1 can be shown')


def test_a_difference_that_rounds_to_zero_is_not_claimed(factory, sections):
    factory.add('synthetic-68', 'smooth-L1')
    factory.add('synthetic-68', 'STAR')
    found = _compared(sections)
    assert found.decided
    assert not dataclasses.replace(found, mean=-0.005, over_images=Interval(-0.008, -0.001)).decided


def test_worse_star_is_said_to_raise_the_error(factory, sections):
    factory.add('synthetic-68', 'smooth-L1', error=0.04)
    factory.add('synthetic-68', 'STAR', error=0.05)
    found = _compared(sections)
    assert found.sentence().startswith('STAR raises NME by 0.98 [0.9')


def test_partial_data_is_named_in_the_sentence(factory, sections):
    sizes = {'full': 562, 'common': 554, 'challenge': 8}
    factory.add('300w', 'smooth-L1', sizes=sizes)
    factory.add('300w', 'STAR', sizes=sizes)
    found = _compared(sections)
    assert '(1 seed, 562 of 689 images, inter-ocular, partial data)' in found.sentence()


def test_rows_without_a_common_seed_are_not_compared(factory, sections):
    factory.add('synthetic-68', 'smooth-L1', 0)
    factory.add('synthetic-68', 'STAR', 1)
    assert _compared(sections) is None


@pytest.mark.parametrize('change', ['image_ids', 'subsets'])
def test_runs_on_different_images_are_refused(factory, sections, change):
    good = factory.predictions('synthetic-68', 'STAR', 0, {'full': 50, 'common': 30, 'challenge': 20}, 0.04)
    other = good.image_ids[::-1] if change == 'image_ids' else good.subsets[:, [0, 2, 1]]
    factory.add('synthetic-68', 'smooth-L1', predictions=good)
    factory.add('synthetic-68', 'STAR', predictions=dataclasses.replace(good, **{change: other}))
    with pytest.raises(BenchmarkError, match='other test images, or in another order'):
        _compared(sections)


def test_seeds_on_different_images_are_refused(factory, sections):
    for seed, images in ((0, 50), (1, 40)):
        for loss in ('smooth-L1', 'STAR'):
            factory.add('synthetic-68', loss, seed, sizes={'full': images})
    with pytest.raises(BenchmarkError, match='other test images'):
        _compared(sections)


@pytest.mark.parametrize(('value', 'text'), [(0.114, '+0.11'), (-0.114, '\u22120.11'), (-0.001, '0.00'), (0, '0.00')])
def test_signed_numbers_have_a_true_minus_and_no_negative_zero(value, text):
    assert signed(value) == text
