"""The compact form of predictions: which array is rounded to what, and what that cannot change.

The mean distance of each image is stored exactly, so NME, failure rate and area under the curve are those of the
unrounded predictions to the last bit. Keypoints and distances are rounded to whole multiples of a power of two, the
unit, that each image has for each of them, covariances to whole steps of the size, shape and angle of their ellipses:

- ``keypoints``: every coordinate is off by at most 1/2048 of the image's inter-ocular distance.
- ``distances``: by at most 1/2048 of it. What rounding takes from a landmark it gives to the next image, and the last
  image has a finer unit: the error of a landmark in inter-ocular distances, averaged over N images, is off by at most
  ``2**-18`` divided by N.
- ``covariances`` and ``ambiguity``: a standard deviation along or across the axis is off by at most 1.7 %, the angle of
  the axis by 0.36 degrees; where the true covariances are known, and angles to them are printed, by at most 0.9 % and
  0.0001 degrees, and no ratio of variances changes from one side of 4 to the other. A variance is at least 2**-20 of
  the other one, and 2**-120 squared pixels.

Nothing is cut off. Where a coordinate or distance would have more than 24 binary digits in its unit, more than float32
has, the unit of the image grows: from 4096 inter-ocular distances on, for distances in the last image from 32 on. Half
such a unit is then the bound of the image, and a landmark's mean error may be off by that, or by 1/2048, divided by N.
Where an inter-ocular distance is not positive, one pixel takes its place.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from benchmark.records.coding import (
    DIGITS,
    multiplied,
    pack,
    positive,
    round_down_carrying,
    round_each,
    units_below,
    units_for,
    unpack,
)
from benchmark.records.ellipses import from_whole, to_whole

FORMAT = 2  # as the schema version of the records that came with it
SPREADS = ('covariances', 'ambiguity')
ROUNDED = ('keypoints', 'distances', *SPREADS)
# Largest units in inter-ocular distances; the last image has a finer one for its distances.
KEYPOINT_UNIT, DISTANCE_UNIT, LAST_DISTANCE_UNIT = 2.0**-10, 2.0**-11, 2.0**-18
# Steps to double a standard deviation, and of half a turn.
_STEPS, _KNOWN_STEPS = (32, 256), (64, 2**20)


def to_compact(arrays: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Arrays of a compact file.

    Args:
        arrays: those of :class:`benchmark.records.predictions.Predictions` that there are, with ``exact_means``; the
            rounded ones finite and below 2**127, the distances not negative.

    Returns:
        ``format``; for each rounded array its packed numbers under its own name and, with ``_unit`` behind the name,
        (N,) float32, or for covariances with ``_steps`` (2,); the others as they are.
    """
    scale = positive(arrays['inter_ocular'])
    compact = {'format': np.array(FORMAT), **{name: array for name, array in arrays.items() if name not in ROUNDED}}
    for name in ROUNDED:
        if name not in arrays:
            continue
        values = arrays[name]
        if name in SPREADS:
            steps = _KNOWN_STEPS if 'ambiguity' in arrays else _STEPS
            compact |= {name: pack(to_whole(values, *steps)), f'{name}_steps': np.array(steps)}
            continue
        if name == 'keypoints':
            units = np.maximum(units_below(KEYPOINT_UNIT * scale), units_for(values, DIGITS))
            whole = round_each(values, units)
        else:
            units, whole = _rounded_distances(values, scale)
        compact |= {name: pack(whole), f'{name}_unit': units.astype(np.float32)}
    return compact


def _rounded_distances(values: NDArray, scale: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Units, (N,), and whole multiples, (N, K); the last image takes up what rounding has left."""
    usual = units_below(DISTANCE_UNIT * scale)
    usual[-1:] = units_below(LAST_DISTANCE_UNIT * scale[-1:])
    units = np.maximum(usual, units_for(values, DIGITS))
    return units, round_down_carrying(values, units, scale, units == usual)


def from_compact(compact: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Arrays of :class:`benchmark.records.predictions.Predictions` from those of a compact file.

    Raises:
        ValueError: the file is of another version, or an array is none that :func:`to_compact` makes.
        KeyError: an array is absent.
    """
    if compact['format'].shape or compact['format'] != FORMAT:
        raise ValueError(f'format {compact["format"]}, this version of the benchmark reads {FORMAT}')
    if 'exact_means' not in compact:
        raise ValueError('exact_means is absent')
    scales = {name: f'{name}_steps' if name in SPREADS else f'{name}_unit' for name in ROUNDED}
    arrays = {name: array for name, array in compact.items() if name != 'format' and name not in scales.values()}
    for name in (name for name in ROUNDED if name in arrays):
        whole, scale = unpack(arrays[name]), compact[scales[name]]
        arrays[name] = from_whole(whole, *scale) if name in SPREADS else multiplied(whole, scale)
    return arrays


def contradiction(arrays: Mapping[str, NDArray]) -> str | None:
    """How the exact means contradict the distances, if they differ by more than rounding explains.

    Args:
        arrays: ``image_ids``, ``inter_ocular``, ``distances`` and ``exact_means``.
    """
    exact, distances = arrays['exact_means'], arrays['distances']
    if exact.shape != distances.shape[:1]:
        return f'exact_means has shape {exact.shape}, expected {distances.shape[:1]}'
    rounded = distances.mean(axis=1, dtype=np.float64)
    # As the bounds above, and what the sums themselves may differ by.
    slack = DISTANCE_UNIT * positive(arrays['inter_ocular']) + 2.0**-DIGITS * distances.max(axis=1, initial=0)
    wrong = ~(np.abs(exact - rounded) <= slack)
    if not wrong.any():
        return None
    first = int(np.argmax(wrong))
    return (
        f'exact_means: {exact[first]:.6g} px of {arrays["image_ids"][first]}, '
        f'but the mean of its distances is {rounded[first]:.6g} px'
    )
