from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from benchmark.analysis.audit.likeness import COINCIDING, IN_LINE, LIKE, SHARE
from benchmark.analysis.audit.pairs import compare_predictions, have_like_images
from benchmark.analysis.audit.signature import make_signature
from benchmark.records.predictions import Predictions
from tests.analysis.audit.conftest import with_errors
from tests.margins import published_margins, published_pairs


@pytest.fixture
def errors(trained, truth):
    return trained[0].keypoints - truth


def is_noticed(one: Predictions, other: Predictions) -> bool:
    """Whether their signatures alone say that the two are worth a look."""
    signatures = make_signature(one), make_signature(other)
    return any(have_like_images(*signatures, way) for way in range(2))


def test_two_seeds_are_not_alike(trained):
    assert not is_noticed(*trained)
    assert compare_predictions(*trained) is None
    assert compare_predictions(trained[1], trained[0]) is None


def test_copies_with_noise_shift_and_order_are_caught(trained, truth, errors):
    first, rng, caught = trained[0], np.random.default_rng(4), 0
    for number in range(100):
        noise = rng.uniform(0.01, 0.3) * rng.normal(size=truth.shape) if number % 5 else 0
        shift = rng.uniform(-2, 2, 2) if number % 2 else 0
        copy = with_errors(first, truth, errors + noise + shift)
        if number % 3 == 0:
            copy = dataclasses.replace(copy, image_ids=rng.permutation(copy.image_ids))
        if number % 3 == 1:
            copy = _ordered(copy, rng.permutation(len(truth)))
        found = compare_predictions(first, copy)
        caught += found.code == 'copy' and is_noticed(first, copy)
        if number % 3 == 0:
            assert found.text.endswith(' of them under other names')
    assert caught == 100


@pytest.mark.parametrize('kind', ['normal', 'uniform'])
@pytest.mark.parametrize('relative', [False, True])
def test_copies_whose_noise_is_nearly_as_large_as_the_errors_are_caught(trained, truth, errors, kind, relative):
    first, rng = trained[0], np.random.default_rng(6)
    size = first.inter_ocular[:, None, None] / first.inter_ocular.mean() if relative else 1
    for share in np.linspace(0.2, 0.6, 20):
        noise = getattr(rng, kind)(-1 if kind == 'uniform' else 0, 1, truth.shape)
        copy = with_errors(first, truth, errors + share * errors.std() * noise * size)
        assert compare_predictions(first, copy).text.endswith('evenly over images and landmarks, as noise is')
        assert is_noticed(first, copy)


def _ordered(predictions, order):
    per_image = {'image_ids', 'subsets', 'keypoints', 'distances', 'inter_ocular', 'inter_pupil'}
    return dataclasses.replace(predictions, **{name: getattr(predictions, name)[order] for name in per_image})


@pytest.mark.parametrize(
    ('share', 'words'), [(0.1, 'towards the truth by 10 %'), (-0.1, 'away from the truth by 10 %')]
)
def test_predictions_that_were_moved_along_their_errors_are_caught(trained, truth, errors, share, words):
    rng = np.random.default_rng(5)
    for number in range(100):
        noise = rng.uniform(0, 0.1) * rng.normal(size=truth.shape) if number % 2 else 0
        moved = with_errors(trained[0], truth, (1 - share) * errors + noise)
        found = compare_predictions(trained[0], moved)
        assert found.code == 'moved' and is_noticed(trained[0], moved)
        assert found.text.startswith('moved towards' if share > 0 else 'moved away from')
        assert number % 2 or words in found.text


def test_large_moves_and_moves_of_each_image_by_its_own_share_are_caught(trained, truth, errors):
    rng = np.random.default_rng(6)
    for share in (0.03, 0.5, 0.9):
        assert compare_predictions(trained[0], with_errors(trained[0], truth, (1 - share) * errors)).code == 'moved'
    shares = rng.uniform(0.05, 0.3, (len(truth), 1, 1))
    assert compare_predictions(trained[0], with_errors(trained[0], truth, (1 - shares) * errors)).code == 'moved'


def test_moves_of_each_landmark_by_its_own_share_are_caught(trained, truth, errors):
    rng, caught = np.random.default_rng(9), 0
    for _ in range(100):
        shares = rng.uniform(0, rng.uniform(0.1, 1), (*errors.shape[:2], 1))
        moved = with_errors(trained[0], truth, (1 - shares) * errors)
        caught += compare_predictions(trained[0], moved).code == 'moved' and is_noticed(trained[0], moved)
    assert caught == 100


def test_landmarks_taken_from_several_records_are_caught(seeds):
    nearest = np.argmin([one.distances for one in seeds], axis=0)
    keypoints = np.choose(nearest[..., None], [one.keypoints for one in seeds])
    distances = np.choose(nearest, [one.distances for one in seeds])
    best = dataclasses.replace(seeds[0], keypoints=keypoints, distances=distances)
    for one in seeds:
        assert re.fullmatch(r'in 2\d % of the landmarks the same', compare_predictions(one, best).text)
        assert is_noticed(one, best)


def test_far_better_network_may_be_in_line_with_the_truth(trained, truth):
    """From a bad prediction every way to a good one leads towards the truth."""
    better = with_errors(trained[1], truth, 0.2 * (trained[1].keypoints - truth))
    assert compare_predictions(trained[0], better) is None


def test_copies_of_some_images_are_caught(trained):
    first, second = trained
    keypoints, distances = second.keypoints.copy(), second.distances.copy()
    keypoints[:30], distances[:30] = first.keypoints[:30] + np.float32(0.01), first.distances[:30]
    found = compare_predictions(first, dataclasses.replace(second, keypoints=keypoints, distances=distances))
    assert found.text.startswith('in 30 of 300 images the same')


def test_single_row_of_another_record_is_caught_under_any_name(trained):
    first, second = trained
    keypoints = second.keypoints.copy()
    keypoints[17] = first.keypoints[203]
    found = compare_predictions(first, dataclasses.replace(second, keypoints=keypoints))
    assert found.text == 'in 1 of 300 images the same, under whatever name'


def test_networks_that_have_not_learned_anything_may_be_alike(trained, truth):
    rng = np.random.default_rng(7)
    centre = np.broadcast_to(truth.mean(axis=1, keepdims=True), truth.shape)
    errors = (centre - truth) * 3
    pair = [with_errors(trained[0], truth, errors + 0.05 * rng.normal(size=truth.shape)) for _ in range(2)]
    assert compare_predictions(*pair) is None


def test_published_records_are_far_from_being_refused():
    margins = published_margins()
    assert min(margins.difference, margins.remainder) > 2 * LIKE, margins
    assert margins.alike < SHARE / 5, margins
    assert margins.coinciding < COINCIDING / 2 and margins.in_line < IN_LINE / 2, margins
    assert [compare_predictions(*pair) for pair in published_pairs()] == [None] * margins.pairs
