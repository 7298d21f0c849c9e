from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark.protocol import metrics
from benchmark.protocol.claim_rules import area_rule, counting_rule, normalizers_rule, subsets_rule


@pytest.fixture
def claims():
    """Build published figures of one method from (dataset, subset, normalizer, metric, threshold, value)."""

    def claims(*figures):
        columns = ['dataset', 'subset', 'normalizer', 'metric', 'threshold', 'value']
        table = pd.DataFrame([(d, s, n, m, t or np.nan, v) for d, s, n, m, t, v in figures], columns=columns)
        return table.assign(method='M', year=2020, backbone='', source='a paper', source_kind='readme')

    return claims


@pytest.fixture
def parts(claims):
    def parts(full, common, challenge, normalizer='inter-ocular'):
        values = {'full': full, 'common': common, 'challenge': challenge}
        return claims(*[('300w', subset, normalizer, 'nme', None, value) for subset, value in values.items()])

    return parts


@pytest.fixture
def pair(claims):
    def pair(pupil, ocular):
        key = ('cofw', 'full')
        return claims((*key, 'inter-pupil', 'nme', None, pupil), (*key, 'inter-ocular', 'nme', None, ocular))

    return pair


@pytest.fixture
def rate(claims):
    def rate(value, dataset='cofw', subset='full', threshold=10):
        return claims((dataset, subset, 'inter-ocular', 'fr', threshold, value))

    return rate


@pytest.fixture
def area(claims):
    def area(nme, auc, fr=None, threshold=10):
        key = ('cofw', 'full', 'inter-pupil')
        figures = [(*key, 'nme', None, nme), (*key, 'auc', threshold, auc)]
        return claims(*figures, *([] if fr is None else [(*key, 'fr', threshold, fr)]))

    return area


def test_full_set_must_be_the_weighted_mean_of_its_parts(parts):
    (violation,) = subsets_rule(parts(3.49, 2.98, 5.19))
    assert (violation.rule, violation.rows) == ('subsets', (0, 1, 2))
    assert '3.41' in violation.explanation
    assert violation.explanation.count('.\n') == 0 and violation.explanation.endswith('.')


@pytest.mark.parametrize('off', [-0.012, 0.012])
def test_full_set_may_be_off_by_rounding_only(parts, off):
    mean = (554 * 2.52 + 135 * 4.32) / 689
    assert len(subsets_rule(parts(mean + off, 2.52, 4.32))) == 1
    assert subsets_rule(parts(mean + off * 0.9, 2.52, 4.32)) == []


def test_rounded_figures_of_real_errors_never_break_the_rules(parts, area, rate):
    for seed in range(50):
        rng = np.random.default_rng(seed)
        errors = rng.gamma(rng.uniform(3, 9), 0.006, 689)
        common, challenge = errors[:554], errors[554:]
        nme = [round(100 * e.mean(), 2) for e in (errors, common, challenge)]
        assert subsets_rule(parts(*nme)) == []
        for t in (0.05, 0.08, 0.10):
            auc, fr = metrics.area_under_curve(errors, t), metrics.failure_rate(errors, t)
            assert area_rule(area(nme[0], round(100 * auc, 1), round(100 * fr, 2), 100 * t)) == []
            assert counting_rule(rate(round(100 * fr, 2), '300w', threshold=100 * t)) == []


def test_incomplete_rows_are_not_judged(parts, area):
    assert subsets_rule(parts(3.49, 2.98, 5.19).iloc[:2]) == []
    assert area_rule(area(5.27, 35.86).iloc[1:]) == []
    assert area_rule(area(5.27, 35.86).iloc[:1]) == []


def test_methods_are_judged_in_the_order_of_the_table_and_incomplete_ones_passed_over(parts, area, pair):
    for rule, table, known in (
        (subsets_rule, parts(3.49, 2.98, 5.19), 2),
        (normalizers_rule, pair(4.0, 4.0), 1),
        (area_rule, area(5.27, 35.86).iloc[::-1], 1),
    ):
        methods = [table.iloc[:known].assign(method='N'), table.assign(method='Z'), table.assign(method='A')]
        assert [found.explanation[0] for found in rule(pd.concat(methods, ignore_index=True))] == ['Z', 'A']


def test_area_is_judged_beside_a_failure_rate_of_another_threshold_alone(area, rate):
    table = pd.concat([area(5.27, 35.86), rate(5.0, threshold=8).assign(normalizer='inter-pupil')], ignore_index=True)
    assert [violation.rows for violation in area_rule(table)] == [(0, 1)]


def test_only_errors_of_300w_are_averaged_and_private_faces_are_not(parts):
    areas = parts(60.0, 70.0, 50.0).assign(metric='auc', threshold=10.0)
    wflw = parts(4.02, 4.02, 4.02).iloc[:1].assign(dataset='wflw')
    assert subsets_rule(pd.concat([parts(2.87, 2.52, 4.32), areas, wflw], ignore_index=True)) == []
    private = parts(4.02, 4.02, 4.02).iloc[:1].assign(subset='private-test')
    assert len(subsets_rule(pd.concat([parts(3.49, 2.98, 5.19), private], ignore_index=True))) == 1


def test_normalizers_are_not_mixed_in_the_weighted_mean(parts):
    mixed = pd.concat([parts(2.87, 2.52, 4.32), parts(4.03, 3.50, 6.22, 'inter-pupil')], ignore_index=True)
    assert subsets_rule(mixed) == []


def test_area_below_its_least_value_is_found(area):
    (violation,) = area_rule(area(5.27, 35.86, 7.29))
    assert violation.rows == (0, 1, 2)
    assert 'at least 47.30' in violation.explanation
    assert area_rule(area(5.27, 35.86, threshold=8)) == []


@pytest.mark.parametrize(('nme', 'auc', 'fr', 'mean'), [(4.94, 64.40, 0.99, '149 %'), (9.0, 64.0, 5.0, '118 %')])
def test_area_that_needs_absurd_failures_is_found(area, nme, auc, fr, mean):
    (violation,) = area_rule(area(nme, auc, fr))
    assert mean in violation.explanation
    assert area_rule(area(4.02, 60.5, 2.32)) == []


def test_area_without_failures_is_known_exactly(area):
    assert area_rule(area(4.02, 59.8, 0.0)) == []
    (violation,) = area_rule(area(4.02, 60.5, 0.0))
    assert 'no failures it is 59.80' in violation.explanation


@pytest.mark.parametrize(('threshold', 'rounding'), [(10, 0.1), (8, 0.1125), (5, 0.15)])
def test_area_may_be_off_by_rounding_only(area, threshold, rounding):
    least = 100 * (1 - 4 / threshold)
    for fr, off in ((1.0, -rounding), (0.0, -rounding), (0.0, rounding)):
        assert area_rule(area(4.0, least + 0.999 * off, fr, threshold)) == []
        assert len(area_rule(area(4.0, least + 1.001 * off, fr, threshold))) == 1


def test_failures_may_average_half_the_normalizing_distance(area):
    # Rounded, FR 1 is 1.005 at most and AUC 64.12 exceeds its least value by 4.02: four times as much.
    assert area_rule(area(4.0, 64.11, 1.0)) == []
    assert len(area_rule(area(4.0, 64.13, 1.0))) == 1


def test_area_is_compared_with_the_failure_rate_of_its_own_threshold(area):
    both = pd.concat([area(4.02, 60.5, 2.32), area(4.02, 51.5, 6.0, 8).iloc[1:]], ignore_index=True)
    assert area_rule(both) == []


@pytest.mark.parametrize(
    ('subset', 'ocular', 'pupil', 'ratio'),
    [('full', 3.49, 4.12, '1.18'), ('common', 2.98, 3.42, '1.15'), ('challenge', 5.19, 6.98, '1.34')],
)
def test_the_figures_of_lab_under_two_normalizers_are_not_of_one_model(pair, subset, ocular, pupil, ratio):
    (violation,) = normalizers_rule(pair(pupil, ocular).iloc[::-1].assign(dataset='300w', subset=subset))
    assert violation.rows == (0, 1) and ratio in violation.explanation


@pytest.mark.parametrize(
    ('pupil', 'ocular', 'found'),
    [(4.62, 3.21, 0), (1.38, 1.0, 0), (1.46, 1.0, 0), (1.37, 1.0, 1), (1.47, 1.0, 1)],
)
def test_one_model_has_errors_of_a_known_ratio_under_two_normalizers(pair, pupil, ocular, found):
    assert len(normalizers_rule(pair(pupil, ocular))) == found


def test_ratio_of_normalizers_is_asked_of_errors_alone_and_not_of_wflw(pair):
    assert normalizers_rule(pair(4.0, 4.0).assign(dataset='wflw')) == []
    areas = pair(50.0, 50.0).assign(metric='auc', threshold=10.0)
    assert normalizers_rule(pd.concat([pair(4.62, 3.21), areas], ignore_index=True)) == []


def test_figures_of_unknown_normalizer_are_compared_with_no_others(claims, parts, area):
    nme = ('cofw', 'full', 'inter-pupil', 'nme', None, 5.27)
    assert len(area_rule(area(5.27, 35.86))) == 1
    assert area_rule(claims(nme, ('cofw', 'full', 'unknown', 'auc', 10, 35.86))) == []
    known = ('300w', 'full', 'inter-ocular', 'nme', None, 3.49)
    assert normalizers_rule(claims(known, ('300w', 'full', 'unknown', 'nme', None, 3.49))) == []
    assert subsets_rule(parts(3.49, 2.98, 5.19, 'unknown')) == []


@pytest.mark.parametrize(
    ('value', 'dataset', 'subset'),
    [
        *((value, 'cofw', 'full') for value in (0.0, 0.2, 0.39, 0.59, 100.0)),
        *((value, '300w', 'full') for value in (0.15, 0.726)),
        (0.18, '300w', 'common'),
        (0.74, '300w', 'challenge'),
        (0.17, '300w', 'private-test'),
        (2.32, 'wflw', 'full'),
        (11.656, 'wflw', 'pose'),
        *((value, 'wflw', 'occlusion') for value in (3.12, 3.13)),  # 23 of 736 images: 3.125
    ],
)
def test_rate_that_a_number_of_failed_images_gives_is_possible(rate, value, dataset, subset):
    assert counting_rule(rate(value, dataset, subset)) == []


@pytest.mark.parametrize(
    ('value', 'dataset', 'subset', 'explained'),
    [
        (0.62, 'cofw', 'full', '0.62, but on 507 images the nearest possible rates are 0.592 (3 images) and 0.789 (4'),
        (0.01, 'cofw', 'full', '0.01, but on 507 images the nearest possible rates are 0.000 (0 images) and 0.197 (1'),
        (20.0, 'cofw', 'full', '20.00, but on 507 images the nearest possible rates are 19.921 (101 images)'),
        (0.39, '300w', 'full', 'on 689 images'),
        (2.3, 'wflw', 'full', '2.30, but on 2500 images'),
        (2.31, 'wflw', 'full', '2.31, but on 2500 images'),
        (2.32, 'wflw', 'make-up', 'on 206 images'),
        (11.66, 'wflw', 'expression', 'on 314 images'),
        (11.658, 'wflw', 'pose', '11.658, but on 326 images the nearest possible rates are 11.6564 (38 images)'),
        (0.2, '300w', 'private-test', 'on 600 images'),
    ],
)
def test_rate_that_no_number_of_failed_images_gives_is_found(rate, value, dataset, subset, explained):
    (violation,) = counting_rule(rate(value, dataset, subset))
    assert (violation.rule, violation.rows) == ('counting', (0,))
    assert violation.explanation.startswith('M on ') and explained in violation.explanation
    assert 'truncated' not in violation.explanation


def test_truncated_rate_is_told_from_one_that_cannot_be(rate):
    (violation,) = counting_rule(rate(7.29))
    assert '7.298 (37 images), the latter truncated instead of rounded.' in violation.explanation
    assert counting_rule(rate(7.3)) == []


def test_rates_are_counted_at_every_threshold_and_normalizer(claims, rate):
    table = claims(('cofw', 'full', 'inter-pupil', 'fr', 8, 0.62), ('cofw', 'full', 'unknown', 'fr', 5, 0.62))
    assert [violation.rows for violation in counting_rule(table)] == [(0,), (1,)]
    others = pd.concat([rate(0.62).assign(metric=metric) for metric in ('nme', 'auc')], ignore_index=True)
    assert counting_rule(others) == []


def test_real_faces_have_a_ratio_within_the_rule(shared):
    files = sorted((shared / 'data' / '300w').glob('*/testset/*.pts'))
    bodies = [path.read_text().split('{')[-1].split('}')[0].split() for path in files]
    faces = np.array(bodies, dtype=float).reshape(-1, 68, 2)
    ocular, pupil = (metrics.normalizing_distance(faces, '300w', name) for name in metrics.NORMALIZERS)
    assert len(faces) == 554
    assert (ocular / pupil).mean() == pytest.approx(1.386, abs=5e-4)
