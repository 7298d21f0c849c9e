"""Predictions find their images by name, by number or by order, and what has no counterpart is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.formats.landmarks import Landmarks
from benchmark.scoring.matching import match
from benchmark.scoring.truth import Truth

NAMES = (
    'lfpw/testset/image_0001.png',
    'lfpw/testset/image_0010.png',
    'helen/testset/30 1.jpg',
    'ibug/image_0001_1.jpg',
)


@pytest.fixture
def truth() -> Truth:
    points = np.random.default_rng(0).uniform(0, 300, (4, 68, 2))
    return Truth(get_benchmark('300w'), None, NAMES, points, np.full((4, 2), 400.0), np.ones((4, 3), dtype=bool))


def given(truth, order, names=None, ids=None):
    ids = None if ids is None else np.array(ids)
    return Landmarks(truth.keypoints[order] + 1, 'a test', None if names is None else tuple(names), ids)


WRITINGS = {
    'as they are': lambda name: name,
    'with folders before them': lambda name: f'/data/300w/images/{name}',
    'with the path of Windows': lambda name: 'C:\\data\\' + name.replace('/', '\\'),
    'with another suffix': lambda name: name.rsplit('.', 1)[0] + '.JPG',
    'without a suffix': lambda name: name.rsplit('.', 1)[0],
    'without blanks and in capitals': lambda name: name.replace(' ', '').upper(),
    'without their folders': lambda name: name.split('/')[-1],
    'in a folder of its own': lambda name: 'crops/' + name.split('/')[-1],
}


@pytest.mark.parametrize('writing', WRITINGS)
def test_names_match_however_they_are_written(writing, truth):
    order = [2, 0, 3, 1]
    found = match(given(truth, order, [WRITINGS[writing](NAMES[i]) for i in order]), truth)
    assert found.rows.tolist() == [1, 3, 0, 2] and found.images.tolist() == [0, 1, 2, 3]
    assert not (found.missing or found.doubled or found.unknown)
    assert ('file alone' in found.how) == (writing == 'in a folder of its own')


def test_images_of_another_folder_are_not_taken_for_those_of_the_same_number(truth):
    names = ['lfpw/trainset/image_0001.png', *NAMES[1:]]
    found = match(given(truth, [0, 1, 2, 3], names), truth)
    assert found.unknown == ('lfpw/trainset/image_0001.png',) and found.missing == NAMES[:1]


def test_name_that_several_images_have_is_unknown(truth):
    truth = replace(truth, names=('a/1.jpg', 'b/1.jpg', 'a/2.jpg', 'b/3.jpg'))
    found = match(given(truth, [0, 1, 2, 3], ['1', '1', '2', '3']), truth)
    assert found.unknown == ('1', '1') and found.missing == ('a/1.jpg', 'b/1.jpg')


def test_missing_doubled_and_unknown_images_are_named(truth):
    found = match(given(truth, [0, 0, 2, 3], [NAMES[0], NAMES[0], 'x.jpg', NAMES[3]]), truth)
    assert found.missing == NAMES[1:3] and found.doubled == NAMES[:1] and found.unknown == ('x.jpg',)
    assert found.rows.tolist() == [0, 3] and found.images.tolist() == [0, 3]


@pytest.mark.parametrize('first', [0, 1])
def test_ids_count_from_where_they_fit(first, truth):
    order = [2, 0, 3, 1]
    found = match(given(truth, order, ids=[i + first for i in order]), truth)
    assert found.rows.tolist() == [1, 3, 0, 2] and f'counted from {first}' in found.how and not found.missing
    part = match(given(truth, [1, 2], ids=[1 + first, 2 + first]), truth)
    assert part.images.tolist() == [1, 2] and f'counted from {first}' in part.how


def test_ids_of_another_numbering_keep_their_order(truth):
    found = match(given(truth, [1, 0, 3, 2], ids=[20, 7, 90, 31]), truth)
    assert found.rows.tolist() == [1, 0, 3, 2] and 'by the order of their image ids' in found.how


def test_ids_that_are_missing_doubled_or_unknown_are_named(truth):
    found = match(given(truth, [0, 1, 1, 3], ids=[0, 1, 1, 9]), truth)
    assert found.doubled == ('image id 1',) and found.unknown == ('image id 9',) and found.missing == NAMES[2:]


def test_arrays_are_in_the_order_of_the_prepared_set(truth):
    found = match(given(truth, [0, 1, 2, 3]), truth)
    assert found.rows.tolist() == [0, 1, 2, 3] and f'({NAMES[0]} first)' in found.how
    assert match(given(truth, [0, 1]), truth).missing == NAMES[2:]
    assert match(given(truth, [0, 1, 2, 3, 3]), truth).unknown == ('place 4',)


def test_faces_of_one_image_are_told_apart_by_where_they_are(truth):
    truth = replace(truth, names=('a/1.jpg', 'a/1.jpg', 'a/2.jpg', 'b/1.jpg'))
    found = match(given(truth, [1, 0, 3, 2], ['a/1.jpg', 'a/1.jpg', 'b/1.jpg', 'a/2.jpg']), truth)
    assert found.rows.tolist() == [1, 0, 3, 2] and 'where they are' in found.how
    crowded = match(given(truth, [0, 1, 1, 2], ['a/1.jpg', 'a/1.jpg', 'a/1.jpg', 'a/2.jpg']), truth)
    assert crowded.doubled == ('a/1.jpg', 'a/1.jpg') and crowded.missing == ('b/1.jpg',)
    alone = match(given(truth, [1, 2, 3], ['a/1.jpg', 'a/2.jpg', 'b/1.jpg']), truth)
    assert alone.images.tolist() == [1, 2, 3] and alone.missing == ('a/1.jpg',)
