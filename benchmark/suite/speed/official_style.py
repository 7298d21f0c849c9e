"""A training sample as the official STAR code makes it: one at a time, with NumPy and OpenCV, maps at full size.

What the batched pipeline is measured against. It is written for this comparison, with the same distributions as
:class:`benchmark.models.batches.official_augmentation.OfficialFaceAugmentation`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmark.datasets.boxes import crop_matrix
from benchmark.datasets.prepared import Face, Prepared
from benchmark.models.targets.codec import normalize_keypoints
from benchmark.protocol.layouts import Layout
from benchmark.suite.speed.reference_targets import draw_edge_maps_plainly, draw_point_maps_plainly


class OfficialStyleSamples:
    """Training samples, made one at a time.

    Args:
        prepared: the prepared data.
        faces: faces of it, whose images are known to be intact.
        layout: the meaning of their landmarks.
        input_size: side of the network input, pixels.
        map_size: side of the point and edge maps.
        rng: source of all randomness.
    """

    def __init__(
        self,
        prepared: Prepared,
        faces: Sequence[Face],
        layout: Layout,
        input_size: int,
        map_size: int,
        rng: np.random.Generator,
    ) -> None:
        self.prepared, self.faces, self.layout = prepared, faces, layout
        self.size, self.map_size, self.rng = input_size, map_size, rng

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """Make a sample.

        Returns:
            ``inputs`` (3, S, S) float32 in [-1, 1], ``labels`` (K, 2) in [-1, 1], ``point_maps`` (K, h, w) and
            ``edge_maps`` (E, h, w) in [0, 1].
        """
        face = self.faces[index]
        flipped = self.rng.random() < 0.5
        matrix = self._matrix(face, flipped)
        image = cv2.imread(str(self.prepared.image_path(face)), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        image = cv2.warpAffine(image, matrix, (self.size, self.size))
        keypoints = face.keypoints @ matrix[:, :2].T + matrix[:, 2]
        if flipped:
            keypoints = keypoints[list(self.layout.flip_indices)]
        sizes = (self.size, self.size), (self.map_size, self.map_size)
        arrays = {
            'inputs': self._change_pixels(image).transpose(2, 0, 1).astype(np.float32) / 127.5 - 1,
            'labels': normalize_keypoints(keypoints, sizes[0]).astype(np.float32),
            'point_maps': draw_point_maps_plainly(keypoints, *sizes),
            'edge_maps': draw_edge_maps_plainly(keypoints, self.layout.curves, *sizes),
        }
        return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}

    def _matrix(self, face: Face, flipped: bool) -> NDArray[np.float64]:
        """Map (2, 3) from the original image to the network input."""
        angle = math.radians(18) * self.rng.normal()
        zoom = max(1 + 0.1 * self.rng.normal(), 0.5)
        middle = np.full(2, (self.size - 1) / 2)
        linear = zoom * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        offset = middle - linear @ middle + 0.05 * self.size * self.rng.normal(size=2)
        crop = crop_matrix(face, 1.0, self.size, align_corners=True)
        matrix = linear @ crop
        matrix[:, 2] += offset
        if flipped:
            matrix[0] *= -1
            matrix[0, 2] += self.size - 1
        return matrix

    def _change_pixels(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        rng = self.rng
        if rng.random() < 0.4:
            image = self._cover(image)
        if rng.random() < 0.3 and (width := int(0.05 * self.size * rng.random())) > 1:
            image = cv2.blur(image, (width, width))
        if rng.random() < 0.2:
            exponent = rng.uniform(0.25, 1) if rng.random() < 0.5 else rng.uniform(1, 4)
            image = (255 * (image / 255) ** exponent).astype(np.uint8)
        if rng.random() < 0.2:
            share = rng.uniform(0, 0.5)
            image = ((1 - share) * image + share * rng.uniform(0, 255, image.shape)).astype(np.uint8)
        if rng.random() < 0.2:
            image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
        return image

    def _cover(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        tall = self.rng.uniform(0.1, 0.4)
        sides = np.array([tall, tall + self.rng.uniform(-0.1, 0.1)]) * self.size
        middle = self.rng.random(2) * self.size
        (top, left), (bottom, right) = (middle + np.outer((-0.5, 0.5), sides)).clip(0, self.size).astype(int)
        image[top:bottom, left:right] = 0
        return image
