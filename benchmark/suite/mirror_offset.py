"""The offset between annotations and what a network predicts that was trained with mirrored faces.

Where annotations of a photograph lie to one side of those that its mirror image would have got, a network that sees
faces both ways is trained on both and predicts their mean, so that it errs to the other side on photographs, of the
training and of the test alike. The mean error on training faces measures that, and is added to all predictions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.annotations import Face
from benchmark.models.collector import PredictionCollector


def mirror_offset(collector: PredictionCollector, faces: Sequence[Face]) -> NDArray[np.float64]:
    """How far annotations lie to the right of predictions, on average over faces.

    Vertical errors are left alone: mirroring does not cause them.

    Args:
        collector: with the predictions of N training faces.
        faces: the faces, in the order of the predictions.

    Returns:
        (K, 2), fractions of the side of the network's crop, by landmark; y is 0.
    """
    truth = np.stack([face.keypoints[:, 0] for face in faces])
    errors = (truth - collector.keypoints[..., 0]) / collector.sides[:, None]
    offset = errors.mean(axis=0)
    return np.stack((offset, np.zeros_like(offset)), axis=-1)
