from __future__ import annotations

import hashlib

import numpy as np
import pytest

from benchmark.datasets.annotations import Face
from benchmark.datasets.box_files import read_boxes
from benchmark.errors import BenchmarkError
from benchmark.protocol.face_boxes import OFFICIAL_TABLE, WFLW_RECTANGLES

COUNTS = {'cofw': 29, '300w': 68, 'wflw': 98}
NAMES = {
    'cofw': ['0001.png', '0002.png', '0003.png'],
    '300w': ['ibug/image_003_1.jpg', 'lfpw/testset/image_0001.png', 'helen/testset/30427236_1.jpg'],
    # Two faces of one image.
    'wflw': ['9--Press/9_Press_1.jpg', '9--Press/9_Press_1.jpg', '12--Group/12_Group_2.jpg'],
}
HEADER = ['image_path', 'landmarks_5pts', 'landmarks_98pts', 'scale', 'center_w', 'center_h']


def make_faces(benchmark: str) -> list[Face]:
    rng = np.random.default_rng(len(benchmark))
    points = rng.uniform(20, 180, (3, COUNTS[benchmark], 2))
    return [Face(name, 200, 200, one) for name, one in zip(NAMES[benchmark], points, strict=True)]


def make_box(face: Face) -> np.ndarray:
    """Centre and side of a box that is not quite that of the landmarks."""
    low, high = face.keypoints.min(axis=0), face.keypoints.max(axis=0)
    return np.array([*((low + high) / 2 + 2.5), 1.25 * (high - low).max()])


def make_row(face: Face, image: str = '', points: np.ndarray | None = None) -> list[str]:
    x, y, side = make_box(face).tolist()
    lists = [','.join(map(repr, one.ravel().tolist())) for one in (face.keypoints[:5], face.keypoints)]
    if points is not None:
        lists[1] = ','.join(map(repr, points.ravel().tolist()))
    return [image or face.image, *lists, repr(side / 200), repr(x), repr(y)]


@pytest.fixture
def read(tmp_path):
    """Writes rows as a table and reads the boxes of the faces of a benchmark from it."""

    def read(benchmark: str, rows: list[list[str]], faces: list[Face] | None = None):
        path = tmp_path / 'test.tsv'
        path.write_text('\n'.join('\t'.join(row) for row in rows) + '\n')
        return read_boxes(path, benchmark, make_faces(benchmark) if faces is None else faces)

    return read


@pytest.mark.parametrize('benchmark', COUNTS)
def test_table_gives_each_face_its_own_crop_whatever_the_order(read, benchmark):
    faces = make_faces(benchmark)
    found = read(benchmark, [HEADER, *(make_row(face) for face in reversed(faces))])
    assert found.kind == OFFICIAL_TABLE
    np.testing.assert_allclose(found.values, [make_box(face) for face in faces], rtol=1e-14)
    assert found.sha256 == hashlib.sha256(found.path.read_bytes()).hexdigest()
    assert found.identity == f'official table {found.sha256}'


def _with_column(rows: list[list[str]], place: int, header: str, words: list[str]) -> list[list[str]]:
    return [[*row[:place], word, *row[place:]] for row, word in zip(rows, [header, *words], strict=True)]


FORMS = {
    'without a header': lambda rows: rows[1:],
    'header of other names': lambda rows: [[str(index) for index, _ in enumerate(rows[0])], *rows[1:]],
    'tags at the end': lambda rows: _with_column(rows, 6, 'tags', ['0,1,0', '1,1,0', '0,0,0']),
    'text between': lambda rows: _with_column(rows, 3, 'name', ['a,b', '1,2', 'c,d']),
    'a number between': lambda rows: _with_column(rows, 3, 'pose', ['1', '2', '3']),
    'without five points': lambda rows: [[row[0], *row[2:]] for row in rows],
    'lists in brackets': lambda rows: [rows[0], *([r[0], f'[{r[1]}]', f'[{r[2]}]', *r[3:]] for r in rows[1:])],
}


@pytest.mark.parametrize('form', FORMS)
def test_columns_are_found_by_their_names_or_by_what_they_hold(read, form):
    faces = make_faces('300w')
    found = read('300w', FORMS[form]([HEADER, *map(make_row, faces)]))
    np.testing.assert_allclose(found.values, [make_box(face) for face in faces], rtol=1e-14)


def test_faces_of_one_image_are_told_apart_by_their_points_under_any_folder(read):
    faces = make_faces('wflw')
    rows = [make_row(face, f'\\\\host\\data\\rawImages\\{face.image}', face.keypoints + 0.5) for face in faces]
    found = read('wflw', [rows[1], rows[0], rows[2]])
    np.testing.assert_allclose(found.values, [make_box(face) for face in faces], rtol=1e-14)


def test_faces_of_images_without_names_are_found_by_their_points(read):
    faces = make_faces('cofw')
    found = read(
        'cofw', [make_row(face, f'test/img_{i}.jpg', face.keypoints + 1) for i, face in enumerate(faces)][::-1]
    )
    np.testing.assert_allclose(found.values, [make_box(face) for face in faces], rtol=1e-14)


def test_lines_of_other_faces_are_passed_over(read):
    faces = make_faces('300w')
    found = read('300w', list(map(make_row, faces)), faces[:1])
    np.testing.assert_allclose(found.values, [make_box(faces[0])], rtol=1e-14)


def test_faces_without_a_box_are_counted_and_named(read):
    faces = make_faces('wflw')
    with pytest.raises(BenchmarkError) as caught:
        read('wflw', [make_row(faces[1]), make_row(faces[2], points=faces[0].keypoints)])
    text = str(caught.value)
    assert 'test.tsv: 2 of 3 test faces have no box in it: 9--Press/9_Press_1.jpg, 12--Group/12_Group_2.jpg' in text
    assert 'of 2 the image is there, with other points' in text and '\n' not in text


def test_two_boxes_of_one_face_are_refused(read):
    faces = make_faces('300w')
    with pytest.raises(BenchmarkError, match='lines 1 and 4 are of the same face, ibug/image_003_1'):
        read('300w', [*map(make_row, faces), make_row(faces[0])])


FAULTS = {
    'no points': (lambda row: [row[0], row[1], '1,2', *row[3:]], 'no column of 68 points'),
    'columns lacking': (lambda row: row[:5], 'columns, without scale, center_w, center_h behind the points'),
    'no number': (lambda row: [*row[:3], 'wide', *row[4:]], "'wide' is not a number"),
    'not finite': (lambda row: [*row[:4], 'nan', row[5]], "'nan' is not a finite number"),
    'no size': (lambda row: [*row[:3], '0', *row[4:]], 'are no box around its points'),
    'exchanged': (lambda row: [*row[:3], row[4], row[3], row[5]], 'are no box around its points'),
    'elsewhere': (lambda row: [*row[:4], '900', row[5]], 'are no box around its points'),
}


@pytest.mark.parametrize('fault', FAULTS)
@pytest.mark.parametrize('header', [[], [HEADER]])
def test_line_that_does_not_fit_is_named(read, fault, header):
    change, message = FAULTS[fault]
    rows = list(map(make_row, make_faces('300w')))
    with pytest.raises(BenchmarkError) as caught:
        read('300w', [*header, rows[0], change(rows[1]), rows[2]])
    assert f'test.tsv: line {2 + len(header)}: ' in str(caught.value)
    assert message in str(caught.value) and '\n' not in str(caught.value)


@pytest.fixture
def wflw_list(tmp_path):
    path = tmp_path / 'list_98pt_rect_attr_test.txt'
    lines = []
    for index, face in enumerate(make_faces('wflw')):
        numbers = map(repr, face.keypoints.ravel().tolist())
        lines.append(' '.join([*numbers, str(10 + index), '20', '150', '190', *'000000', face.image]))
    path.write_text('\n'.join(lines))
    return path


def test_list_of_wflw_gives_its_rectangles(wflw_list):
    found = read_boxes(wflw_list, 'wflw', make_faces('wflw')[::-1])
    assert found.kind == WFLW_RECTANGLES
    np.testing.assert_array_equal(found.values, [[12, 20, 150, 190], [11, 20, 150, 190], [10, 20, 150, 190]])


def test_line_of_a_list_that_does_not_fit_is_named(wflw_list):
    lines = wflw_list.read_text().splitlines()
    wflw_list.write_text('\n'.join([lines[0], lines[1].removesuffix('.jpg').replace('150', '5'), lines[2]]))
    with pytest.raises(BenchmarkError, match='line 2: the box 11 20 5 190 has no area'):
        read_boxes(wflw_list, 'wflw', make_faces('wflw'))


def test_rectangles_of_wflw_are_of_no_other_benchmark(wflw_list):
    with pytest.raises(BenchmarkError, match='line 1: no tab in it'):
        read_boxes(wflw_list, '300w', make_faces('300w'))


@pytest.mark.parametrize(('content', 'message'), [(b'', 'the file is empty'), (b'\0\xff', 'not a text file')])
def test_file_that_is_no_table_is_refused_in_one_line(tmp_path, content, message):
    path = tmp_path / 'boxes'
    path.write_bytes(content)
    with pytest.raises(BenchmarkError, match=f'boxes: {message}'):
        read_boxes(path, 'wflw', make_faces('wflw'))
    with pytest.raises(BenchmarkError, match='absent: cannot read the face boxes: No such file'):
        read_boxes(tmp_path / 'absent', 'wflw', make_faces('wflw'))


def test_header_alone_is_no_table(read):
    with pytest.raises(BenchmarkError, match='no face in it'):
        read('300w', [HEADER])
