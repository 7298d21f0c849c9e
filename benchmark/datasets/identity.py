"""What tells prepared data from other data: the fingerprint that results are filed under, and the digest of its pixels.

Both are the same on every machine. A photograph counts by its pixels as Pillow decodes them, so that it does not matter
how a file was packed. Drawn benchmarks are identified by what they are drawn from and by their annotations, in whole
thousandths: how floating-point numbers are rounded, which differs between processors and libraries, moves landmarks by
some 1e-11 pixels and changes now and then a grey level by one. Whose pictures differ at all is told by the digest of
the pixels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.annotations import Face
from benchmark.datasets.drawing import Drawing
from benchmark.datasets.source import image_digest, read_bytes
from benchmark.errors import BenchmarkError

_PER_UNIT = 1000  # annotations of drawn faces are rounded to thousandths of a pixel and of a squared pixel


@dataclass(frozen=True)
class Identity:
    """What tells prepared data from other data.

    Attributes:
        fingerprint: SHA-256, hexadecimal; the same for the same data on every machine.
        pixels: SHA-256, hexadecimal, over the decoded pixels of each face's image, in the order of the faces.
    """

    fingerprint: str
    pixels: str


def identify(
    benchmark: str,
    splits: Mapping[str, Sequence[Face]],
    image_root: Path,
    drawing: Drawing | None = None,
    digests: Mapping[str, bytes] | None = None,
) -> Identity:
    """Identify faces by what a model sees of them: annotations and images, in their order.

    The order counts, since it decides which faces share a batch; names, paths and times do not. Of drawn faces whether
    a landmark is occluded does not count either: that is looked up in the picture.

    Args:
        benchmark: its name.
        splits: faces by split.
        image_root: folder that image paths are relative to.
        drawing: how they were drawn; None of photographs.
        digests: :func:`~benchmark.datasets.source.image_digest` of images by their path, where it is known already;
            other images are read.

    Raises:
        BenchmarkError: an image cannot be read.
    """
    digests = dict(digests or {})
    for face in (face for faces in splits.values() for face in faces):
        if face.image not in digests:
            digests[face.image] = _read_digest(image_root / face.image)
    pixels, fingerprint = hashlib.sha256(), hashlib.sha256()
    if drawing is not None:
        sizes = ' '.join(f'{split} {len(faces)}' for split, faces in splits.items())
        fingerprint.update(f'{benchmark} generator {drawing.generator} seed {drawing.seed} {sizes}'.encode())
    for split, faces in splits.items():
        for face in faces:
            pixels.update(digests[face.image])
            fingerprint.update(f'{split} {len(face.keypoints)} {sorted(face.subsets)}'.encode())
            fingerprint.update(_photographed(face, digests[face.image]) if drawing is None else _drawn(face))
    return Identity(fingerprint.hexdigest(), pixels.hexdigest())


def _photographed(face: Face, digest: bytes) -> bytes:
    arrays = (
        ('k', face.keypoints, '<f8'),
        ('o', face.occluded, '?'),
        ('a', face.ambiguity, '<f8'),
        ('b', face.box, '<f8'),
    )
    given = (
        name.encode() + np.asarray(array, dtype=kind).tobytes() for name, array, kind in arrays if array is not None
    )
    return digest + b''.join(given)


def _drawn(face: Face) -> bytes:
    return b'k' + _steps(face.keypoints) + b'a' + (b'' if face.ambiguity is None else _steps(face.ambiguity))


def _steps(array: NDArray[np.float64]) -> bytes:
    return np.rint(array * _PER_UNIT).astype('<i8').tobytes()


def _read_digest(path: Path) -> bytes:
    try:
        return image_digest(read_bytes(path))
    except ValueError as error:
        raise BenchmarkError(f'{path}: {error}') from error
