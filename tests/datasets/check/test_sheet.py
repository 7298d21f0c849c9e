"""Contact sheets, and what the report says of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmark.datasets.check import tile
from benchmark.datasets.check.check import MOST_DRAWN
from benchmark.datasets.check.images import cut_square, square_around
from benchmark.datasets.check.sheet import CAPTION, COLUMNS, GAP, HEADER, ROWS, corner_of_face
from benchmark.datasets.check.tile import COLOURS, DOT, TILE_SIDE, draw_tile, landmarks_on_tile, place_numbers
from benchmark.errors import BenchmarkError, UsageError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.layouts import LAYOUTS

EACH = COLUMNS * ROWS


def mirror_labels(face):
    return replace(face, keypoints=face.keypoints[list(LAYOUTS['300w'].flip_indices)])


def exchange_eyes(face):
    keypoints = face.keypoints.copy()
    keypoints[[36, 45]] = keypoints[[45, 36]]
    return replace(face, keypoints=keypoints)


def read_list(page):
    """(row, column, split, number, rest of the line) of each line of a page's list."""
    pattern = re.compile(r'row (\d+), column (\d+): (train|test) (\d+): (.*)')
    lines = page.with_suffix('.txt').read_text().splitlines()
    matches = [pattern.fullmatch(line).groups() for line in lines]
    return [(int(row), int(column), split, int(number), rest) for row, column, split, number, rest in matches]


def test_all_faces_are_drawn_in_order_on_numbered_pages(prepared, tmp_path):
    report = prepared().check(sheet=tmp_path / 'new' / 'faces.png', all_faces=True)
    assert report.drawn == report.faces == 22
    assert [page.name for page in report.sheets] == ['faces-1.png', 'faces-2.png', 'faces-3.png']
    listed = [line for page in report.sheets for line in read_list(page)]
    assert [line[2:4] for line in listed] == [('train', i) for i in range(14)] + [('test', i) for i in range(8)]
    places = [(row, column) for row in range(1, ROWS + 1) for column in range(1, COLUMNS + 1)]
    assert [line[:2] for line in listed] == (places * 3)[:22]
    assert report.summary()[-1] == f'300w: all faces are drawn in {report.sheets[0]} to faces-3.png'
    for page, count in zip(report.sheets, (9, 9, 4), strict=True):
        rows = -(-count // COLUMNS)
        size = GAP + COLUMNS * (TILE_SIDE + GAP), HEADER + GAP + rows * (CAPTION + TILE_SIDE + GAP)
        image = Image.open(page)
        assert (image.format, image.size) == ('PNG', size)
        drawn = [place for place in range(rows * COLUMNS) if np.ptp(_tile_at(image, place)) > 0]
        assert drawn == list(range(count))


def test_the_most_suspicious_faces_come_first(prepared, tmp_path, monkeypatch):
    monkeypatch.setattr('benchmark.datasets.check.check.MOST_DRAWN', 5)
    data = prepared()
    face = data.faces()['train'][2]
    (data.images / 'copy.jpg').write_bytes((data.images / face.image).read_bytes())
    data.plant(replace(face, image='copy.jpg'), test_6=exchange_eyes)
    report = data.check(sheet=tmp_path / 'faces.png')
    assert [page.name for page in report.sheets] == ['faces.png']
    listed = read_list(report.sheets[0])
    assert report.drawn == len(listed) == 5
    assert [line[2:4] for line in listed[:2]] == [('test', 6), ('train', 14)]
    assert 'swapped: landmarks 36 and 45' in listed[0][4]
    assert 'duplicate: the same face as train 2' in listed[1][4]
    distances = [float(re.search(r'distance (\S+): nothing found', line[4])[1]) for line in listed[2:]]
    assert distances == sorted(distances, reverse=True)
    assert 'the 5 most suspicious faces' in report.summary()[-1]


def test_a_readable_number_of_faces_is_drawn():
    assert MOST_DRAWN <= 6 * EACH


@pytest.mark.parametrize('benchmark', ['synthetic-29', 'synthetic-68', 'synthetic-98'])
def test_every_landmark_is_drawn_where_it_is(prepared, benchmark):
    data = prepared(benchmark)
    for face in data.faces()['test'][:4]:
        image = np.full((face.height, face.width, 3), 200, np.uint8)
        shown = np.asarray(draw_tile(image, face, get_benchmark(benchmark).layout, set()))
        for k, point in enumerate(points := landmarks_on_tile(face)):
            nearest = np.delete(np.linalg.norm(points - point, axis=1), k).min()
            if nearest > 2 * DOT + 4:  # else another landmark may lie on it
                x, y = np.round(point).astype(int)
                assert tuple(shown[y, x]) in COLOURS.values()


def test_landmarks_are_as_far_from_the_cut_as_in_the_image(prepared):
    face = prepared().faces()['train'][0]
    image = np.zeros((face.height, face.width, 3), np.uint8)
    face = replace(face, keypoints=np.round(face.keypoints))
    for x, y in face.keypoints.astype(int):
        image[y, x] = 255
    square = square_around(face, tile.PADDING)
    cut = cut_square(image, square, TILE_SIDE, cv2.BORDER_CONSTANT)
    for x, y in landmarks_on_tile(face):
        assert cut[round(y), round(x)].min() > 200


def test_landmarks_of_a_finding_stand_out(prepared, tmp_path):
    data = prepared()
    data.plant(test_6=exchange_eyes)
    report = data.check(sheet=tmp_path / 'faces.png')
    shown = _tile_at(Image.open(report.sheets[0]), 0)
    points = landmarks_on_tile(data.faces()['test'][6])
    red = [k for k, (x, y) in enumerate(points) if tuple(shown[round(y), round(x)]) == COLOURS['of a finding']]
    assert red == [36, 45]


def test_mirrored_labels_change_sides_on_the_sheet(prepared, tmp_path):
    data = prepared()
    data.plant(train_0=mirror_labels)
    page = Image.open(data.check(sheet=tmp_path / 'faces.png', all_faces=True).sheets[0])
    for place, expected in ((0, 'left'), (1, 'right')):
        points = landmarks_on_tile(data.faces()['train'][place])
        x, y = points[points[:, 0].argmin()]
        assert tuple(_tile_at(page, place)[round(y), round(x)]) == COLOURS[expected]


def test_face_without_its_image_is_drawn_on_grey(prepared, tmp_path):
    data = prepared()
    face = data.faces()['train'][0]
    (data.images / face.image).unlink()
    report = data.check(sheet=tmp_path / 'faces.png', all_faces=True)
    assert report.drawn == report.faces
    assert 'missing-image: no such file' in read_list(report.sheets[0])[0][4]
    shown = _tile_at(Image.open(report.sheets[0]), 0)
    assert tuple(shown[3, 3]) == (60, 60, 60)
    x, y = landmarks_on_tile(face)[8]
    assert tuple(shown[round(y), round(x)]) == COLOURS['middle']


def test_numbers_cover_neither_landmarks_nor_each_other_where_there_is_room():
    points = np.stack(np.meshgrid(np.arange(60, 560, 60.0), np.arange(60, 560, 60.0)), axis=-1).reshape(-1, 2)
    points += np.random.default_rng(0).uniform(-8, 8, points.shape)
    sizes = np.tile([15.0, 12.0], (len(points), 1))
    centres = place_numbers(points, sizes)
    boxes = [(*(centre - size / 2), *(centre + size / 2)) for centre, size in zip(centres, sizes, strict=True)]
    boxes += [(x - 2, y - 2, x + 2, y + 2) for x, y in points]
    for place, (left, top, right, bottom) in enumerate(boxes[: len(points)]):
        for other in boxes[place + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
    assert (np.abs(centres - points).max(axis=1) < 20).all()


@pytest.mark.parametrize('shift', [(0, 0), (-40, 25), (70, -60)])
@pytest.mark.parametrize('side', [32, 100])
def test_cut_square_continues_the_border(shift, side):
    image = cv2.GaussianBlur(np.random.default_rng(3).normal(128, 300, (120, 90)), (0, 0), 6)
    image = np.clip(image, 0, 255).astype(np.uint8)
    left, top, size = 10 + shift[0], 20 + shift[1], 64
    padded = np.pad(image, 200, mode='edge')
    expected = cv2.resize(
        padded[top + 200 : top + 200 + size, left + 200 : left + 200 + size], (side, side), interpolation=cv2.INTER_AREA
    )
    found = cut_square(image, (left, top, size), side)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < 3


def test_landmark_ten_images_away_costs_no_memory(prepared):
    face = prepared().faces()['train'][0]
    keypoints = face.keypoints * 300
    far = replace(face, width=4000, height=4000, keypoints=keypoints)
    found = cut_square(np.full((4000, 4000), 7, np.uint8), square_around(far, 1.0), 64)
    assert found.shape == (64, 64)
    assert (found == 7).all()


@pytest.mark.parametrize('name', ['faces.jpg', 'faces', 'faces.png.txt'])
def test_sheet_of_another_kind_is_a_usage_error(prepared, tmp_path, name):
    with pytest.raises(UsageError, match=r'a contact sheet is a PNG image') as raised:
        prepared().check(sheet=tmp_path / name)
    assert '\n' not in str(raised.value)
    assert not (tmp_path / name).exists()


def test_all_faces_need_a_sheet(prepared):
    with pytest.raises(UsageError, match='no sheet to draw all faces on'):
        prepared().check(all_faces=True)


def test_sheet_that_cannot_be_written_is_one_line(prepared, tmp_path):
    data = prepared()
    (tmp_path / 'file').write_text('')
    (tmp_path / 'folder.png').mkdir()
    with pytest.raises(BenchmarkError, match=r'file/faces\.png: cannot write the contact sheet: .*choose another'):
        data.check(sheet=tmp_path / 'file' / 'faces.png')
    # 22 faces need three pages, of which the second is in the way.
    (tmp_path / 'faces-2.png').mkdir()
    with pytest.raises(BenchmarkError, match=r'faces-2\.png: cannot write the contact sheet') as raised:
        data.check(sheet=tmp_path / 'faces.png', all_faces=True)
    assert '\n' not in str(raised.value)


def test_nothing_prepared_is_one_line(prepared, tmp_path):
    data = prepared()
    (data.folder / 'manifest.json').unlink()
    with pytest.raises(BenchmarkError, match=r'300w: no prepared data in .*benchmark\.prepare 300w') as raised:
        data.check(sheet=tmp_path / 'faces.png')
    assert '\n' not in str(raised.value)
    assert not list(tmp_path.glob('*.png'))


def test_report_is_the_same_as_json(prepared, tmp_path):
    data = prepared()
    data.plant(test_6=exchange_eyes, train_1=mirror_labels)
    (data.images / 'train/0.jpg').unlink()
    report = data.check(sheet=tmp_path / 'faces.png')
    content = json.loads(report.to_json())
    assert content['damaged'] and report.damaged
    assert content['counts'] == report.counts == {'missing-image': 1, 'mirrored': 1, 'swapped': 1}
    assert [finding['kind'] for finding in content['findings']] == ['missing-image', 'mirrored', 'swapped']
    assert content['findings'][2]['landmarks'] == [36, 45]
    assert content['sheets'] == [str(page) for page in report.sheets]
    assert len(report.lines()) == 3


def _tile_at(page, place):
    left, top = corner_of_face(place)
    return np.asarray(page.crop((left, top, left + TILE_SIDE, top + TILE_SIDE)))
