"""The .mat files of COFW (Burgos-Artizzu et al., ICCV 2013): MATLAB v7.3, which is HDF5."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from benchmark.protocol.layouts import LAYOUTS

SUFFIXES = {'train': 'Tr', 'test': 'T'}  # of the variables' names
LANDMARKS = LAYOUTS['cofw'].num_landmarks
MOST_FACES = 100_000
MOST_PIXELS = 100_000_000


@dataclass(frozen=True, eq=False)
class CofwMat:
    """An open file of N faces.

    Attributes:
        file: the open HDF5 file.
        references: (N,) references to the images.
        annotations: (87, N) float64: x, y and occlusion of the 29 landmarks; pixels are counted from 1.
        boxes: (4, N) float64: left, top, width and height of the faces.
    """

    file: h5py.File
    references: NDArray[np.object_]
    annotations: NDArray[np.float64]
    boxes: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.references)

    def keypoints(self, index: int) -> NDArray[np.float64]:
        """(29, 2) landmarks of a face, pixels counted from 0."""
        return self.annotations[: 2 * LANDMARKS, index].reshape(2, LANDMARKS).T - 1.0

    def occluded(self, index: int) -> NDArray[np.bool_]:
        """(29,) flags of a face.

        Raises:
            ValueError: one of them is neither 0 nor 1.
        """
        flags = self.annotations[2 * LANDMARKS :, index]
        if not np.isin(flags, (0.0, 1.0)).all():
            raise ValueError('an occlusion flag is neither 0 nor 1')
        return flags == 1.0

    def box(self, index: int) -> NDArray[np.float64]:
        """Left, top, right and bottom of the given face box, pixels counted from 0.

        Raises:
            ValueError: the box has no area.
        """
        left, top, width, height = self.boxes[:, index]
        if not np.isfinite(self.boxes[:, index]).all() or width <= 0 or height <= 0:
            raise ValueError('the face box has no area')
        return np.array([left, top, left + width, top + height]) - 1.0

    def image_address(self, index: int) -> int:
        """Where in the file the image of a face lies; two faces of the same address share it.

        Raises:
            ValueError: the reference leads nowhere.
        """
        with _damage_named():
            return h5py.h5o.get_info(self._image(index).id).addr

    def image(self, index: int) -> NDArray[np.uint8]:
        """The photograph of a face, (height, width) grey or (height, width, 3) RGB.

        Raises:
            ValueError: the reference is broken, or leads to something else than an image; one line.
        """
        with _damage_named():
            stored = self._image(index)
            # In MATLAB's order of dimensions: (3, width, height) or (width, height).
            if stored.dtype != np.uint8 or stored.ndim not in (2, 3) or (stored.ndim == 3 and stored.shape[0] != 3):
                kind = f'{stored.dtype} of shape {stored.shape}'
                raise ValueError(f'the image is {kind}, expected uint8 (3, width, height)')
            if not 0 < stored.size <= 3 * MOST_PIXELS:
                raise ValueError(f'the image has shape {stored.shape}')
            return np.ascontiguousarray(stored[()].T)

    def _image(self, index: int) -> h5py.Dataset:
        if not self.references[index]:
            raise ValueError('the reference to the image is empty')
        stored = self.file[self.references[index]]
        if not isinstance(stored, h5py.Dataset) or stored.is_virtual or stored.external:
            raise ValueError('the reference does not lead to an image in the file')
        return stored


@contextmanager
def open_mat(path: Path, split: str) -> Iterator[CofwMat]:
    """Open a file of COFW and read everything but the images.

    Args:
        path: COFW_train_color.mat or COFW_test_color.mat.
        split: 'train' or 'test'.

    Raises:
        ValueError: the file is no MATLAB v7.3 file, is damaged, or does not hold what it should; one line, without the
            file's name.
    """
    with _damage_named():
        if not h5py.is_hdf5(path):
            raise ValueError('not a MATLAB v7.3 (HDF5) file, or cut short at its start')
        file = h5py.File(path, 'r', locking=False)
    with file:
        suffix = SUFFIXES[split]
        with _damage_named():
            names = set(file)
        for other in set(SUFFIXES) - {split}:
            if f'Is{suffix}' not in names and f'Is{SUFFIXES[other]}' in names:
                raise ValueError(f'holds the {other} faces, not the {split} faces; were the files exchanged?')
        references = _read(file, f'Is{suffix}', h5py.ref_dtype, 1)[0]
        annotations = _read(file, f'phis{suffix}', np.dtype(np.float64), 3 * LANDMARKS)
        boxes = _read(file, f'bboxes{suffix}', np.dtype(np.float64), 4)
        counts = {'images': len(references), 'landmarks': annotations.shape[1], 'boxes': boxes.shape[1]}
        if len(set(counts.values())) > 1:
            listed = ', '.join(f'{what} of {count} faces' for what, count in counts.items())
            raise ValueError(f'holds {listed}')
        yield CofwMat(file, references, annotations, boxes)


def _read(file: h5py.File, name: str, dtype: np.dtype, rows: int) -> NDArray:
    with _damage_named():
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f'no variable {name}')
        stored = file[name]
        if not isinstance(stored, h5py.Dataset) or stored.is_virtual or stored.external:
            raise ValueError(f'{name} is no array')
        same = stored.dtype == dtype and h5py.check_ref_dtype(stored.dtype) == h5py.check_ref_dtype(dtype)
        if not same or stored.ndim != 2 or stored.shape[0] != rows or not 0 < stored.shape[1] <= MOST_FACES:
            kind = 'references' if h5py.check_ref_dtype(stored.dtype) else stored.dtype
            wanted = 'references' if h5py.check_ref_dtype(dtype) else dtype
            raise ValueError(f'{name} is {kind} of shape {stored.shape}, expected {wanted} of shape ({rows}, N)')
        return stored[()]


@contextmanager
def _damage_named() -> Iterator[None]:
    """Turns what the HDF5 library raises into a ValueError of one line."""
    try:
        yield
    except (OSError, KeyError, RuntimeError, TypeError, AttributeError, MemoryError) as error:
        text = ascii(' '.join(str(error).split()))[1:-1]
        raise ValueError(f'damaged or cut short: {text[:120]}') from error
