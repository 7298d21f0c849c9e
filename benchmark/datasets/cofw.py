"""COFW in its original form (Burgos-Artizzu et al., ICCV 2013): two .mat files with the photographs inside.

The photographs are taken out as image files, without loss, into the prepared folder. In this package's other formats a
face is named by its file, here by its number in the .mat file, counted from 1 as MATLAB does.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from benchmark.datasets.annotations import Face, check_face
from benchmark.datasets.cofw_mat import CofwMat, open_mat
from benchmark.datasets.lossless import encode_png
from benchmark.datasets.manifest import SPLITS
from benchmark.datasets.originals import Distribution, Source, wanted_parts
from benchmark.datasets.reading import FoundFace, Reading, boxes_disagree
from benchmark.datasets.source import check_images
from benchmark.errors import BenchmarkError
from benchmark.processes import available_cores
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.layouts import LAYOUTS

LAYOUT = LAYOUTS['cofw']
IMAGES_AT_ONCE = 64  # decoded at a time, each about a megabyte


def _file_name(split: str) -> str:
    return f'COFW_{split}_color.mat'


FILES = tuple(_file_name(split) for split in SPLITS)


def _place(parts: tuple[str, ...]) -> str | None:
    wanted = wanted_parts(parts)
    names = {name.lower(): name for name in FILES}
    return None if wanted is None else names.get(wanted[-1].lower())


DISTRIBUTION = Distribution(
    benchmark='cofw',
    content=f'{" and ".join(FILES)}, the folder that holds them, or COFW_color.zip',
    names=tuple(name.lower() for name in FILES),
    archives=('cofw_color', 'cofw'),
    place=_place,
    files=('.mat',),
)


def read_cofw(source: Source) -> Reading:
    """Read and check both files of COFW, and take their photographs out.

    Args:
        source: holds COFW_train_color.mat and COFW_test_color.mat, in any case.

    Raises:
        BenchmarkError: it holds neither, or one of them twice, or the photographs cannot be written.
    """
    reading = Reading()
    rules = get_benchmark('cofw')
    published = {'train': rules.train_size, 'test': rules.subset_sizes['full']}
    located = {split: source.locate(_file_name(split).lower()) for split in SPLITS}
    if not any(located.values()):
        raise BenchmarkError(f'cofw: found neither {" nor ".join(FILES)} (give {DISTRIBUTION.content})')
    for split, paths in located.items():
        if len(paths) > 1:
            raise BenchmarkError(f'cofw: {paths[0]} and {paths[1]} are the same part of COFW (give one of them)')
        name = _file_name(split)
        if not paths:
            absent = f'{name} is absent, published {published[split]} faces ({published[split]} missing)'
            reading.shortfalls.append(absent)
            continue
        try:
            with open_mat(paths[0], split) as mat:
                reading.expect(name, len(mat), published[split], 'faces')
                _read_faces(source, paths[0], split, mat, reading)
        except ValueError as error:
            reading.unusable[f'{name}: {error}'] = 'get it from the authors again'
            reading.expect(name, 0, published[split], 'usable faces')
    return reading


def _read_faces(source: Source, path: Path, split: str, mat: CofwMat, reading: Reading) -> None:
    folder = source.unpack(path, partial(_write_images, mat))
    source.roots.append(folder)
    images = [folder / _image_name(index) for index in range(len(mat))]
    shared = Counter(_address(mat, index) for index in range(len(mat)))
    keypoints, boxes = [], []
    for index, (image, checked) in enumerate(zip(images, check_images(images), strict=True)):
        name = f'{_file_name(split)}: face {index + 1}'
        try:
            if checked.problem is not None:
                mat.image(index)  # says why it could not be taken out
                raise ValueError(f'{image}: {checked.problem}')
            if shared[_address(mat, index)] > 1:
                raise ValueError('its photograph is that of another face too')
            face = Face('', *checked.size, mat.keypoints(index), occluded=mat.occluded(index))
            box = mat.box(index)
            check_face(face, LAYOUT)
        except ValueError as error:
            reading.unusable[f'{name}: {error}'] = 'get the file from the authors again'
            continue
        reading.found.append(FoundFace(split, name, image, checked.digest, face))
        keypoints.append(face.keypoints)
        boxes.append(box)
    if keypoints and boxes_disagree(keypoints, boxes):
        reading.wrong.append(
            f'{_file_name(split)}: most landmarks do not lie in the box of their face, so rows or columns are mixed up '
            '(get it from the authors again)'
        )


def _address(mat: CofwMat, index: int) -> int | None:
    try:
        return mat.image_address(index)
    except ValueError:
        return None


def _write_images(mat: CofwMat, folder: Path) -> None:
    with ThreadPoolExecutor(available_cores()) as pool:
        for start in range(0, len(mat), IMAGES_AT_ONCE):
            images = {}
            for index in range(start, min(start + IMAGES_AT_ONCE, len(mat))):
                with suppress(ValueError):  # reported where the faces are read
                    images[index] = mat.image(index)
            for index, content in zip(images, pool.map(encode_png, images.values()), strict=True):
                (folder / _image_name(index)).write_bytes(content)


def _image_name(index: int) -> str:
    return f'{index + 1:04d}.png'
