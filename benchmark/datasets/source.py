"""What the readers of all original formats share: strict image checks, and problems that are reported together."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmark.errors import BenchmarkError
from benchmark.processes import available_cores

MOST_THREADS = 16  # each holds a decoded image


class SourceError(BenchmarkError):
    """Original data that cannot be prepared as it is, with everything that is wrong with it.

    Attributes:
        problems: one line for each problem, with the file relative to the source.
    """

    def __init__(self, summary: str, problems: Sequence[str]) -> None:
        super().__init__(summary)
        self.problems = tuple(problems)


def image_size(content: bytes) -> tuple[int, int]:
    """Decode a JPEG or PNG image to its end and return its size.

    Args:
        content: the image file.

    Returns:
        Width and height in pixels as stored; an orientation tag is not applied.

    Raises:
        ValueError: the file is empty, of another kind, cut short or damaged; one line, without the file's name.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # remarks on metadata; damage to the pixels raises
        return _decode(content).size


def image_digest(content: bytes) -> bytes:
    """:func:`pixel_digest` of an image file, as Pillow decodes it to RGB; an orientation tag is not applied.

    Raises:
        ValueError: as :func:`image_size` does.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return pixel_digest(_pixels(_decode(content)))


def pixel_digest(pixels: NDArray[np.uint8]) -> bytes:
    """SHA-256 of the size and the pixels of an image.

    Args:
        pixels: (height, width, 3), RGB.
    """
    height, width, _ = pixels.shape
    return hashlib.sha256(f'{width} x {height} RGB'.encode() + np.ascontiguousarray(pixels).tobytes()).digest()


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert('RGB'))


def _decode(content: bytes) -> Image.Image:
    if not content:
        raise ValueError('the image file is empty')
    try:
        with Image.open(io.BytesIO(content), formats=('JPEG', 'PNG')) as image:
            image.verify()
        with Image.open(io.BytesIO(content), formats=('JPEG', 'PNG')) as image:
            image.load()
            return image
    except Image.UnidentifiedImageError as error:
        raise ValueError('not a JPEG or PNG image') from error
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        struct.error,
        zlib.error,
        MemoryError,
        Image.DecompressionBombError,
    ) as error:
        raise ValueError(f'damaged image: {" ".join(str(error).split())}') from error


@dataclass(frozen=True)
class CheckedImage:
    """What the check of an image file found.

    Attributes:
        size: width and height, pixels; None where there is a problem.
        digest: the image's digest (see :func:`image_digest`).
        problem: what is wrong, one line without the file's name; None where nothing is.
    """

    size: tuple[int, int] | None
    digest: bytes
    problem: str | None = None


def check_images(paths: Sequence[Path]) -> list[CheckedImage]:
    """Decode and hash image files, on all processor cores; the result is in the order of the paths."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # here and not in the threads, which share the filters
        with ThreadPoolExecutor(max_workers=min(available_cores(), MOST_THREADS)) as pool:
            try:
                return list(pool.map(_check_image, paths))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)  # else an interruption waits for every image
                raise


def _check_image(path: Path) -> CheckedImage:
    try:
        content = read_bytes(path)
        image = _decode(content)
        return CheckedImage(image.size, pixel_digest(_pixels(image)))
    except ValueError as error:
        return CheckedImage(None, b'', str(error))


def read_bytes(path: Path) -> bytes:
    """The content of a file of the source.

    Raises:
        ValueError: the file cannot be read; one line, without the file's name.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f'cannot be read: {error.strerror}') from error
