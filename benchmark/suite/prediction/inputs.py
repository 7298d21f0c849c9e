"""What is to be predicted: photographs, folders of them, and videos, each with a name for what is written of it."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
from numpy.typing import NDArray
from PIL import Image

from benchmark.datasets.crops import read_image
from benchmark.errors import BenchmarkError
from benchmark.suite.prediction.boxes import Unusable

IMAGES = ('.jpg', '.jpeg', '.png')
VIDEOS = ('.avi', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.webm', '.wmv')
_ORIENTATION, _UPRIGHT = 0x0112, 1


@dataclass(frozen=True)
class Input:
    """A photograph or a video.

    Attributes:
        path: the file.
        name: what begins the names of the files that are written for it; no other input has it.
    """

    path: Path
    name: str

    @property
    def is_video(self) -> bool:
        """Whether it is read frame by frame."""
        return self.path.suffix.lower() in VIDEOS


def find_inputs(given: Sequence[Path]) -> tuple[list[Input], list[str]]:
    """Photographs and videos that a command line names.

    Of a folder these are the files in it, by their suffixes and in the order of their names, without those of its
    folders. Of the same name the second gets a number: ``face.jpg``, ``other/face.jpg`` become 'face' and 'face-2'.

    Args:
        given: files and folders.

    Returns:
        The inputs, each once, and one line on each path that leads to none.
    """
    found: dict[Path, Path] = {}
    problems = []
    for path in given:
        files, problem = _files(path)
        for file in files:
            found.setdefault(file.resolve(), file)
        problems += [problem] if problem else []
    inputs: list[Input] = []
    stems = {path.stem.casefold() for path in found.values()}
    taken: set[str] = set()
    for path in found.values():
        name, number = path.stem, 1
        # Nor one that another file has without a number.
        while name.casefold() in taken or (number > 1 and name.casefold() in stems):
            number += 1
            name = f'{path.stem}-{number}'
        taken.add(name.casefold())
        inputs.append(Input(path, name))
    return inputs, problems


def _files(path: Path) -> tuple[list[Path], str | None]:
    try:
        if not path.is_dir():
            return ([path], None) if path.is_file() else ([], f'{path}: no such file or folder')
        files = [one for one in sorted(path.iterdir()) if one.suffix.lower() in IMAGES + VIDEOS and one.is_file()]
    except OSError as error:
        return [], f'{path}: cannot be read: {error.strerror}'
    return files, None if files else f'{path}: no image or video in it ({" ".join(IMAGES + VIDEOS)})'


def read_photograph(path: Path, as_stored: bool) -> tuple[NDArray, bool]:
    """Decode a JPEG or PNG image as the evaluation does: 8 bits of blue, green and red, whatever the file has.

    Args:
        path: the file. Grey becomes three equal colours, 16 bits lose the lower 8, transparency is left out, CMYK is
            converted by OpenCV.
        as_stored: leave an orientation tag alone, as the evaluation does.

    Returns:
        (height, width, 3) uint8, BGR, and whether it was turned or mirrored as its orientation tag says.

    Raises:
        Unusable: the file is absent, cut short, damaged or of another kind.
    """
    try:
        image = read_image(path, not as_stored)
    except BenchmarkError as error:
        raise Unusable(str(error)) from error
    if image is None:
        raise Unusable(f'{path}: OpenCV cannot decode the image (save it as a plain JPEG or PNG)')
    return image, not as_stored and _is_turned(path)


def _is_turned(path: Path) -> bool:
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        return image.getexif().get(_ORIENTATION, _UPRIGHT) in range(2, 9)


@dataclass(frozen=True, eq=False)
class Video:
    """A video that is open.

    Attributes:
        announced: number of frames that the file says it has; some kinds guess it.
        rate: frames a second.
    """

    path: Path
    capture: cv2.VideoCapture
    announced: int
    rate: float

    def frames(self) -> Iterator[NDArray]:
        """The frames, (height, width, 3) uint8, BGR, turned upright."""
        while True:
            there, frame = self.capture.read()
            if not there:
                return
            yield frame


@contextmanager
def open_video(path: Path) -> Iterator[Video]:
    """Open a video with OpenCV.

    Raises:
        Unusable: it cannot read it.
    """
    os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')  # silent: what is wrong is said in one line, below
    capture = cv2.VideoCapture(str(path))
    try:
        if not os.access(path, os.R_OK) or not capture.isOpened():
            raise Unusable(f'{path}: OpenCV cannot read it as a video (put an intact copy there, or convert it)')
        rate = capture.get(cv2.CAP_PROP_FPS)
        yield Video(path, capture, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), rate if 0 < rate < 1000 else 25.0)
    finally:
        capture.release()
