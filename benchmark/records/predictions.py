"""The predictions of one experiment on a test set: the file that every reported number is computed from.

They are stored in the compact form that :mod:`benchmark.records.compact_form` defines. A file with the plain arrays, as
``numpy.savez`` writes them, is read as well.
"""

from __future__ import annotations

import io
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from benchmark.errors import BenchmarkError
from benchmark.files import write_atomically
from benchmark.protocol.benchmarks import Benchmark
from benchmark.protocol.measures import all_measures, value
from benchmark.records.compact_form import ROUNDED, contradiction, from_compact, to_compact
from benchmark.records.faults import form_fault
from benchmark.records.parts import Metric

MOST_BYTES = 2**28  # of all arrays; the largest test set with everything that there is takes 18 MB
_LONGEST_REASON = 200
# As archive and arrays show it; NumPy has Python read the heads of arrays.
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError, SyntaxError)
_UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    EOFError,
    AttributeError,
    LookupError,
    RuntimeError,
    MemoryError,
    *_DAMAGED,
)


@dataclass(frozen=True)
class Predictions:
    """Predicted landmarks with their errors; the ground truth of a licensed dataset is not in it.

    Attributes:
        image_ids: (N,) str, image names relative to the dataset's root.
        subset_names: (S,) str, subsets of the benchmark, 'full' first.
        subsets: (N, S) bool, membership of each image.
        keypoints: (N, K, 2) float32, predicted landmarks in pixels of the original image.
        distances: (N, K) float32, distance of each predicted landmark to the truth, pixels.
        inter_ocular: (N,) float32, normalizing distance, pixels.
        inter_pupil: (N,) float32, normalizing distance, pixels.
        covariances: (N, K, 3) float64 or None, covariance of each predicted heatmap as (xx, xy, yy), squared pixels of
            the original image; None where the method has no heatmap.
        ambiguity: (N, K, 3) float64 or None, true covariance of the training annotations, squared pixels; only
            synthetic benchmarks know it.
        exact_means: (N,) float64 or None, mean of each image's distances before they were rounded, pixels; None where
            they were not.
    """

    image_ids: np.ndarray
    subset_names: np.ndarray
    subsets: np.ndarray
    keypoints: np.ndarray
    distances: np.ndarray
    inter_ocular: np.ndarray
    inter_pupil: np.ndarray
    covariances: np.ndarray | None = None
    ambiguity: np.ndarray | None = None
    exact_means: np.ndarray | None = None

    @property
    def mean_distance(self) -> np.ndarray:
        """(N,) float64, mean over an image's landmarks of the distance to the truth, pixels."""
        if self.exact_means is not None:
            return self.exact_means
        return self.distances.mean(axis=1, dtype=np.float64)

    def nme(self, normalizer: str, subset: str = 'full') -> np.ndarray:
        """Per-image normalized mean error.

        Args:
            normalizer: 'inter-ocular' or 'inter-pupil'.
            subset: one of ``subset_names``.

        Returns:
            (M,) float64, fractions, one per image of the subset in the file's order.
        """
        distance = {'inter-ocular': self.inter_ocular, 'inter-pupil': self.inter_pupil}[normalizer]
        member = self.subsets[:, list(self.subset_names).index(subset)]
        return self.mean_distance[member] / distance[member]


def save_predictions(predictions: Predictions, path: Path) -> None:
    """Write predictions in the compact form, whole or not at all.

    Keypoints, distances and covariances are rounded, within the bounds of :mod:`benchmark.records.compact_form`; NME,
    failure rates and areas stay as they are to the last bit. What was read from a compact file is written as the same
    bytes again.

    Raises:
        BenchmarkError: an array is not of its type, a predicted landmark, distance or covariance is not finite, a
            distance is negative, the arrays are not of the same images, ``exact_means`` are not those of the distances,
            or the file cannot be written.
    """
    arrays = {field.name: getattr(predictions, field.name) for field in fields(predictions)}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    fault = _fault(arrays)
    if fault:
        raise BenchmarkError(f'{path.name}: {fault} (nothing was stored)')
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **to_compact({**arrays, 'exact_means': predictions.mean_distance}))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, buffer.getvalue())
    except OSError as error:
        raise BenchmarkError(
            f'{path}: cannot write the predictions: {error.strerror} (free or choose another folder with --results)'
        ) from error


def read_predictions(path: Path) -> Predictions:
    """Read a predictions file, compact or plain; nothing in it is ever unpickled.

    Raises:
        BenchmarkError: the file is absent, damaged, lacks an array, an array is not of its type or not of the same
            images as the others, or its exact means are not those of its distances.
    """
    with _readable(path):
        with np.load(path, allow_pickle=False) as file:
            _check_size(file.zip)
            arrays = {name: file[name] for name in file.files}
        predictions = Predictions(**(from_compact(arrays) if 'format' in arrays else arrays))
        fault = form_fault(vars(predictions))
        if fault is None and predictions.exact_means is not None:
            fault = contradiction(vars(predictions))
    if fault:
        raise BenchmarkError(f'{path}: {fault} (restore it or run the experiment again)')
    return predictions


def is_compact(path: Path) -> bool:
    """Whether a predictions file is in the compact form.

    Raises:
        BenchmarkError: the file is absent or damaged.
    """
    with _readable(path), np.load(path, allow_pickle=False) as file:
        return 'format' in file.files


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns what a damaged file can cause into one line."""
    try:
        yield
    except _UNREADABLE as error:
        reason = ' '.join(str(error).split())[:_LONGEST_REASON] or type(error).__name__
        raise BenchmarkError(
            f'{path}: not a readable predictions file: {reason} (restore it or run the experiment again)'
        ) from error


def _check_size(archive: zipfile.ZipFile) -> None:
    size = sum(entry.file_size for entry in archive.infolist())
    if size > MOST_BYTES:
        raise ValueError(f'it unpacks to {size >> 20} MiB, more than {MOST_BYTES >> 20}')


def _fault(arrays: Mapping[str, np.ndarray]) -> str | None:
    """Why arrays cannot be stored, if they cannot."""
    fault = form_fault(arrays)
    if fault:
        return fault
    ids = arrays['image_ids']
    for name in (name for name in ROUNDED if name in arrays):
        array = arrays[name]
        per_image = array.reshape(len(ids), int(np.prod(array.shape[1:])))
        # Half of what float32 holds, so that no rounding leads beyond it.
        bad = ~(np.abs(per_image) < 2.0**127).all(axis=1)
        if bad.any():
            return f'{name} of {bad.sum()} images are NaN or infinite, first of {ids[bad][0]}'
        if name == 'distances' and (per_image < 0).any():
            return f'a distance is negative in image {ids[(per_image < 0).any(axis=1)][0]}'
    return contradiction(arrays) if 'exact_means' in arrays else None


def summarize(predictions: Predictions, benchmark: Benchmark) -> tuple[Metric, ...]:
    """NME, FR and AUC of every subset that has an image, under both normalizers and at all thresholds, in percent."""
    found = []
    for measure in all_measures(benchmark):
        nme = predictions.nme(measure.normalizer, measure.subset)
        if len(nme):
            found.append(Metric(**measure._asdict(), value=value(nme, measure), images=len(nme)))
    return tuple(found)
