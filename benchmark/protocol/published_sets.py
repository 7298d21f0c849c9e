"""How the published test set of a benchmark is known: by the names and subsets of its images, and by their number.

Where a list of it ships (see :mod:`benchmark.protocol.test_sets`), each name counts with its subsets. Of COFW the names
are the numbers of its faces. Which names those of WFLW are is not held here: their form and the sizes of all subsets
have to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.protocol.benchmarks import Benchmark
from benchmark.protocol.image_names import canonical_name
from benchmark.protocol.test_sets import memberships, read_list


def is_published(
    benchmark: Benchmark, images: Sequence[str], subset_names: Sequence[str], subsets: NDArray[np.bool_]
) -> bool:
    """Whether images are those of the published test set: as many in each subset, and of the same names.

    Args:
        benchmark: the benchmark; of a synthetic one no test set is published.
        images: (N,) names, none of them twice but where faces share an image.
        subset_names: (S,) names of the subsets.
        subsets: (N, S), membership of each image.
    """
    counts = dict(zip(map(str, subset_names), np.sum(subsets, axis=0).tolist(), strict=True))
    if not benchmark.subset_sizes or counts != benchmark.subset_sizes:
        return False
    names = [canonical_name(benchmark.name, str(image)) for image in images]
    found = Counter(zip(names, memberships(subset_names, subsets), strict=True))
    expected = _published(benchmark)
    return None not in names and (expected is None or found == expected)


def _published(benchmark: Benchmark) -> Counter[tuple[str, tuple[str, ...]]] | None:
    """Names and subsets of the published test set; None where they are not known."""
    listed = read_list(benchmark.name)
    if listed is not None:
        return Counter((face.image, face.subsets) for face in listed)
    if benchmark.name == 'cofw':
        return Counter((f'{number:04d}', ()) for number in range(1, benchmark.subset_sizes['full'] + 1))
    return None


def difference(benchmark: Benchmark, counts: Mapping[str, int], published: bool) -> str | None:
    """What stands in place of the published test set, e.g. '562 of 689 test images'; None where nothing does.

    Args:
        benchmark: the benchmark.
        counts: number of test images in each subset.
        published: what :func:`is_published` says of them.
    """
    sizes = benchmark.subset_sizes
    if published or not sizes:
        return None
    images = counts['full']
    if images < sizes['full']:
        return f'{images} of {sizes["full"]} test images'
    if images > sizes['full']:
        return f'{images} test images, published {sizes["full"]}'
    for subset, size in sizes.items():
        if counts.get(subset, 0) != size:
            return f'{images} test images, {counts.get(subset, 0)} of them {subset}, published {size}'
    return f'{images} test images whose names are not those of the published set'
