from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmark.protocol.benchmarks import BENCHMARKS, get_benchmark
from benchmark.protocol.measures import Measure, all_measures, normalizers, per_image, value

NME = Measure('full', 'inter-ocular', 'nme')
FR = Measure('common', 'inter-pupil', 'fr', 10.0)
AUC = Measure('full', 'inter-ocular', 'auc', 8.0)


@pytest.mark.parametrize(
    ('measure', 'label', 'key'),
    [
        (NME, 'NME', 'nme.full.inter-ocular'),
        (FR, 'FR@10', 'fr10.common.inter-pupil'),
        (AUC, 'AUC@8', 'auc8.full.inter-ocular'),
        (AUC._replace(threshold=7.5), 'AUC@7.5', 'auc7.5.full.inter-ocular'),
    ],
)
def test_names_of_a_measure_hold_a_threshold_where_it_has_one(measure, label, key):
    assert (measure.metric_label, measure.key) == (label, key)


def test_more_is_better_for_areas_alone():
    assert [measure.higher_is_better for measure in (NME, FR, AUC)] == [False, False, True]


@pytest.mark.parametrize('benchmark', BENCHMARKS.values(), ids=BENCHMARKS)
def test_both_normalizers_are_measured_and_the_headline_one_comes_first(benchmark):
    found = normalizers(benchmark)
    assert found[0] == benchmark.headline_normalizer and sorted(found) == ['inter-ocular', 'inter-pupil']
    assert list(dict.fromkeys(measure.normalizer for measure in all_measures(benchmark))) == list(found)


def test_errors_of_every_subset_come_before_rates_and_areas_and_the_larger_threshold_first():
    measures = all_measures(get_benchmark('300w'))
    assert len(measures) == 30
    found = [measure.key for measure in measures]
    assert found[:15] == [
        *('nme.full.inter-ocular', 'nme.common.inter-ocular', 'nme.challenge.inter-ocular'),
        *('fr10.full.inter-ocular', 'fr8.full.inter-ocular'),
        *('fr10.common.inter-ocular', 'fr8.common.inter-ocular'),
        *('fr10.challenge.inter-ocular', 'fr8.challenge.inter-ocular'),
        *('auc10.full.inter-ocular', 'auc8.full.inter-ocular'),
        *('auc10.common.inter-ocular', 'auc8.common.inter-ocular'),
        *('auc10.challenge.inter-ocular', 'auc8.challenge.inter-ocular'),
    ]
    assert found[15:] == [key.replace('inter-ocular', 'inter-pupil') for key in found[:15]]


def test_thresholds_are_percent_as_they_are_printed():
    benchmark = replace(get_benchmark('cofw'), thresholds=(0.07, 0.12345678))
    assert {measure.threshold for measure in all_measures(benchmark)} == {None, 7.0, 12.345678}


def test_what_a_measure_is_the_mean_of_is_known_by_hand():
    errors = np.array([0.0, 0.02, 0.08, 0.1, 0.3])
    np.testing.assert_allclose(per_image(errors, NME), [0, 2, 8, 10, 30])
    np.testing.assert_array_equal(per_image(errors, FR), [0, 0, 0, 0, 100])
    np.testing.assert_array_equal(per_image(errors, FR._replace(threshold=8.0)), [0, 0, 0, 100, 100])
    np.testing.assert_allclose(per_image(errors, AUC), [100, 75, 0, 0, 0])


@pytest.mark.parametrize('measure', [NME, FR, AUC])
def test_a_measure_is_the_mean_over_images_and_lacks_without_any(measure):
    errors = np.random.default_rng(0).gamma(4, 0.02, 300)
    found = value(errors, measure)
    assert found == pytest.approx(per_image(errors, measure).mean()) and 0 < found < 100
    assert type(found) is float and per_image(errors, measure).dtype == np.float64
    assert value(errors[:1], measure) == pytest.approx(per_image(errors, measure)[0])
    assert value(errors[:0], measure) is None


@pytest.mark.parametrize('measure', [FR, AUC])
def test_a_measure_of_errors_that_are_no_numbers_is_refused(measure):
    with pytest.raises(ValueError, match='nme: the error of face 1'):
        value(np.array([0.1, np.nan]), measure)
