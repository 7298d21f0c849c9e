from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmark.errors import BenchmarkError
from benchmark.suite.prediction import outputs
from benchmark.suite.prediction.inputs import Input
from benchmark.suite.prediction.outputs import Outputs

VIDEO_WRITER = cv2.VideoWriter
CLIP = Input(Path('clip.avi'), 'clip')
FRAME = np.zeros((40, 60, 3), np.uint8)


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_video_that_lost_frames_is_not_left_behind(tmp_path, monkeypatch):
    class Forgetful:
        """A writer on a full disk: it says nothing."""

        def __init__(self, *arguments) -> None:
            self.writer = VIDEO_WRITER(*arguments)
            self.count = 0

        def write(self, frame: np.ndarray) -> None:
            self.count += 1
            if self.count < 3:
                self.writer.write(frame)

        def release(self) -> None:
            self.writer.release()

    monkeypatch.setattr(outputs.cv2, 'VideoWriter', Forgetful)
    said = pytest.raises(BenchmarkError, match=r'clip\.landmarks\.mp4: OpenCV cannot write the video')
    with said, Outputs(tmp_path).video(CLIP, 25.0, (60, 40)) as writer:
        for _ in range(5):
            writer.write(FRAME)
    assert left(tmp_path) == []


def test_video_appears_only_when_it_is_whole(tmp_path):
    with pytest.raises(KeyboardInterrupt), Outputs(tmp_path).video(CLIP, 25.0, (60, 40)) as writer:
        writer.write(FRAME)
        raise KeyboardInterrupt
    assert left(tmp_path) == []
    with Outputs(tmp_path).video(CLIP, 25.0, (60, 40)) as writer:
        writer.write(FRAME)
    assert left(tmp_path) == ['clip.landmarks.mp4']
