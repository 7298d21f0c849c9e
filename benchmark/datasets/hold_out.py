"""A part of the training faces in place of the test set: where recipes are tuned without a look at a test face."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark.datasets.manifest import Manifest
from benchmark.datasets.prepared import open_prepared, write_prepared
from benchmark.errors import BenchmarkError, UsageError
from benchmark.protocol.benchmarks import get_benchmark

SHARE = 0.1


def hold_out(data_root: Path, benchmark: str, output: Path, share: float = SHARE, seed: int = 0) -> Manifest:
    """Prepare the training faces of prepared data once more, a part of them as test faces; no test face is among them.

    Which faces are held out depends on their number and the seed alone. With a share of 1 every face is in both parts:
    that is for looking at errors on training faces. In a benchmark whose test faces are divided, all that are held out
    count to the first part: 'common' in 300W.

    Args:
        data_root: folder of all prepared benchmarks.
        benchmark: name of the benchmark.
        output: another such folder, where the result is prepared.
        share: part of the training faces that is held out, above 0 and at most 1.
        seed: seed of the choice, not negative.

    Returns:
        The manifest in ``output``.

    Raises:
        UsageError: the output is the folder of the data, or the share or the seed cannot be used.
        BenchmarkError: nothing is prepared, there are too few training faces, or the output cannot be written to.
    """
    if output.resolve() == data_root.resolve():
        raise UsageError(f'--output {output}: holds the data themselves (choose another folder)')
    if not 0 < share <= 1:
        raise UsageError(f'--share {share:g}: not above 0 and at most 1')
    if seed < 0:
        raise UsageError(f'--seed {seed}: negative')
    prepared = open_prepared(data_root, benchmark)
    faces = prepared.train
    count = round(share * len(faces))
    if not 0 < count <= len(faces) - (share < 1):
        raise BenchmarkError(
            f'{benchmark}: {len(faces)} training faces in {data_root}: too few to hold some of them out'
        )
    chosen = set(np.random.default_rng(seed).permutation(len(faces))[:count].tolist())
    part = get_benchmark(benchmark).partition[:1]

    return write_prepared(
        output,
        benchmark,
        [face for index, face in enumerate(faces) if index not in chosen or share == 1],
        [replace(face, subsets=part or face.subsets) for index, face in enumerate(faces) if index in chosen],
        prepared.image_root,
        [f'test: {count} of {len(faces)} training faces in place of the test set'],
        train_size=len(faces),
    )
