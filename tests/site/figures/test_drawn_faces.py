from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from benchmark.site.figures import Face, faces

SVG, LINK = '{http://www.w3.org/2000/svg}', '{http://www.w3.org/1999/xlink}href'


@pytest.fixture
def case(layouts, shape):
    layout = layouts['wflw']
    return layout, shape(layout), np.random.default_rng(0).uniform(0, 12, 98)


def test_circle_around_each_landmark_is_as_large_as_its_distance_to_the_truth(read, case, fit_similarity):
    layout, points, distances = case
    drawn = read(faces('f', 't', [Face('one', points, distances)], layout))
    circles = drawn.places('face-0-circles', 'circle', 'cx', 'cy', 'r')
    factor, _ = fit_similarity(points, circles[:, :2])
    np.testing.assert_allclose(circles[:, 2], factor * distances, atol=0.01)


def test_every_landmark_has_a_dot_also_those_on_no_contour(read, case):
    layout, points, distances = case
    drawn = read(faces('f', 't', [Face('one', points, distances)], layout))
    dots = np.array([line[0] for line in drawn.lines('face-0-landmarks')])
    np.testing.assert_allclose(dots, drawn.places('face-0-circles', 'circle', 'cx', 'cy'), atol=0.02)
    assert 'stroke-linecap: round' in drawn.style('face-0-landmarks')


def test_dots_are_in_the_png_too(read, case):
    layout, points, distances = case
    figure = faces('f', 't', [Face('one', points, 0 * distances)], layout)
    pixels = np.asarray(Image.open(io.BytesIO(figure.png())).convert('RGB')).astype(int)
    for x, y in read(figure).places('face-0-circles', 'circle', 'cx', 'cy')[[96, 97]]:
        around = pixels[int(y * 300 / 72) - 2 : int(y * 300 / 72) + 3, int(x * 300 / 72) - 2 : int(x * 300 / 72) + 3]
        assert (np.abs(around - [0, 0x72, 0xB2]).max(axis=2) < 40).mean() > 0.5


def test_contours_and_the_second_prediction_are_drawn_in_the_same_place(read, case, fit_similarity):
    layout, points, distances = case
    other = np.add(points, (5.0, -7.0))
    drawn = read(faces('f', 't', [Face('one', points, distances, other)], layout, other_label='smooth-L1'))
    factor, offset = fit_similarity(points, drawn.places('face-0-circles', 'circle', 'cx', 'cy'))
    for curve, ours, theirs in zip(
        layout.curves, drawn.lines('face-0-contours'), drawn.lines('face-0-other'), strict=True
    ):
        indices, count = list(curve.indices), len(curve.indices)
        np.testing.assert_allclose(ours[:count], factor * points[indices] + offset, atol=0.05)
        np.testing.assert_allclose(theirs[:count], factor * other[indices] + offset, atol=0.05)
    assert 'dasharray' in drawn.style('face-0-other') and 'dasharray' not in drawn.style('face-0-contours')
    assert 'smooth-L1' in drawn.texts()


@pytest.mark.parametrize(('count', 'columns', 'expected'), [(1, 4, 1), (5, 4, 4), (8, 4, 4), (4, 2, 2)])
def test_faces_stand_in_a_grid_without_touching(read, case, count, columns, expected):
    layout, points, distances = case
    drawn = read(faces('f', 't', [Face(f'caption {i}', points, distances) for i in range(count)], layout, columns))
    circles = [drawn.places(f'face-{i}-circles', 'circle', 'cx', 'cy', 'r') for i in range(count)]
    low = np.array([(found[:, :2] - found[:, 2:]).min(axis=0) for found in circles])
    high = np.array([(found[:, :2] + found[:, 2:]).max(axis=0) for found in circles])
    width, height = (float(value) for value in drawn.root.get('viewBox').split()[2:])
    assert (low > 0).all() and (high < [width, height]).all()
    assert len(np.unique(low[:, 0].round())) == expected
    for i in range(count):
        for j in range(i):
            assert (high[j] < low[i]).any() or (high[i] < low[j]).any()
    assert [text for text in drawn.texts() if text.startswith('caption')] == [f'caption {i}' for i in range(count)]


def test_long_caption_breaks_at_a_folder_and_keeps_its_number_whole(read, case):
    layout, points, distances = case
    face = Face('helen/testset/3139620200_1.jpg: 12.3 %', points, distances)
    texts = read(faces('f', 't', [face] * 4, layout)).texts()
    assert texts.count('helen/testset/') == texts.count('12.3 %') == 4


def test_photograph_lies_behind_where_its_pixels_are(read, case, fit_similarity):
    layout, points, distances = case
    image = np.zeros((60, 40, 3), dtype=np.uint8)
    image[:30] = 200
    face = Face('one', points, distances, image=image, origin=(5.0, 15.0), size=(240.0, 360.0))
    drawn = read(faces('f', 't', [face], layout))
    factor, offset = fit_similarity(points, drawn.places('face-0-circles', 'circle', 'cx', 'cy'))
    (picture,) = drawn.root.iter(f'{SVG}image')
    left, top, width, height = (float(picture.get(name)) for name in ('x', 'y', 'width', 'height'))
    np.testing.assert_allclose([left, top], factor * np.array([5.0, 15.0]) + offset, atol=0.05)
    np.testing.assert_allclose([width, height], factor * np.array([240.0, 360.0]), atol=0.05)
    kind, data = picture.get(LINK).split(';base64,')
    assert kind == 'data:image/jpeg'
    decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert decoded.shape == image.shape
    assert decoded[:28].min() > 180 and decoded[32:].max() < 20


def test_photograph_is_in_the_png_at_the_same_place(case):
    layout, points, distances = case
    image = np.full((50, 50, 3), [10, 200, 60], dtype=np.uint8)
    face = Face('one', points, 0 * distances, image=image, origin=(10.0, 20.0), size=(200.0, 180.0))
    figure = faces('f', 't', [face], layout)
    pixels = np.asarray(Image.open(io.BytesIO(figure.png())).convert('RGB')).astype(int)
    green = np.abs(pixels - [10, 200, 60]).max(axis=2) < 12
    rows, columns = np.flatnonzero(green.any(axis=1)), np.flatnonzero(green.any(axis=0))
    x, y, width, height = (
        float(value)
        for value in figure.svg.split('<image ')[1].split('preserve')[0].replace('"', ' ').split()
        if value[0].isdigit()
    )
    box = np.array([x, y, x + width, y + height]) * 300 / 72
    np.testing.assert_allclose([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], box, atol=2)


def test_large_photograph_is_stored_no_larger_than_print_shows(read, case):
    layout, points, distances = case
    image = np.random.default_rng(0).integers(0, 255, (900, 900, 3), dtype=np.uint8)
    face = Face('one', points, distances, image=image, size=(220.0, 220.0))
    (picture, *_) = read(faces('f', 't', [face] * 4, layout)).root.iter(f'{SVG}image')
    decoded = Image.open(io.BytesIO(base64.b64decode(picture.get(LINK).split(',')[1])))
    assert decoded.width <= 3 * float(picture.get('width')) + 1


def test_crop_without_a_size_has_that_of_its_pixels(case):
    _, points, distances = case
    image = np.zeros((30, 50, 3), dtype=np.uint8)
    assert Face('one', points, distances, image=image).crop_size == (50, 30)


def test_figure_without_a_face_is_refused(case):
    with pytest.raises(ValueError, match='no face'):
        faces('f', 't', [], case[0])


def test_face_of_another_layout_is_named(case):
    layout, points, distances = case
    with pytest.raises(ValueError, match=r'f: a\.jpg: distances: 97 landmarks, expected 98'):
        faces('f', 't', [Face('a.jpg', points, distances[1:])], layout)
