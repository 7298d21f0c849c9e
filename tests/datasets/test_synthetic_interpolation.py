from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmark.datasets.synthetic.interpolation import interpolate

ROWS, COLUMNS = 7, 9


def bilinear(picture, columns, rows):
    """By the definition, inside the picture."""
    x, y = np.broadcast_arrays(columns, rows)
    left, top = np.minimum(x.astype(int), COLUMNS - 2), np.minimum(y.astype(int), ROWS - 2)
    across, down = x - left, y - top
    upper = picture[top, left] * (1 - across) + picture[top, left + 1] * across
    lower = picture[top + 1, left] * (1 - across) + picture[top + 1, left + 1] * across
    return upper * (1 - down) + lower * down


@pytest.mark.parametrize('kind', [np.float32, np.float64])
def test_values_at_32nds_of_a_cell_are_exact(kind):
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (ROWS, COLUMNS)).astype(kind)
    columns = rng.integers(0, 32 * (COLUMNS - 1), (40, 50)) / 32
    rows = rng.integers(0, 32 * (ROWS - 1), (40, 50)) / 32
    found = interpolate(picture, columns, rows, cv2.BORDER_REPLICATE)
    assert found.dtype == kind
    np.testing.assert_array_equal(found, bilinear(picture, columns, rows))


def test_other_places_are_moved_to_the_nearest_32nd():
    picture = np.arange(COLUMNS, dtype=np.float64) * np.ones((ROWS, 1))
    places = np.random.default_rng(1).uniform(0, COLUMNS - 1, (10, 10))
    found = interpolate(picture, places, np.ones((10, 10)), cv2.BORDER_REPLICATE)
    np.testing.assert_array_equal(found, np.rint(places * 32) / 32)


def test_columns_and_rows_are_broadcast_and_channels_kept():
    picture = np.random.default_rng(2).integers(0, 9, (ROWS, COLUMNS, 2)).astype(np.float64)
    columns, rows = np.arange(COLUMNS, dtype=np.float64), np.arange(ROWS, dtype=np.float64)[:, None]
    np.testing.assert_array_equal(interpolate(picture, columns, rows, cv2.BORDER_REPLICATE), picture)


def test_beyond_the_picture_is_what_was_asked_for():
    picture = np.full((ROWS, COLUMNS, 2), 4.0)
    columns = np.array([[-100.0, -1.0, -0.5, 0.0, COLUMNS - 0.5, 3000.0]])
    found = interpolate(picture, columns, np.ones((1, 6)), cv2.BORDER_CONSTANT, (-8.0, 2.0))
    assert found[0, :, 0].tolist() == [-8, -8, -2, 4, -2, -8]
    assert found[0, :, 1].tolist() == [2, 2, 3, 4, 3, 2]
    assert (interpolate(picture, columns, np.ones((1, 6)), cv2.BORDER_REPLICATE) == 4).all()
