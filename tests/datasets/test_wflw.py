from __future__ import annotations

import shutil

import numpy as np
import pytest

from benchmark.datasets.preparation import prepare_original
from benchmark.datasets.prepared import open_prepared
from benchmark.datasets.source import SourceError
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import BENCHMARKS

LISTS = 'WFLW_annotations/list_98pt_rect_attr_train_test'
TEST = 'list_98pt_rect_attr_test.txt'
TRAIN = 'list_98pt_rect_attr_train.txt'


def rows(path):
    return [line.split() for line in path.read_text().splitlines()]


def write_rows(path, rows):
    path.write_text('\n'.join(' '.join(row) for row in rows))


@pytest.fixture
def edit(small):
    """WFLW with a changed second line of the test list; returns the folder and the truth."""

    def edit(change):
        folder, truth = small.write('wflw')
        lines = rows(folder / LISTS / TEST)
        lines[1] = change(lines[1])
        write_rows(folder / LISTS / TEST, lines)
        return folder, truth

    return edit


def put(column, word):
    def change(row):
        row[column] = word
        return row

    return change


BAD_LINES = {
    'column-less': (lambda row: row[1:], '206 columns, expected 207'),
    'column-more': (lambda row: ['1.0', *row], '208 columns, expected 207'),
    'no-path': (lambda row: row[:-1], '206 columns, expected 207'),
    'space-in-path': (put(-1, '0--Event/a b.jpg'), '208 columns, expected 207'),
    'text': (put(7, 'left'), "'left' is not a number"),
    'nan': (put(7, 'nan'), "'nan' is not a finite number"),
    'infinite': (put(7, '1e999'), "'1e999' is not a finite number"),
    'underscore': (put(7, '1_0'), "'1_0' is not a number"),
    'flag-2': (put(203, '2'), 'are not all 0 or 1'),
    'flag-text': (put(203, 'yes'), 'are not all 0 or 1'),
    'flag-number': (put(203, '1.0'), 'are not all 0 or 1'),
    'box-reversed': (lambda row: [*row[:196], *row[198:200], *row[196:198], *row[200:]], 'has no area'),
    'box-flat': (lambda row: [*row[:198], row[196], *row[199:]], 'has no area'),
    'box-text': (put(196, 'left'), "'left' is not a number"),
    'path-first': (lambda row: [row[-1], *row[:-1]], "jpg' is not a number"),
    'far': (put(7, '4000'), 'a landmark lies more than 10 image sides outside the image'),
    'absolute-path': (put(-1, '/etc/passwd'), '/etc/passwd is not the path of an image in WFLW_images'),
    'path-out': (put(-1, '../../x.jpg'), '../../x.jpg is not the path of an image'),
    'path-to-itself': (put(-1, './0--Event/test_0.jpg'), 'is not the path of an image'),
    'backslash': (put(-1, '0--Event\\test_0.jpg'), 'is not the path of an image'),
    'absent-image': (put(-1, '0--Event/none.jpg'), 'cannot be read: No such file or directory'),
    'folder': (put(-1, '0--Event'), 'cannot be read: Is a directory'),
}  # fmt: skip


@pytest.mark.parametrize('case', BAD_LINES)
def test_bad_line_is_named_and_left_out_only_where_that_is_allowed(edit, prepare, equals_truth, data_root, case):
    change, message = BAD_LINES[case]
    folder, truth = edit(change)
    with pytest.raises(SourceError) as caught:
        prepare('wflw', folder)
    (problem,) = [problem for problem in caught.value.problems if message in problem]
    assert problem.startswith(f'{TEST}: line 2')
    assert problem.isprintable()
    assert not data_root.exists()
    manifest = prepare('wflw', folder, allow_incomplete=True)
    assert (manifest.complete, manifest.missing_images) == (False, 1)
    assert any(message in sentence for sentence in manifest.missing)
    del truth['test'][1]
    assert equals_truth('wflw', truth)


@pytest.mark.parametrize(('content', 'message'), [(b'', 'the file is empty'), (b'\0\xff' * 99, 'not a text file')])
def test_bad_list_is_named(small, prepare, content, message):
    folder, _ = small.write('wflw')
    (folder / LISTS / TEST).write_bytes(content)
    with pytest.raises(SourceError) as caught:
        prepare('wflw', folder)
    assert f'{TEST} has 0 faces, published 4 (4 missing)' in caught.value.problems
    assert any(problem.startswith(f'{TEST}: {message}') for problem in caught.value.problems)
    assert not prepare('wflw', folder, allow_incomplete=True).complete


COLUMNS = {
    'y-before-x': [column ^ 1 for column in range(196)] + list(range(196, 207)),
    'shifted-by-one': [195, *range(195), *range(196, 207)],
    'box-first': [*range(196, 200), *range(196), *range(200, 207)],
    'all-x-then-all-y': [*range(0, 196, 2), *range(1, 196, 2), *range(196, 207)],
}


@pytest.mark.parametrize('case', COLUMNS)
def test_mixed_up_columns_are_refused_also_with_allow_incomplete(small, prepare, case):
    folder, _ = small.write('wflw')
    lines = rows(folder / LISTS / TEST)
    for index, row in enumerate(lines):
        row[194:196] = [str(float(row[192]) + 3), str(float(row[193]) + 0.5)]  # the pupils are at one height
        # The faces lie apart, and not on the diagonal, as in real photographs.
        row[1:196:2] = [str(float(y) + 40 * (index + 1)) for y in row[1:196:2]]
        row[197], row[199] = (str(int(row[at]) + 40 * (index + 1)) for at in (197, 199))
    write_rows(folder / LISTS / TEST, lines)
    assert prepare('wflw', folder).complete
    write_rows(folder / LISTS / TEST, [[row[column] for column in COLUMNS[case]] for row in lines])
    with pytest.raises(SourceError) as caught:
        prepare('wflw', folder, allow_incomplete=True)
    assert caught.value.problems[0].startswith(f'{TEST}: most landmarks do not lie in the box of their line')


def test_flags_make_test_subsets_and_are_kept_for_training_faces(small, prepare, data_root):
    folder, truth = small.write('wflw')
    manifest = prepare('wflw', folder)
    prepared = open_prepared(data_root, 'wflw')
    assert [face.subsets for face in prepared.train] == [face.subsets for face in truth['train']]
    assert {face.subsets for face in prepared.train} - {()}
    for subset, count in list(manifest.subset_images.items())[1:]:
        assert count == sum(subset in face.subsets for face in prepared.test)


def test_changed_flag_is_no_complete_wflw(edit, prepare):
    def change(row):
        row[200] = '10'[int(row[200])]
        return row

    folder, _ = edit(change)
    with pytest.raises(SourceError) as caught:
        prepare('wflw', folder)
    (problem,) = caught.value.problems
    assert problem.startswith('test subset pose has ')
    assert not prepare('wflw', folder, allow_incomplete=True).complete


def test_one_face_too_many_is_refused_also_with_allow_incomplete(small, prepare):
    folder, _ = small.write('wflw')
    for name, other in ((TEST, TRAIN), (TRAIN, TEST)):
        before = (folder / LISTS / name).read_text()
        with (folder / LISTS / name).open('a') as file:
            file.write((folder / LISTS / other).read_text().splitlines()[0])
        with pytest.raises(SourceError, match='nothing was written') as caught:
            prepare('wflw', folder, allow_incomplete=True)
        count = len(before.splitlines())
        assert f'{name} has {count + 1} faces, published {count} (remove the others)' in caught.value.problems
        (folder / LISTS / name).write_text(before)


def test_exchanged_lists_are_refused(small, prepare):
    folder, _ = small.write('wflw')
    (folder / LISTS / TEST).rename(folder / 'x')
    (folder / LISTS / TRAIN).rename(folder / LISTS / TEST)
    (folder / 'x').rename(folder / LISTS / TRAIN)
    with pytest.raises(SourceError):
        prepare('wflw', folder, allow_incomplete=True)


def test_harmless_variants_give_the_same(small, prepare):
    folder, _ = small.write('wflw')
    path = folder / LISTS / TEST
    text = path.read_text()
    fingerprint = prepare('wflw', folder).fingerprint
    for variant in (text.replace('\n', '\r\n'), text.rstrip(), text.replace(' ', '\t'), '\ufeff' + text, f'\n{text}\n'):
        path.write_bytes(variant.encode())
        assert prepare('wflw', folder).fingerprint == fingerprint


@pytest.mark.parametrize('part', ['WFLW_images', 'WFLW_annotations'])
def test_absent_part_is_one_line(tmp_path, small, prepare, part):
    folder, _ = small.write('wflw')
    shutil.rmtree(folder / part)
    with pytest.raises(BenchmarkError) as caught:
        prepare('wflw', folder, allow_incomplete=True)
    assert str(caught.value).startswith('wflw: found no ')


def test_part_that_is_given_twice_is_refused(tmp_path, small, prepare):
    folder, _ = small.write('wflw')
    shutil.copytree(folder / 'WFLW_annotations', tmp_path / 'copy' / 'WFLW_annotations')
    with pytest.raises(BenchmarkError, match='are the same part of WFLW'):
        prepare('wflw', folder, tmp_path / 'copy')
    assert prepare('wflw', folder, folder / 'WFLW_images').complete


def test_published_sizes_are_checked(shared, prepare, data_root):
    """On 1,038 of the 7500 real training faces, and 206 of the 2500 real test faces."""
    source = shared / 'data' / 'wflw'
    with pytest.raises(SourceError) as caught:
        prepare('wflw', source)
    assert not data_root.exists()
    manifest, reading = prepare_original('wflw', [source], data_root, allow_incomplete=True)
    assert caught.value.problems == manifest.missing
    assert manifest.missing[0] == f'{TRAIN} has 1038 faces, published 7500 (6462 missing)'
    assert manifest.missing[1] == f'{TEST} has 206 faces, published 2500 (2294 missing)'
    assert [sentence.split()[2] for sentence in manifest.missing[2:]] == list(BENCHMARKS['wflw'].subsets[1:])
    prepared = open_prepared(data_root, 'wflw')
    for faces, name in ((prepared.train, TRAIN), (prepared.test, TEST)):
        for face, line in zip(faces, (source / LISTS / name).read_text().splitlines(), strict=True):
            words = line.split()
            assert face.keypoints.ravel().tolist() == [float(word) for word in words[:196]]
            assert face.image == f'WFLW_images/{words[206]}'
            if name == TEST:
                flags = [word == '1' for word in words[200:206]]
                assert face.subsets == tuple(np.array(BENCHMARKS['wflw'].subsets[1:])[flags])
    outside = [line.split(': ', 2)[1].split(' (')[0] for line in reading.outside() if line.startswith(TEST)]
    assert outside == ['line 93', 'line 154', 'line 205']
