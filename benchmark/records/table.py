"""Predictions as a table, for an analysis of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.records.predictions import read_predictions

if TYPE_CHECKING:
    import pandas as pd


def load_predictions(path: Path | str) -> pd.DataFrame:
    """Read the errors of a predictions file, one row an image, in the order of the file.

    Args:
        path: a predictions file (``.npz``).

    Returns:
        Indexed by ``image``, the name of the image. A bool column for each subset of the benchmark, such as ``full``;
        ``mean_distance``, mean over the landmarks of the distance to the truth, and ``inter_ocular`` and
        ``inter_pupil``, the normalizing distances, all in pixels; ``nme_inter_ocular`` and ``nme_inter_pupil``, the
        image's normalized mean error, fractions (0.04 is 4 %).

    Raises:
        BenchmarkError: the file is absent or damaged.
    """
    # Not with the module: reading and writing records do not need it.
    import pandas as pd

    predictions = read_predictions(Path(path))
    mean = predictions.mean_distance
    columns = {
        **dict(zip(predictions.subset_names.tolist(), predictions.subsets.T, strict=True)),
        'mean_distance': mean,
        'inter_ocular': predictions.inter_ocular,
        'inter_pupil': predictions.inter_pupil,
        'nme_inter_ocular': mean / predictions.inter_ocular,
        'nme_inter_pupil': mean / predictions.inter_pupil,
    }
    return pd.DataFrame(columns, index=pd.Index(predictions.image_ids, name='image'))
