"""What rounding may and may not change, in the worst cases."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark.analysis.digest import axis_angles
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.predictions import Predictions, read_predictions, save_predictions, summarize


def _spread(angle, length, width):
    """Covariances (xx, xy, yy) with standard deviations ``length`` at the angle and ``width`` across, float32."""
    trace, rest = length**2 + width**2, (length**2 - width**2) * np.exp(2j * np.asarray(angle))
    return np.stack([trace + rest.real, rest.imag, trace - rest.real], axis=-1).astype(np.float32) / 2


def _made(images=40, landmarks=98, scale=100.0, seed=0, **changes):
    rng = np.random.default_rng(seed)
    shape = (images, landmarks)
    inter_ocular = (scale * rng.uniform(0.5, 2, images)).astype(np.float32)
    size = inter_ocular[:, None]
    made = Predictions(
        image_ids=np.array([f'{index}.png' for index in range(images)]),
        subset_names=np.array(['full']),
        subsets=np.ones((images, 1), bool),
        keypoints=(size[..., None] * rng.uniform(-2, 9, (*shape, 2))).astype(np.float32),
        distances=(size * rng.gamma(2, 0.02, shape)).astype(np.float32),
        inter_ocular=inter_ocular,
        inter_pupil=(inter_ocular / 1.4).astype(np.float32),
        covariances=_spread(rng.uniform(0, np.pi, shape), size * rng.uniform(0.1, 0.9, shape), 0.1 * size),
    )
    return dataclasses.replace(made, **changes)


def _wild():
    """Some landmarks of two images, one of them the last, lie a million inter-ocular distances away."""
    made = _made()
    made.keypoints[[7, -1], 3] *= 1e6
    made.distances[[7, -1], 3] *= 1e6
    made.covariances[[7, -1], 3] *= 1e9
    return made


CASES = {
    'usual': _made(),
    'tiny faces': _made(scale=1e-30),
    'huge faces': _made(scale=1e16),
    'sizes of all kinds': _made(scale=np.geomspace(1e-3, 1e6, 40)),
    'wild predictions': _wild(),
    'one image': _made(images=1),
    'one landmark': _made(landmarks=1),
    'no covariances': _made(covariances=None),
    'no errors': _made(distances=np.zeros((40, 98), np.float32)),
    'known ambiguity': _made(ambiguity=_made(seed=1).covariances),
}


@pytest.fixture
def stored(tmp_path):
    """Writes predictions and reads them again."""

    def store(predictions: Predictions) -> Predictions:
        save_predictions(predictions, tmp_path / 'p.npz')
        return read_predictions(tmp_path / 'p.npz')

    return store


def _off(loaded, made, name):
    """(N,) largest difference in each image."""
    difference = getattr(loaded, name).astype(np.float64) - getattr(made, name)
    return np.abs(difference).reshape(len(difference), -1).max(axis=1)


def _largest(made, name):
    return np.abs(getattr(made, name).astype(np.float64)).reshape(len(made.image_ids), -1).max(axis=1)


@pytest.mark.parametrize('case', CASES)
def test_points_and_distances_are_within_the_bound(case, stored):
    made = CASES[case]
    loaded = stored(made)
    for name in ('keypoints', 'distances'):
        bound = np.maximum(made.inter_ocular.astype(np.float64) / 2048, _largest(made, name) / (2**24 - 1))
        assert (_off(loaded, made, name) <= bound * (1 + 1e-9)).all(), name
        assert getattr(loaded, name).dtype == np.float32


def _ellipses(covariances):
    """Standard deviations along and across the axis, and its angle in half turns."""
    xx, xy, yy = np.moveaxis(np.asarray(covariances, np.float64), -1, 0)
    middle, radius = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    major = np.maximum(middle + radius, 2.0**-120)
    return (
        np.sqrt(major),
        np.sqrt(np.maximum(middle - radius, major * 2.0**-20)),
        np.arctan2(2 * xy, xx - yy) / 2 / np.pi,
    )


def _check_ellipses(found, expected, share, degrees):
    for mine, theirs in zip(_ellipses(found)[:2], _ellipses(expected)[:2], strict=True):
        assert np.abs(mine / theirs - 1).max() <= share
    turn = np.abs(_ellipses(found)[2] - _ellipses(expected)[2]) % 1
    assert 180 * np.minimum(turn, 1 - turn).max() <= degrees


@pytest.mark.parametrize('case', [case for case, made in CASES.items() if made.covariances is not None])
def test_covariances_are_within_the_bound(case, stored):
    made = CASES[case]
    loaded = stored(made)
    bounds = (0.017, 0.36) if made.ambiguity is None else (0.009, 0.0001)
    for name in ('covariances', 'ambiguity'):
        if getattr(made, name) is not None:
            _check_ellipses(getattr(loaded, name), getattr(made, name), *bounds)


@pytest.mark.parametrize('case', CASES)
def test_numbers_of_images_stay_to_the_last_bit(case, stored):
    made = CASES[case]
    loaded = stored(made)
    assert loaded.mean_distance.dtype == np.float64
    np.testing.assert_array_equal(loaded.mean_distance, made.distances.mean(axis=1, dtype=np.float64))
    for normalizer in ('inter-ocular', 'inter-pupil'):
        np.testing.assert_array_equal(loaded.nme(normalizer), made.nme(normalizer))
    for benchmark in map(get_benchmark, ('wflw', 'synthetic-98')):
        only_full = dataclasses.replace(benchmark, subsets=('full',))
        assert summarize(loaded, only_full) == summarize(made, only_full)


@pytest.mark.parametrize('case', [case for case in CASES if case != 'wild predictions'])
def test_mean_error_of_a_landmark_stays(case, stored):
    made = CASES[case]
    means = [(p.distances / p.inter_ocular.astype(np.float64)[:, None]).mean(axis=0) for p in (made, stored(made))]
    assert np.abs(means[1] - means[0]).max() <= 2.0**-18 / len(made.image_ids) * (1 + 1e-6)


@pytest.mark.parametrize('case', CASES)
def test_what_was_read_is_written_as_the_same_bytes(case, tmp_path):
    first, second = tmp_path / 'first.npz', tmp_path / 'second.npz'
    save_predictions(CASES[case], first)
    save_predictions(read_predictions(first), second)
    assert second.read_bytes() == first.read_bytes()


@pytest.mark.parametrize('percent', [8, 10])
def test_image_whose_error_equals_a_threshold_does_not_fail(percent, stored):
    rng = np.random.default_rng(percent)
    # Halves of the landmarks are off by opposite amounts: the mean is exact.
    change = rng.integers(1, 2**20, (30, 49)) / 2.0**20
    made = _made(
        images=30,
        inter_ocular=np.full(30, 100, np.float32),
        distances=np.concatenate([percent + change, percent - change], axis=1).astype(np.float32),
    )
    loaded = stored(made)
    assert (loaded.distances.mean(axis=1, dtype=np.float64) != percent).any()
    assert (loaded.nme('inter-ocular') == percent / 100).all()
    benchmark = dataclasses.replace(get_benchmark('wflw'), subsets=('full',), thresholds=(percent / 100,))
    rates = [m.value for m in summarize(loaded, benchmark) if m.metric == 'fr' and m.normalizer == 'inter-ocular']
    assert rates == [0.0]


def test_figures_on_a_boundary_of_two_decimals_stay(stored):
    """4.125 % is printed as 4.12, and the next number above it as 4.13."""
    change = np.random.default_rng(0).integers(1, 2**20, (32, 49)) / 2.0**20
    distances = np.concatenate([4.125 + change, 4.125 - change], axis=1).astype(np.float32)
    made = _made(images=32, inter_ocular=np.full(32, 100, np.float32), distances=distances)
    loaded = stored(made)
    assert (loaded.distances != made.distances).mean() > 0.9
    benchmark = dataclasses.replace(get_benchmark('wflw'), subsets=('full',))
    assert summarize(loaded, benchmark) == summarize(made, benchmark)
    assert next(m.value for m in summarize(loaded, benchmark) if m.metric == 'nme') == pytest.approx(4.125, abs=1e-12)


@pytest.mark.parametrize('ratio', [1.0, 1.01, 2.0, 100.0, 1e6])
def test_axes_of_all_angles_and_shapes_stay_where_the_truth_is_known(ratio, stored):
    angles = np.linspace(0, np.pi, 40 * 98, endpoint=False).reshape(40, 98)
    made = _made(covariances=_spread(angles, 30.0, 30.0 / ratio), ambiguity=_spread(angles + 0.3, 9.0, 1.0))
    found, expected = axis_angles(stored(made)), axis_angles(made)
    assert len(found) == len(expected) == 40 * 98
    # The axis of a circle is anything.
    if ratio > 1:
        assert np.abs(found - expected).max() <= 0.0002 + 1e-9


def test_landmarks_whose_ambiguity_has_a_direction_stay_the_same(stored):
    ratios = np.sqrt(np.linspace(3.9, 4.1, 40 * 98)).reshape(40, 98)
    made = _made(ambiguity=_spread(np.full((40, 98), 0.4), ratios, 1.0))
    assert 0 < len(axis_angles(made)) < 40 * 98
    assert len(axis_angles(stored(made))) == len(axis_angles(made))


@pytest.mark.parametrize(
    'entries',
    [(0, 0, 0), (4, 0, 0), (0, 0, 4), (1, 1, 1), (1, -1, 1), (1, 1.0000001, 1), (1e-30, 0, 1e-30), (4, 0, 1e-12)],
    ids=str,
)
def test_degenerate_covariance_is_stored_beside_others(entries, stored):
    made = _made()
    made.covariances[:, 5] = entries
    made.covariances[3] = entries
    loaded = stored(made)
    major, minor, _ = _ellipses(loaded.covariances)
    assert np.isfinite(loaded.covariances).all() and (minor > 0).all()
    for mine, theirs in zip((major, minor), _ellipses(made.covariances)[:2], strict=True):
        assert np.abs(mine / theirs - 1).max() <= 0.017


def test_normalizing_distance_that_is_not_positive_is_stored(stored):
    inter_ocular = np.array([0, np.nan, -3, 50], np.float32)
    made = _made(images=4, inter_ocular=inter_ocular)
    loaded = stored(made)
    np.testing.assert_array_equal(loaded.inter_ocular, inter_ocular)
    assert (_off(loaded, made, 'distances') <= np.maximum(50, 1) / 2048).all()
