"""Where the landmarks of each layout lie on the contours of a face, and how far annotators disagree along them.

A landmark is a place on a contour: a share of the contour's length on the face seen from the front. Orders and left and
right follow COFW (Burgos-Artizzu et al., ICCV 2013), 300W (Sagonas et al., ICCV Workshops 2013) and WFLW (Wu et al.,
CVPR 2018). The person's right side, on the left of the image, comes first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmark.datasets.drawing import Noise


@dataclass(frozen=True)
class Place:
    """A landmark on the contours.

    Attributes:
        contour: name of a curve of :class:`~benchmark.datasets.synthetic.contours.Contours`, 'jaw', or 'right pupil' or
            'left pupil', which are points.
        share: where on the curve, 0 its first and 1 its last point, by length.
        slides: whether annotators disagree along the curve; corners and pupils are marked equally well in all
            directions.
    """

    contour: str
    share: float = 0.5
    slides: bool = True


# Standard deviation of the annotation along a contour and of the part that is equal in all directions, as fractions of
# the inter-ocular distance.
SLIDING: Mapping[str, float] = {
    'jaw': 0.045,
    'brow': 0.025,
    'nose line': 0.022,
    'nose base': 0.015,
    'lid': 0.015,
    'lip': 0.018,
}
ISOTROPIC = 0.003
PUPIL = 0.004
PUPILS = ('right pupil', 'left pupil')


def deviations(place: Place, noise: Noise | None = None) -> tuple[float, float]:
    """Standard deviations of a landmark's annotation, as fractions of the inter-ocular distance.

    Args:
        place: the landmark.
        noise: annotation noise of one size; None: that of real annotators.

    Returns:
        Along its contour; and of the part that is equal in all directions, for each coordinate.
    """
    least = PUPIL if place.contour in PUPILS else ISOTROPIC
    if not place.slides:
        return 0.0, least
    if noise is None:
        return next(value for name, value in SLIDING.items() if name in place.contour), least
    size = noise.percent / 100
    return (size, least) if noise.kind == 'along' else (0.0, math.hypot(least, size / math.sqrt(2)))


def _row(contour: str, shares: Iterable[float]) -> list[Place]:
    return [Place(contour, share) for share in shares]


def _even(contour: str, count: int, first: float = 0.0, last: float = 1.0) -> list[Place]:
    return _row(contour, (first + (last - first) * step / (count - 1) for step in range(count)))


def _corner(contour: str, share: float) -> Place:
    return Place(contour, share, slides=False)


def _eye(side: str, upper: tuple[float, ...], lower: tuple[float, ...]) -> list[Place]:
    """An eye clockwise in the image: its image-left corner, upper lid, other corner, lower lid.

    Shares run over the image from left to right; the lids' curves begin at the inner corner.
    """
    start, end = (1.0, 0.0) if side == 'right' else (0.0, 1.0)

    def along(share: float) -> float:
        return 1 - share if side == 'right' else share

    return [
        _corner(f'{side} lid upper', start),
        *_row(f'{side} lid upper', map(along, upper)),
        _corner(f'{side} lid upper', end),
        *_row(f'{side} lid lower', map(along, lower)),
    ]


def _mouth(part: str, upper: tuple[float, ...], lower: tuple[float, ...]) -> list[Place]:
    """A lip contour clockwise in the image: its image-left corner, upper side, other corner, lower side."""
    return [
        _corner(f'upper lip {part}', 0.0),
        *_row(f'upper lip {part}', upper),
        _corner(f'upper lip {part}', 1.0),
        *_row(f'lower lip {part}', lower),
    ]


def _cofw() -> tuple[Place, ...]:
    right, left = 'right', 'left'
    return (
        *(_corner(f'{side} brow upper', 1.0) for side in (right, left)),
        *(_corner(f'{side} brow upper', 0.0) for side in (right, left)),
        *(Place(f'{side} brow {edge}', 0.5) for side in (right, left) for edge in ('upper', 'lower')),
        *(_corner(f'{side} lid upper', 1.0) for side in (right, left)),
        *(_corner(f'{side} lid upper', 0.0) for side in (right, left)),
        *(Place(f'{side} lid {edge}', 0.5) for side in (right, left) for edge in ('upper', 'lower')),
        Place('right pupil', slides=False),
        Place('left pupil', slides=False),
        Place('nose base', 0.08),
        Place('nose base', 0.92),
        Place('nose line', 1.0),
        Place('nose base', 0.5),
        _corner('upper lip outer', 0.0),
        _corner('upper lip outer', 1.0),
        Place('upper lip outer'),
        Place('upper lip inner'),
        Place('lower lip inner'),
        Place('lower lip outer'),
        Place('jaw'),
    )


_NOSTRILS = (0.17, 0.34, 0.5, 0.66, 0.83)


def _300w() -> tuple[Place, ...]:
    lip, inner = (0.18, 0.36, 0.5, 0.64, 0.82), (0.30, 0.5, 0.70)
    return (
        *_even('jaw', 17),
        *_even('right brow upper', 5, 1.0, 0.0),
        *_even('left brow upper', 5, 0.0, 1.0),
        *_even('nose line', 4),
        *_row('nose base', _NOSTRILS),
        *_eye('right', (0.33, 0.67), (0.67, 0.33)),
        *_eye('left', (0.33, 0.67), (0.67, 0.33)),
        *_mouth('outer', lip, lip[::-1]),
        *_mouth('inner', inner, inner[::-1]),
    )


def _wflw() -> tuple[Place, ...]:
    lip, inner = (0.18, 0.36, 0.5, 0.64, 0.82), (0.25, 0.5, 0.75)
    return (
        *_even('jaw', 33),
        *_even('right brow upper', 5, 1.0, 0.0),
        *_even('right brow lower', 4, 0.0, 0.78),
        *_even('left brow upper', 5, 0.0, 1.0),
        *_even('left brow lower', 4, 0.78, 0.0),
        *_even('nose line', 4),
        *_row('nose base', _NOSTRILS),
        *_eye('right', (0.25, 0.5, 0.75), (0.75, 0.5, 0.25)),
        *_eye('left', (0.25, 0.5, 0.75), (0.75, 0.5, 0.25)),
        *_mouth('outer', lip, lip[::-1]),
        *_mouth('inner', inner, inner[::-1]),
        Place('right pupil', slides=False),
        Place('left pupil', slides=False),
    )


PLACES: Mapping[str, tuple[Place, ...]] = {'cofw': _cofw(), '300w': _300w(), 'wflw': _wflw()}
