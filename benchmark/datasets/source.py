"""What the readers of all original formats share: strict image checks, and problems that are reported together."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from benchmark.errors import BenchmarkError


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
    if not content:
        raise ValueError('the image file is empty')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # remarks on metadata; damage to the pixels raises
            with Image.open(io.BytesIO(content), formats=('JPEG', 'PNG')) as image:
                image.verify()
            with Image.open(io.BytesIO(content), formats=('JPEG', 'PNG')) as image:
                image.load()
                return image.size
    except Image.UnidentifiedImageError as error:
        raise ValueError('not a JPEG or PNG image') from error
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:
        raise ValueError(f'damaged image: {" ".join(str(error).split())}') from error


def read_bytes(path: Path) -> bytes:
    """The content of a file of the source.

    Raises:
        ValueError: the file cannot be read; one line, without the file's name.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f'cannot be read: {error.strerror}') from error
