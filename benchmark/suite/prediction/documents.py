"""What is written of the faces of a photograph or video: as JSON, each key documented here, and as a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from benchmark.escaping import escape_spreadsheet, one_line
from benchmark.records.schema import Line, Schema
from benchmark.suite.prediction.boxes import Found
from benchmark.suite.prediction.predictor import Faces, Predictor

_DIGITS = 4  # behind the point
COLUMNS = (
    *('image', 'frame', 'face', 'landmark', 'x', 'y', 'xx', 'xy', 'yy', 'box_x', 'box_y', 'box_w', 'box_h'),
    *('box_from', 'score', 'config', 'weights_sha256'),
)


class Face(Schema):
    """One face."""

    frame: NonNegativeInt | None = Field(description='number of the frame of a video, from 0; null in a photograph')
    box: tuple[float, float, float, float] = Field(description='left, top, width and height of its box, pixels')
    box_from: Literal['given', 'file', 'detector', 'whole image'] = Field(description='where the box is from')
    last_box: tuple[float, float, float, float] = Field(
        description='the box that the landmarks were predicted in: in a second pass that of the first landmarks'
    )
    score: float | None = Field(description="the detector's; null of other boxes")
    landmarks: tuple[tuple[float, float], ...] = Field(description='x and y of each landmark, pixels')
    covariances: tuple[tuple[float, float, float], ...] | None = Field(
        description="of each landmark's heatmap: xx, xy and yy, squared pixels; null where the network gives none"
    )


class Document(Schema):
    """The faces of a photograph or video.

    Pixels are those of the picture, turned upright where ``upright`` says so; x goes to the right, y down, and the
    centre of the first pixel is (0, 0).
    """

    image: Line = Field(description='the file, as it was named')
    width: PositiveInt = Field(description='of the picture, pixels')
    height: PositiveInt = Field(description='of the picture, pixels')
    upright: bool = Field(description='whether the picture was turned or mirrored as an orientation tag in it says')
    frames: PositiveInt | None = Field(description='number of frames of a video; null of a photograph')
    config: Line = Field(description='name of the configuration')
    benchmark: Line = Field(description='whose landmarks these are, by number')
    training_box: Line = Field(
        description='the boxes that the network was trained with; the given ones are padded alike'
    )
    weights: Line = Field(description='name of the file of weights')
    weights_sha256: Line = Field(description='its SHA-256, hexadecimal')
    faces: tuple[Face, ...] = Field(description='in the order of the frames')


@dataclass(frozen=True, eq=False)
class Frame:
    """The faces of one picture.

    Attributes:
        number: of a video's frame, from 0; None of a photograph.
        found: their boxes.
        faces: what was predicted.
    """

    number: int | None
    found: Found
    faces: Faces


def make_document(
    predictor: Predictor,
    name: str,
    size: tuple[int, int],
    upright: bool,
    frames: int | None,
    pictures: Sequence[Frame],
) -> Document:
    """What is written of one input.

    Args:
        predictor: what predicted.
        name: the input, as it was named.
        size: width and height, pixels.
        upright: whether it was turned.
        frames: number of frames of a video; None of a photograph.
        pictures: the photograph, or the frames.
    """
    experiment = predictor.experiment
    return Document(
        image=_text(name),
        width=size[0],
        height=size[1],
        upright=upright,
        frames=frames,
        config=_text(experiment.name),
        benchmark=experiment.benchmark,
        training_box=experiment.box,
        weights=_text(predictor.weights.name),
        weights_sha256=predictor.weights_sha256,
        faces=tuple(face for picture in pictures for face in _faces(picture)),
    )


def as_json(document: Document) -> str:
    """One line."""
    return json.dumps(document.model_dump())


def as_csv(document: Document) -> str:
    """A line for each landmark, under :data:`COLUMNS`; faces and landmarks are numbered from 0."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(COLUMNS)
    image, config = escape_spreadsheet(document.image), escape_spreadsheet(document.config)
    for number, face in enumerate(document.faces):
        spreads = face.covariances or [('', '', '')] * len(face.landmarks)
        for landmark, (point, spread) in enumerate(zip(face.landmarks, spreads, strict=True)):
            behind = (*face.box, face.box_from, face.score, config, document.weights_sha256)
            writer.writerow((image, face.frame, number, landmark, *point, *spread, *behind))
    return text.getvalue()


def _faces(frame: Frame) -> list[Face]:
    faces, scores = frame.faces, frame.found.scores
    return [
        Face(
            frame=frame.number,
            box=tuple(box.tolist()),
            box_from=frame.found.origin,
            last_box=_rounded(faces.last_boxes[index : index + 1])[0],
            score=None if scores is None else round(scores[index], _DIGITS),
            landmarks=_rounded(faces.landmarks[index]),
            covariances=None if faces.covariances is None else _rounded(faces.covariances[index]),
        )
        for index, box in enumerate(faces.boxes)
    ]


def _rounded(rows) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(number, _DIGITS) for number in row) for row in rows.tolist())


def _text(name: str) -> str:
    """A name that may hold bytes which are no text, as one line of text."""
    return one_line(name.encode(errors='surrogateescape').decode(errors='replace'))
