"""Face boxes of the test faces from a file: a table of the official STAR and ADNet code, or a list of WFLW.

A table of the official code has a line for each face, columns between tabs: the path of the image, lists of points,
then ``scale``, ``center_w`` and ``center_h`` of the crop, whose side is 200 x scale and whose centre is in pixels.
Where a first line names these columns it tells where they stand; else they are the first three columns of one number
each behind the points. In a list of WFLW (see :mod:`benchmark.datasets.wflw`) the box is the rectangle of a detector.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from benchmark.datasets.annotation_text import numbered_lines, parse_number, shortened
from benchmark.datasets.annotations import PIXEL_STD, Face
from benchmark.datasets.wflw import parse_line
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.face_boxes import OFFICIAL_TABLE, WFLW_RECTANGLES
from benchmark.protocol.image_names import canonical_name

# In longer sides of the landmarks' box, on average over landmarks: copies of a data set differ by a pixel.
_MOST_APART = 0.05
_SIDES = (0.5, 4.0)  # the least and largest side of an official crop, in the same unit
_COLUMNS = ('scale', 'center_w', 'center_h')
_NAMED = 3  # faces in a message


class _Listed(NamedTuple):
    number: int
    image: str
    points: NDArray[np.float64]
    box: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FileBoxes:
    """The face boxes of some faces, from a file.

    Attributes:
        path: the file.
        sha256: of the file, hexadecimal.
        kind: :data:`~benchmark.protocol.face_boxes.OFFICIAL_TABLE` or
            :data:`~benchmark.protocol.face_boxes.WFLW_RECTANGLES`.
        values: pixels, in the order of the faces: (N, 3) centre x, centre y and side of a crop to be taken as it is, of
            an official table; (N, 4) left, top, right and bottom of a rectangle of WFLW, to be padded as any box is.
    """

    path: Path
    sha256: str
    kind: str
    values: NDArray[np.float64]

    @property
    def identity(self) -> str:
        """What distinguishes results by the boxes behind them."""
        return f'{self.kind} {self.sha256}'


def read_boxes(path: Path, benchmark: str, faces: Sequence[Face]) -> FileBoxes:
    """Read the boxes of test faces; lines of other faces are passed over.

    Faces are found by the name of their image, those of one image by their points. Where the file knows none of the
    names, as may be with COFW, whose images have none, points alone have to do.

    Args:
        path: the file.
        benchmark: name of the benchmark.
        faces: the test faces.

    Raises:
        BenchmarkError: the file cannot be read, a line does not fit or is there twice, or a face has no box.
    """
    try:
        content = path.read_bytes()
        lines = numbered_lines(content)
    except OSError as error:
        raise BenchmarkError(f'{path}: cannot read the face boxes: {error.strerror}') from error
    except ValueError as error:
        raise BenchmarkError(f'{path}: {error} (name a table of the official code, or a list of WFLW)') from error
    if '\t' in lines[0][1]:
        kind, listed = OFFICIAL_TABLE, _read_table(path, lines, 2 * get_benchmark(benchmark).layout.num_landmarks)
    elif benchmark == 'wflw':
        kind, listed = WFLW_RECTANGLES, _read_list(path, lines)
    else:
        raise BenchmarkError(f'{path}: line {lines[0][0]}: no tab in it (name a table of the official code)')
    places = _match(path, listed, benchmark, faces)
    values = np.stack([listed[place].box for place in places])
    return FileBoxes(path, hashlib.sha256(content).hexdigest(), kind, values)


def _read_list(path: Path, lines: Sequence[tuple[int, str]]) -> list[_Listed]:
    listed = []
    for number, text in lines:
        try:
            line = parse_line('', text)
        except ValueError as error:
            raise BenchmarkError(
                f'{path}: line {number}: {error} (name a list of WFLW as it is distributed)'
            ) from error
        listed.append(_Listed(number, line.image, line.keypoints, line.box))
    return listed


def _read_table(path: Path, lines: Sequence[tuple[int, str]], coordinates: int) -> list[_Listed]:
    first = [word.strip().casefold() for word in lines[0][1].split('\t')]
    named = [first.index(name) for name in _COLUMNS] if set(_COLUMNS) <= set(first) else None
    if named or not any(len(_numbers(word)) == coordinates for word in first):
        lines = lines[1:]
    if not lines:
        raise BenchmarkError(f'{path}: no face in it (name a table of the official code)')
    listed = []
    for number, text in lines:
        try:
            listed.append(_parse_row(number, text.split('\t'), named, coordinates))
        except ValueError as error:
            raise BenchmarkError(f'{path}: line {number}: {error} (name a table of the official code)') from error
    return listed


def _parse_row(number: int, words: Sequence[str], named: Sequence[int] | None, coordinates: int) -> _Listed:
    where = next((place for place, word in enumerate(words) if len(_numbers(word)) == coordinates), None)
    if where is None:
        raise ValueError(f'no column of {coordinates // 2} points')
    points = np.array([parse_number(word) for word in _numbers(words[where])]).reshape(-1, 2)
    alone = named or [place for place in range(where + 1, len(words)) if len(_numbers(words[place])) == 1][:3]
    if len(alone) < len(_COLUMNS) or max(alone) >= len(words):
        raise ValueError(f'{len(words)} columns, without {", ".join(_COLUMNS)} behind the points')
    scale, x, y = (parse_number(words[place].strip()) for place in alone)
    low, high = points.min(axis=0), points.max(axis=0)
    side, longer = PIXEL_STD * scale, float((high - low).max())
    around = (low <= (x, y)).all() and ((x, y) <= high).all()
    if not around or not _SIDES[0] * longer <= side <= _SIDES[1] * longer:
        raise ValueError(f'scale {scale:g} and centre ({x:g}, {y:g}) are no box around its points')
    return _Listed(number, words[0].strip(), points, np.array([x, y, side]))


def _numbers(text: str) -> list[str]:
    return [word for word in re.split(r'[\s,;\[\]()]+', text) if word]


def _match(path: Path, listed: Sequence[_Listed], benchmark: str, faces: Sequence[Face]) -> list[int]:
    """For each face the place of its line."""
    by_name: dict[str, list[int]] = defaultdict(list)
    seen: dict[tuple[str, bytes], int] = {}
    for place, line in enumerate(listed):
        name = _name(benchmark, line.image)
        before = seen.setdefault((name, line.points.tobytes()), line.number)
        if before != line.number:
            raise BenchmarkError(
                f'{path}: lines {before} and {line.number} are of the same face, {shortened(line.image, 80)} '
                '(remove one of them)'
            )
        by_name[name].append(place)
    groups: dict[str, list[int]] = defaultdict(list)
    for index, face in enumerate(faces):
        groups[_name(benchmark, face.image)].append(index)
    if not groups.keys() & by_name.keys():
        groups, by_name = {'': list(range(len(faces)))}, {'': list(range(len(listed)))}
    places: list[int | None] = [None] * len(faces)
    for name, members in groups.items():
        candidates = by_name.get(name, [])
        if candidates:
            apart = _apart([faces[index] for index in members], [listed[place].points for place in candidates])
            # What is too far apart is no pair, however the others are paired.
            for row, column in zip(*linear_sum_assignment(np.minimum(apart, 10 * _MOST_APART)), strict=True):
                if apart[row, column] <= _MOST_APART:
                    places[members[row]] = candidates[column]
    lacking = [index for index, place in enumerate(places) if place is None]
    if lacking:
        named = ', '.join(faces[index].image for index in lacking[:_NAMED])
        more = f' and {len(lacking) - _NAMED} more' if len(lacking) > _NAMED else ''
        moved = sum(_name(benchmark, faces[index].image) in by_name for index in lacking)
        other = f'; of {moved} the image is there, with other points' if moved else ''
        raise BenchmarkError(
            f'{path}: {len(lacking)} of {len(faces)} test faces have no box in it: {named}{more}{other} '
            f'(name the file of the prepared {benchmark})'
        )
    return places


def _name(benchmark: str, image: str) -> str:
    image = image.replace('\\', '/')
    return canonical_name(benchmark, image) or image.casefold()


def _apart(faces: Sequence[Face], points: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(F, L) mean distances of the landmarks of faces to the points of lines, in sides of the landmarks' boxes."""
    listed = np.stack(points)
    # One face at a time: all at once would take gigabytes where points alone have to do.
    apart = [np.linalg.norm(listed - face.keypoints, axis=-1).mean(axis=-1) for face in faces]
    sides = [np.ptp(face.keypoints, axis=0).max() for face in faces]
    return np.stack(apart) / np.array(sides)[:, None]
