"""Image files of this package's own making, for photographs that are distributed as arrays.

They are PNG files with a mark. What is marked is hashed by its pixels and not by its bytes, so that the fingerprint of
a dataset does not depend on the version of the encoder.
"""

from __future__ import annotations

import hashlib
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

_KEY, _VALUE = 'Hashed', 'pixels'
_MARK = f'tEXt{_KEY}\0{_VALUE}'.encode()
_MARK_WITHIN = 128  # bytes from the start of the file


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """A marked PNG file.

    Args:
        pixels: (height, width) grey or (height, width, 3) RGB.
    """
    info = PngInfo()
    info.add_text(_KEY, _VALUE)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, 'PNG', pnginfo=info, compress_level=1)
    return file.getvalue()


def is_marked(content: bytes) -> bool:
    """Whether an image file is one of :func:`encode_png`."""
    return _MARK in content[:_MARK_WITHIN]


def pixel_digest(pixels: NDArray[np.uint8]) -> bytes:
    """SHA-256 of the size and the pixels of an image.

    Args:
        pixels: (height, width) grey or (height, width, 3) RGB.
    """
    return hashlib.sha256(f'pixels {pixels.shape}'.encode() + np.ascontiguousarray(pixels).tobytes()).digest()
