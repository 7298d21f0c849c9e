"""Crop store: every training face cut out once, in one memory-mapped array.

Decoding a JPEG and warping it costs more than a small network's training step. The store holds each face with a margin
for augmentation, so that loading a sample is a copy. It is bilinear, as are the warps of MMPose and of the official
STAR code: an image that is warped from the store has been interpolated twice, which shows the less the more pixels the
store has for each one of the network (:func:`open_crops` has the figures).
"""

from __future__ import annotations

import glob
import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmark.caches import cache_folder, is_read_only
from benchmark.claims import sole
from benchmark.datasets.boxes import crop_matrix
from benchmark.datasets.prepared import Face, Prepared
from benchmark.datasets.source import MOST_THREADS, image_size
from benchmark.errors import BenchmarkError, cannot_write
from benchmark.files import becoming
from benchmark.processes import available_cores

CROP_VERSION = 1
_PARTIAL = '.partial'  # end of the name of a store that is being made


@dataclass(frozen=True, eq=False)
class Crops:
    """Face crops and the maps that made them.

    A copy in another process maps the same file again, so that no process ever holds the store in memory of its own.

    Attributes:
        path: the store, a NumPy file.
        images: (N, S, S, 3) uint8, BGR, memory-mapped; black outside the image.
        matrices: (N, 2, 3) float64, from pixels of the original image to pixels of the crop.
    """

    path: Path
    images: np.ndarray
    matrices: np.ndarray

    def __reduce__(self) -> tuple:
        return _map_crops, (self.path, self.matrices, self.images.shape)


def open_crops(
    prepared: Prepared,
    split: str,
    padding: float,
    size: int,
    align_corners: bool = False,
    cache: Path | None = None,
) -> Crops:
    """Open the crop store of a split; make it first, on all processor cores, if it is not there yet.

    What the store costs in quality, measured on 250 real faces of 300W and WFLW that are at most 256 pixels wide: the
    mean difference in grey levels between a 256-pixel network input warped from the store and one warped from the
    original image, under the official augmentation, and the share of its pixels that lie beyond the margin.

    ========  ====  ==============  ==============  =============
    padding   size  300W            WFLW            beyond margin
    ========  ====  ==============  ==============  =============
    1.5       384   0.71            0.45            0.18 %
    1.6       512   0.46            0.31            0.06 %
    1.75      448   0.54            0.34            0.01 %
    1.75      560   0.41            0.28            0.01 %
    1.75      672   0.34            0.24            0.01 %
    ========  ====  ==============  ==============  =============

    Cubic interpolation in the store comes out worse than bilinear, since what it is measured against is bilinear.

    Args:
        prepared: the prepared data.
        split: 'train' or 'test'.
        padding: factor of the face box, margin for augmentation included.
        size: side of the stored crops, pixels.
        align_corners: the convention of box and centre (see :func:`benchmark.datasets.boxes.face_box`).
        cache: folder of stores; None: beside the data, or among the user's caches where nothing can be written there.

    Returns:
        The crops in the order of the split's faces; the same bytes on any number of cores.

    Raises:
        BenchmarkError: the split is empty, an image cannot be read, there is no room for the store, or it is damaged
            or cannot be written.
    """
    faces: Sequence[Face] = getattr(prepared, split)
    if not faces:
        name = prepared.manifest.benchmark
        raise BenchmarkError(f'{name}: no {split} faces in {prepared.folder} (prepare the {split} part of {name} too)')
    matrices = np.stack([crop_matrix(face, padding, size, align_corners) for face in faces])
    convention = '-corners' if align_corners else ''
    # The same drawn faces may have other pixels, where they were drawn elsewhere.
    content = f'{prepared.manifest.fingerprint[:16]}-{prepared.manifest.pixels[:8]}'
    name = f'{split}-{size}px-{padding:g}{convention}-v{CROP_VERSION}-{content}.npy'
    path = _store_folder(prepared, name, cache) / name
    _make_crops(prepared, faces, matrices, size, path)
    return _map_crops(path, matrices, (len(faces), size, size, 3))


def read_image(path: Path, upright: bool = False) -> np.ndarray:
    """Read a JPEG or PNG image.

    Args:
        path: the file.
        upright: apply an orientation tag; else the image is read as stored, as every prepared one is.

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
    orientation = 0 if upright else cv2.IMREAD_IGNORE_ORIENTATION
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR | orientation)


def _map_crops(path: Path, matrices: np.ndarray, shape: tuple[int, ...]) -> Crops:
    try:
        images = np.load(path, mmap_mode='r')
    except (OSError, ValueError, EOFError) as error:
        raise BenchmarkError(f'{path}: damaged face crops: {error} (remove the file; it is made again)') from error
    if images.shape != shape or images.dtype != np.uint8:
        raise BenchmarkError(f'{path}: not the face crops that belong there (remove the file; it is made again)')
    return Crops(path, images, matrices)


def _store_folder(prepared: Prepared, name: str, cache: Path | None) -> Path:
    beside = prepared.folder / 'crops'
    if cache is None and ((beside / name).exists() or not is_read_only(beside)):
        return beside
    return (cache or cache_folder()) / prepared.manifest.benchmark


def _make_crops(prepared: Prepared, faces: Sequence[Face], matrices: np.ndarray, size: int, path: Path) -> None:
    try:
        with suppress(FileExistsError):
            path.parent.mkdir(parents=True)
            path.parent.chmod(0o755)  # other users read the stores, too
        # Several trainings may ask for a store at once: the others wait for the one that makes it.
        with sole(path) as mine:
            if mine:
                _write_crops(prepared, faces, matrices, size, path)
    except OSError as error:
        raise BenchmarkError(cannot_write(f'{path}: cannot write the face crops', error, '--cache')) from error


def _write_crops(prepared: Prepared, faces: Sequence[Face], matrices: np.ndarray, size: int, path: Path) -> None:
    shape = (len(faces), size, size, 3)

    def cut(face: Face, matrix: np.ndarray) -> bytes:
        image = read_image(prepared.image_path(face))
        return cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR).tobytes()

    _make_room(path, int(np.prod(shape)))
    with becoming(path, suffix=_PARTIAL) as file:
        # Written sequentially: on a full disk a memory map would kill the process instead of raising.
        np.lib.format.write_array_header_1_0(file, {'descr': '|u1', 'fortran_order': False, 'shape': shape})
        for crop in _in_order(cut, faces, matrices):
            file.write(crop)


def _in_order(work, *arguments: Sequence) -> Iterator[bytes]:
    """Results of calls that run in threads, in the order of the arguments; few are held at a time."""
    threads = min(available_cores(), MOST_THREADS)
    pending: deque = deque()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        try:
            for one in zip(*arguments, strict=True):
                pending.append(pool.submit(work, *one))
                if len(pending) > 2 * threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _make_room(path: Path, size: int) -> None:
    """Remove what a killed process has left of a store, and refuse one that does not fit; size in bytes."""
    for left in path.parent.glob(f'.{glob.escape(path.name)}*{_PARTIAL}'):
        left.unlink(missing_ok=True)
    free = shutil.disk_usage(path.parent).free
    if free < size:
        raise BenchmarkError(
            f'{path.parent}: no room for the face crops: {_mib(size)} MiB are needed, {_mib(free)} MiB are free '
            '(free space or choose another folder with --cache)'
        )


def _mib(size: int) -> str:
    return f'{size / 2**20:,.1f}'
