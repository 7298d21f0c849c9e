"""Lists of the published test sets: whoever has no dataset checks with them what a result was measured on.

``test_sets/<benchmark>.csv`` beside this file has a line for each face, sorted. Its columns:

- image: the name of its image (see :func:`~benchmark.protocol.image_names.canonical_name`).
- subsets: the subsets that it belongs to besides 'full', separated by blanks.
- distances: the first eight hexadecimal digits of the SHA-256 of the name and of the normalizing distances as whole
  numbers. These are the inter-ocular and the inter-pupil distance in hundredths of a pixel; of 300W, whose photographs
  go round in several sizes, the inter-pupil distance in ten thousandths of the inter-ocular one.

Distances that were computed apart, or stored in single precision, may be rounded to a neighbouring number; that is
taken for the same. No landmark can be had from a list. There is none of COFW and of WFLW yet, for want of the whole
test set; ``python -m benchmark.prepare list`` makes one of prepared data.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.image_names import canonical_name

FOLDER = Path(__file__).with_name('test_sets')
_DIGITS = 8
_PARTS_OF_A_PIXEL = 100
_PARTS_OF_THE_RATIO = 10_000
_OF_SEVERAL_SIZES = ('300w',)


class ListedFace(NamedTuple):
    """A face of a published test set.

    Attributes:
        image: canonical name of its image, which faces may share.
        subsets: the subsets that it belongs to besides 'full', sorted.
        distances: digest of its normalizing distances.
    """

    image: str
    subsets: tuple[str, ...]
    distances: str


def read_list(benchmark: str) -> tuple[ListedFace, ...] | None:
    """The faces of a published test set, or of a synthetic one's 400 faces of seed 0; None where no list ships."""
    return _read(FOLDER / f'{benchmark}.csv')


@cache
def _read(path: Path) -> tuple[ListedFace, ...] | None:
    if not path.is_file():
        return None
    rows = csv.DictReader(io.StringIO(path.read_text(encoding='utf-8')))
    return tuple(ListedFace(row['image'], tuple(row['subsets'].split()), row['distances']) for row in rows)


def make_list(
    benchmark: str,
    image_ids: Sequence[str],
    subset_names: Sequence[str],
    subsets: NDArray[np.bool_],
    inter_ocular: ArrayLike,
    inter_pupil: ArrayLike,
) -> str:
    """The text of a list, of the arguments that :func:`faults` takes.

    Raises:
        BenchmarkError: a subset has not its published size, or a name is none of a test image.
    """
    counts = dict(zip(map(str, subset_names), np.sum(subsets, axis=0).tolist(), strict=True))
    for subset, size in get_benchmark(benchmark).subset_sizes.items():
        if counts.get(subset, 0) != size:
            found = f'{counts.get(subset, 0)} test images are in subset {subset}, published {size}'
            raise BenchmarkError(f'{benchmark}: {found} (a list is made of the whole test set)')
    faces = []
    numbers = _numbers(benchmark, inter_ocular, inter_pupil)
    for image, members, number in zip(image_ids, memberships(subset_names, subsets), numbers, strict=True):
        name = canonical_name(benchmark, str(image))
        if name is None:
            raise BenchmarkError(f'{benchmark}: {image} is no name of a test image (prepare its own files)')
        faces.append(ListedFace(name, members, _digest(name, np.rint(number))))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator='\n')
    writer.writerow(ListedFace._fields)
    writer.writerows((face.image, ' '.join(face.subsets), face.distances) for face in sorted(faces))
    return file.getvalue()


class Fault(NamedTuple):
    """Something that is not as in the published test set.

    Attributes:
        kind: images that are missing; whose name is in no list; that are there too often; that are in other subsets, or
            have other normalizing distances.
        text: one line with the number of images and the first of them.
    """

    kind: Literal['missing', 'unknown', 'repeated', 'subsets', 'distances']
    text: str


def faults(
    benchmark: str,
    image_ids: Sequence[str],
    subset_names: Sequence[str],
    subsets: NDArray[np.bool_],
    inter_ocular: ArrayLike,
    inter_pupil: ArrayLike,
) -> list[Fault]:
    """What of a result's test images is not as in the published test set.

    Args:
        benchmark: name of the benchmark.
        image_ids: (N,) names of the images, in any order.
        subset_names: (S,) names of the subsets.
        subsets: (N, S), membership of each image.
        inter_ocular: (N,) normalizing distances, pixels.
        inter_pupil: (N,) normalizing distances, pixels.

    Returns:
        One of each kind that there is. Empty where it is the published test set, and where no list ships (see
        :func:`read_list`).
    """
    listed = read_list(benchmark)
    if listed is None:
        return []
    images = [str(image) for image in image_ids]
    members = memberships(subset_names, subsets)
    numbers = _numbers(benchmark, inter_ocular, inter_pupil)
    expected, given = defaultdict(list), defaultdict(list)
    for face in listed:
        expected[face.image].append(face)
    for index, (image, *_) in enumerate(zip(images, members, numbers, strict=True)):
        given[canonical_name(benchmark, image)].append(index)
    unknown = [index for name, indices in given.items() if name not in expected for index in indices]
    missing, repeated, elsewhere, changed = [], [], [], []
    for name, faces in expected.items():
        unmatched = []
        for index in given[name]:
            matches = [face for face in faces if _is_of(face.distances, name, numbers[index])]
            if matches:
                faces.remove(max(matches, key=lambda face: face.subsets == members[index]))
                elsewhere += [index] * all(face.subsets != members[index] for face in matches)
            else:
                unmatched.append(index)
        changed += unmatched[: len(faces)]
        repeated += unmatched[len(faces) :]
        missing += [name] * (len(faces) - len(unmatched))
    kinds = (
        ('unknown', unknown, 'images are not in the published test set, by their names'),
        ('repeated', repeated, 'images are there more often than in the published test set'),
        ('subsets', elsewhere, 'images are in other subsets than published'),
        ('distances', changed, 'images have other normalizing distances than published'),
    )
    lines = []
    if missing:
        of_all = f'{len(missing)} of {len(listed)} images of the published test set are missing'
        lines.append(Fault('missing', f'{of_all} (first: {missing[0]})'))
    return lines + [
        Fault(kind, f'{len(found)} of {len(images)} {what} (first: {images[min(found)]})')
        for kind, found, what in kinds
        if found
    ]


def memberships(subset_names: Sequence[str], subsets: NDArray[np.bool_]) -> list[tuple[str, ...]]:
    """The subsets that each image belongs to besides 'full', sorted.

    Args:
        subset_names: (S,) names of the subsets.
        subsets: (N, S), membership of each image.
    """
    names = [str(name) for name in subset_names]
    return [
        tuple(sorted(name for name, member in zip(names, row, strict=True) if member and name != 'full'))
        for row in np.asarray(subsets).tolist()
    ]


def has_distances(benchmark: str, name: str, digest: str, inter_ocular: float, inter_pupil: float) -> bool:
    """Whether a face's normalizing distances, or numbers that they may be rounded to, give a digest.

    Args:
        benchmark: name of the benchmark.
        name: canonical name of the image.
        digest: as :attr:`ListedFace.distances`.
        inter_ocular: normalizing distance, pixels.
        inter_pupil: normalizing distance, pixels.
    """
    return _is_of(digest, name, _numbers(benchmark, [inter_ocular], [inter_pupil])[0])


def _numbers(benchmark: str, inter_ocular: ArrayLike, inter_pupil: ArrayLike) -> NDArray[np.float64]:
    """What is rounded and listed of each face: (N, 1) or (N, 2)."""
    distances = np.stack([inter_ocular, inter_pupil], axis=-1).astype(np.float64)
    if benchmark in _OF_SEVERAL_SIZES:
        return distances[:, 1:] / distances[:, :1] * _PARTS_OF_THE_RATIO
    return distances * _PARTS_OF_A_PIXEL


def _digest(name: str, whole: Sequence[float]) -> str:
    return hashlib.sha256(' '.join((name, *map('{:.0f}'.format, whole))).encode()).hexdigest()[:_DIGITS]


def _is_of(digest: str, name: str, numbers: NDArray[np.float64]) -> bool:
    """Whether a digest is that of some numbers, or of neighbours of them."""
    nearest = np.rint(numbers).tolist()
    return digest == _digest(name, nearest) or any(digest == _digest(name, near) for near in _neighbours(nearest))


def _neighbours(whole: Sequence[float]) -> Iterator[tuple[float, ...]]:
    return product(*((number - 1, number, number + 1) for number in whole))
