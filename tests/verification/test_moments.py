from __future__ import annotations

import numpy as np
import pytest

from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.records.predictions import Predictions
from benchmark.verification.moments import measure

LAYOUT = BENCHMARKS['300w'].layout
FOLDERS = {'afw': 20, 'LFPW/testset': 25, 'helen/testset': 30, 'ibug': 24}


def upright(count: int) -> np.ndarray:
    """(N, 68, 2) faces of different sizes, whose contours lie on level lines, with eyes 100 to 200 pixels apart."""
    face = np.zeros((68, 2))
    for row, curve in enumerate(LAYOUT.curves):
        face[list(curve.indices)] = [(column, row) for column in range(len(curve.indices))]
    face[36], face[45] = (0, 5), (10, 5)
    return face * np.linspace(10, 20, count)[:, None, None]


def predictions(truth: np.ndarray, residuals: np.ndarray, benchmark: str = '300w', **changes) -> Predictions:
    """Predictions with residuals (N, 68, 2) in percent."""
    count = len(truth)
    ocular = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=-1)
    content = {
        'image_ids': np.array([f'faces/{index}.png' for index in range(count)]),
        'subset_names': np.array(BENCHMARKS[benchmark].subsets),
        'subsets': np.array([[True, index % 2 == 0, index % 2 == 1] for index in range(count)]),
        'keypoints': (truth + residuals * ocular[:, None, None] / 100).astype(np.float32),
        'distances': (np.linalg.norm(residuals, axis=-1) * ocular[:, None] / 100).astype(np.float32),
        'inter_ocular': ocular.astype(np.float32),
        'inter_pupil': ocular.astype(np.float32),
    }
    return Predictions(**{**content, **changes})


@pytest.fixture
def residuals() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal((1, -2), (3, 1.5), (60, 68, 2)) + rng.normal(0, 1, (60, 1, 2))


def test_moments_are_those_of_the_residuals(residuals):
    truth = upright(60)
    groups, omitted = measure(predictions(truth, residuals), truth, BENCHMARKS['300w'])
    assert [(one.name, one.images) for one in groups] == [('all', 60), ('common', 30), ('challenge', 30)]
    assert omitted == []
    for one, part in zip(groups, (residuals, residuals[::2], residuals[1::2]), strict=True):
        np.testing.assert_allclose(one.mean, part.mean(axis=0), atol=0.0051)
        for landmark in range(68):
            (xx, xy), (_, yy) = np.cov(part[:, landmark].T, bias=True)
            np.testing.assert_allclose(one.covariance[landmark], (xx, xy, yy), rtol=2e-3, atol=2e-3)
        means = np.array([image.mean(axis=0) for image in part])
        np.testing.assert_allclose(one.image_mean, means.mean(axis=0), atol=0.00051)
        np.testing.assert_allclose(one.image_deviation, np.std(means, axis=0, ddof=1), atol=0.00051)
        centred = part - part.mean(axis=0) * (1, 0)
        lengths = [np.linalg.norm(each, axis=-1).mean() for each in (part, centred)]
        np.testing.assert_allclose((one.nme, one.nme_centred), lengths, atol=0.00051)
        assert one.heatmaps is None


def test_errors_along_and_across_are_those_of_level_contours(residuals):
    truth = upright(60)
    (everything, *_), _ = measure(predictions(truth, residuals), truth, BENCHMARKS['300w'])
    on_lines = [index for curve in LAYOUT.curves if not curve.closed for index in curve.indices]
    for landmark in on_lines:
        x, y = residuals[:, landmark].T
        np.testing.assert_allclose(everything.mean_absolute[landmark], (np.abs(x).mean(), np.abs(y).mean()), atol=0.006)
        np.testing.assert_allclose(everything.mean_square[landmark], ((x * x).mean(), (y * y).mean()), rtol=2e-3)


def test_squares_along_and_across_add_up_to_all_whichever_way_the_contour_runs(residuals):
    truth = upright(60) + np.random.default_rng(1).normal(0, 9, (60, 68, 2))
    (everything, *_), _ = measure(predictions(truth, residuals), truth, BENCHMARKS['300w'])
    ocular = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=-1)
    found = predictions(truth, residuals).keypoints - truth
    squares = (100 * found / ocular[:, None, None]) ** 2
    np.testing.assert_allclose(np.sum(everything.mean_square, axis=1), squares.sum(axis=-1).mean(axis=0), rtol=2e-3)


@pytest.mark.parametrize('degrees', [0, 30, 90, 135])
def test_heatmaps_are_measured_against_the_contour(degrees):
    """Ellipses of 6 and 2 % of the inter-ocular distance, at an angle to level contours."""
    truth = upright(24)
    ocular = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=-1)[:, None]
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    xx, xy, yy = 36 * cosine**2 + 4 * sine**2, 32 * cosine * sine, 36 * sine**2 + 4 * cosine**2
    covariances = np.stack([np.full((24, 68), one) * (ocular / 100) ** 2 for one in (xx, xy, yy)], axis=-1)
    covariances[:, 8] = (5, 0, 5)
    given = predictions(truth, np.zeros(truth.shape), covariances=covariances)
    (everything, *_), _ = measure(given, truth, BENCHMARKS['300w'])
    np.testing.assert_allclose(everything.heatmaps.variance[4], (xx, yy), rtol=1e-3, atol=1e-9)
    assert everything.heatmaps.squared_cosine[4] == pytest.approx(cosine**2, abs=0.0051)
    assert everything.heatmaps.squared_cosine[8] == 0.5


def test_landmarks_on_no_contour_have_no_errors_along_one():
    benchmark = BENCHMARKS['synthetic-29']
    truth = np.random.default_rng(0).uniform(0, 200, (20, 29, 2))
    given = predictions(
        np.zeros((20, 68, 2)), np.zeros((20, 68, 2)), subset_names=np.array(['full']), subsets=np.ones((20, 1), bool)
    )
    given = Predictions(**{**vars(given), 'keypoints': truth.astype(np.float32), 'covariances': np.ones((20, 29, 3))})
    ((everything,), _) = measure(given, truth, benchmark)
    for values in (everything.mean_square, everything.mean_absolute, everything.heatmaps.squared_cosine):
        assert [index for index, value in enumerate(values) if value is None] == [16, 17, 28]


def test_folders_of_300w_are_groups():
    names = [f'300W/{folder}/{index}.jpg' for folder, count in FOLDERS.items() for index in range(count)]
    truth = upright(len(names))
    changes = {'image_ids': np.array(names), 'subsets': np.array([[True, 'ibug' not in n, 'ibug' in n] for n in names])}
    groups, omitted = measure(predictions(truth, 0 * truth, **changes), truth, BENCHMARKS['300w'])
    assert {one.name: one.images for one in groups} == {
        'all': 99, 'common': 75, 'challenge': 24, **{folder.lower(): count for folder, count in FOLDERS.items()}
    }  # fmt: skip
    assert omitted == []
    drawn, _ = measure(predictions(truth, 0 * truth, 'synthetic-68', **changes), truth, BENCHMARKS['synthetic-68'])
    assert [one.name for one in drawn] == ['all', 'common', 'challenge']


@pytest.mark.parametrize(
    ('images', 'challenge', 'listed', 'omitted'),
    [
        (19, 0, [], ['all', 'common']),
        (39, 20, ['all', 'challenge'], ['common']),
        (40, 20, ['all', 'common', 'challenge'], []),
        (60, 1, ['all'], ['common', 'challenge']),
        (60, 9, ['all'], ['common', 'challenge']),
        (60, 10, ['all', 'common'], ['challenge']),
        (60, 0, ['all', 'common'], []),
    ],
)
def test_few_images_are_neither_a_group_nor_what_is_left_of_one(images, challenge, listed, omitted):
    truth = upright(images)
    hard = np.arange(images) < challenge
    given = predictions(truth, 0 * truth, subsets=np.stack([np.ones(images, dtype=bool), ~hard, hard], axis=1))
    groups, left_out = measure(given, truth, BENCHMARKS['300w'])
    assert [one.name for one in groups] == listed and left_out == omitted


def test_few_images_that_only_several_groups_tell_apart_are_not_given():
    """Three subsets of 30 images that cover all of 92 but two."""
    benchmark = BENCHMARKS['wflw']
    subsets = np.zeros((92, len(benchmark.subsets)), dtype=bool)
    subsets[:, 0] = True
    for column in (1, 2, 3):
        subsets[30 * (column - 1) : 30 * column, column] = True
    truth = np.random.default_rng(0).uniform(0, 200, (92, 98, 2))
    given = predictions(np.zeros((92, 68, 2)), np.zeros((92, 68, 2)), subset_names=np.array(benchmark.subsets))
    given = Predictions(**{**vars(given), 'keypoints': truth.astype(np.float32), 'subsets': subsets})
    groups, omitted = measure(given, truth, benchmark)
    assert [one.name for one in groups] == ['all', 'pose', 'expression'] and omitted == ['illumination']
