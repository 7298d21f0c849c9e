"""Landmarks of faces in any picture, computed as the evaluation computes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.structures import PoseDataSample
from numpy.typing import ArrayLike, NDArray

from benchmark.errors import BenchmarkError
from benchmark.models.batches.face_dataset import face_metainfo
from benchmark.models.collector import in_pixels_of_image
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.packs import is_pack, open_pack
from benchmark.suite.conditions import usual_folder
from benchmark.suite.prediction.boxes import check_boxes, whole_image
from benchmark.suite.prediction.configuration import find_configuration
from benchmark.suite.prediction.networks import is_onnx, open_network, open_onnx
from benchmark.suite.weights import file_sha256, read_tensors

BATCH = 32  # faces, as in the evaluation


@dataclass(frozen=True, eq=False)
class Faces:
    """Predicted faces of one image; all in pixels of the image, where the centre of the first pixel is (0, 0).

    Attributes:
        boxes: (N, 4) float64, the boxes that were given: left, top, width, height.
        last_boxes: (N, 4) float64, those that the landmarks were predicted in: of a second pass the tight boxes of the
            first landmarks, else the given ones.
        landmarks: (N, K, 2) float32, x to the right and y down; a landmark may lie outside the image.
        covariances: (N, K, 3) float32, of the landmarks' heatmaps as (xx, xy, yy), squared pixels; None where the
            network gives none.
        zooms: (N,) float64, pixels of the network's input for one of the image; above 1 the face was enlarged.
    """

    boxes: NDArray[np.float64]
    last_boxes: NDArray[np.float64]
    landmarks: NDArray[np.float32]
    covariances: NDArray[np.float32] | None
    zooms: NDArray[np.float64]


class Predictor:
    """A trained network, ready for pictures of one's own.

    Args:
        weights: checkpoint of a training, one that ``benchmark.convert`` made, an ONNX model of ``benchmark.export``,
            or a pack of ``benchmark.pack``. Nothing in it is executed.
        config: name of the configuration, or a path that ends in '.py'; None: that of the pack, or the one that the
            checkpoint names.
        configs: folder of configurations; None: ``mmpose_configs``, here or as installed.
        device: 'cpu' or 'cuda'.

    Attributes:
        experiment: the configuration.
        weights: the file.
        weights_sha256: of the file, hexadecimal.
        gives_covariances: whether predictions have covariances of heatmaps.

    Raises:
        BenchmarkError: the weights cannot be read or are of another network; there is no configuration, or another one
            than that of the training.
    """

    def __init__(
        self,
        weights: str | Path,
        config: str | None = None,
        configs: str | Path | None = None,
        device: str = 'cpu',
    ) -> None:
        if is_pack(Path(weights)):
            pack = open_pack(Path(weights))
            weights, config = pack.weights, config or str(pack.config)
        self.weights = Path(weights)
        self.weights_sha256 = file_sha256(self.weights)
        onnx = is_onnx(self.weights)
        state, meta = ({}, {}) if onnx else read_tensors(self.weights)
        self.experiment = find_configuration(config, Path(configs or usual_folder('configs')), self.weights, meta)
        dataset = self.experiment.config.test_dataloader.dataset
        with DefaultScope.overwrite_default_scope('mmpose'):
            if onnx:
                self._network = open_onnx(self.experiment, self.weights)
            else:
                self._network = open_network(self.experiment, state, self.weights, device)
            self._prepare = Compose(dataset.pipeline)
        self._metainfo = parse_pose_metainfo(face_metainfo(dataset.benchmark))
        self._landmarks = get_benchmark(dataset.benchmark).layout.num_landmarks
        (probe,) = self._predict([self._sample(np.zeros((9, 9, 3), np.uint8), np.array([0.0, 0.0, 9.0, 9.0]))])
        self.gives_covariances = 'heatmap_covariances' in probe.pred_instances

    def __call__(self, image: NDArray[np.uint8], boxes: ArrayLike | None = None, twice: bool = False) -> Faces:
        """Landmarks of the faces of one image, all faces computed together.

        Args:
            image: (height, width, 3) uint8 in [0, 255], **RGB** as Pillow reads it; OpenCV's is BGR and has to be
                turned around, ``image[..., ::-1]``. An exchange of colours cannot be seen in an array.
            boxes: (N, 4) or (4,): left, top, width and height of the tight box of each face's landmarks, pixels; the
                configuration pads it. None: the whole image is the box of one face.
            twice: predict once more in the tight boxes of the landmarks that were found first, for boxes of another
                kind, such as those of a detector.

        Raises:
            TypeError: the image is no array of uint8.
            ValueError: it has another shape, or a box is not finite, has no area or lies outside the image.
            BenchmarkError: the network gives landmarks that are no numbers.
        """
        return self.together([image], [boxes], twice)[0]

    def together(
        self,
        images: Sequence[NDArray[np.uint8]],
        boxes: Sequence[ArrayLike | None] | None = None,
        twice: bool = False,
    ) -> list[Faces]:
        """The same for several images, with the faces of all of them computed together.

        Args:
            images: as of :meth:`__call__`; their sizes may differ.
            boxes: for each image, as of :meth:`__call__`; None: all images as a whole.
            twice: as of :meth:`__call__`.

        Raises:
            ValueError: as of :meth:`__call__`, also for the boxes of a second pass.
        """
        for image in images:
            _check_image(image)
        given = [
            whole_image(image) if one is None else check_boxes(one, image)
            for image, one in zip(images, [None] * len(images) if boxes is None else boxes, strict=True)
        ]
        found = self._predict_in(images, given)
        if twice:
            tight = [_tight_boxes(faces.landmarks) for faces in found]
            try:
                for image, one in zip(images, tight, strict=True):
                    check_boxes(one, image)
            except ValueError as error:
                raise ValueError(f'of the landmarks that were found first, {error} (predict once)') from error
            found = [
                replace(one, boxes=first) for one, first in zip(self._predict_in(images, tight), given, strict=True)
            ]
        return found

    def _predict_in(self, images: Sequence[NDArray[np.uint8]], boxes: Sequence[NDArray[np.float64]]) -> list[Faces]:
        """The faces in boxes (N, 4) of each image."""
        samples = [
            self._sample(np.ascontiguousarray(image[..., ::-1]), box)
            for image, given in zip(images, boxes, strict=True)
            for box in given
        ]
        done = iter(self._predict(samples))
        return [self._faces(given, list(islice(done, len(given)))) for given in boxes]

    def _sample(self, image: NDArray[np.uint8], box: NDArray[np.float64]) -> dict:
        """What the evaluation's pipeline makes of a face: the network's input, and where it is from."""
        low, size = np.split(box, 2)
        entry = {
            'img': image,
            'bbox': np.concatenate((low, low + size))[None].astype(np.float32),
            'bbox_score': np.ones(1, dtype=np.float32),
            **self._metainfo,
        }
        return self._prepare(entry)

    def _predict(self, samples: Sequence[dict]) -> list[PoseDataSample]:
        """The same with their predictions."""
        starts = range(0, len(samples), BATCH)
        done = [one for start in starts for one in self._network(pseudo_collate(samples[start : start + BATCH]))]
        for one in done:
            points = one.pred_instances.keypoints
            if points.shape != (1, self._landmarks, 2):
                shapes = f'{points.shape[1:]}, expected {(self._landmarks, 2)}'
                raise BenchmarkError(f'{self.weights}: gives landmarks of shape {shapes} (weights of another network)')
            if not np.isfinite(points).all():
                raise BenchmarkError(f'{self.weights}: gives landmarks that are no numbers (from a failed training?)')
        return done

    def _faces(self, boxes: NDArray[np.float64], samples: Sequence[PoseDataSample]) -> Faces:
        """What was predicted in the boxes (N, 4) of one image."""
        places = [(one.metainfo['input_scale'], one.metainfo['input_size']) for one in samples]
        covariances = None
        if self.gives_covariances:
            of_inputs = [one.pred_instances.heatmap_covariances[0] for one in samples]
            covariances = [in_pixels_of_image(one, *place) for one, place in zip(of_inputs, places, strict=True)]
            covariances = np.array(covariances, np.float32).reshape(-1, self._landmarks, 3)
        landmarks = np.array([one.pred_instances.keypoints[0] for one in samples], np.float32)
        zooms = np.array([np.max(np.divide(size, scale)) for scale, size in places], np.float64)
        return Faces(boxes, boxes, landmarks.reshape(-1, self._landmarks, 2), covariances, zooms)


def _check_image(image: object) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = getattr(image, 'dtype', type(image).__name__)
        raise TypeError(f'image of {kind}, expected an array of uint8, from 0 to 255')
    if image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ValueError(f'image of shape {image.shape}, expected (height, width, 3): red, green, blue')


def _tight_boxes(landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, 4) boxes of landmarks (N, K, 2)."""
    landmarks = landmarks.astype(np.float64)
    return np.concatenate((landmarks.min(axis=1), np.ptp(landmarks, axis=1)), axis=1)
