"""Landmarks in each format, as real writers make the files, and every kind of bad file."""

from __future__ import annotations

import csv
import json
import os

import numpy as np
import pytest

from benchmark.errors import BenchmarkError
from benchmark.records import load_predictions, save_predictions
from benchmark.records.formats import FORMATS, landmarks, read_landmarks

NAMES = ['lfpw/testset/image_0001.png', 'helen/testset/3 0 1.jpg', 'ibug/12_198.jpg']
POINTS = np.random.default_rng(0).uniform(-5, 300, (3, 68, 2)).round(3)


def rows(with_score=False):
    third = np.full((3, 68, 1), 0.5)
    return (np.concatenate([POINTS, third], axis=-1) if with_score else POINTS).reshape(3, -1).tolist()


def write_csv(path, lines, delimiter=','):
    with path.open('w', newline='') as file:
        csv.writer(file, delimiter=delimiter).writerows(lines)


def head(order='xy', first=0):
    return [f'{axis}{number}' for number in range(first, first + 68) for axis in order]


def wide(path):
    write_csv(path, [['image', *head()], *([name, *row] for name, row in zip(NAMES, rows(), strict=True))])


def wide_in_blocks(path):
    columns = [f'x_{n}' for n in range(1, 69)] + [f'y_{n}' for n in range(1, 69)]
    lines = [[*POINTS[i, :, 0], *POINTS[i, :, 1], name] for i, name in enumerate(NAMES)]
    write_csv(path, [[*columns, 'file_name'], *lines], '\t')


def long(path):
    lines = [[name, k, *POINTS[i, k]] for k in range(68) for i, name in enumerate(NAMES)]
    write_csv(path, [['image', 'landmark', 'x', 'y'], *lines], ';')


def headless(path):
    write_csv(path, [[name, *row] for name, row in zip(NAMES, rows(), strict=True)])


def a_map(path):
    path.write_text(json.dumps(dict(zip(NAMES, POINTS.tolist(), strict=True))))


def a_flat_map(path):
    path.write_text(json.dumps(dict(zip(NAMES, rows(), strict=True))))


def named_results(path):
    results = [{'image': name, 'keypoints': row} for name, row in zip(NAMES, rows(True), strict=True)]
    path.write_text(json.dumps(results))


def coco_file(path):
    images = [{'id': 5 + i, 'file_name': name} for i, name in enumerate(NAMES)]
    found = [{'id': i, 'image_id': 5 + i, 'keypoints': row} for i, row in enumerate(rows(True))]
    path.write_text(json.dumps({'images': images, 'annotations': found, 'categories': []}))


def an_archive(path):
    np.savez(path, predicted=POINTS.astype(np.float32), images=np.array(NAMES))


def an_archive_with_bytes(path):
    np.savez_compressed(path, names=np.array([name.encode() for name in NAMES]), kp=POINTS[:, None])


def a_list(path):
    lines = [' '.join(map(str, [*row, 1, 2, 3, 4, 0, 1, 0, 1, 0, 0, n])) for n, row in zip(NAMES, rows(), strict=True)]
    path.write_text('\n'.join(lines) + '\n\n')


def a_list_names_first(path):
    path.write_text('\n'.join(f'{name} {" ".join(map(str, row))}' for name, row in zip(NAMES, rows(), strict=True)))


NAMED = [
    *((wide, 'csv'), (wide_in_blocks, 'tsv'), (long, 'csv'), (headless, 'csv')),
    *((a_map, 'json'), (a_flat_map, 'json'), (named_results, 'json'), (coco_file, 'json')),
    *((an_archive, 'npz'), (an_archive_with_bytes, 'npz'), (a_list, 'txt'), (a_list_names_first, 'txt')),
]


@pytest.mark.parametrize(('write', 'suffix'), NAMED, ids=lambda one: getattr(one, '__name__', one))
def test_named_landmarks_are_read_as_they_were_written(write, suffix, tmp_path):
    path = tmp_path / f'p.{suffix}'
    write(path)
    found = read_landmarks(path)
    assert found.names == tuple(NAMES) and found.ids is None and found.form
    np.testing.assert_allclose(found.keypoints, POINTS, rtol=1e-6)


def coco_results(path):
    results = [
        {'image_id': i, 'category_id': 1, 'keypoints': row, 'score': 0.9}
        for i, row in zip((3, 1, 2), rows(True), strict=True)
    ]
    path.write_text(json.dumps(results))


def table_with_ids(path):
    write_csv(path, [['image_id', *head()], *([i, *row] for i, row in zip((3, 1, 2), rows(), strict=True))])


def headless_with_ids(path):
    write_csv(path, [[i, *row] for i, row in zip((3, 1, 2), rows(), strict=True)])


def archive_with_ids(path):
    np.savez(path, keypoints=POINTS, ids=np.array([3, 1, 2]))


@pytest.mark.parametrize(
    ('write', 'suffix'),
    [(coco_results, 'json'), (table_with_ids, 'csv'), (headless_with_ids, 'csv'), (archive_with_ids, 'npz')],
    ids=lambda one: getattr(one, '__name__', one),
)
def test_ids_are_read_as_they_were_written(write, suffix, tmp_path):
    write(tmp_path / f'p.{suffix}')
    found = read_landmarks(tmp_path / f'p.{suffix}')
    assert found.ids.tolist() == [3, 1, 2] and found.names is None
    np.testing.assert_allclose(found.keypoints, POINTS)


@pytest.mark.parametrize(
    'array', [POINTS, POINTS.reshape(3, -1), POINTS[:, None].astype(np.float32), np.asfortranarray(POINTS)]
)
def test_array_alone_has_neither_names_nor_ids(array, tmp_path):
    np.save(tmp_path / 'p.npy', array)
    found = read_landmarks(tmp_path / 'p.npy')
    assert found.names is None and found.ids is None and found.labels[0] == 'place 0'
    np.testing.assert_allclose(found.keypoints, POINTS, rtol=1e-6)


def test_predictions_of_a_record_are_read_with_their_names(predictions, tmp_path):
    save_predictions(predictions, tmp_path / 'p.npz')
    found = read_landmarks(tmp_path / 'p.npz')
    assert found.form == 'predictions of a record' and found.names == ('a.png', 'b.png', 'c.png')
    assert np.abs(found.keypoints - predictions.keypoints).max() < 0.1


def test_table_of_foreign_landmarks_has_two_columns_a_landmark(tmp_path):
    wide(tmp_path / 'p.csv')
    table = load_predictions(tmp_path / 'p.csv')
    assert table.index.name == 'image' and table.index.tolist() == NAMES
    assert list(table.columns[:3]) == ['x0', 'y0', 'x1'] and table.shape == (3, 136)
    np.testing.assert_array_equal(table.to_numpy().reshape(3, 68, 2), POINTS)
    archive_with_ids(tmp_path / 'p.npz')
    assert load_predictions(tmp_path / 'p.npz').index.tolist() == [3, 1, 2]
    np.save(tmp_path / 'p.npy', POINTS)
    assert load_predictions(tmp_path / 'p.npy').index.tolist() == [0, 1, 2]


BAD = {
    'x.dat': (b'', "no format of predictions has the suffix '.dat'"),
    'empty.csv': (b'', 'no lines'),
    'binary.csv': (b'\xff\xfe\x00', 'no text in UTF-8'),
    'ragged.csv': (b'image,x0,y0\na.png,1,2\nb.png,1\n', 'line 3 has 2 cells, the first has 3'),
    'gap.csv': (b'image,x0,y0,x2,y2\na.png,1,2,3,4\n', 'not x0, y0, x1, y1'),
    'twice.csv': (b'image,x0,y0,X0\na.png,1,2,3\n', "two columns for 'X0'"),
    'text.csv': (b'image,x0,y0\na.png,1,no\n', "a.png: 'no' is no number"),
    'hole.csv': (b'image,landmark,x,y\na,0,1,2\na,2,3,4\n', 'a: landmark 1 is missing'),
    'same.csv': (b'image,landmark,x,y\na,0,1,2\na,0,3,4\n', 'a: landmark 0 is there twice'),
    'broken.json': (b'{"a": [[1, 2], ', 'no JSON'),
    'deep.json': (b'[' * 100_000, 'nested too deeply'),
    'number.json': (b'3', 'neither a list of results nor a map'),
    'keys.json': (b'[{"bbox": [1]}]', 'results without "keypoints" (there are: \'bbox\')'),
    'nobody.json': (b'[{"keypoints": [1, 2, 1]}]', 'results without "image_id" or "image"'),
    'lacks.json': (b'[{"image_id": 0, "keypoints": [1, 2, 1]}, {"image_id": 1}]', 'result 1 has no "keypoints"'),
    'id.json': (b'[{"image_id": -1, "keypoints": [1, 2, 1]}]', '"image_id" \'-1\' is no whole number'),
    'uneven.json': (b'{"a": [[1, 2]], "b": [[1, 2], [3, 4]]}', 'b: 2 landmarks, but 1 in the first image, a'),
    'bool.json': (b'{"a": [[1, true]]}', 'a: a coordinate is no number'),
    'null.json': (b'{"a": null}', 'a: no list of landmarks'),
    'unnamed.json': (b'{"images": [{"id": 1}], "annotations": [{"image_id": 1, "keypoints": [1, 2, 1]}]}', 'file_name'),
    'huge.json': (b'{"a": [[1' + b'0' * 400 + b', 2]]}', 'a coordinate is larger than any number'),
    'noname.txt': (b'1 2 3 4\n', 'line 1: not 2 K numbers and the path of an image'),
    'odd.txt': (b'1 2 3 a.jpg\n', 'a.jpg: 3 numbers, which are no landmarks'),
    'uneven.txt': (b'1 2 a.jpg\n1 2 3 4 b.jpg\n', 'b.jpg: 4 numbers, but 2 for the first image'),
    'no.npy': (b'\x93NUMPX', 'no readable .npy file'),
    'no.npz': (b'PK\x03\x04 and nothing', 'no readable .npz file'),
}


@pytest.mark.parametrize('name', BAD)
def test_bad_file_is_one_line_that_names_it(name, tmp_path):
    content, fault = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BenchmarkError) as caught:
        read_landmarks(tmp_path / name)
    text = str(caught.value)
    assert text.startswith(f'{tmp_path / name}: ') and fault in text and '\n' not in text


@pytest.mark.parametrize('suffix', FORMATS)
def test_absent_file_and_folder_are_one_line(suffix, tmp_path):
    with pytest.raises(BenchmarkError, match='No such file'):
        read_landmarks(tmp_path / f'nowhere{suffix}')
    (tmp_path / f'folder{suffix}').mkdir()
    with pytest.raises(BenchmarkError, match='directory'):
        read_landmarks(tmp_path / f'folder{suffix}')


def test_arrays_of_objects_are_not_unpickled(tmp_path):
    np.save(tmp_path / 'p.npy', np.array([{'a': 1}], dtype=object), allow_pickle=True)
    with pytest.raises(BenchmarkError, match='Python objects'):
        read_landmarks(tmp_path / 'p.npy')


def test_array_that_claims_more_than_there_is_takes_no_memory(tmp_path):
    np.save(tmp_path / 'p.npy', POINTS)
    content = (tmp_path / 'p.npy').read_bytes()
    claimed = content.replace(b'(3, 68, 2)', b'(3000000000, 68, 2)'[:19])
    header = int.from_bytes(content[8:10], 'little') + len(claimed) - len(content)
    claimed = claimed[:8] + header.to_bytes(2, 'little') + claimed[10:]
    (tmp_path / 'p.npy').write_bytes(claimed)
    with pytest.raises(BenchmarkError, match='claims to be larger than the file'):
        read_landmarks(tmp_path / 'p.npy')


def test_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr('benchmark.records.formats.numpy_file.MOST_BYTES', 1 << 20)
    np.savez_compressed(tmp_path / 'p.npz', keypoints=np.zeros((1000, 68, 2)))
    with pytest.raises(BenchmarkError, match='unpacks to more than 1 MiB'):
        read_landmarks(tmp_path / 'p.npz')


@pytest.mark.parametrize('suffix', FORMATS)
def test_file_that_is_too_large_or_endless_is_not_read(suffix, tmp_path, monkeypatch):
    (tmp_path / f'p{suffix}').write_bytes(bytes(11))
    for limit in ('MOST_BYTES', 'MOST_TEXT'):
        monkeypatch.setattr(f'benchmark.records.formats.{limit}', 10)
    with pytest.raises(BenchmarkError, match='larger than'):
        read_landmarks(tmp_path / f'p{suffix}')
    os.mkfifo(tmp_path / f'pipe{suffix}')
    with pytest.raises(BenchmarkError, match='a directory or a device, not a file'):
        read_landmarks(tmp_path / f'pipe{suffix}')


@pytest.mark.parametrize(
    ('arrays', 'fault'),
    [
        ({'a': np.zeros((2, 5, 2)), 'b': np.zeros((2, 5, 2))}, "no array called 'keypoints'"),
        ({'keypoints': np.zeros((2, 5, 4))}, r'landmarks of shape \(2, 5, 4\)'),
        ({'keypoints': np.array(['a'])}, 'landmarks of type <U1'),
        ({'keypoints': np.zeros((2, 5, 2)), 'names': np.array(['a'])}, r"'names' has shape \(1,\), expected \(2,\)"),
    ],
)
def test_archive_without_landmarks_says_what_it_has(arrays, fault, tmp_path):
    np.savez(tmp_path / 'p.npz', **arrays)
    with pytest.raises(BenchmarkError, match=fault):
        read_landmarks(tmp_path / 'p.npz')


def test_cut_archive_is_one_line(tmp_path):
    np.savez_compressed(tmp_path / 'p.npz', keypoints=POINTS)
    content = (tmp_path / 'p.npz').read_bytes()
    for end in (len(content) // 2, len(content) - 5):
        (tmp_path / 'p.npz').write_bytes(content[:end])
        with pytest.raises(BenchmarkError, match=r'p\.npz: '):
            read_landmarks(tmp_path / 'p.npz')
    middle = len(content) // 2
    (tmp_path / 'p.npz').write_bytes(content[:middle] + b'\0' * 50 + content[middle + 50 :])
    with pytest.raises(BenchmarkError, match=r'p\.npz: '):
        read_landmarks(tmp_path / 'p.npz')


def test_names_of_digits_are_names_where_a_number_would_lose_something(tmp_path):
    write_csv(tmp_path / 'p.csv', [[f'{i:04d}', *row] for i, row in enumerate(rows())])
    assert read_landmarks(tmp_path / 'p.csv').names == ('0000', '0001', '0002')
    assert landmarks.parse_number('12_198') is None and landmarks.parse_number(' -1.5e3 ') == -1500


@pytest.mark.parametrize(('write', 'suffix'), NAMED, ids=lambda one: getattr(one, '__name__', one))
def test_damage_anywhere_is_read_or_refused_in_one_line(write, suffix, tmp_path):
    path, rng = tmp_path / f'p.{suffix}', np.random.default_rng(0)
    write(path)
    content, refused = path.read_bytes(), 0
    for _ in range(60):
        damaged = bytearray(content)
        place = int(rng.integers(min(len(content), 400)))
        damaged[place : place + int(rng.integers(0, 20))] = bytes(rng.integers(0, 256, rng.integers(0, 4)).tolist())
        path.write_bytes(damaged)
        try:
            read_landmarks(path)
        except BenchmarkError as error:
            refused += 1
            assert '\n' not in str(error)
    assert refused > 20


def test_header_of_an_array_that_is_no_python_is_one_line(tmp_path):
    np.save(tmp_path / 'p.npy', POINTS)
    content = (tmp_path / 'p.npy').read_bytes()
    (tmp_path / 'p.npy').write_bytes(content.replace(b'68, 2), }', b'68, 2,   '))
    with pytest.raises(BenchmarkError, match=r'no readable \.npy file'):
        read_landmarks(tmp_path / 'p.npy')
