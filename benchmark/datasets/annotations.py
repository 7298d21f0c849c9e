"""One annotated face, and the COCO style JSON that a set of faces is kept in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from benchmark.protocol.layouts import Layout

FARTHEST = 10  # image sides that a landmark may lie outside its image; beyond that a decimal point is missing
PIXEL_STD = 200.0  # MMPose and HRNet: side of the face box in units of 200 pixels


@dataclass(frozen=True, eq=False)
class Face:
    """One face with its landmarks.

    Attributes:
        image: POSIX path of the image, relative to the image root of the prepared data.
        width: width of the image, pixels.
        height: height of the image, pixels.
        keypoints: (K, 2) float64, x and y in pixels; the centre of the first pixel is (0, 0). Landmarks may lie outside
            the image.
        subsets: names of the test subsets that the face belongs to, without 'full'; for a training face of WFLW its
            attributes, which have the same names.
        occluded: (K,) bool, or None where the dataset does not say; occluded landmarks count in every metric.
        ambiguity: (K, 2, 2) float64, covariance of the annotation noise in squared pixels; None where it is unknown,
            which it is for every dataset but the synthetic ones.
        box: centre x, centre y and side of the square face box of an official table, pixels, to be used without
            padding; None where the box is taken from the landmarks.
    """

    image: str
    width: int
    height: int
    keypoints: NDArray[np.float64]
    subsets: tuple[str, ...] = ()
    occluded: NDArray[np.bool_] | None = None
    ambiguity: NDArray[np.float64] | None = None
    box: tuple[float, float, float] | None = None


class _Schema(BaseModel):
    model_config = ConfigDict(extra='forbid')


class _Image(_Schema):
    id: int
    file_name: str
    width: int
    height: int


class _Annotation(_Schema):
    id: int
    image_id: int
    category_id: int = Field(description='1, the only category')
    keypoints: list[FiniteFloat] = Field(description='x, y, 2 of each landmark, pixels; 2 is COCO for "visible"')
    num_keypoints: int = Field(description='K')
    bbox: list[FiniteFloat] = Field(description='tight box of the landmarks: left, top, width, height, pixels')
    area: FiniteFloat = Field(description='of the box, square pixels')
    center: list[FiniteFloat] = Field(description='middle of the face box: x, y, pixels')
    scale: FiniteFloat = Field(description='longer side of the face box divided by 200 pixels, without padding')
    iscrowd: int = Field(description='0')
    subsets: list[str] = Field(description='test subsets of the face, without full')
    occluded: list[bool] | None = Field(None, description='per landmark')
    ambiguity: list[tuple[FiniteFloat, FiniteFloat, FiniteFloat]] | None = Field(
        None, description='per landmark: xx, xy, yy of the covariance of the annotation noise, squared pixels'
    )
    official_box: tuple[FiniteFloat, FiniteFloat, FiniteFloat] | None = Field(
        None, description='x, y of the centre and side, pixels, where center and scale are those of an official table'
    )


class _Annotations(_Schema):
    images: list[_Image]
    categories: list[dict]
    annotations: list[_Annotation]


def check_face(face: Face, layout: Layout) -> None:
    """Refuse a face that no model could be trained on or measured with.

    Landmarks outside the image are nothing to refuse, nor is a whole face (see :func:`outside_image`). A face whose
    landmarks lie on one spot or line is: it has no box to crop.

    Raises:
        ValueError: what is wrong, without the name of the face.
    """
    count = layout.num_landmarks
    if face.keypoints.shape != (count, 2):
        raise ValueError(f'landmarks of shape {face.keypoints.shape}, expected {(count, 2)}')
    if not np.isfinite(face.keypoints).all():
        raise ValueError('a landmark is not finite')
    size = np.array([face.width, face.height], dtype=np.float64)
    if (face.keypoints < -FARTHEST * size).any() or (face.keypoints > (1 + FARTHEST) * size).any():
        raise ValueError(f'a landmark lies more than {FARTHEST} image sides outside the image')
    if (np.ptp(face.keypoints, axis=0) <= 0).any():
        raise ValueError('the landmarks lie on one spot or line')
    for name, ends in (('inter-ocular', layout.inter_ocular), ('inter-pupil', layout.inter_pupil)):
        if np.array_equal(*(face.keypoints[list(end)].mean(axis=0) for end in ends)):
            raise ValueError(f'the {name} distance is zero')
    if face.occluded is not None and face.occluded.shape != (count,):
        raise ValueError(f'occlusion flags of shape {face.occluded.shape}, expected {(count,)}')
    if face.ambiguity is not None:
        if face.ambiguity.shape != (count, 2, 2):
            raise ValueError(f'ambiguity of shape {face.ambiguity.shape}, expected {(count, 2, 2)}')
        if not np.isfinite(face.ambiguity).all() or (face.ambiguity != face.ambiguity.transpose(0, 2, 1)).any():
            raise ValueError('the ambiguity is not a finite symmetric matrix for every landmark')
    if face.box is not None and (len(face.box) != 3 or not np.isfinite(face.box).all() or face.box[2] <= 0):
        raise ValueError('the official box is not a finite centre and a positive side')


def outside_image(face: Face) -> tuple[int, bool]:
    """How many landmarks lie outside the image, and whether the face as a whole does.

    The image ends half a pixel beyond the centres of its outer pixels. A face as a whole is outside where the box of
    its landmarks shares no area with the image: MMPose's own ``COFWDataset`` silently leaves such a face out, the
    datasets of this package keep it.
    """
    size = np.array([face.width, face.height], dtype=np.float64)
    outside = (face.keypoints < -0.5) | (face.keypoints > size - 0.5)
    beside = (face.keypoints.max(axis=0) <= 0) | (face.keypoints.min(axis=0) >= size - 1)
    return int(outside.any(axis=1).sum()), bool(beside.any())


def encode_faces(faces: Sequence[Face]) -> bytes:
    """The COCO style JSON of some faces; face i has image id and annotation id i.

    Every face has an image entry of its own, also where two faces share an image file. MMPose's ``Face300WDataset``,
    ``COFWDataset`` and ``WFLWDataset`` read it.
    """
    content = {
        'images': [
            {'id': index, 'file_name': face.image, 'width': face.width, 'height': face.height}
            for index, face in enumerate(faces)
        ],
        'categories': [{'id': 1, 'name': 'face'}],
        'annotations': [_annotation(index, face) for index, face in enumerate(faces)],
    }
    return json.dumps(content, separators=(',', ':'), allow_nan=False).encode()


def decode_faces(content: bytes, layout: Layout) -> list[Face]:
    """The faces of :func:`encode_faces`, in the same order and with the same numbers to the bit.

    Raises:
        ValueError: the content is not such JSON, or holds a face that :func:`check_face` refuses; one line.
    """
    try:
        data = _Annotations.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f'{".".join(map(str, first["loc"])) or "file"}: {first["msg"]}') from error
    if len(data.images) != len(data.annotations):
        raise ValueError(f'{len(data.images)} images but {len(data.annotations)} annotations')
    faces = []
    for index, (image, annotation) in enumerate(zip(data.images, data.annotations, strict=True)):
        try:
            if image.id != annotation.image_id:
                raise ValueError(f'image_id {annotation.image_id}, expected {image.id}')
            face = _face(image, annotation)
            check_face(face, layout)
        except ValueError as error:
            raise ValueError(f'annotations.{index}: {error}') from error
        faces.append(face)
    return faces


def _annotation(index: int, face: Face) -> dict:
    low, high = face.keypoints.min(axis=0), face.keypoints.max(axis=0)
    width, height = (high - low).tolist()
    centre, side = ((low + high) / 2).tolist(), max(width, height)
    if face.box is not None:
        centre, side = list(face.box[:2]), face.box[2]
    annotation = {
        'id': index,
        'image_id': index,
        'category_id': 1,
        'keypoints': [number for x, y in face.keypoints.tolist() for number in (x, y, 2)],
        'num_keypoints': len(face.keypoints),
        'bbox': [*low.tolist(), width, height],
        'area': width * height,
        'center': centre,
        'scale': side / PIXEL_STD,
        'iscrowd': 0,
        'subsets': list(face.subsets),
    }
    if face.occluded is not None:
        annotation['occluded'] = face.occluded.tolist()
    if face.ambiguity is not None:
        annotation['ambiguity'] = [[xx, xy, yy] for (xx, xy), (_, yy) in face.ambiguity.tolist()]
    if face.box is not None:
        annotation['official_box'] = list(face.box)
    return annotation


def _face(image: _Image, annotation: _Annotation) -> Face:
    if len(annotation.keypoints) % 3:
        raise ValueError(f'{len(annotation.keypoints)} keypoint numbers, expected three per landmark')
    ambiguity = None
    if annotation.ambiguity is not None:
        ambiguity = np.array([[[xx, xy], [xy, yy]] for xx, xy, yy in annotation.ambiguity], dtype=np.float64)
    return Face(
        image=image.file_name,
        width=image.width,
        height=image.height,
        keypoints=np.array(annotation.keypoints, dtype=np.float64).reshape(-1, 3)[:, :2].copy(),
        subsets=tuple(annotation.subsets),
        occluded=None if annotation.occluded is None else np.array(annotation.occluded, dtype=bool),
        ambiguity=ambiguity,
        box=annotation.official_box,
    )
