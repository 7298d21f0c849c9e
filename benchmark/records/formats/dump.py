"""Landmarks as ``tools/test.py --dump`` of MMPose writes them: a pickled list of data samples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmark.records.formats.landmarks import FormatFault, Landmarks, as_points
from benchmark.records.formats.safe_pickle import Skipped, array_of, read_pickle


def read_dump(content: bytes) -> Landmarks:
    """Landmarks of a dump of MMEngine's ``DumpResults``, read without running anything in it.

    Args:
        content: the file, a list of dicts with ``pred_instances`` and ``img_path`` or ``img_id``; one face in each, in
            pixels of the original image, as MMPose's top-down estimators predict it.

    Raises:
        FormatFault: something else; the sample is named.
    """
    samples = read_pickle(content)
    if array_of(samples) is not None:
        return Landmarks(as_points(array_of(samples)), 'a pickled array without names')
    if not isinstance(samples, list) or not samples or not all(isinstance(one, dict) for one in samples):
        raise FormatFault('no list of data samples, as tools/test.py --dump writes it')
    points = [_keypoints(sample, f'sample {place}') for place, sample in enumerate(samples)]
    for place, one in enumerate(points):
        if one.shape != points[0].shape:
            raise FormatFault(f'sample {place}: {one.shape[1]} landmarks, but {points[0].shape[1]} in the first sample')
    keypoints = np.concatenate(points)
    paths = [sample.get('img_path') for sample in samples]
    if all(isinstance(path, str) and path for path in paths):
        return Landmarks(keypoints, "a dump of MMPose, named by 'img_path'", tuple(paths))
    for key in ('img_id', 'id'):
        ids = [sample.get(key) for sample in samples]
        if all(type(one) is int and 0 <= one < 2**53 for one in ids):
            return Landmarks(keypoints, f"a dump of MMPose, named by '{key}'", ids=np.array(ids, dtype=np.int64))
    raise FormatFault("samples without 'img_path' and 'img_id'")


def _keypoints(sample: Mapping, label: str) -> np.ndarray:
    """(1, K, 2) landmarks of the one face of a sample."""
    instances = sample.get('pred_instances')
    value = instances.get('keypoints') if isinstance(instances, dict) else None
    if isinstance(value, Skipped):
        raise FormatFault(f"{label}: 'pred_instances.keypoints' is a tensor (store it as a NumPy array)")
    array = array_of(value)
    if array is None:
        held = ', '.join(map(repr, list(sample)[:6]))
        raise FormatFault(f"{label}: no array 'pred_instances.keypoints' (there are: {held or 'no keys'})")
    if array.ndim != 3 or len(array) != 1:
        faces = f'{len(array)} faces' if array.ndim == 3 else f'landmarks of shape {array.shape}'
        raise FormatFault(f'{label}: {faces}, expected one face (test with the true box of each face)')
    return as_points(array)
