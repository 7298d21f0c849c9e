"""Faces whose landmarks do not make a face: mirrored, upside down, exchanged, or out of place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.annotations import Face
from benchmark.datasets.check.findings import Finding
from benchmark.datasets.check.shape_model import as_shapes, shape_model
from benchmark.protocol.layouts import Layout

# Limits and, in brackets, the largest value on 2,574 faces of 300W, 206 of WFLW and 2,700 drawn ones, those apart whose
# annotation is wrong.
FARTHEST_SHAPE = 0.3  # Procrustes distance from the nearest drawn face [0.24]
FARTHEST_LANDMARK = 0.45  # inter-ocular distances from where the other landmarks put it [0.36]
LEAST_GAIN = 0.06  # squared inter-ocular distances that exchanging two landmarks gains [0.05]
MOST_LEFT = 1 / 3  # of the squared distances after the exchange: one landmark far away gains by it too, but not so much
_BLOCK = 256

_Found = tuple[str, str, tuple[int, ...]]  # kind, detail, landmarks


def check_shapes(splits: dict[str, list[Face]], layout: Layout) -> tuple[list[Finding], dict[str, NDArray[np.float64]]]:
    """Compare every face with the drawn faces of its layout.

    Args:
        splits: faces by split.
        layout: the meaning of the landmarks.

    Returns:
        The findings; and how unusual each face of a split is, for sorting: its Procrustes distance from the nearest
        drawn face.
    """
    model = shape_model(layout.name)
    findings = []
    distances = {}
    for split, faces in splits.items():
        distances[split] = np.zeros(len(faces))
        for start in range(0, len(faces), _BLOCK):
            block = faces[start : start + _BLOCK]
            keypoints = np.stack([face.keypoints for face in block])
            shapes = as_shapes(keypoints)
            distance, turn = model.distance(shapes)
            exchanged, _ = model.distance(as_shapes(keypoints[:, list(layout.flip_indices)]))
            actual, expected = model.place(shapes)
            distances[split][start : start + len(block)] = distance
            for index, face in enumerate(block):
                if exchanged[index] < distance[index]:
                    detail = f'distance {distance[index]:.2f} from a face, {exchanged[index]:.2f} with them exchanged'
                    found = [('mirrored', detail, ())]
                else:
                    found = _judge_whole(distance[index], turn[index]) + _judge_landmarks(
                        actual[index], expected[index]
                    )
                findings += [
                    Finding(kind, detail, split, start + index, face.image, landmarks)
                    for kind, detail, landmarks in found
                ]
    return findings, distances


def find_swaps(
    actual: NDArray[np.complex128], expected: NDArray[np.complex128]
) -> tuple[list[tuple[int, int, float]], list[int]]:
    """Pairs of landmarks that fit in each other's places, and not in their own.

    Args:
        actual: (K,) where the landmarks of a face are, inter-ocular distances.
        expected: (K,) where they are expected.

    Returns:
        Pairs and by how much the sum of squared distances falls when they are exchanged, the best ones first, no
        landmark twice; and the landmarks of no pair.
    """
    squared = np.abs(actual[:, None] - expected[None, :]) ** 2
    own = np.diag(squared)
    before, after = own[:, None] + own[None, :], squared + squared.T
    gains = np.where(after < MOST_LEFT * before, before - after, 0.0)
    swaps = []
    free = np.ones(len(actual), dtype=bool)
    while True:
        open_gains = np.where(free[:, None] & free[None, :], gains, 0.0)
        first, second = sorted(int(landmark) for landmark in np.unravel_index(open_gains.argmax(), gains.shape))
        if open_gains[first, second] < LEAST_GAIN:
            return swaps, [int(landmark) for landmark in np.nonzero(free)[0]]
        swaps.append((first, second, float(gains[first, second])))
        free[[first, second]] = False


def _judge_whole(distance: float, turn: float) -> list[_Found]:
    found: list[_Found] = []
    if abs(turn) > 90:
        found.append(('upside-down', f'turned by {turn:.0f} degrees', ()))
    if distance > FARTHEST_SHAPE:
        found.append(('unusual-shape', f'distance {distance:.2f} from a face (limit {FARTHEST_SHAPE})', ()))
    return found


def _judge_landmarks(actual: NDArray[np.complex128], expected: NDArray[np.complex128]) -> list[_Found]:
    found: list[_Found] = []
    swaps, rest = find_swaps(actual, expected)
    if swaps:
        pairs = ', '.join(f'{first} and {second}' for first, second, _ in swaps)
        gain = ', '.join(f'{gain:.2f}' for *_, gain in swaps)
        detail = f'landmarks {pairs} (gain {gain} squared inter-ocular distances)'
        found.append(('swapped', detail, tuple(landmark for swap in swaps for landmark in swap[:2])))
    residual = np.abs(actual - expected)
    far = tuple(landmark for landmark in rest if residual[landmark] > FARTHEST_LANDMARK)
    if far:
        which = f'landmark{"s" * (len(far) > 1)} {", ".join(map(str, far))}'
        detail = (
            f'{which}: up to {residual[list(far)].max():.2f} inter-ocular distances away (limit {FARTHEST_LANDMARK})'
        )
        found.append(('outlying-landmark', detail, far))
    return found
