"""The face box of the official STAR code, for MMPose's warp."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class FaceBox(BaseTransform):
    """Square face box that lets ``TopdownAffine`` crop as a store of the same convention does.

    MMPose's warp brings ``bbox_center`` to ``size / 2`` of the input. For the official convention, which brings the
    centre of the face box to ``(size - 1) / 2``, ``bbox_center`` lies half an input pixel to the lower right of it.
    Stands directly before ``TopdownAffine``, without transforms that mirror or turn: these would take another centre.

    Required Keys:

        - bbox
        - official_box (optional)

    Added Keys:

        - bbox_center
        - bbox_scale

    Args:
        padding: factor of the box side.
        align_corners: False for MMPose's convention of the face box and its centre, True for that of the official STAR
            code (see :mod:`benchmark.datasets.boxes`).
        input_size: width and height of the network input, pixels.
    """

    def __init__(self, padding: float, align_corners: bool, input_size: tuple[int, int]) -> None:
        self.padding = padding
        self.align_corners = align_corners
        self.input_size = tuple(input_size)

    def transform(self, results: dict) -> dict:
        """Add ``bbox_center`` (1, 2) and ``bbox_scale`` (1, 2), pixels of the original image, float32."""
        box = results.get('official_box') if self.align_corners else None
        if box is None:
            low, high = np.split(np.asarray(results['bbox'][0], dtype=np.float64), 2)
            centre, side = (low + high) / 2, (high - low).max()
        else:
            centre, side = np.asarray(box[:2], dtype=np.float64), box[2]
        side = side * self.padding
        if self.align_corners:
            centre = centre + side / (2 * min(self.input_size))
        results['bbox_center'] = centre[None].astype(np.float32)
        results['bbox_scale'] = np.full((1, 2), side, dtype=np.float32)
        return results
