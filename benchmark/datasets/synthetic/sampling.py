"""How the parameters of a synthetic face are drawn at random."""

from __future__ import annotations

import colorsys

import numpy as np

from benchmark.datasets.synthetic.parameters import (
    Appearance,
    Colour,
    Expression,
    FaceParameters,
    Identity,
    Light,
    Nuisance,
    Pose,
)

CONDITIONS = ('pose', 'expression', 'illumination', 'make-up', 'occlusion', 'blur')

# From light to dark; a skin lies between two neighbours.
_SKINS = np.array(
    [
        (0.95, 0.80, 0.72),
        (0.90, 0.71, 0.60),
        (0.83, 0.62, 0.49),
        (0.70, 0.49, 0.36),
        (0.53, 0.35, 0.25),
        (0.36, 0.23, 0.17),
    ]
)
_HAIRS = (
    (0.08, 0.06, 0.05), (0.14, 0.10, 0.08), (0.24, 0.16, 0.10), (0.40, 0.26, 0.15),
    (0.66, 0.50, 0.30), (0.82, 0.70, 0.48), (0.48, 0.20, 0.10), (0.62, 0.61, 0.60),
)  # fmt: skip
_IRISES = ((0.22, 0.13, 0.07), (0.34, 0.22, 0.12), (0.30, 0.36, 0.20), (0.28, 0.42, 0.56), (0.42, 0.48, 0.52))
_LIPSTICKS = ((0.72, 0.08, 0.14), (0.50, 0.04, 0.16), (0.86, 0.25, 0.42), (0.36, 0.10, 0.24), (0.80, 0.30, 0.22))
_SHADOWS = ((0.20, 0.22, 0.40), (0.36, 0.16, 0.36), (0.16, 0.14, 0.14), (0.18, 0.38, 0.36), (0.50, 0.26, 0.16))


def sample_parameters(rng: np.random.Generator, conditions: frozenset[str] = frozenset()) -> FaceParameters:
    """Draw a face.

    Args:
        rng: source of randomness.
        conditions: what is extreme about the face, any of :data:`CONDITIONS`, with the meaning that the test subsets of
            WFLW give them (Wu et al., CVPR 2018, section 4).
    """
    return FaceParameters(
        identity=_identity(rng),
        expression=_expression(rng, 'expression' in conditions),
        pose=_pose(rng, 'pose' in conditions),
        light=_light(rng, 'illumination' in conditions),
        appearance=_appearance(rng, 'make-up' in conditions, 'occlusion' in conditions),
        nuisance=_nuisance(rng, 'occlusion' in conditions, 'blur' in conditions),
    )


def _normal(rng: np.random.Generator, deviation: float, limit: float = 2.2) -> float:
    return float(np.clip(rng.standard_normal(), -limit, limit) * deviation)


def _identity(rng: np.random.Generator) -> Identity:
    return Identity(
        face_width=1 + _normal(rng, 0.045),
        jaw_width=1 + _normal(rng, 0.05),
        chin_length=_normal(rng, 0.06),
        chin_squareness=_normal(rng, 0.05),
        eye_distance=0.445 + _normal(rng, 0.016),
        eye_width=0.18 + _normal(rng, 0.011),
        eye_height=0.078 + _normal(rng, 0.012),
        eye_tilt=0.015 + _normal(rng, 0.016),
        brow_height=_normal(rng, 0.03),
        brow_thickness=0.075 + _normal(rng, 0.016),
        brow_arch=_normal(rng, 0.025),
        nose_length=_normal(rng, 0.04),
        nose_width=1 + _normal(rng, 0.11),
        nose_depth=1 + _normal(rng, 0.14),
        mouth_height=_normal(rng, 0.03),
        mouth_width=1 + _normal(rng, 0.07),
        upper_lip=1 + _normal(rng, 0.22),
        lower_lip=1 + _normal(rng, 0.2),
        cheeks=0.06 + _normal(rng, 0.025),
        ear_size=1 + _normal(rng, 0.12),
    )


def _expression(rng: np.random.Generator, strong: bool) -> Expression:
    kinds = ('rest', 'smile', 'laugh', 'shout', 'pucker', 'sad')
    kind = rng.choice(kinds, p=(0.0, 0.05, 0.3, 0.35, 0.15, 0.15) if strong else (0.42, 0.36, 0.14, 0.04, 0.02, 0.02))
    opened, smile, pucker = {
        'rest': (max(0.0, rng.uniform(-0.12, 0.12)), rng.uniform(-0.15, 0.2), 0.0),
        'smile': (max(0.0, rng.uniform(-0.1, 0.15)), rng.uniform(0.3, 0.8), 0.0),
        'laugh': (rng.uniform(0.2, 0.5), rng.uniform(0.6, 1.0), 0.0),
        'shout': (rng.uniform(0.5, 1.0), rng.uniform(-0.3, 0.3), rng.uniform(0.0, 0.3)),
        'pucker': (max(0.0, rng.uniform(-0.2, 0.3)), 0.0, rng.uniform(0.5, 1.0)),
        'sad': (0.0, rng.uniform(-1.0, -0.5), 0.0),
    }[str(kind)]
    raised = rng.uniform(-0.9, 1.0) if strong else rng.uniform(-0.4, 0.5)
    eyes = rng.choice([0.0, 0.3, 1.0, 1.3], p=(0.3, 0.2, 0.25, 0.25)) if strong else rng.uniform(0.75, 1.12)
    if not strong and rng.random() < 0.04:
        eyes = 0.0
    uneven, wink = (0.35, 0.15) if strong else (0.1, 0.01)
    brows = raised + uneven * rng.uniform(-1, 1, 2)
    lids = np.full(2, float(eyes) * (1 - 0.25 * max(smile, 0.0)))
    if rng.random() < wink:
        lids[rng.integers(2)] = 0.0
    return Expression(
        mouth_open=float(opened),
        smile=float(smile),
        pucker=float(pucker),
        brow_raise=(float(brows[0]), float(brows[1])),
        frown=float(rng.uniform(0.4, 1.0)) if strong and rng.random() < 0.4 else float(rng.uniform(0, 0.12)),
        eyes_open=(float(lids[0]), float(lids[1])),
        gaze=(_normal(rng, 0.22), _normal(rng, 0.12)),
    )


def _pose(rng: np.random.Generator, strong: bool) -> Pose:
    yaw, pitch, roll = _normal(rng, 14), _normal(rng, 7), _normal(rng, 8)
    if strong:
        kind = rng.choice(['yaw', 'pitch', 'roll'], p=(0.65, 0.2, 0.15))
        sign = float(rng.choice([-1, 1]))
        if kind == 'yaw':
            yaw = sign * float(rng.uniform(34, 56))
        elif kind == 'pitch':
            pitch = float(rng.uniform(20, 32)) * sign
        else:
            roll = sign * float(rng.uniform(28, 45))
    return Pose(yaw, pitch, roll, float(rng.uniform(32.5, 39)), (_normal(rng, 2.5), _normal(rng, 2.5)))


def _tint(rng: np.random.Generator, strength: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), strength, 1.0)
    return red, green, blue


def _light(rng: np.random.Generator, strong: bool) -> Light:
    if not strong:
        warm = rng.uniform(-0.06, 0.10)
        return Light(
            azimuth=_normal(rng, 28),
            elevation=float(rng.uniform(0, 50)),
            key=float(rng.uniform(0.5, 0.9)),
            ambient=float(rng.uniform(0.35, 0.6)),
            key_colour=(1.0 + warm, 1.0, 1.0 - warm),
            shadow=float(rng.uniform(0.2, 0.6)),
            gloss=float(rng.uniform(0.03, 0.18)),
            exposure=float(rng.uniform(0.85, 1.1)),
        )
    kind = rng.choice(['side', 'dark', 'bright', 'coloured', 'below'])
    return Light(
        azimuth=float(rng.choice([-1, 1])) * float(rng.uniform(50, 85)) if kind == 'side' else _normal(rng, 30),
        elevation=float(rng.uniform(-60, -25)) if kind == 'below' else float(rng.uniform(-5, 50)),
        key=float(rng.uniform(0.9, 1.3)),
        ambient=float(rng.uniform(0.05, 0.14)) if kind in ('side', 'below') else float(rng.uniform(0.2, 0.45)),
        key_colour=_tint(rng, rng.uniform(0.35, 0.7) if kind == 'coloured' else 0.1),
        ambient_colour=_tint(rng, rng.uniform(0.3, 0.6) if kind == 'coloured' else 0.1),
        shadow=float(rng.uniform(0.5, 0.9)),
        gloss=float(rng.uniform(0.05, 0.3)),
        exposure={'dark': float(rng.uniform(0.12, 0.3)), 'bright': float(rng.uniform(1.7, 2.4))}.get(str(kind), 1.0),
    )


def _between(rng: np.random.Generator, ramp: np.ndarray) -> np.ndarray:
    place = rng.random() * (len(ramp) - 1)
    first = int(place)
    return ramp[first] + (place - first) * (ramp[first + 1] - ramp[first])


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = (float(value) for value in np.clip(values, 0.02, 0.98))
    return red, green, blue


def _appearance(rng: np.random.Generator, made_up: bool, occluded: bool) -> Appearance:
    skin = _between(rng, _SKINS) * rng.uniform(0.96, 1.04, 3)
    hair = np.array(_HAIRS[rng.integers(len(_HAIRS) if skin[0] > 0.6 else 3)]) * rng.uniform(0.8, 1.2)
    bearded = not made_up and rng.random() < 0.3
    plain = skin * (0.86, 0.64, 0.68) + (0.02, 0.0, 0.0)
    lips = np.array(_LIPSTICKS[rng.integers(len(_LIPSTICKS))]) if made_up else plain * rng.uniform(0.92, 1.08)
    shadow = (_SHADOWS[rng.integers(len(_SHADOWS))], float(rng.uniform(0.5, 0.85))) if made_up else None
    glasses = rng.choice(['none', 'clear', 'dark'], p=(0.6, 0.1, 0.3) if occluded else (0.9, 0.1, 0.0))
    return Appearance(
        skin=_colour(skin),
        lips=_colour(lips),
        iris=_IRISES[rng.integers(len(_IRISES) if skin[0] > 0.6 else 2)],
        hair=_colour(hair),
        brow=_colour(hair * 0.75 * (1 if hair[0] < 0.5 else 0.7)),
        brow_opacity=float(rng.uniform(0.55, 0.95)),
        hairline=str(rng.choice(['bald', 'short', 'long', 'fringe', 'cap'], p=_styles(bearded, made_up, occluded))),
        hair_volume=float(rng.uniform(0.06, 0.22)),
        cap=_colour(rng.uniform(0.05, 0.9, 3)),
        clothes=_colour(rng.uniform(0.05, 0.9, 3)),
        beard=float(rng.uniform(0.25, 0.9)) if bearded else 0.0,
        freckles=float(max(0.0, rng.uniform(-1.5, 1.0))),
        age=float(rng.beta(1.5, 2.5)),
        blush=float(rng.uniform(0.6, 1.0)) if made_up else float(rng.uniform(0.1, 0.5)),
        eye_shadow=shadow,
        eye_liner=float(rng.uniform(1.6, 2.4)) if made_up else float(rng.uniform(0.8, 1.3)),
        glasses=str(glasses),
    )


def _styles(bearded: bool, made_up: bool, occluded: bool) -> tuple[float, ...]:
    if occluded:
        return (0.08, 0.27, 0.2, 0.25, 0.2)
    if made_up:
        return (0.0, 0.2, 0.7, 0.1, 0.0)
    return (0.2, 0.65, 0.0, 0.05, 0.1) if bearded else (0.08, 0.45, 0.35, 0.07, 0.05)


def _nuisance(rng: np.random.Generator, occluded: bool, blurred: bool) -> Nuisance:
    kinds = ('hand', 'object', 'strand', 'stick', 'cloth')
    occluders: tuple[str, ...] = ()
    if occluded:
        count = int(rng.choice([1, 2], p=(0.65, 0.35)))
        occluders = tuple(str(kind) for kind in rng.choice(kinds, count, p=(0.34, 0.26, 0.14, 0.12, 0.14)))
    defocus = bool(rng.random() < 0.6)
    return Nuisance(
        occluders=occluders,
        blur=(float(rng.uniform(1.3, 2.8)) if defocus else 0.5) if blurred else float(rng.uniform(0.0, 0.5)),
        motion=float(rng.uniform(6, 12)) if blurred and not defocus else 0.0,
        motion_direction=float(rng.uniform(0, 180)),
        noise=float(rng.uniform(0.01, 0.05)) if blurred else float(rng.uniform(0.003, 0.02)),
        saturation=0.0 if rng.random() < 0.06 else float(rng.uniform(0.75, 1.15)),
    )
