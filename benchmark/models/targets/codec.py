"""Landmarks in pixels to the coordinates that soft-argmax predicts, and back."""

from __future__ import annotations

from typing import ClassVar, TypeVar

import numpy as np
import torch
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS

Array = TypeVar('Array', np.ndarray, torch.Tensor)


def normalize_keypoints(keypoints: Array, size: Array | tuple[int, int]) -> Array:
    """Pixels to [-1, 1]: ``(2 x + 1) / W - 1``; the image's edges, not its outer pixel centres, lie at -1 and 1.

    Args:
        keypoints: (..., 2) as (x, y), pixel centres at whole numbers.
        size: width and height of the image; an array or tensor of the keypoints' kind if they are not NumPy.

    Returns:
        (..., 2) of the same type.
    """
    return (2 * keypoints + 1) / _like(size, keypoints) - 1


def denormalize_keypoints(keypoints: Array, size: Array | tuple[int, int]) -> Array:
    """Inverse of :func:`normalize_keypoints`: ``((p + 1) W - 1) / 2``."""
    return ((keypoints + 1) * _like(size, keypoints) - 1) / 2


def _like(size: Array | tuple[int, int], keypoints: Array) -> Array:
    if isinstance(keypoints, torch.Tensor):
        return torch.as_tensor(size, dtype=keypoints.dtype, device=keypoints.device)
    return np.asarray(size, dtype=keypoints.dtype)


@KEYPOINT_CODECS.register_module()
class SoftArgmaxLabel(BaseKeypointCodec):
    """Codec of :class:`SoftArgmaxHead`: coordinates in [-1, 1] as the official STAR code has them.

    Every landmark is a target, also an occluded one or one outside the crop, as in the field's protocol.

    Args:
        input_size: width and height of the network input, pixels.
    """

    auxiliary_encode_keys: ClassVar[set[str]] = set()

    def __init__(self, input_size: tuple[int, int]) -> None:
        super().__init__()
        self.input_size = tuple(input_size)

    def encode(self, keypoints: np.ndarray, keypoints_visible: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Encode landmarks.

        Args:
            keypoints: (N, K, 2), pixels of the network input.
            keypoints_visible: (N, K), not used.

        Returns:
            ``keypoint_labels`` (N, K, 2) float32 and ``keypoint_weights`` (N, K) float32, all 1.
        """
        labels = normalize_keypoints(np.asarray(keypoints, dtype=np.float64), self.input_size)
        return {
            'keypoint_labels': labels.astype(np.float32),
            'keypoint_weights': np.ones(keypoints.shape[:2], dtype=np.float32),
        }

    def decode(self, encoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Decode predictions.

        Args:
            encoded: (N, K, 2), coordinates in [-1, 1].

        Returns:
            Landmarks (N, K, 2) in pixels of the network input, and scores (N, K), all 1.
        """
        return denormalize_keypoints(encoded, self.input_size), np.ones(encoded.shape[:2], dtype=np.float32)
