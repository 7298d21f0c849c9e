"""Faces in the wrong place of their image or face box, or too small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmark.datasets.annotations import Face
from benchmark.datasets.check.findings import Finding

# Distances in units of the longer side of the landmarks' box. In brackets the largest value on real faces: 2,574 of
# 300W and 206 of WFLW, which annotates faces that the image's border cuts off.
FARTHEST_OUTSIDE_IMAGE = 0.3  # [0.21]
FARTHEST_OUTSIDE_BOX = 0.3
# Below this a landmark moves by less than half a pixel from one cell of a 64 x 64 heatmap to the next.
SMALLEST_FACE = 32  # pixels, longer side of the landmarks' box; the smallest of those faces has 57


def check_geometry(splits: Mapping[str, Sequence[Face]]) -> list[Finding]:
    """Compare every face with its image, with its box where one is given, and with the smallest useful size.

    Args:
        splits: faces by split.
    """
    findings = []
    for split, faces in splits.items():
        for index, face in enumerate(faces):
            side = float(np.ptp(face.keypoints, axis=0).max())
            size = np.array([face.width, face.height], dtype=np.float64)
            regions = [('outside-image', np.full(2, -0.5), size - 0.5, FARTHEST_OUTSIDE_IMAGE)]
            if face.box is not None:
                centre, half = np.array(face.box[:2]), face.box[2] / 2
                regions.append(('outside-box', centre - half, centre + half, FARTHEST_OUTSIDE_BOX))
            for kind, low, high, limit in regions:
                beyond = np.maximum(low - face.keypoints, face.keypoints - high).max(axis=1) / side
                far = tuple(int(landmark) for landmark in np.nonzero(beyond > limit)[0])
                if far:
                    detail = (
                        f'{len(far)} landmark{"s" * (len(far) > 1)}, up to {beyond.max():.2f} sides of the face '
                        f'outside (limit {limit})'
                    )
                    findings.append(Finding(kind, detail, split, index, face.image, far))
            if side < SMALLEST_FACE:
                detail = f'the landmarks span {side:.1f} pixels (limit {SMALLEST_FACE})'
                findings.append(Finding('tiny-face', detail, split, index, face.image))
    return findings
