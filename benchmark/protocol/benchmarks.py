"""The benchmarks: which faces are measured, in which subsets, and which number is printed first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from benchmark.errors import BenchmarkError
from benchmark.protocol.face_boxes import BOX_KINDS, LANDMARKS
from benchmark.protocol.layouts import LAYOUTS, Layout


@dataclass(frozen=True)
class Benchmark:
    """A test set with its rules.

    Attributes:
        name: key in :data:`BENCHMARKS` and folder name of the prepared data.
        title: name in print.
        layout: the meaning of its landmarks.
        subsets: names of its test subsets, 'full' first; subsets may overlap.
        headline_normalizer: 'inter-ocular' or 'inter-pupil', the one that papers print for this benchmark.
        synthetic: whether the faces are drawn by this package; synthetic and real results never share a table.
        how_to_get: one sentence for a user who has no prepared data.
        train_size: number of training images of the published benchmark, None where the user chooses it.
        subset_sizes: number of test images in each subset of the published benchmark, empty where the user chooses it.
        partition: subsets of which each test image is in exactly one; empty where 'full' is not divided.
        shared_images: whether several faces may be of one image, and then have its name.
        thresholds: thresholds of failure rate and area under curve, fractions, in ascending order.
        boxes: kind of the face boxes, one of :data:`benchmark.protocol.face_boxes.BOX_KINDS`.
    """

    name: str
    title: str
    layout: Layout
    subsets: tuple[str, ...]
    headline_normalizer: str
    synthetic: bool
    how_to_get: str
    train_size: int | None = None
    subset_sizes: Mapping[str, int] = field(default_factory=dict, hash=False)
    partition: tuple[str, ...] = ()
    shared_images: bool = False
    thresholds: tuple[float, ...] = (0.08, 0.10)
    boxes: str = LANDMARKS

    @property
    def faces(self) -> str:
        """Key in :data:`BENCHMARKS` of the benchmark that has the same faces in boxes of the landmarks."""
        return self.name.removesuffix(BOX_KINDS[self.boxes].suffix)


_300W_SIZES = {'full': 689, 'common': 554, 'challenge': 135}
_300W_PARTITION = ('common', 'challenge')
_WFLW_SIZES = {
    'full': 2500,
    'pose': 326,
    'expression': 314,
    'illumination': 698,
    'make-up': 206,
    'occlusion': 736,
    'blur': 773,
}


def _synthetic(
    layout: Layout, subsets: tuple[str, ...], headline_normalizer: str, partition: tuple[str, ...] = ()
) -> Benchmark:
    name = f'synthetic-{layout.num_landmarks}'
    return Benchmark(
        name=name,
        title=f'Synthetic faces, {layout.num_landmarks} landmarks',
        layout=layout,
        subsets=subsets,
        headline_normalizer=headline_normalizer,
        synthetic=True,
        how_to_get=f'Drawn by this package: run python -m benchmark.prepare {name}.',
        partition=partition,
    )


BENCHMARKS: Mapping[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark(
            name='cofw',
            title='COFW',
            layout=LAYOUTS['cofw'],
            subsets=('full',),
            headline_normalizer='inter-pupil',
            synthetic=False,
            how_to_get=(
                'Get COFW_train_color.mat and COFW_test_color.mat of the color COFW release '
                '(Burgos-Artizzu et al., ICCV 2013; python -m benchmark.prepare cofw --download says where) '
                'and run python -m benchmark.prepare cofw --source DIR.'
            ),
            train_size=1345,
            subset_sizes={'full': 507},
        ),
        Benchmark(
            name='300w',
            title='300W',
            layout=LAYOUTS['300w'],
            subsets=tuple(_300W_SIZES),
            headline_normalizer='inter-ocular',
            synthetic=False,
            how_to_get=(
                'Get AFW, HELEN, LFPW and IBUG with the 68-point annotations of the 300-W challenge '
                '(Sagonas et al., 2013; python -m benchmark.prepare 300w --download says where) '
                'and run python -m benchmark.prepare 300w --source DIR.'
            ),
            train_size=3148,
            subset_sizes=_300W_SIZES,
            partition=_300W_PARTITION,
        ),
        Benchmark(
            name='wflw',
            title='WFLW',
            layout=LAYOUTS['wflw'],
            subsets=tuple(_WFLW_SIZES),
            headline_normalizer='inter-ocular',
            synthetic=False,
            how_to_get=(
                'Get WFLW_images and WFLW_annotations of the WFLW release '
                '(Wu et al., CVPR 2018; python -m benchmark.prepare wflw --download says where) '
                'and run python -m benchmark.prepare wflw --source DIR.'
            ),
            train_size=7500,
            subset_sizes=_WFLW_SIZES,
            shared_images=True,
        ),
        _synthetic(LAYOUTS['cofw'], ('full',), 'inter-pupil'),
        _synthetic(LAYOUTS['300w'], tuple(_300W_SIZES), 'inter-ocular', _300W_PARTITION),
        _synthetic(LAYOUTS['wflw'], tuple(_WFLW_SIZES), 'inter-ocular'),
    )
}


def get_benchmark(name: str) -> Benchmark:
    """The benchmark of that name.

    Raises:
        BenchmarkError: there is none; the message lists the known names.
    """
    if name not in BENCHMARKS:
        raise BenchmarkError(f"unknown benchmark '{name}' (choose one of {', '.join(BENCHMARKS)})")
    return BENCHMARKS[name]


@cache
def in_boxes(name: str, boxes: str) -> Benchmark:
    """The benchmark of that name with other face boxes: a benchmark of its own, of another name and title.

    Args:
        name: key in :data:`BENCHMARKS`.
        boxes: kind of the boxes, key in :data:`benchmark.protocol.face_boxes.BOX_KINDS`.

    Returns:
        Always the same object; that of :data:`BENCHMARKS` for boxes of the landmarks.

    Raises:
        BenchmarkError: there is no such benchmark.

    >>> in_boxes('wflw', 'WFLW rectangles').title
    'WFLW, boxes of a detector'
    """
    benchmark, kind = get_benchmark(name), BOX_KINDS[boxes]
    if boxes == benchmark.boxes:
        return benchmark
    return replace(benchmark, name=name + kind.suffix, title=f'{benchmark.title}, {kind.title}', boxes=boxes)
