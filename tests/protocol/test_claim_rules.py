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
    assert violation.rule == 'subsets'
    assert violation.rows == (0, 1, 2)
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


def test_normalizers_are_not_mixed_in_the_weighted_mean(parts):
    mixed = pd.concat([parts(2.87, 2.52, 4.32), parts(4.03, 3.50, 6.22, 'inter-pupil')], ignore_index=True)
    assert subsets_rule(mixed) == []


def test_area_below_its_least_value_is_found(area):
    (violation,) = area_rule(area(5.27, 35.86, 7.29))
    assert violation.rows == (0, 1, 2)
    assert 'at least 47.30' in violation.explanation
    assert area_rule(area(5.27, 35.86, threshold=8)) == []


def test_area_that_needs_absurd_failures_is_found(area):
    (violation,) = area_rule(area(4.94, 64.40, 0.99))
    assert '149 %' in violation.explanation
    assert area_rule(area(4.02, 60.5, 2.32)) == []


def test_area_without_failures_is_known_exactly(area):
    assert area_rule(area(4.02, 59.8, 0.0)) == []
    (violation,) = area_rule(area(4.02, 60.5, 0.0))
    assert 'no failures it is 59.80' in violation.explanation


def test_area_is_compared_with_the_failure_rate_of_its_own_threshold(area):
    both = pd.concat([area(4.02, 60.5, 2.32), area(4.02, 51.5, 6.0, 8).iloc[1:]], ignore_index=True)
    assert area_rule(both) == []


@pytest.mark.parametrize(
    ('subset', 'ocular', 'pupil', 'ratio'),
    [('full', 3.49, 4.12, '1.18'), ('common', 2.98, 3.42, '1.15'), ('challenge', 5.19, 6.98, '1.34')],
)
def test_the_figures_of_lab_under_two_normalizers_are_not_of_one_model(claims, subset, ocular, pupil, ratio):
    table = claims(
        ('300w', subset, 'inter-ocular', 'nme', None, ocular), ('300w', subset, 'inter-pupil', 'nme', None, pupil)
    )
    (violation,) = normalizers_rule(table)
    assert violation.rows == (1, 0)
    assert ratio in violation.explanation


def test_one_model_under_two_normalizers_passes(claims):
    assert (
        normalizers_rule(
            claims(
                ('cofw', 'full', 'inter-pupil', 'nme', None, 4.62), ('cofw', 'full', 'inter-ocular', 'nme', None, 3.21)
            )
        )
        == []
    )


def test_ratio_of_normalizers_is_not_asked_of_wflw(claims):
    table = claims(
        ('wflw', 'full', 'inter-pupil', 'nme', None, 4.0), ('wflw', 'full', 'inter-ocular', 'nme', None, 4.0)
    )
    assert normalizers_rule(table) == []


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
        (0.0, 'cofw', 'full'),
        (0.39, 'cofw', 'full'),
        (0.59, 'cofw', 'full'),
        (0.2, 'cofw', 'full'),
        (100.0, 'cofw', 'full'),
        (0.15, '300w', 'full'),
        (0.726, '300w', 'full'),
        (0.18, '300w', 'common'),
        (0.74, '300w', 'challenge'),
        (0.17, '300w', 'private-test'),
        (2.32, 'wflw', 'full'),
        (11.656, 'wflw', 'pose'),
    ],
)
def test_rate_that_a_number_of_failed_images_gives_is_possible(rate, value, dataset, subset):
    assert counting_rule(rate(value, dataset, subset)) == []


@pytest.mark.parametrize(
    ('value', 'dataset', 'subset', 'explained'),
    [
        (0.62, 'cofw', 'full', '0.62, but on 507 images the nearest possible rates are 0.592 (3 images) and 0.789 (4'),
        (20.0, 'cofw', 'full', '20.00, but on 507 images the nearest possible rates are 19.921 (101 images)'),
        (0.39, '300w', 'full', 'on 689 images'),
        (2.3, 'wflw', 'full', '2.30, but on 2500 images'),
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


def test_rates_are_counted_at_every_threshold_and_normalizer(claims):
    table = claims(('cofw', 'full', 'inter-pupil', 'fr', 8, 0.62), ('cofw', 'full', 'unknown', 'fr', 5, 0.62))
    assert [violation.rows for violation in counting_rule(table)] == [(0,), (1,)]
    assert counting_rule(claims(('cofw', 'full', 'inter-pupil', 'auc', 10, 0.62))) == []


def test_real_faces_have_a_ratio_within_the_rule(shared):
    files = sorted((shared / 'data' / '300w').glob('*/testset/*.pts'))
    bodies = [path.read_text().split('{')[-1].split('}')[0].split() for path in files]
    faces = np.array(bodies, dtype=float).reshape(-1, 68, 2)
    ocular, pupil = (metrics.normalizing_distance(faces, '300w', name) for name in metrics.NORMALIZERS)
    assert len(faces) == 554
    assert (ocular / pupil).mean() == pytest.approx(1.386, abs=5e-4)
