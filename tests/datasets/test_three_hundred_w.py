from __future__ import annotations

import os
import random
import shutil
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from benchmark.datasets.originals import Source
from benchmark.datasets.preparation import prepare_original
from benchmark.datasets.prepared import find_prepared, open_prepared
from benchmark.datasets.pts import parse_pts
from benchmark.datasets.source import SourceError
from benchmark.datasets.three_hundred_w import PARTS, read_300w
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark

REAL_SAMPLE = 'b0d071832ebf1e12b6c3368be3e76c8881c88024242698c5df9a509b9d7cc71f'
FOLDERS = [part.folder for part in PARTS]


@pytest.fixture
def pts():
    """The text of a .pts file; another seed gives another face."""

    def make(seed=0, count=68):
        points = np.random.default_rng(seed).uniform(1, 90, (count, 2))
        return '\n'.join(['version: 1', f'n_points: {count}', '{', *(f'{x:.4f} {y:.4f}' for x, y in points), '}', ''])

    return make


@pytest.fixture
def source(tmp_path, pts):
    """Two faces in each folder of 300W."""
    for number, name in enumerate(FOLDERS):
        folder = tmp_path / 'source' / name
        folder.mkdir(parents=True)
        for index in range(2):
            pixels = np.random.default_rng([number, index]).integers(0, 255, (60, 80, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f'face {index}.{"png" if "lfpw" in name else "jpg"}')
            (folder / f'face {index}.pts').write_text(pts(10 * number + index))
    return tmp_path / 'source'


@pytest.fixture
def complete(tmp_path, pts):
    """300W with all 3837 images, which are links to a single one, but have landmarks of their own."""
    (tmp_path / 'one.jpg').touch()
    Image.new('RGB', (80, 60)).save(tmp_path / 'one.jpg')
    text = pts()
    first = text.split()[5]
    for number, part in enumerate(PARTS):
        folder = tmp_path / 'complete' / part.folder
        folder.mkdir(parents=True)
        for index in range(part.published):
            os.link(tmp_path / 'one.jpg', folder / f'{index}.jpg')
            (folder / f'{index}.pts').write_text(text.replace(first, f'{first}{number}{index:04}', 1))
    return tmp_path / 'complete'


def prepare_300w(source, data_root, allow_incomplete=False):
    return prepare_original('300w', [source], data_root, allow_incomplete)


def read(source):
    return read_300w(Source([source]))


def _subsets(faces):
    return Counter(face.subsets for face in faces)


def test_published_counts_are_those_of_the_benchmark():
    rules = get_benchmark('300w')
    assert sum(part.published for part in PARTS if part.split == 'train') == rules.train_size == 3148
    for subset in ('common', 'challenge'):
        assert sum(part.published for part in PARTS if subset in part.subsets) == rules.subset_sizes[subset]


def test_complete_300w_is_complete(complete, data_root):
    manifest, reading = prepare_300w(complete, data_root)
    assert manifest.complete
    assert (manifest.missing_images, manifest.missing, reading.missing) == (0, (), ())
    assert (manifest.train_images, manifest.test_images) == (3148, 689)
    assert manifest.subset_images == {'full': 689, 'common': 554, 'challenge': 135}


def test_one_image_too_many_is_refused_also_with_allow_incomplete(small, data_root):
    folder, _ = small.write('300w')
    for suffix in ('jpg', 'pts'):
        (folder / 'afw' / f'face 0.{suffix}').rename(folder / 'ibug' / f'one more.{suffix}')
    with pytest.raises(SourceError) as caught:
        prepare_300w(folder, data_root, allow_incomplete=True)
    assert caught.value.problems == ('ibug has 3 images, published 2 (remove the others)',)
    assert not data_root.exists()


def test_folders_decide_split_and_subset(source, data_root):
    manifest, _ = prepare_300w(source, data_root, allow_incomplete=True)
    prepared = open_prepared(data_root, '300w')
    assert [face.image.rpartition('/')[0] for face in prepared.train] == [
        folder for folder in ('afw', 'lfpw/trainset', 'helen/trainset') for _ in range(2)
    ]
    assert _subsets(prepared.train) == {(): 6}
    assert _subsets(prepared.test) == {('common',): 4, ('challenge',): 2}
    assert manifest.missing_images == 3837 - 12
    assert 'helen/trainset has 2 images, published 2000 (1998 missing)' in manifest.missing
    assert len(manifest.missing) == 6
    assert not manifest.complete


def test_coordinates_are_zero_based_and_kept_outside_the_image(source, data_root, pts):
    path = source / 'ibug' / 'face 0.pts'
    lines = pts().splitlines()
    lines[3:5] = ['-20.5 1.0', '81.0 400.25']
    path.write_text('\n'.join(lines))
    prepare_300w(source, data_root, allow_incomplete=True)
    face = next(face for face in open_prepared(data_root, '300w').test if face.image == 'ibug/face 0.jpg')
    np.testing.assert_array_equal(face.keypoints[:2], [[-21.5, 0.0], [80.0, 399.25]])
    np.testing.assert_array_equal(face.keypoints, parse_pts(path.read_bytes(), 68))
    assert (face.width, face.height) == (80, 60)


def test_case_of_folders_and_suffixes_does_not_matter(source, data_root):
    fingerprint = prepare_300w(source, data_root, allow_incomplete=True)[0].fingerprint
    for path in sorted(source.rglob('*.*')):
        path.rename(path.with_suffix(path.suffix.upper().replace('JPG', 'JPEG')))
    (source / 'helen').rename(source / 'HELEN')
    (source / 'HELEN' / 'trainset').rename(source / 'HELEN' / 'Trainset')
    manifest, _ = prepare_300w(source, data_root, allow_incomplete=True)
    assert manifest.fingerprint == fingerprint
    assert open_prepared(data_root, '300w').train[-1].image == 'HELEN/Trainset/face 1.JPEG'


def test_mirrored_copies_are_ignored_and_counted(source, data_root):
    fingerprint = prepare_300w(source, data_root, allow_incomplete=True)[0].fingerprint
    for suffix in ('jpg', 'pts'):
        shutil.copy(source / 'afw' / f'face 0.{suffix}', source / 'afw' / f'face 0_mirror.{suffix}')
    manifest, reading = prepare_300w(source, data_root, allow_incomplete=True)
    assert reading.notes == ['ignored 1 mirrored copies (*_mirror) in afw']
    assert manifest.fingerprint == fingerprint


def test_mirror_in_the_name_of_an_image_of_its_own_is_no_copy(source):
    for suffix in ('jpg', 'pts'):
        (source / 'ibug' / f'face 0.{suffix}').rename(source / 'ibug' / f'odd_mirror.{suffix}')
    reading = read(source)
    assert not reading.notes
    assert [found.name for found in reading.found[-2:]] == ['ibug/face 1.jpg', 'ibug/odd_mirror.jpg']


def test_other_files_are_ignored(source):
    for name in ('.DS_Store', '._face 0.jpg', 'Thumbs.db', 'bounding_boxes.mat', 'readme.txt'):
        (source / 'afw' / name).write_bytes(b'x')
    (source / 'afw' / 'folder.jpg').mkdir()
    assert not read(source).unusable
    assert len(read(source).found) == 12


def _cut_image(source):
    path = source / 'afw' / 'face 0.jpg'
    path.write_bytes(path.read_bytes()[:-40])


def _cut_png(source):
    path = source / 'lfpw' / 'testset' / 'face 1.png'
    path.write_bytes(path.read_bytes()[:-300])


def _flip_png_bits(source):
    path = source / 'lfpw' / 'testset' / 'face 1.png'
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


def _edit(old, new):
    def edit(source):
        path = source / 'afw' / 'face 0.pts'
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return edit


def _sixty_seven(source):
    path = source / 'afw' / 'face 0.pts'
    lines = path.read_text().splitlines()
    path.write_text('\n'.join(lines[:20] + lines[21:]))


def _first_number(text):
    def edit(source):
        path = source / 'afw' / 'face 0.pts'
        lines = path.read_text().splitlines()
        lines[3] = f'{text} 10.0'
        path.write_text('\n'.join(lines))

    return edit


BAD_FILES = {
    'image-without-pts': (
        lambda source: (source / 'afw/face 0.pts').unlink(),
        'afw/face 0.jpg: no .pts file beside it',
    ),
    'pts-without-image': (lambda source: (source / 'afw/face 0.jpg').unlink(), 'afw/face 0.pts: no image beside it'),
    '67-points': (_sixty_seven, 'afw/face 0.pts: 67 points, expected 68'),
    'text': (_first_number('left'), "afw/face 0.pts: line 4: 'left' is not a number"),
    'nan': (_first_number('NaN'), "afw/face 0.pts: line 4: 'NaN' is not a finite number"),
    'inf': (_first_number('-inf'), "afw/face 0.pts: line 4: '-inf' is not a finite number"),
    'lost-decimal-point': (_first_number('978210'), 'afw/face 0.pts: a landmark lies more than 10 image sides outside'),
    'no-brace': (_edit('}', ''), "afw/face 0.pts: no '}' at the end, the file is cut short"),
    'empty-pts': (lambda source: (source / 'afw/face 0.pts').write_text(''), 'afw/face 0.pts: the file is empty'),
    'binary-pts': (
        lambda source: (source / 'afw/face 0.pts').write_bytes(random.Random(0).randbytes(900)),
        'afw/face 0.pts: not a text file',
    ),
    'cut-jpeg': (_cut_image, 'afw/face 0.jpg: damaged image: image file is truncated'),
    'cut-png': (_cut_png, 'lfpw/testset/face 1.png: damaged image:'),
    'flipped-png': (_flip_png_bits, 'lfpw/testset/face 1.png: damaged image:'),
    'empty-image': (
        lambda source: (source / 'afw/face 0.jpg').write_bytes(b''),
        'afw/face 0.jpg: the image file is empty',
    ),
    'text-image': (
        lambda source: (source / 'afw/face 0.jpg').write_text('<html>not found</html>'),
        'afw/face 0.jpg: not a JPEG or PNG image',
    ),
}


@pytest.mark.parametrize('case', BAD_FILES)
def test_bad_file_is_named_and_refused(source, data_root, case):
    damage, message = BAD_FILES[case]
    damage(source)
    with pytest.raises(SourceError) as caught:
        prepare_300w(source, data_root)
    (found,) = [problem for problem in caught.value.problems if problem.startswith(message)]
    assert found.endswith('or leave it out with --allow-incomplete)')
    assert found.isprintable()
    assert not data_root.exists()


@pytest.mark.parametrize('case', BAD_FILES)
def test_bad_file_is_left_out_and_counted_with_allow_incomplete(source, data_root, case):
    damage, message = BAD_FILES[case]
    damage(source)
    manifest, reading = prepare_300w(source, data_root, allow_incomplete=True)
    assert manifest.train_images + manifest.test_images == 11
    assert manifest.missing_images == 3837 - 11
    assert [sentence for sentence in manifest.missing if sentence.startswith(message)]
    assert len(reading.unusable) == 1


def test_refusal_leaves_earlier_data_untouched(source, data_root):
    manifest, _ = prepare_300w(source, data_root, allow_incomplete=True)
    _cut_image(source)
    with pytest.raises(SourceError):
        prepare_300w(source, data_root)
    assert find_prepared(data_root, '300w') == manifest


@pytest.mark.parametrize(
    ('first', 'second'),
    [('face 0.jpg', 'face 0.png'), ('face 0.jpg', 'face 0.JPG'), ('face 0.PTS', 'face 0.pts')],
)
def test_two_files_for_one_face_are_refused_also_with_allow_incomplete(source, data_root, first, second):
    existing = source / 'afw' / (first if (source / 'afw' / first).exists() else second)
    shutil.copy(existing, source / 'afw' / (second if existing.name == first else first))
    with pytest.raises(SourceError) as caught:
        prepare_300w(source, data_root, allow_incomplete=True)
    named = sorted((first, second))
    assert caught.value.problems == (f'afw/{named[0]} and {named[1]} are two files for one face (remove one)',)


def test_two_spellings_of_one_folder_are_refused(source, data_root):
    (source / 'Helen').mkdir()
    with pytest.raises(SourceError) as caught:
        prepare_300w(source, data_root, allow_incomplete=True)
    assert caught.value.problems == ('Helen and helen are the same folder of 300W (merge them)',)


@pytest.mark.parametrize('name', ['line\nbreak', os.fsdecode(b'latin\xe9')])
def test_unprintable_name_is_refused_in_one_line(source, data_root, name):
    shutil.copy(source / 'afw' / 'face 0.jpg', source / 'afw' / f'{name}.jpg')
    with pytest.raises(SourceError) as caught:
        prepare_300w(source, data_root, allow_incomplete=True)
    (problem,) = caught.value.problems
    assert problem.isprintable()
    assert 'unprintable characters in a name' in problem


def test_absent_folder_is_named(source, data_root):
    shutil.rmtree(source / 'helen' / 'trainset')
    shutil.rmtree(source / 'ibug')
    with pytest.raises(SourceError) as caught:
        prepare_300w(source, data_root)
    assert 'helen/trainset is absent, published 2000 images (2000 missing)' in caught.value.problems
    assert 'ibug is absent, published 135 images (135 missing)' in caught.value.problems
    assert str(caught.value).startswith(f'300w: nothing was written: 6 problems in {source} (')
    manifest, _ = prepare_300w(source, data_root, allow_incomplete=True)
    assert manifest.subset_images == {'full': 4, 'common': 4, 'challenge': 0}


def test_wrong_source_is_one_line(tmp_path, source, data_root):
    for wrong in (tmp_path, tmp_path / 'nowhere', source / 'afw' / 'face 0.jpg'):
        with pytest.raises(BenchmarkError) as caught:
            prepare_300w(wrong, data_root, allow_incomplete=True)
        assert str(caught.value).startswith('300w: ')
        assert str(caught.value).endswith('(give the folder that holds afw, helen, lfpw and ibug, or their archives)')


def test_source_without_any_usable_face_is_refused(tmp_path, data_root):
    (tmp_path / 'source' / 'afw').mkdir(parents=True)
    with pytest.raises(BenchmarkError, match='300w: there is no face to prepare'):
        prepare_300w(tmp_path / 'source', data_root, allow_incomplete=True)
    assert not data_root.exists()


@pytest.mark.parametrize('seed', range(40))
def test_cut_image_is_never_accepted(source, seed):
    rng = random.Random(seed)
    path = source / rng.choice(['afw/face 0.jpg', 'lfpw/trainset/face 0.png'])
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content) - 1)])
    reading = read(source)
    assert [what.partition(':')[0] for what in reading.unusable] == [path.relative_to(source).as_posix()]


def test_real_sample(shared, data_root):
    source = shared / 'data' / '300w'
    manifest, reading = prepare_300w(source, data_root, allow_incomplete=True)
    assert manifest.fingerprint == REAL_SAMPLE
    assert (manifest.train_images, manifest.test_images, manifest.missing_images) == (2012, 689, 1136)
    assert manifest.subset_images == {'full': 689, 'common': 554, 'challenge': 135}
    assert not manifest.complete
    assert manifest.missing == (
        'lfpw/trainset has 805 images, published 811 (6 missing)',
        'helen/trainset has 870 images, published 2000 (1130 missing)',
    )
    assert not reading.unusable
    prepared = open_prepared(data_root, '300w')
    assert prepared.image_path(prepared.test[0]).is_relative_to(source.resolve())
