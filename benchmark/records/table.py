"""Predictions as a table, for an analysis of one's own."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import BenchmarkError
from benchmark.records.formats import Landmarks, read_landmarks
from benchmark.records.formats.numpy_file import is_own
from benchmark.records.predictions import Predictions, read_predictions

if TYPE_CHECKING:
    import pandas as pd


def load_predictions(path: Path | str) -> pd.DataFrame:
    """Read predictions, one row an image, in the order of the file.

    Args:
        path: a predictions file of this project (``.npz``), or landmarks in any format that ``python -m
            benchmark.score`` takes.

    Returns:
        Indexed by ``image``, the name of the image; its id or its place in the file, from 0, where the file has no
        names.

        Of this project's own files a bool column for each subset of the benchmark, such as ``full``;
        ``mean_distance``, mean over the landmarks of the distance to the truth, and ``inter_ocular`` and
        ``inter_pupil``, the normalizing distances, all in pixels; ``nme_inter_ocular`` and ``nme_inter_pupil``, the
        image's normalized mean error, fractions (0.04 is 4 %).

        Of any other file the landmarks, ``x0, y0, x1, y1, ...``, in the unit of the file.

    Raises:
        BenchmarkError: the file is absent, damaged or of no known format.
    """
    path = Path(path)
    if path.suffix.lower() == '.npz' and _is_own(path):
        return _errors(read_predictions(path))
    return _coordinates(read_landmarks(path))


def _is_own(path: Path) -> bool:
    try:
        return is_own(path)
    except (OSError, zipfile.BadZipFile) as error:
        reason = getattr(error, 'strerror', None) or ' '.join(str(error).split())
        raise BenchmarkError(f'{path}: not a readable predictions file: {reason}') from error


def _errors(predictions: Predictions) -> pd.DataFrame:
    # Not with the module: reading and writing records do not need it.
    import pandas as pd

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


def _coordinates(found: Landmarks) -> pd.DataFrame:
    import pandas as pd

    images, count, _ = found.keypoints.shape
    if found.names is not None:
        index = pd.Index(found.names, name='image')
    else:
        index = pd.Index(range(images) if found.ids is None else found.ids, name='image')
    columns = [f'{axis}{number}' for number in range(count) for axis in 'xy']
    return pd.DataFrame(found.keypoints.reshape(images, -1), columns=columns, index=index)
