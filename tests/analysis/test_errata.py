from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark.analysis.errata import effects, exchanges
from benchmark.protocol import errata
from tests.protocol.test_errata import HEAD

SIZES = {'full': 40, 'common': 30, 'challenge': 10}  # the last ten images are the challenge
WRONG, TRAINED = 'ibug/face_of_40_031', ('ibug/face_of_40_032', 'ibug/face_of_40_001')


@pytest.fixture(autouse=True)
def listed(tmp_path, monkeypatch):
    monkeypatch.setattr(errata, 'FOLDER', tmp_path)
    lines = [f'test,{WRONG},,swapped,1 2,,,,check,confirmed,seen']
    lines += [f'test,{name},,train-test-duplicate,,train,afw/x,,check,confirmed,' for name in TRAINED]
    (tmp_path / '300w.csv').write_text(HEAD + '\n'.join(lines) + '\n')


@pytest.fixture
def add(factory):
    """Adds a run whose images all have an error of so many percent, apart from some by their number."""

    def add(loss, percent, seed=0, **others):
        made = factory.predictions('300w', loss, seed, SIZES, 0.04)
        errors = np.full(40, percent / 100)
        for image, other in others.items():
            errors[int(image[1:]) - 1] = other / 100
        factors = errors * made.inter_ocular / made.distances.mean(axis=1)
        distances = (made.distances * factors[:, None]).astype(np.float32)
        factory.add('300w', loss, seed, sizes=SIZES, predictions=dataclasses.replace(made, distances=distances))

    return add


def test_numbers_without_are_means_over_seeds_of_the_other_images(add, sections):
    add('STAR', 4.0, seed=0, i31=44.0)
    add('STAR', 5.0, seed=1, i32=15.0)
    found = {one.subset: one for one in effects(sections()[0])}
    full, common, challenge = found['full'], found['common'], found['challenge']
    assert full.nme == pytest.approx((5.0 + 5.25) / 2, abs=1e-4)
    assert full.without['wrong'].nme == pytest.approx((4.0 + (5.0 * 38 + 15) / 39) / 2, abs=1e-4)
    assert full.without['trained'].nme == pytest.approx(((4.0 * 37 + 44) / 38 + 5.0) / 2, abs=1e-4)
    assert challenge.without['trained'].nme == pytest.approx(((4.0 * 8 + 44) / 9 + 5.0) / 2, abs=1e-4)
    assert [one.without['trained'].images for one in (full, common, challenge)] == [2, 1, 1]
    assert 'wrong' not in common.without
    assert [common.nme, common.without['trained'].nme] == pytest.approx([4.5, 4.5], abs=1e-4)


def test_subset_of_which_no_image_is_left_has_no_number(add, sections, tmp_path, monkeypatch):
    lines = [f'test,ibug/face_of_40_{image:03d},,swapped,1 2,,,,check,confirmed,seen' for image in range(31, 41)]
    (tmp_path / 'all').mkdir()
    monkeypatch.setattr(errata, 'FOLDER', tmp_path / 'all')
    (tmp_path / 'all' / '300w.csv').write_text(HEAD + '\n'.join(lines) + '\n')
    add('STAR', 4.0)
    found = {one.subset: one.without['wrong'] for one in effects(sections()[0])}
    assert (found['challenge'].images, found['challenge'].nme) == (10, None)
    assert found['full'].nme == pytest.approx(4.0, abs=1e-4)


def test_rows_that_change_places_are_named(add, sections):
    add('smooth-L1', 4.1)
    add('STAR', 4.0, i31=24.0)  # better than smooth-L1 only without the wrong annotation
    moved, compared = exchanges(effects(sections()[0]))
    full = [one for one in moved if one.first.subset == 'full']
    assert [(one.first.row.loss, one.second.row.loss, one.reason) for one in full] == [('smooth-L1', 'STAR', 'wrong')]
    assert {one.first.subset for one in moved} == {'full', 'challenge'}
    assert compared == 5  # wrong: full, challenge; trained: all three


def test_rows_that_read_the_same_either_way_do_not_change_places(add, sections):
    add('smooth-L1', 4.001)
    add('STAR', 4.0, i31=4.1)
    moved, compared = exchanges(effects(sections()[0]))
    assert (moved, compared) == ([], 5)


def test_rows_of_other_test_images_are_not_concerned(factory, sections):
    factory.add('300w', 'STAR', sizes={'full': 41, 'common': 31, 'challenge': 10})
    assert effects(sections()[0]) == []
