"""What varies between synthetic faces.

Lengths are in units of half the width of the mean face, angles in degrees, colours are RGB in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass, field

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Identity:
    """Shape of a face at rest; the defaults are the mean face.

    Attributes:
        face_width: factor on the width of the whole face.
        jaw_width: factor on the width of the jaw.
        chin_length: lowering of the chin.
        chin_squareness: widening of the chin.
        eye_distance: distance of an eye's centre from the middle line.
        eye_width: half the distance of an eye's corners.
        eye_height: distance of the open upper lid from the line of the corners.
        eye_tilt: raising of the outer corner.
        brow_height: raising of the brows.
        brow_thickness: thickness of a brow in its inner half.
        brow_arch: raising of the middle of the brows.
        nose_length: lowering of the tip of the nose.
        nose_width: factor on the width of the nose.
        nose_depth: factor on how far the nose stands out.
        mouth_height: lowering of the mouth.
        mouth_width: factor on the width of the mouth.
        upper_lip: factor on the height of the upper lip.
        lower_lip: factor on the height of the lower lip.
        cheeks: how far the cheeks stand out.
        ear_size: factor on the size of the ears.
    """

    face_width: float = 1.0
    jaw_width: float = 1.0
    chin_length: float = 0.0
    chin_squareness: float = 0.0
    eye_distance: float = 0.445
    eye_width: float = 0.18
    eye_height: float = 0.078
    eye_tilt: float = 0.015
    brow_height: float = 0.0
    brow_thickness: float = 0.075
    brow_arch: float = 0.0
    nose_length: float = 0.0
    nose_width: float = 1.0
    nose_depth: float = 1.0
    mouth_height: float = 0.0
    mouth_width: float = 1.0
    upper_lip: float = 1.0
    lower_lip: float = 1.0
    cheeks: float = 0.06
    ear_size: float = 1.0


@dataclass(frozen=True)
class Expression:
    """Departure from rest; pairs are (person's right, person's left), that is image-left first.

    Attributes:
        mouth_open: 0 closed, 1 wide open.
        smile: corners of the mouth, 1 laughing, -1 downcast.
        pucker: narrowing of the mouth, 0 to 1.
        brow_raise: raising of each brow, -1 to 1.
        frown: drawing together of the brows, 0 to 1.
        eyes_open: opening of each eye, 0 closed, 1 at rest, 1.3 wide.
        gaze: position of the irises, in half eye widths and heights.
    """

    mouth_open: float = 0.0
    smile: float = 0.0
    pucker: float = 0.0
    brow_raise: tuple[float, float] = (0.0, 0.0)
    frown: float = 0.0
    eyes_open: tuple[float, float] = (1.0, 1.0)
    gaze: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Pose:
    """Rotation of the head and its place in the image.

    Attributes:
        yaw: positive turns the face to the right side of the image.
        pitch: positive lowers the chin.
        roll: positive turns clockwise in the image.
        size: pixels of the final image per unit length.
        shift: offset of the face's middle from the middle of the image, pixels.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    size: float = 36.0
    shift: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Light:
    """Lighting of the face; directions are in the image's frame and do not turn with the head.

    Attributes:
        azimuth: direction of the main light, positive from the right side of the image.
        elevation: direction of the main light, positive from above.
        key: strength of the main light.
        ambient: strength of the light from everywhere.
        key_colour: colour of the main light.
        ambient_colour: colour of the light from everywhere.
        shadow: how dark cast shadows are, 0 to 1.
        gloss: strength of highlights on the skin.
        exposure: factor on the whole image's brightness.
    """

    azimuth: float = 0.0
    elevation: float = 25.0
    key: float = 0.75
    ambient: float = 0.42
    key_colour: Colour = (1.0, 1.0, 1.0)
    ambient_colour: Colour = (1.0, 1.0, 1.0)
    shadow: float = 0.5
    gloss: float = 0.10
    exposure: float = 1.0


@dataclass(frozen=True)
class Appearance:
    """Colours and textures of a face.

    Attributes:
        skin: colour of the skin.
        lips: colour of the lips.
        iris: colour of the irises.
        hair: colour of the hair.
        brow: colour of the brows.
        brow_opacity: how dense the brows are, 0 to 1.
        hairline: 'bald', 'short', 'long', 'fringe' or 'cap'.
        hair_volume: thickness of the hair above the skull, unit lengths.
        cap: colour of a cap.
        clothes: colour of the clothes.
        beard: density of beard and moustache, 0 to 1.
        freckles: strength of freckles, 0 to 1.
        age: strength of folds and wrinkles, 0 to 1.
        blush: redness of the cheeks, 0 to 1.
        eye_shadow: colour of painted lids and its opacity, None without.
        eye_liner: thickness of the dark line along the upper lid, 1 without make-up.
        glasses: 'none', 'clear' or 'dark'.
    """

    skin: Colour = (0.86, 0.68, 0.58)
    lips: Colour = (0.74, 0.42, 0.40)
    iris: Colour = (0.36, 0.26, 0.16)
    hair: Colour = (0.22, 0.15, 0.10)
    brow: Colour = (0.24, 0.17, 0.12)
    brow_opacity: float = 0.75
    hairline: str = 'short'
    hair_volume: float = 0.12
    cap: Colour = (0.2, 0.25, 0.4)
    clothes: Colour = (0.3, 0.35, 0.45)
    beard: float = 0.0
    freckles: float = 0.0
    age: float = 0.3
    blush: float = 0.3
    eye_shadow: tuple[Colour, float] | None = None
    eye_liner: float = 1.0
    glasses: str = 'none'


@dataclass(frozen=True)
class Nuisance:
    """What stands between the face and the image.

    Attributes:
        occluders: kinds of objects in front of the face: 'hand', 'object', 'strand', 'stick' or 'cloth'.
        blur: standard deviation of the defocus, pixels of the final image.
        motion: length of the motion blur, pixels.
        motion_direction: direction of the motion.
        noise: standard deviation of the sensor's noise, fraction of the full range.
        saturation: 0 grey, 1 as drawn.
    """

    occluders: tuple[str, ...] = ()
    blur: float = 0.0
    motion: float = 0.0
    motion_direction: float = 0.0
    noise: float = 0.01
    saturation: float = 1.0


@dataclass(frozen=True)
class FaceParameters:
    """Everything that one image is computed from, besides the noise that textures are made of.

    The defaults are a symmetric frontal face, lit from
    above.
    """

    identity: Identity = field(default_factory=Identity)
    expression: Expression = field(default_factory=Expression)
    pose: Pose = field(default_factory=Pose)
    light: Light = field(default_factory=Light)
    appearance: Appearance = field(default_factory=Appearance)
    nuisance: Nuisance = field(default_factory=Nuisance)
