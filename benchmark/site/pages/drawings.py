"""Faces worth looking at: the worst ones of a row, and those that STAR changes most."""

from __future__ import annotations

import numpy as np

from benchmark.site.comparison import pair, signed
from benchmark.site.figures import Face, Figure, faces
from benchmark.site.pages.photographs import Photographs
from benchmark.site.rows import Row

FACES = 3  # in a line


def worst_faces(name: str, row: Row, normalizer: str, photographs: Photographs | None) -> Figure:
    """The test images on which the first seed of a row errs most."""
    run = row.done[0]
    errors = 100 * run.digest.nme(normalizer)
    predictions = run.load_predictions()
    drawn = [
        Face(
            f'{predictions.image_ids[index]}: {errors[index]:.1f} %',
            predictions.keypoints[index],
            predictions.distances[index],
            **(photographs.crop(run, index) if photographs else {}),
        )
        for index in np.argsort(-errors, kind='stable')[: 2 * FACES]
    ]
    title = f'Largest errors of {row.record.loss}, {row.network}'
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
    predictions, others = run.load_predictions(), other.load_predictions()
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
    title = f'Largest gains and losses of {row.record.loss} against {baseline.record.loss}, {row.network}'
    return faces(name, title, drawn, row.benchmark.layout, columns=number, other_label=baseline.record.loss)
