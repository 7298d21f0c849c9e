"""300W in its original layout: AFW, HELEN, LFPW and IBUG as folders of images with a .pts file beside each.

The split is the usual one (Ren et al., CVPR 2014, section 4): AFW and the training parts of LFPW and HELEN are for
training; the test parts of LFPW and HELEN are the 'common' and IBUG is the 'challenge' subset.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from benchmark.datasets.annotations import Face, check_face
from benchmark.datasets.originals import Distribution, Source, entries, wanted_parts
from benchmark.datasets.pts import parse_pts
from benchmark.datasets.reading import FoundFace, Reading
from benchmark.datasets.source import CheckedImage, check_images, read_bytes
from benchmark.errors import BenchmarkError
from benchmark.protocol.layouts import LAYOUTS

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png')
LAYOUT = LAYOUTS['300w']


@dataclass(frozen=True)
class Part:
    """One folder of the distribution: its path, number of images, split and test subsets."""

    folder: str
    published: int
    split: str
    subsets: tuple[str, ...] = ()


PARTS = (
    Part('afw', 337, 'train'),
    Part('lfpw/trainset', 811, 'train'),
    Part('helen/trainset', 2000, 'train'),
    Part('lfpw/testset', 224, 'test', ('common',)),
    Part('helen/testset', 330, 'test', ('common',)),
    Part('ibug', 135, 'test', ('challenge',)),
)


def _place(parts: tuple[str, ...]) -> str | None:
    wanted = wanted_parts(parts)
    if wanted is None or not wanted[-1].lower().endswith((*IMAGE_SUFFIXES, '.pts')):
        return None
    folders = '/'.join(('', *wanted[:-1]))
    return next((f'{part.folder}/{wanted[-1]}' for part in PARTS if folders.endswith(f'/{part.folder}')), None)


DISTRIBUTION = Distribution(
    benchmark='300w',
    content='the folder that holds afw, helen, lfpw and ibug, or their archives',
    names=('afw', 'helen', 'lfpw', 'ibug'),
    archives=('afw', 'helen', 'lfpw', 'ibug'),
    place=_place,
)


def read_300w(source: Source) -> Reading:
    """Read and check every image and .pts file of 300W.

    Args:
        source: holds afw, helen, lfpw and ibug, in any case.

    Raises:
        BenchmarkError: it holds none of them, or a folder cannot be read.
    """
    reading = Reading()
    pairs: list[tuple[Part, Path, Path]] = []
    folders = {part: _find_folder(source, part.folder, reading) for part in PARTS}
    if not any(folders.values()) and not reading.wrong:
        raise BenchmarkError(f'300w: found none of {", ".join(DISTRIBUTION.names)} (give {DISTRIBUTION.content})')
    for part, folder in folders.items():
        if folder is None:
            absent = f'{part.folder} is absent, published {part.published} images ({part.published} missing)'
            reading.shortfalls.append(absent)
        else:
            pairs += [(part, image, pts) for image, pts in _read_part(source, folder, part, reading)]
    reading.wrong = list(dict.fromkeys(reading.wrong))
    for (part, image, pts), checked in zip(pairs, check_images([image for _, image, _ in pairs]), strict=True):
        try:
            face = _read_face(source, image, pts, checked, part.subsets)
            reading.found.append(FoundFace(part.split, source.name(image), image, checked.digest, face))
        except ValueError as error:
            reading.unusable[str(error)] = 'fix the file'
    return reading


def _find_folder(source: Source, path: str, reading: Reading) -> Path | None:
    names = path.split('/')
    for depth in range(1, len(names) + 1):
        found = [folder for folder in source.locate('/'.join(names[:depth])) if os.path.isdir(folder)]
        if len(found) > 1:
            same = ' and '.join(source.name(folder) for folder in found)
            reading.wrong.append(f'{same} are the same folder of 300W (merge them)')
        if len(found) != 1:
            return None
    return found[0]


def _read_part(source: Source, folder: Path, part: Part, reading: Reading) -> list[tuple[Path, Path]]:
    """Images of a folder with the .pts file beside each."""
    images, landmarks = _files_by_stem(source, folder, reading)
    copies = {stem for stem in images if stem.endswith('_mirror') and stem.removesuffix('_mirror') in images}
    if copies:
        reading.notes.append(f'ignored {len(copies)} mirrored copies (*_mirror) in {part.folder}')
    for stem in copies:
        del images[stem]
        landmarks.pop(stem, None)
    reading.expect(part.folder, len(images), part.published, 'images')
    pairs = []
    for stem in sorted(images.keys() | landmarks.keys()):
        image, pts = images.get(stem), landmarks.get(stem)
        if image is None:
            reading.unusable[f'{source.name(pts)}: no image beside it'] = 'add the image'
        elif pts is None:
            reading.unusable[f'{source.name(image)}: no .pts file beside it'] = 'add the .pts file'
        else:
            pairs.append((image, pts))
    return pairs


def _files_by_stem(source: Source, folder: Path, reading: Reading) -> tuple[dict[str, Path], dict[str, Path]]:
    images: dict[str, Path] = {}
    landmarks: dict[str, Path] = {}
    for entry in entries(folder):
        suffix = entry.suffix.lower()
        if suffix not in (*IMAGE_SUFFIXES, '.pts') or not os.path.isfile(entry):
            continue
        if not entry.name.isprintable():
            reading.wrong.append(f'{entry.name!a} in {folder.name}: unprintable characters in a name (rename it)')
            continue
        files = landmarks if suffix == '.pts' else images
        if entry.stem in files:
            first = source.name(files[entry.stem])
            reading.wrong.append(f'{first} and {entry.name} are two files for one face (remove one)')
        files.setdefault(entry.stem, entry)
    return images, landmarks


def _read_face(source: Source, image: Path, pts: Path, checked: CheckedImage, subsets: tuple[str, ...]) -> Face:
    path = image
    try:
        if checked.problem is not None:
            raise ValueError(checked.problem)
        path = pts
        face = Face('', *checked.size, parse_pts(read_bytes(pts), LAYOUT.num_landmarks), subsets)
        check_face(face, LAYOUT)
    except ValueError as error:
        raise ValueError(f'{source.name(path)}: {error}') from error
    return face
