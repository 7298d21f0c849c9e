"""Image files of this package's own making, for photographs that are distributed as arrays."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file, quick to write.

    Args:
        pixels: (height, width) grey or (height, width, 3) RGB.
    """
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, 'PNG', compress_level=1)
    return file.getvalue()
