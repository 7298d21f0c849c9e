"""The files that are written for each input: a picture or video, JSON and CSV, each whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
from numpy.typing import NDArray

from benchmark.errors import BenchmarkError, UsageError, cannot_write
from benchmark.files import write_atomically
from benchmark.suite.prediction.documents import Document, as_csv, as_json
from benchmark.suite.prediction.inputs import Input

PICTURE, VIDEO, JSON, CSV = '.png', '.mp4', '.json', '.csv'
_CODEC = 'mp4v'  # which OpenCV's packages bring


class Outputs:
    """Writes into a folder; what a former command has written there for inputs of the same names is replaced.

    Args:
        folder: made if absent.

    Raises:
        BenchmarkError: it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise BenchmarkError(cannot_write(f'{folder}: cannot write there', error, '--output')) from error

    def check_apart(self, inputs: list[Input]) -> None:
        """Refuse to write over an input.

        Raises:
            UsageError: one would be.
        """
        paths = {one.path.resolve() for one in inputs}
        for one in inputs:
            for suffix in (PICTURE, VIDEO):
                if self.path(one, suffix).resolve() in paths:
                    raise UsageError(
                        f'{self.path(one, suffix)}: is an input and would be written over (choose another --output)'
                    )

    def path(self, one: Input, suffix: str) -> Path:
        """The file of an input that ends so."""
        return self.folder / f'{one.name}.landmarks{suffix}'

    def write_picture(self, one: Input, picture: NDArray) -> Path:
        """Write a picture (height, width, 3), BGR, as PNG.

        Raises:
            BenchmarkError: the folder cannot be written to.
        """
        path = self.path(one, PICTURE)
        self._write(path, cv2.imencode(PICTURE, picture)[1].tobytes())
        return path

    def write_document(self, one: Input, document: Document) -> None:
        """Write what is known of an input's faces as JSON and CSV; raises as :meth:`write_picture` does."""
        self._write(self.path(one, JSON), f'{as_json(document)}\n'.encode())
        self._write(self.path(one, CSV), as_csv(document).encode())

    @contextmanager
    def video(self, one: Input, rate: float, size: tuple[int, int]) -> Iterator[CountingWriter]:
        """A video that appears when all of its frames are written.

        Args:
            one: the input.
            rate: frames a second.
            size: width and height, pixels.

        Raises:
            BenchmarkError: OpenCV cannot write it, or has lost frames, as on a full disk.
        """
        path = self.path(one, VIDEO)
        try:
            with tempfile.TemporaryDirectory(dir=self.folder, prefix='.video-') as folder:
                partial = Path(folder, path.name)
                writer = CountingWriter(partial, rate, size)
                try:
                    yield writer
                finally:
                    writer.release()
                if not writer.is_whole():
                    raise BenchmarkError(f'{path}: OpenCV cannot write the video (is there room on the disk?)')
                os.replace(partial, path)
        except OSError as error:
            raise BenchmarkError(cannot_write(f'{path}: cannot write the video', error, '--output')) from error

    def _write(self, path: Path, content: bytes) -> None:
        try:
            write_atomically(path, content, durable=False)
        except OSError as error:
            raise BenchmarkError(cannot_write(f'{path}: cannot be written', error, '--output')) from error


class CountingWriter:
    """OpenCV's writer, which does not say when it fails; what it has written is read again."""

    def __init__(self, path: Path, rate: float, size: tuple[int, int]) -> None:
        self._path, self._frames = path, 0
        self._writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*_CODEC), rate, size)

    def write(self, frame: NDArray) -> None:
        """Add a frame (height, width, 3), BGR."""
        self._writer.write(frame)
        self._frames += 1

    def release(self) -> None:
        """Finish the file."""
        self._writer.release()

    def is_whole(self) -> bool:
        """Whether the finished file has all frames."""
        capture = cv2.VideoCapture(str(self._path))
        try:
            return capture.isOpened() and int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == self._frames
        finally:
            capture.release()
