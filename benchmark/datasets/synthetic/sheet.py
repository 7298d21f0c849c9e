"""A contact sheet of faces."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray


def contact_sheet(
    images: Sequence[NDArray[np.uint8]],
    landmarks: Sequence[NDArray] | None = None,
    columns: int = 8,
    zoom: int = 2,
    first: int = 0,
) -> NDArray[np.uint8]:
    """Many images in one, each with its number and its landmarks.

    Args:
        images: BGR images of one size, 8 bits.
        landmarks: (K, 2) of each image, pixels; None draws the images alone.
        columns: number of images in a row.
        zoom: whole factor by which images are enlarged.
        first: number of the first image.

    Returns:
        BGR image, 8 bits.

    Raises:
        ValueError: no images, or not as many landmark arrays as images.
    """
    if not images or (landmarks is not None and len(landmarks) != len(images)):
        raise ValueError('a contact sheet needs images, and landmarks of all of them or of none')
    height, width = (zoom * side for side in images[0].shape[:2])
    sheet = np.zeros((-(-len(images) // columns) * height, columns * width, 3), dtype=np.uint8)
    for index, image in enumerate(images):
        tile = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
        for x, y in () if landmarks is None else (landmarks[index] + 0.5) * zoom - 0.5:
            cv2.circle(tile, (round(x * 16), round(y * 16)), 22, (60, 255, 60), -1, cv2.LINE_AA, 4)
        cv2.putText(tile, str(first + index), (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 2, cv2.LINE_AA)
        cv2.putText(tile, str(first + index), (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
        row, column = divmod(index, columns)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = tile
    return sheet
