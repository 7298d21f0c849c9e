from __future__ import annotations

import hashlib

import numpy as np
import pytest

from benchmark.protocol.benchmarks import BENCHMARKS, get_benchmark
from benchmark.protocol.published_sets import PUBLISHED_SHA256, difference, is_published, names_sha256

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


def test_names_of_300w_count_without_folder_suffix_and_blanks():
    subsets = np.array([[True, True, False], [True, True, False], [True, False, True]])
    of = [('full', 'common', 'challenge'), subsets]
    plain = names_sha256('300w', ['lfpw/testset/image_0001.png', 'helen/testset/1_1.jpg', 'ibug/image_092_01.jpg'], *of)
    lines = ['helen/testset/1_1/common/full', 'ibug/image_092_01/challenge/full', 'lfpw/testset/image_0001/common/full']
    assert plain == hashlib.sha256('\n'.join(lines).encode()).hexdigest()
    for same in (
        ['300W/LFPW/testset/image_0001.jpg', 'helen/testset/1_1.jpeg', 'ibug-0a1b/ibug/image_092 _01.jpg'],
        ['lfpw/testset/image_0001.JPG', '/a/b/helen/testset/1_1.jpg', 'ibug/image_092_01.png'],
    ):
        assert names_sha256('300w', same, *of) == plain
    for other in ('lfpw/trainset/image_0001.png', 'image_0001.png', 'lfpw/testset/image_0001'):
        assert names_sha256('300w', [other, 'helen/testset/1_1.jpg', 'ibug/image_092_01.jpg'], *of) is None
    exchanged = np.roll(subsets, 1, axis=0)
    names = ['lfpw/testset/image_0001.png', 'helen/testset/1_1.jpg', 'ibug/image_092_01.jpg']
    assert names_sha256('300w', names, of[0], exchanged) != plain


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
    assert PUBLISHED_SHA256.keys() <= {name for name, benchmark in BENCHMARKS.items() if not benchmark.synthetic}


def test_names_and_memberships_are_of_the_same_images_and_subsets():
    for names, subset_names in ((COFW_NAMES[:-1], ('full',)), (COFW_NAMES, ('full', 'common')), (COFW_NAMES, ())):
        with pytest.raises(ValueError, match='zip'):
            names_sha256('cofw', names, subset_names, FULL)
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
