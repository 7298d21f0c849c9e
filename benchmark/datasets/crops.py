"""Crop store: every training face cut out once, in one memory-mapped array.

Decoding a JPEG and warping it costs more than a small network's training step. The store holds each face with enough
margin for augmentation, at the resolution of the network input, so that loading a sample is a copy.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmark.datasets.prepared import Face, Prepared
from benchmark.datasets.source import image_size
from benchmark.errors import BenchmarkError

CROP_VERSION = 1


@dataclass(frozen=True, eq=False)
class Crops:
    """Face crops and the maps that made them.

    Attributes:
        images: (N, S, S, 3) uint8, BGR, memory-mapped; black outside the image.
        matrices: (N, 2, 3) float64, from pixels of the original image to pixels of the crop.
    """

    images: np.ndarray
    matrices: np.ndarray


def face_box(face: Face, padding: float) -> tuple[np.ndarray, float]:
    """Square face box from landmarks, the convention of MMPose and HRNet.

    Args:
        face: an annotated face.
        padding: factor of the box side, 1.25 in MMPose.

    Returns:
        Centre (2,) and side of the box, pixels of the original image.
    """
    low, high = face.keypoints.min(axis=0), face.keypoints.max(axis=0)
    return (low + high) / 2, float((high - low).max()) * padding


def crop_matrix(face: Face, padding: float, size: int) -> np.ndarray:
    """Map from the original image to a crop of its padded box: box centre to ``size / 2``, as in MMPose.

    Args:
        face: an annotated face.
        padding: factor of the box side.
        size: side of the crop, pixels.

    Returns:
        (2, 3) float64.
    """
    centre, side = face_box(face, padding)
    zoom = size / side
    return np.array([[zoom, 0, size / 2 - zoom * centre[0]], [0, zoom, size / 2 - zoom * centre[1]]])


def open_crops(prepared: Prepared, split: str, padding: float, size: int) -> Crops:
    """Open the crop store of a split; make it first if it is not there yet.

    Args:
        prepared: the prepared data.
        split: 'train' or 'test'.
        padding: factor of the landmarks' box, margin for augmentation included.
        size: side of the stored crops, pixels.

    Returns:
        The crops in the order of the split's faces.

    Raises:
        BenchmarkError: an image cannot be read, or the store cannot be written.
    """
    faces: Sequence[Face] = getattr(prepared, split)
    matrices = np.stack([crop_matrix(face, padding, size) for face in faces])
    name = f'{split}-{size}px-{padding:g}-v{CROP_VERSION}-{prepared.manifest.fingerprint[:16]}.npy'
    path = prepared.folder / 'crops' / name
    if not path.exists():
        _write_crops(prepared, faces, matrices, size, path)
    return Crops(np.load(path, mmap_mode='r'), matrices)


def read_image(path: Path) -> np.ndarray:
    """Read an image as stored, without applying an orientation tag.

    Returns:
        (height, width, 3) uint8, BGR.

    Raises:
        BenchmarkError: the file is absent, cut short or damaged.
    """
    try:
        content = path.read_bytes()
        image_size(content)
    except OSError as error:
        raise BenchmarkError(f'{path}: cannot read the image: {error.strerror} (put it back)') from error
    except ValueError as error:
        raise BenchmarkError(f'{path}: {error} (put an intact copy there)') from error
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)


def _write_crops(prepared: Prepared, faces: Sequence[Face], matrices: np.ndarray, size: int, path: Path) -> None:
    header = {'descr': '|u1', 'fortran_order': False, 'shape': (len(faces), size, size, 3)}
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written sequentially: on a full disk a memory map would kill the process instead of raising.
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f'.{path.name}.', delete=False) as file:
            temporary = Path(file.name)
            np.lib.format.write_array_header_1_0(file, header)
            for face, matrix in zip(faces, matrices, strict=True):
                crop = cv2.warpAffine(
                    read_image(prepared.image_path(face)), matrix, (size, size), flags=cv2.INTER_LINEAR
                )
                file.write(crop.tobytes())
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except OSError as error:
        where = f'{path}: cannot write the face crops: {error.strerror}'
        raise BenchmarkError(f'{where} (free space or choose another --data-root)') from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
