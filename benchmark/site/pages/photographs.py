"""Photographs to put behind drawn landmarks, for a reader who has the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmark.datasets.manifest import Manifest
from benchmark.datasets.prepared import Prepared, find_prepared, open_prepared
from benchmark.errors import BenchmarkError
from benchmark.site.runs import Run
from benchmark.suite.records import Record

_MARGIN = 0.25  # around the landmarks, as a share of their larger extent
_SIDE = 320  # largest side of a crop in the page, pixels


class Photographs:
    """Crops of test images.

    Args:
        data_root: folder of all prepared benchmarks.
    """

    def __init__(self, data_root: Path) -> None:
        self.data_root = data_root
        self._manifests: dict[str, Manifest | None] = {}
        self._prepared: dict[str, Prepared] = {}

    def are_of(self, record: Record) -> bool:
        """Whether the prepared data is what a finished record was made on."""
        benchmark = record.benchmark
        if benchmark not in self._manifests:
            self._manifests[benchmark] = find_prepared(self.data_root, benchmark)
        manifest = self._manifests[benchmark]
        return manifest is not None and manifest.fingerprint == record.dataset.fingerprint

    def crop(self, run: Run, index: int) -> dict:
        """The photograph around a predicted face, as the keyword arguments of :class:`benchmark.site.figures.Face`.

        Args:
            run: a run with a result.
            index: which of its test images.

        Returns:
            ``image`` (H, W, 3) uint8, RGB, at most 320 pixels wide and high, ``origin`` and ``size`` in pixels of the
            original image; nothing where the data of the run is not the prepared one.

        Raises:
            BenchmarkError: the prepared data is damaged, or an image is unreadable.
        """
        if not self.are_of(run.record):
            return {}
        benchmark = run.benchmark.name
        if benchmark not in self._prepared:
            self._prepared[benchmark] = open_prepared(self.data_root, benchmark)
        prepared = self._prepared[benchmark]
        path = prepared.image_path(prepared.test[index])
        try:
            # As annotated, whatever orientation the camera noted.
            with Image.open(path) as image:
                return _crop(image.convert('RGB'), run.load_predictions().keypoints[index])
        except OSError as error:
            raise BenchmarkError(f'{path}: not a readable image (prepare {benchmark} again)') from error


def _crop(image: Image.Image, points: NDArray[np.float32]) -> dict:
    low, high = points.min(axis=0), points.max(axis=0)
    margin = _MARGIN * (high - low).max()
    limits = np.array(image.size)
    left, top = np.clip(np.floor(low - margin), 0, limits - 1).astype(int).tolist()
    right, bottom = np.clip(np.ceil(high + margin), (left + 1, top + 1), limits).astype(int).tolist()
    part = image.crop((left, top, right, bottom))
    width, height = part.size
    part.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    return {
        'image': np.asarray(part),
        # The first pixel's centre lies at 0, its edge half a pixel before.
        'origin': (left - 0.5, top - 0.5),
        'size': (float(width), float(height)),
    }
