"""One synthetic face: its image and its landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.drawing import Noise
from benchmark.datasets.synthetic.annotation import Landmarks, locate
from benchmark.datasets.synthetic.camera import Camera, build_camera
from benchmark.datasets.synthetic.canvas import RESOLUTION, Canvas, X, Y, blend
from benchmark.datasets.synthetic.contours import Contours, build_contours
from benchmark.datasets.synthetic.features import paint_features
from benchmark.datasets.synthetic.interpolation import interpolate
from benchmark.datasets.synthetic.lighting import shade
from benchmark.datasets.synthetic.occluders import draw_occluder
from benchmark.datasets.synthetic.parameters import FaceParameters
from benchmark.datasets.synthetic.photograph import photograph
from benchmark.datasets.synthetic.raycast import cast_rays
from benchmark.datasets.synthetic.scene import paint_background, paint_hair_behind, paint_neck
from benchmark.datasets.synthetic.skin import (
    hair_cover,
    paint_ears,
    paint_glasses,
    paint_hair,
    paint_skin,
)
from benchmark.datasets.synthetic.surface import (
    LEFT,
    SOLID_SHAPE,
    TOP,
    Surface,
    build_solid,
    build_surface,
)

IMAGE_SIZE = 128
_DRAWN = 160  # the picture is drawn at this size and then reduced


@dataclass(frozen=True)
class RenderedFace:
    """A rendered face.

    Attributes:
        image: (128, 128, 3) BGR, 8 bits.
        landmarks: exact places and the annotation noise's covariance.
        occluded: (K,) whether something stands in front of a landmark.
        parameters: what the face was made from.
    """

    image: NDArray[np.uint8]
    landmarks: Landmarks
    occluded: NDArray[np.bool_]
    parameters: FaceParameters


def render_face(
    parameters: FaceParameters, layout: str, rng: np.random.Generator, noise: Noise | None = None
) -> RenderedFace:
    """Render a face.

    Args:
        parameters: what is to be seen.
        layout: 'cofw', '300w' or 'wflw'.
        rng: source of the textures, of the occluders' places and of the camera's noise.
        noise: annotation noise of one size; None: that of real annotators.
    """
    contours = build_contours(parameters.identity, parameters.expression)
    surface = build_surface(contours, parameters.identity, parameters.expression)
    landmarks = locate(layout, contours, surface, build_camera(parameters.pose, IMAGE_SIZE), noise)
    camera = _drawing_camera(parameters)
    picture, occluded = _draw_head(contours, surface, camera, parameters, rng)
    drawn = (landmarks.exact + 0.5) * (_DRAWN / IMAGE_SIZE) - 0.5
    for kind in parameters.nuisance.occluders:
        colour, opacity = draw_occluder(kind, drawn, camera.size, _DRAWN, parameters, rng)
        blend(picture, opacity, colour)
        occluded = np.maximum(occluded, opacity)
    picture = [cv2.resize(channel, (IMAGE_SIZE, IMAGE_SIZE), interpolation=cv2.INTER_AREA) for channel in picture]
    image = photograph(picture, parameters.nuisance, parameters.light.exposure, rng)
    pixels = np.clip(np.round(drawn), 0, _DRAWN - 1).astype(int)
    return RenderedFace(image, landmarks, occluded[pixels[:, 1], pixels[:, 0]] > 0.5, parameters)


def _drawing_camera(parameters: FaceParameters) -> Camera:
    camera = build_camera(parameters.pose, IMAGE_SIZE)
    factor = _DRAWN / IMAGE_SIZE
    return Camera(camera.rotation, camera.size * factor, (camera.origin + 0.5) * factor - 0.5)


def _draw_head(
    contours: Contours, surface: Surface, camera: Camera, parameters: FaceParameters, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The head before its background, and what of it is behind dark glasses."""
    look = parameters.appearance
    plain = np.array(look.skin, dtype=np.float32)[:, None, None]
    canvas = Canvas(np.broadcast_to(plain, (3, len(Y), len(X))).copy())
    paint_skin(canvas, contours, parameters, rng)
    paint_ears(canvas, parameters)
    paint_features(canvas, contours, parameters, rng)
    cover, pattern = hair_cover(surface, look, rng)
    painted = cover.astype(np.float32)
    paint_hair(canvas, painted, pattern, look)
    lenses = paint_glasses(canvas, contours, look)

    size = len(Y), len(X)
    small = cv2.resize(cover, SOLID_SHAPE[::-1], interpolation=cv2.INTER_AREA)
    ears = 0.05 if look.hairline in ('long', 'fringe') else parameters.identity.ear_size  # under the hair
    solid = build_solid(surface, small, look.hair_volume, ears)
    factors, gloss = shade(solid[..., 0].astype(np.float32), parameters.light, camera.rotation)
    gloss *= 1 - 0.75 * small.astype(np.float32)
    texture = canvas.colour
    texture *= texture
    for channel, factor in zip(texture, factors, strict=True):
        channel *= cv2.resize(factor, size[::-1])
    texture += cv2.resize(gloss, size[::-1])
    np.sqrt(np.maximum(texture, 0, out=texture), out=texture)

    x, y, depth, seen = cast_rays(solid, camera, _DRAWN)
    layers = cv2.merge([*texture, painted])
    *head, hairy = cv2.split(interpolate(layers, *_cells(x, y), cv2.BORDER_REPLICATE))
    picture = paint_background(_DRAWN, rng)
    if look.hairline == 'long':
        paint_hair_behind(picture, parameters, camera, rng)
    paint_neck(picture, parameters, camera)
    # Behind the ears the surface has the texture of the front; hair takes the place of skin there.
    behind = (
        np.clip((-0.46 - depth) * 12, 0, 1).astype(np.float32) * (1 - hairy)
        if look.hairline != 'bald'
        else np.float32(0)
    )
    for channel, part, hair, skin in zip(picture, head, look.hair, look.skin, strict=True):
        np.copyto(channel, part * (1 + behind * np.float32(hair / skin - 1)), where=seen)
    hidden = np.zeros((_DRAWN, _DRAWN), dtype=np.float32)
    for lens in lenses:
        outline = camera.project(surface.lift(lens))
        cv2.fillPoly(hidden, [np.round(outline).astype(np.int32)], 1.0)
    return picture, hidden


def _cells(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
    return (x - LEFT) * RESOLUTION - 0.5, (y - TOP) * RESOLUTION - 0.5
