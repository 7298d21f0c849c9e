from __future__ import annotations

import numpy as np
import pytest

from benchmark.datasets.hold_out import hold_out
from benchmark.datasets.prepared import open_prepared
from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.errors import BenchmarkError


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data')
    prepare_synthetic(folder, 'synthetic-68', train_images=20, test_images=6)
    return folder


def _held(data, output, **options):
    hold_out(data, 'synthetic-68', output, **options)
    return open_prepared(output, 'synthetic-68')


def _names(faces):
    return {face.image for face in faces}


def test_no_test_face_is_left_and_no_training_face_is_lost_or_in_both_parts(data, tmp_path):
    before, held = open_prepared(data, 'synthetic-68'), _held(data, tmp_path, share=0.25)
    assert (len(held.train), len(held.test)) == (15, 5)
    assert _names(held.train) | _names(held.test) == _names(before.train)
    assert not _names(held.train) & _names(held.test)
    assert {face.subsets for face in held.test} == {('common',)}
    assert held.manifest.fingerprint != before.manifest.fingerprint
    by_name = {face.image: face for face in before.train}
    for face in (*held.train, *held.test):
        np.testing.assert_array_equal(face.keypoints, by_name[face.image].keypoints)
        assert held.image_path(face) == before.image_path(by_name[face.image])


def test_the_same_seed_holds_out_the_same_faces_and_another_one_others(data, tmp_path):
    first, again = (_held(data, tmp_path / name, share=0.25) for name in ('a', 'b'))
    other = _held(data, tmp_path / 'c', share=0.25, seed=1)
    assert _names(first.test) == _names(again.test) != _names(other.test)
    assert first.manifest.fingerprint == again.manifest.fingerprint


def test_a_share_of_one_has_every_training_face_in_both_parts(data, tmp_path):
    held = _held(data, tmp_path, share=1.0)
    assert [face.image for face in held.train] == [face.image for face in held.test]
    assert len(held.test) == 20


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'share': 0.0}, '--share 0: not above 0 and at most 1'),
        ({'share': 1.5}, '--share 1.5: not above 0 and at most 1'),
        ({'share': 0.01}, 'synthetic-68: 20 training faces in .*: too few to hold some of them out'),
        ({'seed': -1}, '--seed -1: negative'),
    ],
)
def test_what_cannot_be_held_out_is_one_line(data, tmp_path, options, message):
    with pytest.raises(BenchmarkError, match=message):
        hold_out(data, 'synthetic-68', tmp_path, **options)


def test_the_data_are_not_overwritten(data):
    with pytest.raises(BenchmarkError, match='holds the data themselves'):
        hold_out(data, 'synthetic-68', data)
