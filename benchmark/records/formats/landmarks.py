"""What every format of predicted landmarks is read into, and the checks that they share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# WFLW's 2,500 faces take 4 MB as numbers and some 20 MB as text, which Python needs twenty times the room for.
MOST_BYTES = 1 << 28  # of a file, and of what is unpacked from it
MOST_TEXT = 1 << 26

_NUMBER = re.compile(r'[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf(?:inity)?)', re.IGNORECASE | re.ASCII)


class FormatFault(ValueError):
    """What is wrong with the content of a file, in a few words; whoever knows the file's name adds it."""


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Predicted landmarks as somebody wrote them, before anything is known of the images.

    Attributes:
        keypoints: (N, K, 2) float64, x before y, in whatever unit the file has them; they may be NaN.
        form: what the file was taken for, for a person, e.g. 'COCO results'.
        names: (N,) names of the images, None where the file has none.
        ids: (N,) int64 numbers of the images, None where the file has none.
    """

    keypoints: NDArray[np.float64]
    form: str
    names: tuple[str, ...] | None = None
    ids: NDArray[np.int64] | None = None

    @property
    def labels(self) -> list[str]:
        """(N,) what each image is called in messages: its name, its id, or its place in the file, from 0."""
        if self.names is not None:
            return list(self.names)
        if self.ids is not None:
            return [f'image id {number}' for number in self.ids]
        return [f'place {place}' for place in range(len(self.keypoints))]


def as_points(values: ArrayLike) -> NDArray[np.float64]:
    """Landmarks of N images in one of the usual shapes, as (N, K, 2).

    Args:
        values: (N, K, 2) or (N, K, 3), the third number of a landmark being its score; (N, 1, K, 2) or (N, 1, K, 3)
            with one face an image; or (N, 2 K), x and y by turns.

    Raises:
        FormatFault: another shape, or no numbers.
    """
    array = np.asarray(values)
    if array.dtype.kind not in 'fiu':
        raise FormatFault(f'landmarks of type {array.dtype}, expected numbers')
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2 and array.shape[1] % 2 == 0:
        array = array.reshape(len(array), -1, 2)
    if array.ndim != 3 or array.shape[2] not in (2, 3) or not array.size:
        raise FormatFault(f'landmarks of shape {np.shape(values)}, expected (images, landmarks, 2)')
    return array[..., :2].astype(np.float64)


def from_rows(rows: Sequence[Sequence[float]], labels: Sequence[str], width: int = 2) -> NDArray[np.float64]:
    """Landmarks of images that were read one by one, as (N, K, 2).

    Args:
        rows: for each image its numbers, ``width`` for a landmark: x, y and, where it is 3, a score.
        labels: (N,) what each image is called in messages.
        width: 2 or 3.

    Raises:
        FormatFault: no image, no whole number of landmarks, another number than in the first image, or something that
            is no number.
    """
    if not rows:
        raise FormatFault('no images')
    for label, row in zip(labels, rows, strict=True):
        if not row or len(row) % width:
            raise FormatFault(f'{label}: {len(row)} numbers, which are no landmarks of {width} numbers each')
        if len(row) != len(rows[0]):
            raise FormatFault(
                f'{label}: {len(row) // width} landmarks, but {len(rows[0]) // width} in the first image, {labels[0]}'
            )
        # A bool is an int to Python, and a text a number to NumPy.
        if not all(type(number) in (int, float) for number in row):
            raise FormatFault(f'{label}: a coordinate is no number')
    try:
        return np.array(rows, dtype=np.float64).reshape(len(rows), -1, width)[..., :2].copy()
    except OverflowError as error:
        raise FormatFault('a coordinate is larger than any number of float64') from error


def parse_number(text: str) -> float | None:
    """A number as it stands in a text; None where it is none, such as '12_198', which Python would read."""
    return float(text) if _NUMBER.fullmatch(text.strip()) else None
