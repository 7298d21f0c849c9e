"""Face boxes: what is asked of one, and the simple ways to come by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.errors import BenchmarkError
from benchmark.records.formats.landmarks import parse_number

LARGEST = 10  # sides of the image: nobody has a box around a face that is so much larger than the picture


class Unusable(BenchmarkError):
    """An input that cannot be read or has no usable box, on one line; the other inputs go on."""


@dataclass(frozen=True, eq=False)
class Found:
    """Boxes of the faces of one image.

    Attributes:
        boxes: (N, 4) float64, left, top, width and height, pixels.
        origin: where they are from: 'given', 'file', 'detector' or 'whole image'.
        scores: (N,) the detector's, None for other boxes.
    """

    boxes: NDArray[np.float64]
    origin: str
    scores: Sequence[float] | None = None


class GivenBox:
    """One box for all images.

    Args:
        box: left, top, width and height, pixels.
    """

    origin = 'given'

    def __init__(self, box: ArrayLike) -> None:
        self.boxes = np.asarray(box, dtype=np.float64)[None]

    def __call__(self, path: Path, image: NDArray[np.uint8]) -> Found:
        """The box, whatever the image."""
        return Found(self.boxes, self.origin)


class WholeImage:
    """The whole image as the box of its only face."""

    origin = 'whole image'

    def __call__(self, path: Path, image: NDArray[np.uint8]) -> Found:
        """The box of an image (height, width, 3)."""
        return Found(whole_image(image), self.origin)


def whole_image(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(1, 4): the box of an image (height, width, 3) as a whole."""
    height, width = image.shape[:2]
    return np.array([[0, 0, width, height]], dtype=np.float64)


def parse_box(text: str) -> tuple[float, ...]:
    """Left, top, width and height, as a command line has them: numbers with commas between.

    Raises:
        ValueError: another number of them, something that is no finite number, or no area.

    >>> parse_box('10,20,110,120')
    (10.0, 20.0, 110.0, 120.0)
    """
    numbers = [parse_number(part) for part in text.split(',')]
    if len(numbers) != 4 or None in numbers:
        raise ValueError(f'{text!r} is not x,y,w,h (four numbers: left, top, width, height, in pixels)')
    fault = box_fault(numbers)
    if fault:
        raise ValueError(fault)
    return tuple(numbers)


def box_fault(box: Sequence[float]) -> str | None:
    """What forbids left, top, width and height as a box of whatever image; None: nothing."""
    named = 'box ' + ','.join(f'{number:g}' for number in box)
    if not np.isfinite(box).all():
        return f'{named}: not finite'
    return None if min(box[2:]) > 0 else f'{named}: no area (width and height are positive)'


def check_boxes(boxes: ArrayLike, image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Boxes of faces in an image.

    Args:
        boxes: (N, 4) or (4,), left, top, width and height, pixels; a part of a box may lie outside the image.
        image: (height, width, 3).

    Returns:
        (N, 4) float64.

    Raises:
        ValueError: another shape, or a box is not finite, has no area, lies outside the image, or is more than ten
            times as large; one line.
    """
    boxes = np.asarray(boxes, dtype=np.float64)
    boxes = boxes[None] if boxes.shape == (4,) else boxes
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f'boxes of shape {boxes.shape}, expected (N, 4): left, top, width, height')
    height, width = image.shape[:2]
    for x, y, w, h in boxes.tolist():
        fault = box_fault((x, y, w, h))
        named = f'box {x:g},{y:g},{w:g},{h:g}'
        if fault is None and (x >= width or y >= height or x + w <= 0 or y + h <= 0):
            fault = f'{named}: outside the image of {width} x {height} pixels'
        if fault is None and max(w, h) > LARGEST * max(width, height):
            fault = f'{named}: more than {LARGEST} times as large as the image of {width} x {height} pixels'
        if fault:
            raise ValueError(fault)
    return boxes
