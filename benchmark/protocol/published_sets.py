"""How the published test set of a benchmark is known: by the names and subsets of its images, and by their number.

A name is read as this package's preparation makes it, without what depends on where and how a dataset is stored:

- COFW: ``0001.png`` to ``0507.png``, the number of the face in ``COFW_test_color.mat``, alone or in the folder that the
  file was unpacked into.
- 300W: ``lfpw/testset/NAME``, ``helen/testset/NAME`` or ``ibug/NAME``, below any folder. Suffix and blanks do not
  count: LFPW goes round as PNG and as JPEG, and an image of IBUG with a blank in its name and without.
- WFLW: ``EVENT/NAME.jpg`` below any folder, as in WIDER FACE, where NAME starts with the number of the event. Which
  names these are is not held here: their form and the sizes of all subsets have to do.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.protocol.benchmarks import Benchmark

_FORMS = {
    'cofw': re.compile(r'(?:cofw_test_color-[0-9a-f]{12}/)?(?P<name>\d{4})\.png'),
    '300w': re.compile(r'(?:.*/)?(?P<part>(?i:lfpw/testset|helen/testset|ibug))/(?P<name>[^/]+)\.(?i:jpe?g|png)'),
    'wflw': re.compile(r'(?:.*/)?(?P<part>(?P<event>\d+)--\w+)/(?P<name>(?P=event)_[^/]+)\.jpg'),
}
# As names_sha256 computes it: of the numbers 1 to 507, and of the 689 images as they are distributed.
PUBLISHED_SHA256 = {
    'cofw': '81210423e5657f7b8526f223ba15483538eec71021b77539408684768c2b7103',
    '300w': 'fe4df7acf007a42c8780064cd86c64f20827c87e8c1c7529a0393f5048aaabef',
}


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
    found = names_sha256(benchmark.name, images, subset_names, subsets)
    return found is not None and found == PUBLISHED_SHA256.get(benchmark.name, found)


def names_sha256(
    benchmark: str, images: Sequence[str], subset_names: Sequence[str], subsets: NDArray[np.bool_]
) -> str | None:
    """SHA-256, hexadecimal, over the names of test images, each with its subsets; their order does not matter.

    Args:
        benchmark: 'cofw', '300w' or 'wflw'.
        images: (N,) names.
        subset_names: (S,) names of the subsets.
        subsets: (N, S), membership of each image.

    Returns:
        None where a name is none of the benchmark's test images.
    """
    lines = []
    for image, members in zip(images, subsets, strict=True):
        found = _FORMS[benchmark].fullmatch(image)
        if found is None:
            return None
        parts = found.groupdict()
        belongs = sorted(str(name) for name, member in zip(subset_names, members, strict=True) if member)
        lines.append('/'.join((parts.get('part', '').lower(), ''.join(parts['name'].split()), *belongs)))
    return hashlib.sha256('\n'.join(sorted(lines)).encode()).hexdigest()


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
