"""What makes predictions unusable as the source of numbers: each fault is named, none is repaired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.protocol.benchmarks import Benchmark

_DIMENSIONS = {
    'image_ids': 1,
    'subset_names': 1,
    'subsets': 2,
    'keypoints': 3,
    'distances': 2,
    'inter_ocular': 1,
    'inter_pupil': 1,
    'covariances': 3,
    'ambiguity': 3,
    'exact_means': 1,
}
_KINDS = {'image_ids': 'U', 'subset_names': 'U', 'subsets': 'b'}
_NUMBERS = 'fiu'
_LEAST_DISTANCE = 1e-3  # pixels
_LARGEST_COORDINATE = 1e6  # pixels
_ROUNDING = 0.05
_IN_WORDS = {'U': 'text', 'b': 'bool', _NUMBERS: 'numbers'}


def form_fault(arrays: Mapping[str, NDArray | None]) -> str | None:
    """Which array is of another type than it has to be, not of the same images as the others, or no covariance.

    Args:
        arrays: those of :class:`benchmark.records.predictions.Predictions`, by name.
    """
    images = np.size(arrays['image_ids'])
    for name, dimensions in _DIMENSIONS.items():
        array = arrays.get(name)
        if array is None:
            continue
        kinds = _KINDS.get(name, _NUMBERS)
        if array.dtype.kind not in kinds:
            return f'{name} is of type {array.dtype}, expected {_IN_WORDS[kinds]}'
        if array.ndim != dimensions or (name != 'subset_names' and len(array) != images):
            expected = f'({images},)' if dimensions == 1 else f'{images} images'
            return f'{name} has shape {array.shape}, expected {expected}'
    columns, names = arrays['subsets'].shape[1], len(arrays['subset_names'])
    if columns != names:
        return f'subsets has {columns} columns, but subset_names has {names} names'
    for name in ('covariances', 'ambiguity'):
        values = arrays.get(name)
        if values is not None and values.shape[2:] == (3,) and not _is_covariance(values).all():
            return f'{name}: a covariance (xx, xy, yy) is not positive semi-definite'
    return None


def content_fault(arrays: Mapping[str, NDArray | None], benchmark: Benchmark) -> str | None:
    """Why predictions would give a wrong number of a benchmark; None: nothing says so.

    Args:
        arrays: those of :class:`benchmark.records.predictions.Predictions`, in which :func:`form_fault` finds nothing.
        benchmark: what they are said to be of.
    """
    if not len(arrays['image_ids']):
        return 'no images'
    checks = (_landmark_fault, _image_fault, _subset_fault, _number_fault)
    return next((fault for check in checks if (fault := check(arrays, benchmark))), None)


def _landmark_fault(arrays: Mapping[str, NDArray | None], benchmark: Benchmark) -> str | None:
    start = len(arrays['image_ids']), benchmark.layout.num_landmarks
    for name, rest in (('keypoints', (2,)), ('distances', ()), ('covariances', (3,)), ('ambiguity', (3,))):
        array = arrays[name]
        if array is not None and array.shape != (*start, *rest):
            return f'{name} has shape {array.shape}, expected {(*start, *rest)}'
    return None


def _image_fault(arrays: Mapping[str, NDArray | None], benchmark: Benchmark) -> str | None:
    names = arrays['image_ids'].tolist()
    strange = next((name for name in names if not name or not name.isprintable()), None)
    if strange is not None:
        return f'image_ids: {strange!r} is no name of an image'
    repeated = _repeated(names)
    if not repeated:
        return None
    if not benchmark.shared_images:
        return f'image_ids: {repeated[0]} is there {names.count(repeated[0])} times'
    # Faces of one image differ in their true landmarks, and so in what they are normalized by.
    twice = _repeated(list(zip(names, arrays['inter_ocular'].tolist(), arrays['inter_pupil'].tolist(), strict=True)))
    return f'image_ids: {twice[0][0]} is there twice with the same normalizing distances' if twice else None


def _subset_fault(arrays: Mapping[str, NDArray | None], benchmark: Benchmark) -> str | None:
    names, images = arrays['subset_names'].tolist(), arrays['image_ids']
    if sorted(names) != sorted(benchmark.subsets):
        return f'subset_names: {", ".join(names)}; those of {benchmark.title} are {", ".join(benchmark.subsets)}'
    members = dict(zip(names, arrays['subsets'].T, strict=True))
    if not members['full'].all():
        return f"subsets: {images[~members['full']][0]} is not in the subset 'full'"
    if benchmark.partition:
        times = np.sum([members[name] for name in benchmark.partition], axis=0)
        if (times != 1).any():
            first = int(np.argmax(times != 1))
            which = 'none' if times[first] == 0 else 'more than one'
            return f'subsets: {images[first]} is in {which} of {", ".join(benchmark.partition)}'
    return None


def _number_fault(arrays: Mapping[str, NDArray | None], benchmark: Benchmark) -> str | None:
    for name, array in arrays.items():
        if array is not None and array.dtype.kind == 'f' and not np.isfinite(array).all():
            return f'{name} holds NaN or infinity'
    if (
        arrays['distances'].min() < 0
        or min(arrays['inter_ocular'].min(), arrays['inter_pupil'].min()) < _LEAST_DISTANCE
    ):
        return 'a distance is negative or a normalizing distance is not positive'
    for name in ('keypoints', 'distances', 'inter_ocular', 'inter_pupil'):
        if np.abs(arrays[name]).max() > _LARGEST_COORDINATE:
            return f'{name} holds {np.abs(arrays[name]).max():.3g} pixels, more than any image has'
    if arrays['ambiguity'] is not None and not benchmark.synthetic:
        return f'ambiguity: the true covariances of {benchmark.title} are not known'
    return None


def _is_covariance(values: NDArray) -> NDArray[np.bool_]:
    """Which of (..., 3) are (xx, xy, yy) of a covariance, within what storing them rounds away; NaN passes."""
    xx, xy, yy = np.moveaxis(values.astype(np.float64), -1, 0)
    return ~((np.minimum(xx, yy) < 0) | (xy**2 > (1 + _ROUNDING) * xx * yy + _ROUNDING))


def _repeated(values: Sequence[Hashable]) -> list:
    """Values that are there more than once, in their order."""
    if len(set(values)) == len(values):
        return []
    return [value for value, times in Counter(values).items() if times > 1]
