from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import simpson

from benchmark.protocol import metrics
from benchmark.protocol.benchmarks import BENCHMARKS

POINTS = {'cofw': 29, '300w': 68, 'wflw': 98}
# Independent of the package's tables: which landmarks are averaged at either end, from the datasets' own papers.
ENDS = {
    ('cofw', 'inter-ocular'): ([8], [9]),
    ('cofw', 'inter-pupil'): ([16], [17]),
    ('300w', 'inter-ocular'): ([36], [45]),
    ('300w', 'inter-pupil'): ([36, 37, 38, 39, 40, 41], [42, 43, 44, 45, 46, 47]),
    ('wflw', 'inter-ocular'): ([60], [72]),
    ('wflw', 'inter-pupil'): ([96], [97]),
}


@pytest.fixture(scope='module')
def golden():
    """Random faces and errors with the outputs of the official STAR loss code."""
    with np.load(Path(__file__).parents[1] / 'data' / 'metrics.npz') as file:
        return dict(file)


@pytest.fixture(params=range(5))
def rng(request):
    return np.random.default_rng(request.param)


def reference_nme(predicted, truth, dataset, normalizer):
    """One face at a time, with complex numbers for points."""
    values = []
    for p, g in zip(predicted, truth, strict=True):
        p, g = p[:, 0] + 1j * p[:, 1], g[:, 0] + 1j * g[:, 1]
        right, left = ENDS[dataset, normalizer]
        distance = abs(sum(g[i] for i in right) / len(right) - sum(g[i] for i in left) / len(left))
        values.append(sum(abs(p - g)) / len(g) / distance)
    return values


def area_under_ecdf(errors, threshold):
    """Integral of SciPy's empirical distribution function, step by step."""
    cdf = stats.ecdf(errors).cdf
    steps = np.concatenate([[0], np.unique(errors[errors < threshold]), [threshold]])
    return float(np.sum(np.diff(steps) * cdf.evaluate(steps[:-1]))) / threshold


@pytest.mark.parametrize('normalizer', metrics.NORMALIZERS)
@pytest.mark.parametrize('dataset', ['cofw', '300w', 'wflw'])
def test_nme_equals_the_official_code(golden, dataset, normalizer):
    case = f'{dataset.upper()}/{normalizer.removeprefix("inter-")}'
    nme = metrics.per_image_nme(golden[f'{case}/pred'], golden[f'{case}/gt'], dataset, normalizer)
    np.testing.assert_allclose(nme, golden[f'{case}/nme'], rtol=0, atol=1e-12)


@pytest.mark.parametrize('dataset', ['COFW', 'WFLW'])
def test_failure_rate_and_area_equal_the_official_code_at_ten_percent(golden, dataset):
    assert metrics.failure_rate(golden['nme'], 0.10) == golden[f'official/{dataset}/fr']
    assert metrics.area_under_curve(golden['nme'], 0.10) == pytest.approx(golden[f'official/{dataset}/auc'], abs=5e-5)


def test_official_300w_figures_are_taken_at_5_01_percent_but_divided_by_5(golden):
    nme = golden['nme']
    assert metrics.failure_rate(nme, 0.0501) == golden['official/300W/fr'] != metrics.failure_rate(nme, 0.05)
    area = metrics.area_under_curve(nme, 0.0501) * 0.0501 / 0.05
    assert area == pytest.approx(golden['official/300W/auc'], abs=5e-5)


@pytest.mark.parametrize(('dataset', 'normalizer'), list(ENDS))
def test_nme_equals_an_independent_reference(rng, dataset, normalizer):
    truth = rng.uniform(-20, 300, (7, POINTS[dataset], 2))
    predicted = truth + rng.normal(0, 5, truth.shape)
    nme = metrics.per_image_nme(predicted, truth, dataset, normalizer)
    np.testing.assert_allclose(nme, reference_nme(predicted, truth, dataset, normalizer), rtol=1e-13)


@pytest.mark.parametrize(('dataset', 'normalizer'), list(ENDS))
def test_nme_ignores_where_and_how_large_a_face_is(rng, dataset, normalizer):
    truth = rng.uniform(0, 256, (3, POINTS[dataset], 2))
    predicted = truth + rng.normal(0, 5, truth.shape)
    nme = metrics.per_image_nme(predicted, truth, dataset, normalizer)
    moved = metrics.per_image_nme(4 * predicted + 100, 4 * truth + 100, dataset, normalizer)
    np.testing.assert_allclose(moved, nme, rtol=1e-12)


def test_nme_is_divided_by_the_truth_and_not_by_the_prediction(rng):
    truth = rng.uniform(0, 256, (1, 98, 2))
    predicted = truth + rng.normal(0, 20, truth.shape)
    there = metrics.per_image_nme(predicted, truth, 'wflw', 'inter-ocular')
    back = metrics.per_image_nme(truth, predicted, 'wflw', 'inter-ocular')
    ratio = metrics.normalizing_distance(predicted, 'wflw', 'inter-ocular') / metrics.normalizing_distance(
        truth, 'wflw', 'inter-ocular'
    )
    np.testing.assert_allclose(there / back, ratio)


def test_float32_landmarks_are_computed_in_float64(rng):
    truth = rng.uniform(0, 256, (4, 68, 2)).astype(np.float32)
    predicted = truth + np.float32(1)
    nme = metrics.per_image_nme(predicted, truth, '300w', 'inter-pupil')
    assert nme.dtype == np.float64
    np.testing.assert_array_equal(
        nme, metrics.per_image_nme(predicted.astype(float), truth.astype(float), '300w', 'inter-pupil')
    )


@pytest.mark.parametrize('name', ['synthetic-29', 'synthetic-68', 'synthetic-98'])
def test_synthetic_benchmarks_use_the_distances_of_their_layout(rng, name):
    layout = BENCHMARKS[name].layout
    faces = rng.uniform(0, 256, (3, layout.num_landmarks, 2))
    for normalizer in metrics.NORMALIZERS:
        np.testing.assert_array_equal(
            metrics.normalizing_distance(faces, name, normalizer),
            metrics.normalizing_distance(faces, layout.name, normalizer),
        )


@pytest.mark.parametrize('threshold', [0.05, 0.08, 0.10, 0.3])
def test_area_equals_the_integral_of_the_empirical_distribution(rng, threshold):
    errors = rng.gamma(4, 0.012, 300)
    assert metrics.area_under_curve(errors, threshold) == pytest.approx(area_under_ecdf(errors, threshold), abs=1e-13)


def test_area_agrees_with_a_sampled_curve(rng):
    errors = rng.gamma(4, 0.012, 500)
    grid = np.linspace(0, 0.1, 1001)
    sampled = simpson([(errors <= x).mean() for x in grid], x=grid) / 0.1
    assert metrics.area_under_curve(errors, 0.1) == pytest.approx(sampled, abs=1e-4)


@pytest.mark.parametrize('threshold', [0.05, 0.08, 0.10])
def test_failure_rate_is_what_the_empirical_distribution_leaves(rng, threshold):
    errors = rng.gamma(4, 0.012, 300)
    rest = stats.ecdf(errors).sf.evaluate(threshold)
    assert metrics.failure_rate(errors, threshold) == pytest.approx(rest, abs=1e-13)


def test_area_is_at_least_one_minus_mean_and_equal_without_failures(rng):
    errors = rng.gamma(4, 0.012, 300)
    assert metrics.area_under_curve(errors, 0.05) > 1 - errors.mean() / 0.05
    assert metrics.area_under_curve(errors, 1.0) == pytest.approx(1 - errors.mean())


def test_an_error_equal_to_the_threshold_is_no_failure():
    assert metrics.failure_rate([0.08, 0.08], 0.08) == 0
    assert metrics.failure_rate([0.08, np.nextafter(0.08, 1)], 0.08) == 0.5


def test_rates_and_areas_are_plain_numbers():
    assert type(metrics.failure_rate([0.2], 0.1)) is type(metrics.area_under_curve([0.2], 0.1)) is float


def test_perfect_and_hopeless_faces_are_the_ends_of_the_scale():
    assert metrics.area_under_curve([0.0], 0.1) == 1
    assert metrics.area_under_curve([0.1, 5.0], 0.1) == 0
    assert metrics.failure_rate([0.2, 5.0], 0.1) == 1


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'dataset': 'aflw'}, 'dataset: .*cofw'),
        ({'normalizer': 'box'}, "normalizer: .*inter-ocular, inter-pupil, got 'box'"),
        ({'truth': np.ones((2, 68, 2))}, r'truth: expected shape \(N, 29, 2\), got \(2, 68, 2\)'),
        ({'truth': np.ones((2, 29, 2))}, 'keypoints: .*face 0 is zero'),
        ({'predicted': np.ones((29, 2))}, 'predicted: expected shape'),
        ({'predicted': np.ones((2, 29, 3))}, 'predicted: expected shape'),
        ({'predicted': np.ones((2, 28, 2))}, 'predicted: expected shape'),
        ({'predicted': np.ones((3, 29, 2))}, 'predicted: 3 faces, expected 2'),
        ({'predicted': np.ones((1, 29, 2))}, 'predicted: 1 faces, expected 2'),
        ({'predicted': np.ones((0, 29, 2))}, 'predicted: no faces'),
        ({'predicted': [['x', 'y']]}, 'predicted: not an array of numbers'),
    ],
)
def test_bad_arguments_of_nme_are_named(change, message):
    truth = np.random.default_rng(0).uniform(0, 256, (2, 29, 2))
    arguments = {'predicted': truth, 'truth': truth, 'dataset': 'cofw', 'normalizer': 'inter-ocular', **change}
    with pytest.raises(ValueError, match=message):
        metrics.per_image_nme(**arguments)


@pytest.mark.parametrize('value', [np.nan, np.inf])
@pytest.mark.parametrize('name', ['predicted', 'truth'])
def test_landmarks_that_are_not_finite_are_refused_with_the_face(name, value):
    faces = {key: np.random.default_rng(0).uniform(0, 256, (3, 29, 2)) for key in ('predicted', 'truth')}
    faces[name][1, 5, 0] = value
    with pytest.raises(ValueError, match=f'{name}: a coordinate of face 1'):
        metrics.per_image_nme(**faces, dataset='cofw', normalizer='inter-pupil')


@pytest.mark.parametrize('metric', [metrics.failure_rate, metrics.area_under_curve])
@pytest.mark.parametrize(
    ('nme', 'threshold', 'message'),
    [
        ([], 0.1, 'nme: no faces'),
        ([[0.1]], 0.1, r'nme: expected shape \(N,\)'),
        (0.1, 0.1, r'nme: expected shape \(N,\)'),
        ([0.1, np.nan], 0.1, 'nme: the error of face 1'),
        ([-0.1], 0.1, 'nme: the error of face 0'),
        ([0.0, -0.1], 0.1, 'nme: the error of face 1'),
        (['a'], 0.1, 'nme: not an array'),
        ([0.1], 0.0, 'threshold'),
        ([0.1], -0.1, 'threshold'),
        ([0.1], np.nan, 'threshold'),
        ([0.1], np.inf, 'threshold'),
    ],
)
def test_bad_arguments_of_failure_rate_and_area_are_named(metric, nme, threshold, message):
    with pytest.raises(ValueError, match=message):
        metric(nme, threshold)
