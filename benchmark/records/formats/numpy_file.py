"""Landmarks in files of NumPy: ``.npy`` with one array, ``.npz`` with several of which one holds them."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from benchmark.records.formats.landmarks import MOST_BYTES, FormatFault, Landmarks, as_points
from benchmark.records.predictions import read_predictions

# As people call them; the first that a file has counts.
POINTS = ('keypoints', 'predicted', 'predictions', 'preds', 'pred', 'landmarks', 'pred_keypoints', 'pred_landmarks')
NAMES = ('image_ids', 'images', 'image_names', 'names', 'image', 'name', 'file_names', 'filenames', 'img_paths')
IDS = ('image_id', 'ids', 'id', 'img_ids', 'img_id', 'image_ids', 'images')
_OWN = {'distances', 'inter_ocular'}  # no other file has both


def read_npy(path: Path) -> Landmarks:
    """Landmarks without names.

    Raises:
        FormatFault: another array, or a file that claims to hold more than it does.
        OSError, ValueError, EOFError: the file cannot be read, or is damaged.
    """
    with path.open('rb') as file:
        array = _read_array(file, path.stat().st_size)
    return Landmarks(as_points(array), 'an array without names')


def read_npz(path: Path) -> Landmarks:
    """Landmarks of an archive, this project's own predictions among them.

    Raises:
        FormatFault: no array is one of landmarks, several are, or the file would unpack to too much.
        BenchmarkError: it is a predictions file of this project, and damaged.
        OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile: the file cannot be read,
            or is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > MOST_BYTES:
            raise FormatFault(f'unpacks to more than {MOST_BYTES >> 20} MiB')
        if _is_own(archive):
            own = read_predictions(path)
            names = tuple(map(str, own.image_ids))
            return Landmarks(own.keypoints.astype(np.float64), 'predictions of a record', names)
        arrays = {}
        for member in members:
            with archive.open(member) as file:
                arrays[member.filename.removesuffix('.npy')] = _read_array(file, member.file_size)
    name, points = _landmarks(arrays)
    names, ids = _labels(arrays, len(points))
    form = f"array '{name}'" + (', with names' if names else ', with ids' if ids is not None else ' without names')
    return Landmarks(points, form, names, ids)


def is_own(path: Path) -> bool:
    """Whether a file is one of this project's predictions, whole or damaged, and not only an archive of arrays.

    Raises:
        OSError, zipfile.BadZipFile: it is no archive.
    """
    with zipfile.ZipFile(path) as archive:
        return _is_own(archive)


def _is_own(archive: zipfile.ZipFile) -> bool:
    return {name.removesuffix('.npy') for name in archive.namelist()} >= _OWN


def _read_array(file: BinaryIO, size: int) -> NDArray:
    """An array in NumPy's format, without pickles, and of no more bytes than are there.

    NumPy makes room for what the header claims before it reads.
    """
    version = npy.read_magic(file)
    read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read_header is None:
        raise FormatFault(f'an array in version {version[0]}.{version[1]} of its format')
    shape, fortran, kind = read_header(file)
    count = math.prod(shape)
    if kind.hasobject:
        raise FormatFault('an array of Python objects, which only running what is in the file would read')
    if count * kind.itemsize > size:
        raise FormatFault(f'an array of shape {shape} that claims to be larger than the file')
    content = file.read(count * kind.itemsize)
    if len(content) != count * kind.itemsize:
        raise FormatFault('an array that ends too early')
    return np.frombuffer(content, kind).reshape(shape, order='F' if fortran else 'C')


def _landmarks(arrays: Mapping[str, NDArray]) -> tuple[str, NDArray[np.float64]]:
    named = next((name for name in POINTS if name in arrays), None)
    if named:
        return named, as_points(arrays[named])
    fitting = [name for name, array in arrays.items() if array.dtype.kind in 'fiu' and array.ndim in (3, 4)]
    if len(fitting) != 1:
        held = ', '.join(f'{name} {array.shape}' for name, array in list(arrays.items())[:8])
        raise FormatFault(f"no array called 'keypoints', 'predicted' or 'landmarks' (there are: {held or 'none'})")
    return fitting[0], as_points(arrays[fitting[0]])


def _labels(arrays: Mapping[str, NDArray], images: int) -> tuple[tuple[str, ...] | None, NDArray[np.int64] | None]:
    """Names or ids beside the landmarks, as many as there are images."""
    for keys, kinds in ((NAMES, 'US'), (IDS, 'iu')):
        key = next((key for key in keys if key in arrays and arrays[key].dtype.kind in kinds), None)
        if key is None:
            continue
        array = arrays[key]
        if array.shape != (images,):
            raise FormatFault(f"'{key}' has shape {array.shape}, expected ({images},), one for each image")
        if kinds == 'iu':
            return None, array.astype(np.int64)
        return tuple(name.decode() if isinstance(name, bytes) else name for name in array.tolist()), None
    return None, None
