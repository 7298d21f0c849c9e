"""The true landmarks of a prepared test set, and its subsets; its images need not be there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.manifest import Manifest
from benchmark.datasets.prepared import read_faces
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import Benchmark, get_benchmark
from benchmark.protocol.metrics import normalizing_distance


@dataclass(frozen=True, eq=False)
class Truth:
    """A test set.

    Attributes:
        benchmark: its rules.
        manifest: what was prepared.
        names: (N,) names of the images, in the order of the prepared set.
        keypoints: (N, K, 2) float64, pixels of the original images; the centre of the first pixel is (0, 0).
        sizes: (N, 2) float64, width and height of each image.
        subsets: (N, S) bool, membership in each of the benchmark's subsets.
        ambiguity: (N, K, 3) float64 or None, (xx, xy, yy) of the annotations' covariance, where it is known.
    """

    benchmark: Benchmark
    manifest: Manifest
    names: tuple[str, ...]
    keypoints: NDArray[np.float64]
    sizes: NDArray[np.float64]
    subsets: NDArray[np.bool_]
    ambiguity: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def headline_distance(self) -> NDArray[np.float64]:
        """(N,) distance that the benchmark's own NME divides by, pixels."""
        return normalizing_distance(self.keypoints, self.benchmark.name, self.benchmark.headline_normalizer)

    def take(self, indices: NDArray[np.int64]) -> Truth:
        """The test set of some of the images, in the given order."""
        return Truth(
            self.benchmark,
            self.manifest,
            tuple(self.names[index] for index in indices),
            self.keypoints[indices],
            self.sizes[indices],
            self.subsets[indices],
            None if self.ambiguity is None else self.ambiguity[indices],
        )


def read_truth(data_root: Path, benchmark: str) -> Truth:
    """Read the annotations of a prepared test set.

    Args:
        data_root: folder of all prepared benchmarks.
        benchmark: name of the benchmark.

    Raises:
        BenchmarkError: nothing is prepared, there is no test image, or a file is damaged.
    """
    rules = get_benchmark(benchmark)
    manifest, faces = read_faces(data_root, benchmark, 'test')
    if not faces:
        raise BenchmarkError(f'{data_root / benchmark}: no test images (prepare {benchmark} again, with its test set)')
    ambiguity = None
    if all(face.ambiguity is not None for face in faces):
        matrices = np.stack([face.ambiguity for face in faces])
        ambiguity = np.stack([matrices[..., 0, 0], matrices[..., 0, 1], matrices[..., 1, 1]], axis=-1)
    return Truth(
        benchmark=rules,
        manifest=manifest,
        names=tuple(face.image for face in faces),
        keypoints=np.stack([face.keypoints for face in faces]),
        sizes=np.array([(face.width, face.height) for face in faces], dtype=np.float64),
        subsets=np.array([[name == 'full' or name in face.subsets for name in rules.subsets] for face in faces]),
        ambiguity=ambiguity,
    )
