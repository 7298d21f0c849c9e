"""Predictions that are a weighted mean of other records', which is like none of them and needs no truth.

The weights are fitted to the signatures of :mod:`benchmark.analysis.audit.signature` on one half of their images, one
record after the other, the one that explains most first, and what they leave is measured on the other half. What the
published records leave of their errors, fitted by the others of their benchmark, is in docs/verifying.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.audit.finding import Finding
from benchmark.analysis.audit.likeness import FLOOR, LIKE, has_learned

if TYPE_CHECKING:
    from benchmark.analysis.runs import Run

_MOST = 8  # records of which one is fitted
_LEAST_WEIGHT = 0.02  # of a record that is named
_COPY = 1.5 * LIKE  # what is so near to a single record is compared with it alone


def mixture_findings(runs: Sequence[Run]) -> Iterator[tuple[Finding, Run, Run]]:
    """Runs that are mixed of others: the finding, the run that has most weight in it, and the run.

    Args:
        runs: finished ones of one benchmark; a run that is found is no part of those before it.
    """
    groups = defaultdict(list)
    for run in runs:
        groups[run.digest.signature_keys[0].tobytes()].append(run)
    for members in groups.values():
        values = np.stack([run.digest.signature[0] for run in members]).astype(np.float64)
        pool = list(range(len(members)))
        # A part of a mean is a difference of the mean and the other parts, so that means are looked for first.
        places = pool[::-1]
        for least in (-_LEAST_WEIGHT, -np.inf):
            differences = []
            for place in places:
                others = [one for one in pool if one != place]
                left, weights = fit_mixture(values[place], values[others])
                if left >= LIKE:
                    continue
                if min(weights) < least:
                    differences.append(place)
                    continue
                pool.remove(place)
                parts = dict(zip((members[one] for one in others), weights.tolist(), strict=True))
                yield _finding(members[place], parts), max(parts, key=lambda part: abs(parts[part])), members[place]
            places = differences


def _finding(run: Run, parts: Mapping[Run, float]) -> Finding:
    shown = sorted(parts, key=lambda part: -abs(parts[part]))
    names = [f'{parts[part]:.2f} of {part.path.name}' for part in shown if abs(parts[part]) >= _LEAST_WEIGHT]
    text = f'{run.predictions_path}: holds a mean of the predictions of other records: {", ".join(names)}'
    # This benchmark trains no ensembles, others may have done so.
    if run.record.method:
        return Finding('ensemble', f'{text} (look whether its method is one of several networks)')
    return Finding('copy', f'{text} (restore it or run the experiment again)')


def fit_mixture(one: NDArray[np.float64], others: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Fit a signature by a weighted mean of others.

    Args:
        one: (S, L, 3) as in :class:`benchmark.analysis.audit.signature.Signature`.
        others: (R, S, L, 3); those that are nearly the same as ``one``, or have not learned anything, get no weight.

    Returns:
        What is left on images that the weights were not fitted to, in the errors of ``one``, in the median image;
        infinity where fewer than two others are of use. And the weights, (R,), whose sum is 1.
    """
    if len(others) < 2:
        return np.inf, np.zeros(len(others))
    apart = _left(one, others[..., :2])
    used = np.flatnonzero((apart > _COPY) & has_learned(one[None], others))
    if len(used) < 2:
        return np.inf, np.zeros(len(others))
    mean = others[used, ..., :2].mean(axis=0)
    moved, target = others[used, ..., :2] - mean, one[..., :2] - mean
    fitted, tested = slice(0, None, 2), slice(1, None, 2)
    chosen, gained = _pursue(moved[:, fitted].reshape(len(used), -1), target[fitted].ravel())
    made = mean + np.tensordot(gained, moved[chosen], axes=1)
    weights = np.zeros(len(others))
    # Each of them has its part of the mean that was taken off, too.
    weights[used] = (1 - gained.sum()) / len(used)
    weights[used[chosen]] += gained
    return float(_left(one[tested], made[tested])), weights


def _left(one: NDArray[np.float64], made: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far landmarks (..., S, L, 2) are from those of a signature (S, L, 3), in its errors, in the median image."""
    apart = np.median(np.sqrt(((one[..., :2] - made) ** 2).sum(axis=-1)), axis=-1)
    return np.median(apart / np.maximum(np.median(one[..., 2], axis=-1), FLOOR), axis=-1)


def _pursue(atoms: NDArray[np.float64], target: NDArray[np.float64]) -> tuple[list[int], NDArray[np.float64]]:
    """Orthogonal matching pursuit: rows of (A, D) that explain a target (D,), at most ``_MOST``, and their weights."""
    lengths = np.maximum(np.linalg.norm(atoms, axis=1), 1e-12)
    chosen: list[int] = []
    weights, rest = np.empty(0), target
    for _ in range(min(_MOST, len(atoms) - 1)):
        gains = np.abs(atoms @ rest) / lengths
        gains[chosen] = -1
        chosen.append(int(np.argmax(gains)))
        weights = np.linalg.lstsq(atoms[chosen].T, target, rcond=None)[0]
        rest = target - weights @ atoms[chosen]
    return chosen, weights
