"""Numbers in few bytes: rounded to whole multiples of a power of two, and packed so that they compress well.

A multiple of a power of two that has at most 24 binary digits is exact in float32. What was rounded once is therefore
not changed by rounding it again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

DIGITS = 24  # binary digits that float32 holds
_SMALLEST = -149  # exponent of the smallest positive float32
_MOST_BYTES = 4  # of a packed number


def positive(scale: ArrayLike) -> NDArray[np.float64]:
    """A scale for each image as it is used: 1 in place of what is not positive and finite."""
    scale = np.asarray(scale, dtype=np.float64)
    return np.where(np.isfinite(scale) & (scale > 0), scale, 1.0)


def units_below(scale: ArrayLike) -> NDArray[np.float64]:
    """The largest power of two that each of the positive numbers (N,) reaches."""
    return np.ldexp(1.0, np.maximum(np.frexp(np.asarray(scale, dtype=np.float64))[1] - 1, _SMALLEST))


def units_for(values: NDArray, digits: int) -> NDArray[np.float64]:
    """The smallest power of two for each image whose multiples nearest to its values have at most ``digits`` digits.

    Args:
        values: (N, ...), finite, below 2**127.
        digits: binary digits of a multiple, without its sign.

    Returns:
        (N,); half of it is at most the image's largest value over 2**digits - 1. The smallest where all are zero.
    """
    largest = np.abs(np.asarray(values, dtype=np.float64)).max(axis=tuple(range(1, np.ndim(values))), initial=0)
    units = np.ldexp(1.0, np.maximum(np.frexp(largest)[1] - digits, _SMALLEST))
    units = np.where(np.rint(largest / units) < 2**digits, units, 2 * units)
    return np.where(largest > 0, units, 2.0**_SMALLEST)


def round_each(values: NDArray, units: NDArray[np.float64]) -> NDArray[np.int64]:
    """Values (N, ...) in whole multiples of the unit of each image, none off by more than half of it."""
    return np.rint(np.asarray(values, dtype=np.float64) / spread(units, values)).astype(np.int64)


def round_down_carrying(
    values: NDArray, units: NDArray[np.float64], scale: NDArray[np.float64], takes: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Round so that the mean over images of values in units of a scale is kept.

    Values are rounded down, and what that takes from a column is added to the same column of the next image. Values
    that are multiples already stay as they are.

    Args:
        values: (N, K), not negative, with at most 24 digits in their units.
        units: (N,), power of two for each image.
        scale: (N,), positive: what a value is divided by before the mean is taken.
        takes: (N,), whether an image takes part; the others are rounded to the nearest multiple.

    Returns:
        (N, K), not negative. A value of an image that takes part is off by less than the largest unit of those images,
        in units of the scale; the sum over images, by less than the last unit and by what the others are off.
    """
    whole = np.empty(np.shape(values), dtype=np.int64)
    remainder = np.zeros(np.shape(values)[1:])
    for index, unit in enumerate(units):
        wanted = np.asarray(values[index], dtype=np.float64)
        if takes[index]:
            wanted = wanted + remainder * scale[index]
            whole[index] = np.minimum(np.floor(wanted / unit), 2**DIGITS - 1)
            remainder = np.minimum(wanted - whole[index] * unit, unit) / scale[index]
        else:
            whole[index] = np.rint(wanted / unit)
    return whole


def multiplied(whole: NDArray[np.int64], units: NDArray) -> NDArray[np.float32]:
    """Whole multiples (N, ...) as the numbers that they stand for."""
    return np.multiply(whole, spread(units, whole), dtype=np.float64).astype(np.float32, order='C')


def pack(whole: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Bytes of whole numbers, most of which repeat or are small where neighbours are alike.

    Along the landmarks the differences are taken, of them the median over images is split off as a row of its own, and
    0, -1, 1, -2, 2 ... become 0, 1, 2, 3, 4 ...

    Args:
        whole: (N, K) or (N, K, C), at most 24 digits and a sign.

    Returns:
        (B, K, N + 1) or (B, K, C, N + 1) for B bytes a number, lowest first; the medians stand before the images.
    """
    steps = np.diff(whole, axis=1, prepend=0)
    median = np.median(steps, axis=0).astype(np.int64) if len(steps) else np.zeros(steps.shape[1:], np.int64)
    rows = np.concatenate([median[None], steps - median])
    folded = np.moveaxis((rows << 1) ^ (rows >> 63), 0, -1)
    places = max(1, -(-int(folded.max(initial=0)).bit_length() // 8))
    return np.stack([(folded >> 8 * place & 255).astype(np.uint8) for place in range(places)])


def unpack(planes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """What :func:`pack` was given.

    Raises:
        ValueError: no array that it makes.
    """
    if planes.dtype != np.uint8 or planes.ndim < 3 or not 1 <= len(planes) <= _MOST_BYTES or not planes.shape[-1]:
        raise ValueError(f'no packed numbers: {planes.dtype} of shape {planes.shape}')
    folded = sum(plane.astype(np.int64) << 8 * place for place, plane in enumerate(planes))
    whole = np.moveaxis(((folded >> 1) ^ -(folded & 1)).cumsum(axis=0), -1, 0)
    return whole[1:] + whole[0]


def spread(units: NDArray, values: NDArray) -> NDArray[np.float64]:
    """The unit of each image (N,) in a shape that goes with values (N, ...)."""
    return np.asarray(units, dtype=np.float64).reshape(-1, *[1] * (np.ndim(values) - 1))
