"""How fast training samples are made: 256 x 256, with all augmentations and the targets of all maps."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from mmengine.dataset import default_collate
from mmengine.registry import DefaultScope
from mmpose.registry import DATASETS, MODELS
from torch import Tensor

from benchmark.datasets.prepared import Prepared, open_prepared
from benchmark.models.batches.face_dataset import collate_crops
from benchmark.models.batches.official_augmentation import OfficialFaceAugmentation
from benchmark.models.targets.attention_targets import draw_edge_maps, draw_point_maps
from benchmark.models.targets.codec import denormalize_keypoints
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.speed import Measurement
from benchmark.suite.speed.faces import draw_faces, is_prepared, take_faces
from benchmark.suite.speed.official_style import OfficialStyleSamples
from benchmark.suite.speed.options import Options
from benchmark.suite.speed.timing import Contender, compare, single_thread

DRAWN = 'synthetic-98'
CANDIDATES = ('wflw', '300w', DRAWN)  # the first one that is prepared is taken
FACES = 128
INPUT_SIZE, MAP_SIZE = (256, 256), (64, 64)
STORE_SIZE, MARGIN = 512, 1.6
BATCH = 32
BATCH_OF_SINGLES = 4  # samples a round of the slowest way, which would otherwise take most of the time


def measure(options: Options) -> Measurement:
    """Time four ways to make training samples, on one core.

    Args:
        options: the choices; faces are drawn where their data root has none.

    Raises:
        BenchmarkError: prepared data or an image is damaged, or no temporary file can be written.
    """
    with (
        tempfile.TemporaryDirectory(prefix='benchmark-speed-') as folder,
        DefaultScope.overwrite_default_scope('mmpose'),
    ):
        prepared, source = _few_faces(options.data_root, Path(folder))
        with single_thread(), _seeded():
            rows = compare(_contenders(prepared, Path(folder)), options.seconds)
    benchmark = get_benchmark(prepared.manifest.benchmark)
    landmarks = f', {benchmark.layout.num_landmarks} landmarks'
    about = (
        f'{len(prepared.train)} {source} faces of {benchmark.title.removesuffix(landmarks)}{landmarks}, '
        f'{len(benchmark.layout.curves)} contours, {INPUT_SIZE[0]} x {INPUT_SIZE[1]} pixels; '
        'one core, times of computation, files in memory'
    )
    return Measurement(part='input', about=about, rows=rows)


def _contenders(prepared: Prepared, root: Path) -> list[Contender]:
    name = prepared.manifest.benchmark
    layout = get_benchmark(name).layout
    common = {'benchmark': name, 'split': 'train', 'data_root': str(root)}
    single = OfficialStyleSamples(
        prepared, prepared.train, layout, INPUT_SIZE[0], MAP_SIZE[0], np.random.default_rng(0)
    )
    plain = DATASETS.build({'type': 'FaceDataset', **common, 'pipeline': _plain_pipeline()})
    stored = DATASETS.build(
        {'type': 'FaceCropDataset', **common, 'size': STORE_SIZE, 'padding': MARGIN, 'align_corners': True}
    )
    prepare_plain, prepare_stored = (_preprocessor(augmentation) for augmentation in (None, _augmentation()))

    def finish(batch: dict) -> tuple[Tensor, Tensor, Tensor]:
        labels = torch.cat([sample.gt_instance_labels.keypoint_labels for sample in batch['data_samples']])
        keypoints = denormalize_keypoints(labels, INPUT_SIZE)
        points = draw_point_maps(keypoints, INPUT_SIZE, MAP_SIZE)
        return batch['inputs'], points, draw_edge_maps(keypoints, layout.curves, INPUT_SIZE, MAP_SIZE)

    next_single, next_plain = _batches(single, BATCH_OF_SINGLES), _batches(plain, BATCH)
    next_stored, next_loaded = (_batches(stored, BATCH, collate_crops) for _ in range(2))
    return [
        Contender('sample by sample, the official way', BATCH_OF_SINGLES, next_single),
        Contender(
            "original images, MMPose's augmentation, maps in batches",
            BATCH,
            lambda: finish(prepare_plain(next_plain(), True)),
        ),
        Contender(
            'crop store, augmentation and maps in batches', BATCH, lambda: finish(prepare_stored(next_stored(), True))
        ),
        Contender('crop store, its part on the CPU of a GPU', BATCH, next_loaded),
    ]


def _plain_pipeline() -> list[dict]:
    return [
        {'type': 'SampleSeed'},
        {'type': 'LoadImage', 'color_type': 'color_ignore_orientation'},
        {'type': 'GetBBoxCenterScale'},
        {'type': 'RandomFlip', 'direction': 'horizontal'},
        {'type': 'RandomBBoxTransform', 'shift_prob': 0, 'rotate_factor': 60, 'scale_factor': (0.75, 1.25)},
        {'type': 'TopdownAffine', 'input_size': INPUT_SIZE},
        {'type': 'GenerateTarget', 'encoder': {'type': 'SoftArgmaxLabel', 'input_size': INPUT_SIZE}},
        {'type': 'PackPoseInputs'},
    ]


def _augmentation() -> dict:
    return {'type': OfficialFaceAugmentation.__name__, 'input_size': INPUT_SIZE, 'crop_margin': MARGIN}


def _preprocessor(augmentation: dict | None) -> torch.nn.Module:
    config = {'type': 'FaceDataPreprocessor', 'mean': [127.5] * 3, 'std': [127.5] * 3, 'augmentation': augmentation}
    return MODELS.build(config)


def _batches(samples, count: int, collate: Callable[[list], dict] = default_collate) -> Callable[[], dict]:
    """A function that loads the next batch; the order is random, as in training."""
    rng = np.random.default_rng(0)

    def indices() -> Iterator[int]:
        while True:
            yield from rng.permutation(len(samples)).tolist()

    order = indices()
    return lambda: collate([samples[next(order)] for _ in range(count)])


def _few_faces(data_root: Path, folder: Path) -> tuple[Prepared, str]:
    """Some faces, and which split they are of."""
    for name in CANDIDATES:
        if is_prepared(data_root, name):
            prepared = open_prepared(data_root, name)
            return take_faces(prepared, FACES, folder), 'training' if prepared.train else 'test'
    return draw_faces(DRAWN, FACES // 2, folder), 'newly drawn'


@contextmanager
def _seeded() -> Iterator[None]:
    """The same augmentation every time, without a trace in the generator of the caller."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
