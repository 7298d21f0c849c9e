"""The predictions of one experiment on a test set: the file that every reported number is computed from."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from benchmark.errors import BenchmarkError
from benchmark.files import write_atomically
from benchmark.protocol.benchmarks import Benchmark
from benchmark.protocol.measures import all_measures, value
from benchmark.records.record import Metric


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
        covariances: (N, K, 3) float32 or None, covariance of each predicted heatmap as (xx, xy, yy), squared pixels of
            the original image; None where the method has no heatmap.
        ambiguity: (N, K, 3) float32 or None, true covariance of the training annotations, squared pixels; only
            synthetic benchmarks know it.
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
        return self.distances[member].mean(axis=1, dtype=np.float64) / distance[member]


def save_predictions(predictions: Predictions, path: Path) -> None:
    """Write predictions as a compressed ``.npz``, whole or not at all.

    Raises:
        BenchmarkError: a predicted landmark or distance is not finite, or the file cannot be written.
    """
    for name in ('keypoints', 'distances'):
        bad = ~np.isfinite(getattr(predictions, name)).reshape(len(predictions.image_ids), -1).all(axis=1)
        if bad.any():
            first = predictions.image_ids[bad][0]
            raise BenchmarkError(
                f'{path.name}: {name} of {bad.sum()} images are NaN or infinite, first of {first} (nothing was stored)'
            )
    arrays = {field.name: getattr(predictions, field.name) for field in fields(predictions)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: array for name, array in arrays.items() if array is not None})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, buffer.getvalue())
    except OSError as error:
        raise BenchmarkError(
            f'{path}: cannot write the predictions: {error.strerror} (free or choose another folder with --reports)'
        ) from error


def load_predictions(path: Path) -> Predictions:
    """Read a predictions file; nothing in it is ever unpickled.

    Raises:
        BenchmarkError: the file is absent, damaged or lacks an array.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return Predictions(**{name: file[name] for name in file.files})
    except (OSError, ValueError, TypeError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise BenchmarkError(
            f'{path}: not a readable predictions file: {error} (restore it or run the experiment again)'
        ) from error


def summarize(predictions: Predictions, benchmark: Benchmark) -> tuple[Metric, ...]:
    """NME, FR and AUC of every subset that has an image, under both normalizers and at all thresholds, in percent."""
    found = []
    for measure in all_measures(benchmark):
        nme = predictions.nme(measure.normalizer, measure.subset)
        if len(nme):
            found.append(Metric(**measure._asdict(), value=value(nme, measure), images=len(nme)))
    return tuple(found)
