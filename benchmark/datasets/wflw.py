"""WFLW in its original layout (Wu et al., CVPR 2018): a folder of images and two lists of faces.

A line of a list holds 98 landmarks (x and y, counted from 0), a box (x_min y_min x_max y_max), six flags, and the path
of the image. The flags make test subsets of the test list; a training face keeps them as what is known of it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.annotation_text import numbered_lines, parse_number, shortened
from benchmark.datasets.annotations import Face, check_face
from benchmark.datasets.manifest import SPLITS
from benchmark.datasets.originals import Distribution, Source, wanted_parts
from benchmark.datasets.reading import FoundFace, Reading, boxes_disagree
from benchmark.datasets.source import CheckedImage, check_images, read_bytes
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.layouts import LAYOUTS

LAYOUT = LAYOUTS['wflw']
COORDINATES = 2 * LAYOUT.num_landmarks
FLAGS = ('pose', 'expression', 'illumination', 'make-up', 'occlusion', 'blur')
COLUMNS = COORDINATES + 4 + len(FLAGS) + 1
IMAGES = 'wflw_images'
LISTS = 'list_98pt_rect_attr_train_test'


def _list_name(split: str) -> str:
    return f'list_98pt_rect_attr_{split}.txt'


def _place(parts: tuple[str, ...]) -> str | None:
    wanted = wanted_parts(parts)
    if wanted is None:
        return None
    if IMAGES in wanted[:-1]:
        # The last one: an archive of this name prefixes the folder of this name that it holds.
        start = len(wanted) - 1 - wanted[-2::-1].index(IMAGES)
        return '/'.join((IMAGES, *parts[start:]))
    if wanted[-2:] in {(LISTS, _list_name(split)) for split in SPLITS}:
        return f'wflw_annotations/{LISTS}/{wanted[-1]}'
    return None


DISTRIBUTION = Distribution(
    benchmark='wflw',
    content='the folder that holds WFLW_images and WFLW_annotations, or their archives',
    names=('wflw_images', 'wflw_annotations'),
    archives=('wflw_images', 'wflw_annotations', 'wflw'),
    place=_place,
)


@dataclass(frozen=True, eq=False)
class Line:
    """A line of a list.

    Attributes:
        name: list and number of the line, for messages.
        keypoints: (98, 2) float64, pixels, counted from 0.
        box: (4,) float64, left, top, right, bottom, pixels.
        subsets: names of the flags that are set.
        image: path of the image relative to WFLW_images.
    """

    name: str
    keypoints: NDArray[np.float64]
    box: NDArray[np.float64]
    subsets: tuple[str, ...]
    image: str


def parse_line(name: str, line: str) -> Line:
    """Read one line of a list.

    Raises:
        ValueError: another number of columns, a coordinate that is no number, a flag that is neither 0 nor 1, a box
            without area, or an image path that leads out of the folder; one line of text without ``name``.
    """
    words = line.split()
    if len(words) != COLUMNS:
        raise ValueError(f'{len(words)} columns, expected {COLUMNS}')
    numbers = np.array([parse_number(word) for word in words[: COORDINATES + 4]], dtype=np.float64)
    box = numbers[COORDINATES:]
    if (box[2:] <= box[:2]).any():
        raise ValueError(f'the box {shortened(" ".join(words[COORDINATES : COORDINATES + 4]), 80)} has no area')
    flags = words[COORDINATES + 4 : -1]
    if not set(flags) <= {'0', '1'}:
        raise ValueError(f'the flags {shortened(" ".join(flags), 40)} are not all 0 or 1')
    image = words[-1]
    parts = image.split('/')
    if '\\' in image or not all(parts) or {'.', '..'} & set(parts):
        raise ValueError(f'{shortened(image, 80)} is not the path of an image in WFLW_images')
    subsets = tuple(flag for flag, value in zip(FLAGS, flags, strict=True) if value == '1')
    return Line(name, numbers[:COORDINATES].reshape(-1, 2), box, subsets, image)


def read_wflw(source: Source) -> Reading:
    """Read and check both lists of WFLW and every image that they name.

    Args:
        source: holds WFLW_images and WFLW_annotations, in any case.

    Raises:
        BenchmarkError: it does not hold images and at least one list, or holds one of them twice.
    """
    reading = Reading()
    lists = {split: _only(source, f'wflw_annotations/{LISTS}/{_list_name(split)}') for split in SPLITS}
    images = _only(source, IMAGES)
    if images is None or not os.path.isdir(images):
        raise BenchmarkError(f'wflw: found no folder WFLW_images (give {DISTRIBUTION.content})')
    if not any(lists.values()):
        raise BenchmarkError(f'wflw: found no {LISTS}/{_list_name("test")} (give {DISTRIBUTION.content})')
    rules = get_benchmark('wflw')
    published = {'train': rules.train_size, 'test': rules.subset_sizes['full']}
    lines = {}
    for split, path in lists.items():
        if path is None:
            absent = f'{_list_name(split)} is absent, published {published[split]} faces ({published[split]} missing)'
            reading.shortfalls.append(absent)
        else:
            lines[split] = _read_list(path, published[split], reading)
    names = dict.fromkeys(line.image for listed in lines.values() for line in listed)
    checked = dict(zip(names, check_images([images / name for name in names]), strict=True))
    for split, listed in lines.items():
        _add_faces(split, listed, images, checked, reading)
    if 'test' in lines:
        reading.expect_subsets(rules)
    return reading


def _only(source: Source, path: str) -> Path | None:
    found = source.locate(path)
    if len(found) > 1:
        raise BenchmarkError(f'wflw: {found[0]} and {found[1]} are the same part of WFLW (give one of them)')
    return found[0] if found else None


def _read_list(path: Path, published: int, reading: Reading) -> list[Line]:
    try:
        numbered = numbered_lines(read_bytes(path))
    except ValueError as error:
        reading.unusable[f'{path.name}: {error}'] = 'get it from the authors again'
        numbered = []
    reading.expect(path.name, len(numbered), published, 'faces')
    lines = []
    for number, text in numbered:
        name = f'{path.name}: line {number}'
        try:
            lines.append(parse_line(name, text))
        except ValueError as error:
            reading.unusable[f'{name}: {error}'] = 'fix the line'
    return lines


def _add_faces(split: str, lines: list[Line], images: Path, checked: dict[str, CheckedImage], reading: Reading) -> None:
    used = []
    for line in lines:
        image = checked[line.image]
        if image.problem is not None:
            reading.unusable[f'{line.name} ({shortened(line.image, 80)}): {image.problem}'] = 'fix the image'
            continue
        face = Face('', *image.size, line.keypoints, line.subsets)
        try:
            check_face(face, LAYOUT)
        except ValueError as error:
            reading.unusable[f'{line.name}: {error}'] = 'fix the line'
            continue
        name = f'{line.name} ({line.image})'
        reading.found.append(FoundFace(split, name, images / line.image, image.digest, face))
        used.append(line)
    if used and boxes_disagree([line.keypoints for line in used], [line.box for line in used]):
        reading.wrong.append(
            f'{_list_name(split)}: most landmarks do not lie in the box of their line, so columns are mixed up '
            '(get it from the authors again)'
        )
