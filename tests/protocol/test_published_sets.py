from __future__ import annotations

import numpy as np
import pytest

from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.published_sets import difference, is_published
from benchmark.protocol.test_sets import read_list

COFW, WFLW = get_benchmark('cofw'), get_benchmark('wflw')
COFW_NAMES = [f'{number:04d}.png' for number in range(1, 508)]
FULL = np.ones((507, 1), dtype=bool)


def _wflw() -> tuple[list[str], np.ndarray]:
    """2500 made-up names in the form of WFLW's, and subsets of the published sizes."""
    names = [f'WFLW_images/12--Group/12_Group_Large_Group_12_{number}.jpg' for number in range(2500)]
    return names, np.stack([np.arange(2500) < size for size in WFLW.subset_sizes.values()], axis=1)


def test_set_of_cofw_is_known_by_the_numbers_of_its_faces():
    assert is_published(COFW, COFW_NAMES, COFW.subsets, FULL)
    assert is_published(COFW, COFW_NAMES[::-1], COFW.subsets, FULL)
    assert is_published(COFW, [f'cofw_test_color-0123456789ab/{name}' for name in COFW_NAMES], COFW.subsets, FULL)
    assert not is_published(COFW, COFW_NAMES[:-1], COFW.subsets, FULL[:-1])
    for other in (
        '0508.png',
        '0000.png',
        'cofw_train_color-0123456789ab/0507.png',
        'test/0507.png',
        '507.png',
        '0507.png.jpg',
    ):
        assert is_published(COFW, [*COFW_NAMES[:-1], other], COFW.subsets, FULL) is False, other


def test_set_of_wflw_is_known_by_form_and_subset_sizes():
    names, subsets = _wflw()
    assert is_published(WFLW, names, WFLW.subsets, subsets)
    assert is_published(WFLW, [name.removeprefix('WFLW_images/') for name in names], WFLW.subsets, subsets)
    assert not is_published(WFLW, ['12--Group/13_Group_1.jpg', *names[1:]], WFLW.subsets, subsets)
    assert not is_published(WFLW, ['wflw_test_0.jpg', *names[1:]], WFLW.subsets, subsets)
    subsets[-1, 1] = True
    assert not is_published(WFLW, names, WFLW.subsets, subsets)


def _300w() -> tuple[list[str], np.ndarray]:
    """The published names of 300W, and their subsets."""
    rules, listed = get_benchmark('300w'), read_list('300w')
    subsets = [[subset == 'full' or subset in face.subsets for subset in rules.subsets] for face in listed]
    return [f'{face.image}.jpg' for face in listed], np.array(subsets)


def test_set_of_300w_is_known_by_the_listed_names_with_their_subsets():
    rules, (names, subsets) = get_benchmark('300w'), _300w()
    assert is_published(rules, names, rules.subsets, subsets)
    assert is_published(rules, names[::-1], rules.subsets, subsets[::-1])
    assert is_published(rules, [f'300W/{name.replace(".jpg", ".png")}' for name in names], rules.subsets, subsets)
    for other in ('helen/testset/1_1.jpg', 'helen/trainset/1_1.jpg', names[1], names[0].removesuffix('.jpg')):
        assert not is_published(rules, [other, *names[1:]], rules.subsets, subsets), other
    exchanged = subsets.copy()
    pair = [int(np.flatnonzero(subsets[:, column])[0]) for column in (1, 2)]
    exchanged[pair] = subsets[pair[::-1]]
    assert not is_published(rules, names, rules.subsets, exchanged)


def test_published_set_of_300w_is_that_of_the_original_folders(shared):
    rules, source = get_benchmark('300w'), shared / 'data' / '300w'
    images = [
        path for part in ('lfpw/testset', 'helen/testset', 'ibug') for path in sorted((source / part).glob('*.jpg'))
    ]
    names = [path.relative_to(source).as_posix() for path in images]
    hard = np.array([name.startswith('ibug/') for name in names])
    subsets = np.stack([np.ones_like(hard), ~hard, hard], axis=1)
    assert is_published(rules, names, rules.subsets, subsets)
    for index in (0, 300, 688):
        other = [*names[:index], names[index].replace('.jpg', 'x.jpg'), *names[index + 1 :]]
        assert not is_published(rules, other, rules.subsets, subsets)


def test_of_synthetic_faces_nothing_is_published():
    rules = get_benchmark('synthetic-29')
    assert is_published(rules, ['test/00000.png'], rules.subsets, np.ones((1, 1), dtype=bool)) is False
    assert difference(rules, {'full': 1}, False) is None
    listed = [f'{face.image}.png' for face in read_list('synthetic-29')]
    assert is_published(rules, listed, rules.subsets, np.ones((400, 1), dtype=bool)) is False


def test_names_and_memberships_are_of_the_same_images_and_subsets():
    with pytest.raises(ValueError, match='zip'):
        is_published(COFW, COFW_NAMES[:-1], ('full',), FULL)
    with pytest.raises(ValueError, match='zip'):
        is_published(COFW, COFW_NAMES, ('full', 'common'), FULL)


@pytest.mark.parametrize(
    ('counts', 'text'),
    [
        ({'full': 562, 'common': 554, 'challenge': 8}, '562 of 689 test images'),
        ({'full': 690, 'common': 554, 'challenge': 136}, '690 test images, published 689'),
        ({'full': 689, 'common': 553, 'challenge': 136}, '689 test images, 553 of them common, published 554'),
        ({'full': 689, 'common': 555, 'challenge': 134}, '689 test images, 555 of them common, published 554'),
        ({'full': 689, 'common': 554}, '689 test images, 0 of them challenge, published 135'),
        (
            {'full': 689, 'common': 554, 'challenge': 135},
            '689 test images whose names are not those of the published set',
        ),
    ],
)
def test_difference_from_the_published_set_is_said_in_words(counts, text):
    assert difference(get_benchmark('300w'), counts, False) == text
    assert difference(get_benchmark('300w'), counts, True) is None
