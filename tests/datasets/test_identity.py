from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from benchmark.datasets.annotations import Face
from benchmark.datasets.drawing import Drawing
from benchmark.datasets.identity import identify
from benchmark.errors import BenchmarkError

DRAWING = Drawing(seed=0)


@pytest.fixture
def splits():
    """Two training faces and a test face, whose coordinates lie in the middle between two roundings' boundaries."""
    rng = np.random.default_rng(0)

    def face(name):
        ambiguity = rng.integers(0, 9000, (29, 2, 2)) / 1000
        return Face(
            f'{name}.png',
            80,
            60,
            rng.integers(0, 60000, (29, 2)) / 1000,
            ('common',),
            np.zeros(29, dtype=bool),
            ambiguity + ambiguity.transpose(0, 2, 1),
        )

    return {'train': [face('a'), face('b')], 'test': [face('c')]}


@pytest.fixture
def identity(tmp_path, splits):
    """Identify the faces, with some attributes of the test face changed."""
    rng = np.random.default_rng(1)
    for name in 'abc':
        Image.fromarray(rng.integers(0, 255, (60, 80, 3), dtype=np.uint8)).save(tmp_path / f'{name}.png')

    def identity(drawing=None, benchmark='synthetic-29', **changes):
        test = [replace(splits['test'][0], **changes)]
        return identify(benchmark, {**splits, 'test': test}, tmp_path, drawing)

    return identity


@pytest.mark.parametrize('name', ['keypoints', 'ambiguity'])
def test_drawn_faces_are_the_same_within_what_rounding_moves(identity, splits, name):
    annotation = getattr(splits['test'][0], name)
    near, far = annotation + 4e-4, annotation + 6e-4
    assert identity(DRAWING, **{name: near}) == identity(DRAWING)
    assert identity(DRAWING, **{name: far}).fingerprint != identity(DRAWING).fingerprint
    assert identity(**{name: annotation + 1e-12}).fingerprint != identity().fingerprint


def test_drawn_faces_are_not_told_by_their_pixels_and_photographs_are(identity, tmp_path):
    drawn, photographed = identity(DRAWING), identity()
    assert drawn.pixels == photographed.pixels
    with Image.open(tmp_path / 'c.png') as image:
        image.putpixel((3, 4), (1, 2, 3))
        image.save(tmp_path / 'c.png')
    assert identity(DRAWING).fingerprint == drawn.fingerprint
    assert identity(DRAWING).pixels != drawn.pixels
    assert identity().fingerprint != photographed.fingerprint


def test_whether_landmarks_are_occluded_does_not_tell_drawn_faces_but_photographs(identity):
    occluded = np.ones(29, dtype=bool)
    assert identity(DRAWING, occluded=occluded) == identity(DRAWING)
    assert identity(occluded=occluded).fingerprint != identity().fingerprint


def test_drawn_faces_are_told_by_benchmark_seed_generator_sizes_and_subsets(identity, splits):
    first = identity(DRAWING).fingerprint
    others = {
        identity(DRAWING, benchmark='synthetic-68').fingerprint,
        identity(Drawing(seed=1)).fingerprint,
        identity(Drawing(seed=0, generator=1)).fingerprint,
        identity(DRAWING, subsets=('challenge',)).fingerprint,
        identity().fingerprint,
    }
    splits['train'].pop()
    assert len({first, identity(DRAWING).fingerprint} | others) == 7


def test_photographs_are_the_same_however_their_files_were_packed(identity, tmp_path):
    before, content = identity(), (tmp_path / 'c.png').read_bytes()
    with Image.open(tmp_path / 'c.png') as image:
        image.save(tmp_path / 'c.png', compress_level=0)
    assert (tmp_path / 'c.png').read_bytes() != content
    assert identity() == before


def test_pixels_are_those_of_all_images_in_their_order(identity, splits):
    before = identity().pixels
    splits['train'].reverse()
    assert identity().pixels != before


def test_an_image_that_cannot_be_read_is_named(identity, tmp_path):
    (tmp_path / 'b.png').write_bytes(b'')
    with pytest.raises(BenchmarkError, match=r'b\.png: the image file is empty'):
        identity(DRAWING)
