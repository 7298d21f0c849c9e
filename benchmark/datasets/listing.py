"""From prepared data to the list of a published test set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmark.datasets.prepared import open_prepared
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.metrics import NORMALIZERS, normalizing_distance
from benchmark.protocol.test_sets import make_list


def list_test_set(data_root: Path, benchmark: str) -> str:
    """The list of the test set of a prepared benchmark (see :mod:`benchmark.protocol.test_sets`).

    Args:
        data_root: folder of all prepared benchmarks.
        benchmark: name of a benchmark.

    Returns:
        The text of the list, CSV.

    Raises:
        BenchmarkError: nothing is prepared, or the test set is not complete.
    """
    rules = get_benchmark(benchmark)
    faces = open_prepared(data_root, benchmark).test
    if not faces:
        raise BenchmarkError(f'{benchmark}: no test face is prepared in {data_root / benchmark}')
    members = [[subset == 'full' or subset in face.subsets for subset in rules.subsets] for face in faces]
    truth = np.array([face.keypoints for face in faces])
    distances = (normalizing_distance(truth, benchmark, normalizer) for normalizer in NORMALIZERS)
    return make_list(benchmark, [face.image for face in faces], rules.subsets, members, *distances)
