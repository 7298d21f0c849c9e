"""Faces worth looking at, with photographs behind them for a reader who has the data."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmark.analysis.comparison import pair
from benchmark.analysis.difference import signed
from benchmark.analysis.rows import Row
from benchmark.analysis.runs import Run
from benchmark.errors import BenchmarkError
from benchmark.records.record import Record
from benchmark.site.figures import Face, Figure, faces

FACES = 3  # in a line
_MARGIN = 0.25  # around the landmarks, as a share of their larger extent
_SIDE = 320  # largest side of a crop in the page, pixels


def worst_faces(name: str, row: Row, normalizer: str, photographs: Photographs | None) -> Figure:
    """The test images on which the first seed of a row errs most."""
    run = row.done[0]
    errors = 100 * run.digest.nme(normalizer)
    predictions = run.read_predictions()
    drawn = [
        Face(
            f'{predictions.image_ids[index]}: {errors[index]:.1f} %',
            predictions.keypoints[index],
            predictions.distances[index],
            **(photographs.crop(run, index) if photographs else {}),
        )
        for index in np.argsort(-errors, kind='stable')[: 2 * FACES]
    ]
    title = f'Largest errors of {row.loss}, {row.network}'
    return faces(name, title, drawn, row.benchmark.layout, columns=FACES)


def gains_and_losses(
    name: str, row: Row, baseline: Row, normalizer: str, photographs: Photographs | None
) -> Figure | None:
    """The images whose error a row lowers and raises most against its baseline, for the first seed of both.

    Returns:
        The gains, largest first, then the losses; None without a common seed, or where there are too few images.
    """
    paired = pair(row, baseline)
    if paired is None:
        return None
    run, other = paired.runs[0], paired.others[0]
    change = 100 * (run.digest.nme(normalizer) - other.digest.nme(normalizer))
    order = np.argsort(change, kind='stable')
    number = min(FACES, len(order) // 2)
    if not number:
        return None
    predictions, others = run.read_predictions(), other.read_predictions()
    drawn = [
        Face(
            f'{predictions.image_ids[index]}: {signed(change[index])} points',
            predictions.keypoints[index],
            predictions.distances[index],
            others.keypoints[index],
            **(photographs.crop(run, index) if photographs else {}),
        )
        for index in (*order[:number], *order[::-1][:number])
    ]
    title = f'Largest gains and losses of {row.loss} against {baseline.loss}, {row.network}'
    return faces(name, title, drawn, row.benchmark.layout, columns=number, other_label=baseline.loss)


class ImageSource(Protocol):
    """Where photographs come from, such as :class:`benchmark.datasets.image_source.ImageSource`."""

    def fingerprint(self, benchmark: str) -> str | None:
        """Identity of the data at hand of a benchmark; None without any."""

    def path(self, benchmark: str, index: int) -> Path:
        """File of a test image, by its number."""


class Photographs:
    """Crops of test images.

    Args:
        source: where they come from.
    """

    def __init__(self, source: ImageSource) -> None:
        self._source = source

    def are_of(self, record: Record) -> bool:
        """Whether the data at hand is what a finished record was made on."""
        return self._source.fingerprint(record.benchmark) == record.dataset.fingerprint

    def crop(self, run: Run, index: int) -> dict:
        """The photograph around a predicted face, as the keyword arguments of :class:`benchmark.site.figures.Face`.

        Args:
            run: a run with a result.
            index: which of its test images.

        Returns:
            ``image`` (H, W, 3) uint8, RGB, at most 320 pixels wide and high, ``origin`` and ``size`` in pixels of the
            original image; nothing where the data at hand is not that of the run.

        Raises:
            BenchmarkError: the prepared data is damaged, or an image is unreadable.
        """
        if not self.are_of(run.record):
            return {}
        path = self._source.path(run.benchmark.name, index)
        try:
            # As annotated, whatever orientation the camera noted.
            with Image.open(path) as image:
                return _crop(image.convert('RGB'), run.read_predictions().keypoints[index])
        except OSError as error:
            raise BenchmarkError(f'{path}: not a readable image (prepare {run.benchmark.name} again)') from error


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
