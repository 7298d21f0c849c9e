"""Decoding every image once more: what cannot be read, and what is kept to recognise a face by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmark.datasets.annotations import Face
from benchmark.datasets.check.findings import Finding
from benchmark.datasets.source import CheckedImage, check_images
from benchmark.processes import available_cores

TILE = 64  # side of the grey picture that a face is recognised by, pixels
HASH_SIDE = 12  # 144 bits: with imagehash's usual 64, every tenth face of 300W resembles another

_Annotated = Sequence[tuple[str, int, Face]]  # the faces of one image: split, place in the split, annotation


@dataclass(frozen=True, eq=False)
class Look:
    """What a face looks like.

    Attributes:
        split: 'train' or 'test'.
        index: which face of the split.
        face: its annotation.
        digest: of the image, see :func:`benchmark.datasets.source.image_digest`.
        tile: (64, 64) uint8, grey: the square around the landmarks' box.
        bits: (144,) bool, perceptual hash of the tile.
        mirrored_bits: (144,) bool, perceptual hash of the mirrored tile.
    """

    split: str
    index: int
    face: Face
    digest: bytes
    tile: NDArray[np.uint8]
    bits: NDArray[np.bool_]
    mirrored_bits: NDArray[np.bool_]


def look_at_images(
    splits: Mapping[str, Sequence[Face]], image_root: Path
) -> tuple[list[Look], dict[str, bytes], list[Finding]]:
    """Decode every image to its end.

    Args:
        splits: faces by split.
        image_root: folder that image paths are relative to.

    Returns:
        The faces whose images can be read, in the order of the splits; the digests of these images by their path;
        and what is wrong with the images.
    """
    by_image: dict[str, list[tuple[str, int, Face]]] = defaultdict(list)
    for split, faces in splits.items():
        for index, face in enumerate(faces):
            by_image[face.image].append((split, index, face))
    if by_image and not image_root.is_dir():
        return [], {}, [Finding('missing-image', f'all {len(by_image)} images: there is no folder {image_root}')]
    checked = check_images([image_root / name for name in by_image])
    looks: dict[tuple[str, int], Look] = {}
    findings = []
    # Threads: decoding and resizing leave the interpreter to the others.
    with ThreadPoolExecutor(available_cores()) as pool:
        for seen, found in pool.map(partial(_look, image_root), by_image.values(), checked):
            findings += found
            looks.update(((look.split, look.index), look) for look in seen)
    order = ((split, index) for split, faces in splits.items() for index in range(len(faces)))
    ordered = [looks[place] for place in order if place in looks]
    return ordered, {look.face.image: look.digest for look in ordered}, findings


def read_image(path: Path) -> NDArray[np.uint8] | None:
    """Decode an image as it is stored: an orientation tag is not applied.

    Returns:
        (height, width, 3) uint8, BGR; None where it is absent or OpenCV cannot decode it.
    """
    return cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)


def square_around(face: Face, padding: float) -> tuple[int, int, int]:
    """Left, top and side of the square around the landmarks' box, whole pixels.

    Args:
        face: an annotated face.
        padding: factor of the box's longer side.
    """
    low, high = face.keypoints.min(axis=0), face.keypoints.max(axis=0)
    size = max(round(float((high - low).max()) * padding), 1)
    left, top = np.round((low + high) / 2 - size / 2).astype(int)
    return int(left), int(top), size


def cut_square(
    image: NDArray[np.uint8], square: tuple[int, int, int], side: int, border: int = cv2.BORDER_REPLICATE
) -> NDArray[np.uint8]:
    """Cut a square out of an image and scale it.

    Args:
        image: (height, width, ...) uint8.
        square: its left, top and side, whole pixels.
        side: side of the result, pixels.
        border: OpenCV's name for what is put where the square leaves the image.

    Returns:
        (side, side, ...) uint8.
    """
    left, top, size = square
    height, width = image.shape[:2]
    # The part of the square that is in the image, at least one pixel of it, and its place in the result. It is scaled
    # before the border is added: a landmark may lie ten image sides away.
    x0, y0 = (int(start) for start in np.clip([left, top], 0, [width - 1, height - 1]))
    x1, y1 = (int(end) for end in np.clip([left + size, top + size], [x0 + 1, y0 + 1], [width, height]))
    (a0, a1), (b0, b1) = _span(x0 - left, x1 - left, side, size), _span(y0 - top, y1 - top, side, size)
    interpolation = cv2.INTER_AREA if size > side else cv2.INTER_LINEAR
    part = cv2.resize(image[y0:y1, x0:x1], (a1 - a0, b1 - b0), interpolation=interpolation)
    return cv2.copyMakeBorder(part, b0, side - b1, a0, side - a1, border)


def _span(start: int, end: int, side: int, size: int) -> tuple[int, int]:
    """Where a span of the square is in the result: at least one pixel of it."""
    first = min(max(round(start * side / size), 0), side - 1)
    return first, min(max(round(end * side / size), first + 1), side)


def _look(image_root: Path, annotated: _Annotated, checked: CheckedImage) -> tuple[list[Look], list[Finding]]:
    split, index, face = annotated[0]
    path = image_root / face.image
    if not path.exists():
        return [], [Finding('missing-image', 'no such file', split, index, face.image)]
    image = None if checked.problem else read_image(path)
    if image is None:
        problem = checked.problem or 'OpenCV cannot decode it'
        return [], [Finding('corrupt-image', problem, split, index, face.image)]
    height, width = image.shape[:2]
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    looks, findings = [], []
    for split, index, face in annotated:
        if (width, height) != (face.width, face.height):
            detail = f'the image is {width} x {height}, its annotation says {face.width} x {face.height}'
            findings.append(Finding('image-size', detail, split, index, face.image))
        tile = cut_square(grey, square_around(face, 1.0), TILE)
        looks.append(Look(split, index, face, checked.digest, tile, _hash(tile), _hash(tile[:, ::-1])))
    return looks, findings


def _hash(tile: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return imagehash.phash(Image.fromarray(tile), hash_size=HASH_SIDE).hash.ravel()
