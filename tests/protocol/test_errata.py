from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter

import numpy as np
import pytest

from benchmark.datasets.check.findings import COPIES, LANDMARKS
from benchmark.protocol import errata, test_sets
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.errata import LOOKED_THROUGH, concerned, read_errata
from benchmark.protocol.image_names import canonical_name

SUFFIX = {'300w': '.png', 'wflw': '.jpg'}
HEAD = 'split,image,face,kind,landmarks,twin_split,twin_image,twin_face,found,verdict,remark\n'


@pytest.fixture(params=LOOKED_THROUGH)
def benchmark(request):
    return get_benchmark(request.param)


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Makes lines the list that ships for a benchmark."""
    monkeypatch.setattr(errata, 'FOLDER', tmp_path)

    def write(name, *lines):
        (tmp_path / f'{name}.csv').write_text(HEAD + ''.join(f'{line}\n' for line in lines))

    return write


def digest(name, *whole):
    return hashlib.sha256(' '.join((name, *map(str, whole))).encode()).hexdigest()[:8]


def test_every_line_says_what_is_wrong_as_the_check_of_prepared_data_would(benchmark):
    found = read_errata(benchmark.name)
    assert len(found) > 20
    for one in found:
        assert one.kind in (LANDMARKS if one.landmarks else COPIES)
        assert set(one.landmarks) <= set(range(benchmark.layout.num_landmarks))
        assert list(one.landmarks) == sorted(set(one.landmarks))
        assert (one.twin is None) == (one.kind in errata.WRONG)
        assert one.found in errata.WAYS and one.verdict in errata.VERDICTS
        assert one.remark or (one.twin and one.confirmed)
    assert max(Counter((one.place, one.kind) for one in found).values()) == 1


def test_copies_are_of_the_splits_that_their_kind_says(benchmark):
    for one in read_errata(benchmark.name):
        if one.twin:
            assert one.place != one.twin
            across = one.kind == 'train-test-duplicate'
            assert (one.place.split, one.twin.split) == (('test', 'train') if across else (one.place.split,) * 2)
            assert (one.kind == 'repeated-annotation') == (one.place.image == one.twin.image)


def test_test_faces_are_known_by_the_names_of_test_images(benchmark):
    places = [place for one in read_errata(benchmark.name) for place in (one.place, one.twin) if place]
    for place in places:
        as_test_image = canonical_name(benchmark.name, place.image + SUFFIX[benchmark.name])
        if place.split == 'test':
            assert as_test_image == place.image
        elif benchmark.name == '300w':
            assert as_test_image is None
    if benchmark.name == '300w':
        listed = {face.image for face in test_sets.read_list('300w')}
        assert {place.image for place in places if place.split == 'test'} <= listed


def test_faces_that_share_images_are_told_apart():
    places = [place for one in read_errata('wflw') for place in (one.place, one.twin) if place]
    assert all(len(place.face) == 8 if place.split == 'test' else 1 <= int(place.face) <= 7500 for place in places)


def test_lists_hold_no_coordinate(benchmark):
    lines = list(csv.DictReader((errata.FOLDER / f'{benchmark.name}.csv').read_text().splitlines()))
    assert ','.join(lines[0]) + '\n' == HEAD
    assert not [value for line in lines for value in line.values() if re.search(r'\d\.\d', value)]


def test_no_more_faces_were_looked_through_than_there_are(benchmark):
    looked = LOOKED_THROUGH[benchmark.name]
    assert looked.train <= benchmark.train_size and looked.test <= benchmark.subset_sizes['full']


def test_only_confirmed_mistakes_of_test_faces_are_left_out(write):
    write(
        '300w',
        'test,ibug/a,,swapped,1 2,,,,check,confirmed,seen',
        'test,ibug/b,,swapped,1 2,,,,check,undecided,hidden',
        'test,ibug/c,,train-test-duplicate,,train,afw/x,,check,confirmed,',
        'test,ibug/d,,duplicate,,test,ibug/a,,check,confirmed,',
        'train,ibug/e,,swapped,1 2,,,,check,confirmed,seen',
    )
    names = [f'/data/ibug/{letter}.jpg' for letter in 'edcbaf']
    found = concerned('300w', names, np.full(6, 50.0), np.full(6, 40.0))
    assert found.wrong.tolist() == [False, False, False, False, True, False]
    assert found.trained.tolist() == [False, False, True, False, False, False]


def test_of_the_faces_of_an_image_only_the_one_with_the_distances_is_left_out(write):
    name = '12--group/12_Group_7'
    write('wflw', f'test,{name},{digest(name, 5012, 3507)},swapped,1 2,,,,check,confirmed,seen')
    names = ['WFLW_images/12--Group/12_Group_7.jpg'] * 3 + ['12--Group/12_Group_8.jpg']
    inter_ocular = np.float32([50.12, 50.125, 50.2, 50.12])  # the second is rounded to the next hundredth
    found = concerned('wflw', names, inter_ocular, np.float32([35.07] * 4))
    assert found.wrong.tolist() == [True, True, False, False]
    assert not found.trained.any()


def test_without_a_list_nothing_is_left_out(write):
    assert read_errata('cofw') == ()
    assert not np.any(concerned('cofw', ['0001.png'], [50.0], [40.0]))
