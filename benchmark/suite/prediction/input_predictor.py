"""From an input to its files: boxes, landmarks, pictures and numbers, for a photograph or frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.suite.prediction.boxes import Found, Unusable
from benchmark.suite.prediction.documents import Document, Frame, make_document
from benchmark.suite.prediction.inputs import Input, open_video, read_photograph
from benchmark.suite.prediction.outputs import VIDEO, Outputs
from benchmark.suite.prediction.pictures import draw_faces
from benchmark.suite.prediction.predictor import Predictor

FRAMES_AT_ONCE = 16
MOST_ENLARGED = 2.0  # times; a face that is enlarged more is told of
FindBoxes = Callable[[Path, NDArray[np.uint8]], Found]


@dataclass(frozen=True, eq=False)
class InputPredictor:
    """Predicts the faces of inputs, and writes the files of each.

    Attributes:
        predictor: the network.
        find_boxes: called with the path of an input and an image (height, width, 3), BGR; raises :class:`Unusable`
            where there is no box for it.
        outputs: where to write.
        as_stored: leave orientation tags of photographs alone.
        twice: predict once more in the boxes of the first landmarks.
        say: called with one line at a time, on what was written and what is unusual.
    """

    predictor: Predictor
    find_boxes: FindBoxes
    outputs: Outputs
    as_stored: bool
    twice: bool
    say: Callable[[str], None]

    def __call__(self, one: Input) -> Document:
        """Predict the faces of one photograph or video, and write its files.

        Raises:
            Unusable: the input cannot be read, or a box is none of a face in it; nothing is written for it.
            BenchmarkError: the folder cannot be written to.
        """
        document, zooms = (self._predict_video if one.is_video else self._predict_photograph)(one)
        self.outputs.write_document(one, document)
        for line in _remarks(one, document, zooms):
            self.say(line)
        return document

    def _predict_photograph(self, one: Input) -> tuple[Document, list[float]]:
        image, turned = read_photograph(one.path, self.as_stored)
        (frame,) = self._predict(one.path, [image], [None])
        path = self.outputs.write_picture(one, draw_faces(image, frame.faces))
        self.say(f'wrote {path}, .json and .csv: {_counted(len(frame.faces.boxes), "face")}')
        if turned:
            self.say(f'{one.path}: turned as its orientation tag says, and pixels are those of the turned picture')
        document = make_document(self.predictor, str(one.path), _size(image), turned, None, [frame])
        return document, frame.faces.zooms.tolist()

    def _predict_video(self, one: Input) -> tuple[Document, list[float]]:
        frames: list[Frame] = []
        with open_video(one.path) as video:
            pictures = video.frames()
            first = next(pictures, None)
            if first is None:
                raise Unusable(f'{one.path}: OpenCV reads no frame of it (put an intact copy there, or convert it)')
            with self.outputs.video(one, video.rate, _size(first)) as writer:
                numbers = count()
                for images in _parts(first, pictures):
                    part = self._predict(one.path, images, list(islice(numbers, len(images))))
                    for image, frame in zip(images, part, strict=True):
                        writer.write(draw_faces(image, frame.faces))
                    frames += part
        faces = sum(len(frame.faces.boxes) for frame in frames)
        path = self.outputs.path(one, VIDEO)
        self.say(f'wrote {path}, .json and .csv: {_counted(faces, "face")} in {_counted(len(frames), "frame")}')
        if len(frames) < video.announced:
            self.say(
                f'warning: {one.path}: {len(frames)} of the {video.announced} frames that it should have are there'
            )
        document = make_document(self.predictor, str(one.path), _size(first), False, len(frames), frames)
        return document, [zoom for frame in frames for zoom in frame.faces.zooms.tolist()]

    def _predict(self, path: Path, images: Sequence[NDArray], numbers: Sequence[int | None]) -> list[Frame]:
        """The faces of images, computed together."""
        found = [self.find_boxes(path, image) for image in images]
        as_rgb, boxes = [image[..., ::-1] for image in images], [one.boxes for one in found]
        try:
            predicted = self.predictor.together(as_rgb, boxes, self.twice)
        except ValueError as error:  # a box that is none of a face in its image
            raise Unusable(f'{path}: {error}') from error
        return [Frame(*parts) for parts in zip(numbers, found, predicted, strict=True)]


def _parts(first: NDArray, others: Iterator[NDArray]) -> Iterator[list[NDArray]]:
    part = [first, *islice(others, FRAMES_AT_ONCE - 1)]
    while part:
        yield part
        part = list(islice(others, FRAMES_AT_ONCE))


def _remarks(one: Input, document: Document, zooms: Sequence[float]) -> Iterator[str]:
    if not document.faces:
        yield f'warning: {one.path}: the detector found no face (name its box with --box or --boxes)'
        return
    small = sum(zoom > MOST_ENLARGED for zoom in zooms)
    if small:
        width, height = min((face.last_box[2:] for face in document.faces), key=max)
        yield (
            f'warning: {one.path}: {small} of {_counted(len(zooms), "face")} too small for the network, which sees '
            f'them enlarged up to {max(zooms):.1f} times; the smallest box is {width:.0f} x {height:.0f} pixels'
        )


def _size(image: NDArray) -> tuple[int, int]:
    return image.shape[1], image.shape[0]


def _counted(number: int, what: str) -> str:
    return f'{number} {what}{"" if number == 1 else "s"}'
