from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from benchmark.datasets.lossless import encode_png
from benchmark.datasets.source import check_images, image_digest, image_size, pixel_digest


def _file(pixels, kind):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)


@pytest.mark.parametrize('shape', [(20, 30, 3), (20, 30), (1, 1), (1, 1, 3)])
def test_encoded_image_is_the_same_to_the_pixel(shape):
    pixels = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    content = encode_png(pixels)
    with Image.open(io.BytesIO(content)) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
    assert image_size(content) == shape[1::-1]


def test_images_are_hashed_by_their_pixels_however_they_are_packed(pixels):
    digest = pixel_digest(pixels)
    assert image_digest(encode_png(pixels)) == image_digest(_file(pixels, 'PNG')) == digest
    photograph = _file(pixels, 'JPEG')
    with Image.open(io.BytesIO(photograph)) as image:
        assert image_digest(photograph) == pixel_digest(np.asarray(image)) != digest


def test_a_grey_image_is_hashed_as_a_coloured_one_of_the_same_pixels(pixels):
    for kind in ('PNG', 'JPEG'):
        content = _file(pixels[..., 0], kind)
        with Image.open(io.BytesIO(content)) as image:
            grey = np.asarray(image)
        assert image_digest(content) == pixel_digest(np.stack([grey] * 3, axis=-1))


def test_an_orientation_tag_does_not_turn_the_pixels_that_are_hashed(pixels):
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(file, 'PNG', exif=exif)
    assert image_digest(file.getvalue()) == pixel_digest(pixels)


def test_pixel_digest_sees_pixels_and_shape(pixels):
    digests = {pixel_digest(array) for array in (pixels, pixels[::-1], pixels[..., ::-1], pixels.reshape(30, 20, 3))}
    assert len(digests) == 4
    assert pixel_digest(np.asfortranarray(pixels)) == pixel_digest(pixels)


def test_damaged_image_has_no_digest(pixels):
    with pytest.raises(ValueError, match='damaged image'):
        image_digest(encode_png(pixels)[:-40])


def test_images_are_checked_in_their_order(tmp_path):
    paths = []
    for index in range(40):
        paths.append(tmp_path / f'{index}.png')
        if index % 10 != 3:
            paths[-1].write_bytes(_file(np.zeros((index + 1, 5), np.uint8), 'PNG'))
    for index, (path, checked) in enumerate(zip(paths, check_images(paths), strict=True)):
        if index % 10 == 3:
            assert (checked.size, checked.problem) == (None, 'cannot be read: No such file or directory')
        else:
            assert (checked.size, checked.problem) == ((5, index + 1), None)
            assert checked.digest == image_digest(path.read_bytes())
