"""Prepared faces as MMPose datasets: for the plain pipeline and from the crop store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.dataset import default_collate
from mmengine.registry import FUNCTIONS
from mmengine.structures import InstanceData
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS
from mmpose.structures import PoseDataSample
from numpy.typing import NDArray
from torch.utils.data import Dataset

from benchmark.datasets.box_files import read_boxes
from benchmark.datasets.boxes import perturbed_box
from benchmark.datasets.crops import open_crops
from benchmark.datasets.prepared import Face, open_prepared
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.face_boxes import OFFICIAL_TABLE


def face_metainfo(benchmark: str) -> dict:
    """Meta information of a benchmark in MMPose's form: landmark names, flip pairs, contours as skeleton."""
    layout = get_benchmark(benchmark).layout
    links = [
        (first, second)
        for curve in layout.curves
        for first, second in zip(curve.indices, curve.indices[1:] + curve.indices[: int(curve.closed)], strict=False)
    ]
    return {
        'dataset_name': benchmark,
        'keypoint_info': {
            index: {'name': f'kpt-{index}', 'id': index, 'swap': f'kpt-{mirrored}'}
            for index, mirrored in enumerate(layout.flip_indices)
        },
        'skeleton_info': {
            index: {'link': (f'kpt-{first}', f'kpt-{second}'), 'id': index}
            for index, (first, second) in enumerate(links)
        },
        'joint_weights': [1.0] * layout.num_landmarks,
        'sigmas': [0.025] * layout.num_landmarks,
    }


@DATASETS.register_module()
class FaceDataset(BaseCocoStyleDataset):
    """A split of a prepared benchmark for pipelines of MMPose transforms, which warp from the original images.

    Args:
        benchmark: name of the benchmark.
        split: 'train' or 'test'.
        data_root: folder of all prepared benchmarks.
        boxes: file of the face boxes of this split (see :mod:`benchmark.datasets.box_files`); None: those of the
            landmarks.
        perturbation: scale and shift of the landmarks' boxes (see :func:`benchmark.datasets.boxes.perturbed_box`).
        **kwargs: arguments of MMPose's ``BaseCocoStyleDataset``, such as ``pipeline``.

    Raises:
        BenchmarkError: nothing is prepared, an image is absent, or the file of boxes does not fit.
    """

    def __init__(
        self,
        benchmark: str,
        split: str,
        data_root: str,
        boxes: str | None = None,
        perturbation: tuple[float, float] | None = None,
        **kwargs,
    ) -> None:
        self.benchmark = benchmark
        self.split = split
        self.boxes = boxes
        self.perturbation = perturbation
        super().__init__(data_root=data_root, metainfo=face_metainfo(benchmark), test_mode=split == 'test', **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry a face.

        ``id`` is its place in the split, ``bbox`` (1, 4) the landmarks' tight box (x1, y1, x2, y2) or what takes its
        place, and ``official_box`` (3,) the centre and side of its box in an official table, where it has one.
        """
        prepared = open_prepared(Path(self.data_root), self.benchmark)
        faces = getattr(prepared, self.split)
        rectangles, official = self._boxes(faces)
        data = []
        for index, face in enumerate(faces):
            entry = {
                'id': index,
                'img_id': index,
                'img_path': str(prepared.image_path(face)),
                'bbox': rectangles[index][None].astype(np.float32),
                'bbox_score': np.ones(1, dtype=np.float32),
                'keypoints': face.keypoints[None].astype(np.float32),
                'keypoints_visible': np.ones((1, len(face.keypoints)), dtype=np.float32),
                'category_id': 1,
            }
            if official[index] is not None:
                entry['official_box'] = np.array(official[index], dtype=np.float32)
            data.append(entry)
        return data

    def _boxes(self, faces: Sequence[Face]) -> tuple[Sequence[NDArray], Sequence]:
        """For each face a rectangle (4,), and centre and side of its box in an official table or None."""
        scale, shift = self.perturbation or (1, 0)
        rectangles = [perturbed_box(face, index, scale, shift) for index, face in enumerate(faces)]
        if self.boxes is None:
            return rectangles, [None if self.perturbation else face.box for face in faces]
        given = read_boxes(Path(self.boxes), self.benchmark, faces)
        if given.kind == OFFICIAL_TABLE:
            return rectangles, given.values
        return given.values, [None] * len(faces)


@DATASETS.register_module()
class FaceCropDataset(Dataset):
    """A split of a prepared benchmark from its crop store, for augmentation in batches on the training device.

    Each item is ``{'inputs': (3, S, S) uint8, BGR, 'data_samples': PoseDataSample}`` whose ``gt_instances.keypoints``
    (1, K, 2) are in pixels of the crop and whose meta information holds ``flip_indices``. Once ``by_number`` is set,
    ``inputs`` is the place of the face in the split instead, and there are no landmarks: see :class:`FacesOnDevice`.

    Args:
        benchmark: name of the benchmark.
        split: 'train' or 'test'.
        data_root: folder of all prepared benchmarks.
        size: side of the stored crops, pixels.
        padding: factor from the face box to the stored crop; the network's padding times the margin.
        align_corners: False for MMPose's convention of the face box and its centre, True for that of the official STAR
            code (see :mod:`benchmark.datasets.boxes`).
        cache: folder of crop stores; None for the usual one (see :func:`benchmark.datasets.crops.open_crops`).

    Raises:
        BenchmarkError: nothing is prepared, an image is absent or damaged, or the store cannot be written.
    """

    def __init__(
        self,
        benchmark: str,
        split: str,
        data_root: str,
        size: int,
        padding: float,
        align_corners: bool = False,
        cache: str | None = None,
    ) -> None:
        prepared = open_prepared(Path(data_root), benchmark)
        self.crops = open_crops(prepared, split, padding, size, align_corners, Path(cache) if cache else None)
        self.metainfo = parse_pose_metainfo(face_metainfo(benchmark))
        # An array: MMEngine copies meta information deeply several times an iteration, and a list costs a tenth of it.
        self.flip_indices = np.array(self.metainfo['flip_indices'])
        points = [
            face.keypoints @ matrix[:, :2].T + matrix[:, 2]
            for face, matrix in zip(getattr(prepared, split), self.crops.matrices, strict=True)
        ]
        self.keypoints = torch.from_numpy(np.stack(points)).float()[:, None]
        self.by_number = False

    def share_memory(self) -> None:
        """Have all keypoints in one shared tensor: a loading process then hands over a batch of them as one file.

        Raises:
            RuntimeError: there is no room in shared memory.
        """
        self.keypoints.share_memory_()

    def __len__(self) -> int:
        return len(self.keypoints)

    @property
    def nbytes(self) -> int:
        """Bytes of all crops."""
        return self.crops.images.nbytes

    def __getitem__(self, index: int) -> dict:
        if self.by_number:
            sample = PoseDataSample(metainfo={'id': index, 'flip_indices': self.flip_indices})
            return {'inputs': torch.tensor(index), 'data_samples': sample}
        image = torch.from_numpy(np.array(self.crops.images[index])).permute(2, 0, 1)
        sample = PoseDataSample(metainfo={'id': index, 'flip_indices': self.flip_indices})
        sample.gt_instances = InstanceData(keypoints=self.keypoints[index])
        return {'inputs': image, 'data_samples': sample}


@FUNCTIONS.register_module()
def collate_crops(items: list[dict]) -> dict:
    """Make a batch of items of :class:`FaceCropDataset`, as MMEngine's ``default_collate`` does, in half its time.

    Colours stay interleaved in memory as they are in the store, which is what OpenCV wants too: on the CPU,
    ``default_collate`` separates them and augmentation puts them together again.

    Returns:
        ``inputs`` (B, 3, S, S) uint8, in channels-last memory format, or numbers (B,) where the items have these; and
        ``data_samples``, a list.
    """
    if items[0]['inputs'].ndim == 0:
        return default_collate(items)
    images = torch.utils.data.default_collate([item['inputs'].permute(1, 2, 0) for item in items])
    return {'inputs': images.permute(0, 3, 1, 2), 'data_samples': [item['data_samples'] for item in items]}
