"""Boxes from OpenCV's face detector YuNet; its model is the user's file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BenchmarkError, UsageError
from benchmark.suite.prediction.boxes import Found

# Longest side of what the detector sees. Its authors say that it finds faces of some 10 to 300 pixels, so that a face
# that fills a photograph is found in a small copy alone: the second is tried where the first shows no face.
SIDES = (640, 320)
_SCORE = 14  # column; the first four are the box, the others five landmarks of its own


class Detector:
    """Boxes of all faces that YuNet finds.

    Args:
        model: its ONNX file.

    Raises:
        UsageError: there is no such file.
        BenchmarkError: OpenCV cannot use it as a model of this detector.
    """

    origin = 'detector'

    def __init__(self, model: Path) -> None:
        if not model.is_file():
            raise UsageError(f'{model}: no such file of a detector (name the model of YuNet)')
        try:
            self._detector = cv2.FaceDetectorYN.create(str(model), '', (64, 64))
            self._detect(np.zeros((64, 64, 3), np.uint8))  # another network is noticed only now
        except (cv2.error, SystemError) as error:
            raise BenchmarkError(
                f'{model}: OpenCV {cv2.__version__} cannot use it as a model of its detector YuNet '
                '(get face_detection_yunet from its authors)'
            ) from error

    def __call__(self, path: Path, image: NDArray[np.uint8]) -> Found:
        """The faces of an image (height, width, 3), BGR, in the detector's order; there may be none."""
        height, width = image.shape[:2]
        for side in SIDES:
            zoom = min(1.0, side / max(width, height))
            size = max(round(zoom * width), 1), max(round(zoom * height), 1)
            faces = self._detect(cv2.resize(image, size, interpolation=cv2.INTER_AREA) if zoom < 1 else image)
            if len(faces):
                break
        unit = np.array([width, height, width, height]) / (*size, *size)
        return Found(faces[:, :4] * unit, self.origin, faces[:, _SCORE].tolist())

    def _detect(self, image: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(N, 15), pixels of this image."""
        self._detector.setInputSize((image.shape[1], image.shape[0]))
        _, faces = self._detector.detect(image)
        return np.zeros((0, _SCORE + 1)) if faces is None else faces.astype(np.float64)
