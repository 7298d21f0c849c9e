from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from benchmark.errors import BenchmarkError
from benchmark.protocol import test_sets
from benchmark.protocol.benchmarks import BENCHMARKS, get_benchmark
from benchmark.protocol.test_sets import faults, make_list, read_list

SHIPPED = ('300w', 'synthetic-29', 'synthetic-68', 'synthetic-98')


@dataclass
class Result:
    """What a result says of its test images."""

    benchmark: str
    images: list[str]
    subsets: np.ndarray
    inter_ocular: np.ndarray
    inter_pupil: np.ndarray

    def arguments(self):
        names = get_benchmark(self.benchmark).subsets
        return self.benchmark, self.images, names, self.subsets, self.inter_ocular, self.inter_pupil

    def at(self, rows):
        rows = np.asarray(rows)
        names = [self.images[row] for row in rows]
        return Result(self.benchmark, names, self.subsets[rows], self.inter_ocular[rows], self.inter_pupil[rows])

    def with_image(self, row, name):
        return replace(self, images=[*self.images[:row], name, *self.images[row + 1 :]])


def result(benchmark, images, subsets):
    rng = np.random.default_rng(len(images))
    inter_ocular = rng.uniform(20, 900, len(images))
    return Result(benchmark, images, subsets, inter_ocular, inter_ocular * rng.uniform(0.66, 0.76, len(images)))


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """Makes a list the one that ships, of test sets that are smaller than the published ones."""

    def listed(of):
        sizes = dict(zip(get_benchmark(of.benchmark).subsets, of.subsets.sum(axis=0).tolist(), strict=True))
        rules = replace(BENCHMARKS[of.benchmark], subset_sizes=sizes)
        monkeypatch.setitem(BENCHMARKS, of.benchmark, rules)
        monkeypatch.setattr(test_sets, 'FOLDER', tmp_path)
        (tmp_path / f'{of.benchmark}.csv').write_text(make_list(*of.arguments()))
        return of

    return listed


@pytest.fixture
def set_300w(listed):
    names = [f'helen/testset/{number}_1.jpg' for number in range(8)] + ['ibug/image_003_1.jpg', 'ibug/image_004.jpg']
    hard = np.array([name.startswith('ibug') for name in names])
    return listed(result('300w', names, np.stack([np.ones_like(hard), ~hard, hard], axis=1)))


@pytest.fixture
def set_wflw(listed):
    """Ten faces, two of them in one image."""
    names = [f'12--Group/12_Group_{max(number, 1)}.jpg' for number in range(10)]
    subsets = np.random.default_rng(3).random((10, 7)) < 0.4
    subsets[:, 0], subsets[:2, 1] = True, (True, False)
    return listed(result('wflw', names, subsets))


def test_the_test_set_itself_has_no_fault_in_any_order_and_form(set_300w, set_wflw):
    for of in (set_300w, set_wflw):
        rows = np.random.default_rng(0).permutation(10)
        assert faults(*of.arguments()) == faults(*of.at(rows).arguments()) == []
        elsewhere = replace(of, images=[f'/data/{name}' for name in of.images])
        assert faults(*elsewhere.arguments()) == []


def test_what_rounding_changes_is_no_fault(set_300w, set_wflw):
    for of in (set_300w, set_wflw):
        single = replace(
            of, inter_ocular=of.inter_ocular.astype(np.float32), inter_pupil=of.inter_pupil.astype(np.float32)
        )
        assert faults(*single.arguments()) == []
    for sign in (-1, 1):
        moved = replace(set_wflw, inter_ocular=set_wflw.inter_ocular + sign * 0.004)
        assert faults(*moved.arguments()) == []


def texts(of):
    return [fault.text for fault in faults(*of.arguments())]


def test_a_name_that_is_not_in_the_set_is_found_and_the_image_that_it_stands_for(set_300w):
    other = set_300w.with_image(4, 'helen/testset/99_1.jpg').with_image(6, 'someface.jpg')
    assert texts(other) == [
        '2 of 10 images of the published test set are missing (first: helen/testset/4_1)',
        '2 of 10 images are not in the published test set, by their names (first: helen/testset/99_1.jpg)',
    ]


def test_missing_images_are_found(set_300w, set_wflw):
    assert texts(set_300w.at([0, 1, 2, 4, 5, 6, 7, 9])) == [
        '2 of 10 images of the published test set are missing (first: helen/testset/3_1)'
    ]
    assert texts(set_wflw.at(range(1, 10))) == [
        '1 of 10 images of the published test set are missing (first: 12--group/12_Group_1)'
    ]


def test_repeated_images_are_found(set_300w, set_wflw):
    for of in (set_300w, set_wflw):
        assert texts(of.at([*range(10), 1])) == [
            f'1 of 11 images are there more often than in the published test set (first: {of.images[1]})'
        ]


def test_images_in_other_subsets_are_found(set_300w, set_wflw):
    moved = replace(set_300w, subsets=np.roll(set_300w.subsets, 1, axis=0))
    assert texts(moved) == ['2 of 10 images are in other subsets than published (first: helen/testset/0_1.jpg)']
    exchanged = replace(set_wflw, subsets=set_wflw.subsets[[1, 0, *range(2, 10)]])
    assert texts(exchanged) == ['2 of 10 images are in other subsets than published (first: 12--Group/12_Group_1.jpg)']


@pytest.mark.parametrize('normalizer', ['inter_ocular', 'inter_pupil'])
def test_distances_of_another_image_are_found(set_300w, set_wflw, normalizer):
    for of in (set_300w, set_wflw):
        distances = getattr(of, normalizer).copy()
        distances[[5, 7]] = distances[[7, 5]]
        assert texts(replace(of, **{normalizer: distances})) == [
            f'2 of 10 images have other normalizing distances than published (first: {of.images[5]})'
        ]


def test_distances_of_the_other_face_in_the_image_are_found_to_be_its(set_wflw):
    """Two faces of one image are told apart by their distances, and keep their subsets then."""
    assert faults(*set_wflw.at([1, 0, *range(2, 10)]).arguments()) == []


def test_300w_may_be_of_another_size_and_wflw_may_not(set_300w, set_wflw):
    half, smaller = (
        replace(of, inter_ocular=0.5 * of.inter_ocular, inter_pupil=0.5 * of.inter_pupil) for of in (set_300w, set_wflw)
    )
    assert faults(*half.arguments()) == []
    assert texts(smaller) == [
        f'10 of 10 images have other normalizing distances than published (first: {set_wflw.images[0]})'
    ]


def test_a_list_is_made_of_a_whole_test_set_only(set_300w):
    with pytest.raises(BenchmarkError, match='300w: 9 test images are in subset full, published 10'):
        make_list(*set_300w.at(range(9)).arguments())
    with pytest.raises(BenchmarkError, match=r'300w: face\.jpg is no name of a test image'):
        make_list(*set_300w.with_image(3, 'face.jpg').arguments())


def test_where_no_list_ships_nothing_is_said():
    assert read_list('wflw') is None
    assert faults(*result('wflw', ['a.jpg'], np.ones((1, 7), dtype=bool)).arguments()) == []


@pytest.mark.parametrize('benchmark', SHIPPED)
def test_shipped_lists_are_whole_and_sorted(benchmark):
    listed = read_list(benchmark)
    assert list(listed) == sorted(listed)
    assert len(listed) == len({face.image for face in listed}) == (689 if benchmark == '300w' else 400)
    for face in listed:
        assert set(face.subsets) < set(get_benchmark(benchmark).subsets)
        assert len(face.distances) == 8


def test_the_list_of_300w_has_the_published_subsets():
    sizes = [sum(name in face.subsets for face in read_list('300w')) for name in ('common', 'challenge')]
    assert sizes == [554, 135]


def test_two_thousand_five_hundred_images_are_compared_quickly(listed):
    """A digest or two for each image that is right, and at most eleven for one that is wrong."""
    names = [f'12--Group/12_Group_{number}.jpg' for number in range(2500)]
    of = listed(result('wflw', names, np.ones((2500, 7), dtype=bool)))
    wrong = replace(of, inter_ocular=of.inter_ocular + 1)
    calls = []
    digest = test_sets._digest
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_sets, '_digest', lambda *arguments: calls.append(1) or digest(*arguments))
        assert faults(*of.arguments()) == []
        assert len(calls) == 2500
        assert len(faults(*wrong.arguments())) == 1
    assert len(calls) <= 2500 * 11
