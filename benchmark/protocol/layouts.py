"""Landmark layouts: what each point index of COFW, 300W and WFLW means.

'Left' and 'right' are the person's own: the right eye is on the left of an unflipped image.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """A facial contour that landmarks lie on.

    Attributes:
        name: part of the face, e.g. 'right brow'.
        indices: landmarks in drawing order.
        closed: whether the last landmark connects to the first.
    """

    name: str
    indices: tuple[int, ...]
    closed: bool


@dataclass(frozen=True)
class Layout:
    """The meaning of the K landmarks of one dataset.

    Attributes:
        name: 'cofw', '300w' or 'wflw'.
        num_landmarks: K.
        flip_indices: (K,), for each landmark the one that takes its place when the image is mirrored; landmarks on the
            middle line map to themselves.
        curves: facial contours, in the order of the boundary heatmaps of ADNet (Huang et al., ICCV 2021, section 3.2)
            and STAR loss (Zhou et al., CVPR 2023).
        inter_ocular: landmarks of the right and of the left outer eye corner; the inter-ocular distance joins them.
        inter_pupil: landmarks whose means stand for the right and the left pupil.
    """

    name: str
    num_landmarks: int
    flip_indices: tuple[int, ...]
    curves: tuple[Curve, ...]
    inter_ocular: tuple[tuple[int, ...], tuple[int, ...]]
    inter_pupil: tuple[tuple[int, ...], tuple[int, ...]]


def _span(first: int, last: int) -> tuple[int, ...]:
    """Indices from first to last, both included; descending where last is smaller."""
    return tuple(range(first, last + 1)) if first <= last else tuple(range(first, last - 1, -1))


def _mirror(num_landmarks: int, pairs: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    """Flip indices that exchange each pair and keep every landmark outside the pairs."""
    flip = list(range(num_landmarks))
    for right, left in pairs:
        flip[right], flip[left] = left, right
    return tuple(flip)


# Burgos-Artizzu et al., ICCV 2013. The left eye is an open curve, unlike the right one: so the official STAR loss
# configuration draws it, and its boundary heatmaps can only be matched this way.
_COFW = Layout(
    name='cofw',
    num_landmarks=29,
    flip_indices=_mirror(
        29,
        [(0, 1), (2, 3), (4, 6), (5, 7), (8, 9), (10, 11), (12, 14), (13, 15), (16, 17), (18, 19), (22, 23)],
    ),
    curves=(
        Curve('right brow', (0, 4, 2, 5), closed=True),
        Curve('left brow', (1, 6, 3, 7), closed=True),
        Curve('right eye', (8, 12, 10, 13), closed=True),
        Curve('left eye', (9, 14, 11, 15), closed=False),
        Curve('nose', (18, 20, 19, 21), closed=True),
        Curve('lower lip', (22, 26, 23, 27), closed=True),
        Curve('upper lip', (22, 24, 23, 25), closed=True),
    ),
    inter_ocular=((8,), (9,)),
    inter_pupil=((16,), (17,)),
)

# Sagonas et al., ICCV Workshops 2013. No pupils are annotated: the six points of each eye are averaged.
_300W = Layout(
    name='300w',
    num_landmarks=68,
    flip_indices=_mirror(
        68,
        [
            *zip(_span(0, 7), _span(16, 9), strict=True),  # contour
            *zip(_span(17, 21), _span(26, 22), strict=True),  # brows
            *zip(_span(31, 32), _span(35, 34), strict=True),  # nostrils
            *zip(_span(36, 41), (*_span(45, 42), 47, 46), strict=True),  # eyes
            *zip(_span(48, 50), _span(54, 52), strict=True),  # outer lip, upper side
            *zip(_span(58, 59), _span(56, 55), strict=True),  # outer lip, lower side
            *zip((60, 61, 67), (64, 63, 65), strict=True),  # inner lip
        ],
    ),
    curves=(
        Curve('face contour', _span(0, 16), closed=False),
        Curve('right brow', _span(17, 21), closed=False),
        Curve('left brow', _span(22, 26), closed=False),
        Curve('nose line', _span(27, 30), closed=False),
        Curve('nose', _span(31, 35), closed=False),
        Curve('right eye', _span(36, 41), closed=True),
        Curve('left eye', _span(42, 47), closed=True),
        Curve('outer lip', _span(48, 59), closed=True),
        Curve('inner lip', _span(60, 67), closed=True),
    ),
    inter_ocular=((36,), (45,)),
    inter_pupil=(_span(36, 41), _span(42, 47)),
)

# Wu et al., CVPR 2018 (LAB).
_WFLW = Layout(
    name='wflw',
    num_landmarks=98,
    flip_indices=_mirror(
        98,
        [
            *zip(_span(0, 15), _span(32, 17), strict=True),  # contour
            *zip(_span(33, 37), _span(46, 42), strict=True),  # brows, upper side
            *zip(_span(38, 41), _span(50, 47), strict=True),  # brows, lower side
            *zip(_span(55, 56), _span(59, 58), strict=True),  # nostrils
            *zip(_span(60, 67), (*_span(72, 68), *_span(75, 73)), strict=True),  # eyes
            *zip(_span(76, 78), _span(82, 80), strict=True),  # outer lip, upper side
            *zip(_span(86, 87), _span(84, 83), strict=True),  # outer lip, lower side
            *zip((88, 89, 95), (92, 91, 93), strict=True),  # inner lip
            (96, 97),  # pupils
        ],
    ),
    curves=(
        Curve('face contour', _span(0, 32), closed=False),
        Curve('right brow', _span(33, 41), closed=True),
        Curve('left brow', _span(42, 50), closed=True),
        Curve('nose line', _span(51, 54), closed=False),
        Curve('nose', _span(55, 59), closed=False),
        Curve('right eye', _span(60, 67), closed=True),
        Curve('left eye', _span(68, 75), closed=True),
        Curve('outer lip', _span(76, 87), closed=True),
        Curve('inner lip', _span(88, 95), closed=True),
    ),
    inter_ocular=((60,), (72,)),
    inter_pupil=((96,), (97,)),
)

LAYOUTS: Mapping[str, Layout] = {layout.name: layout for layout in (_COFW, _300W, _WFLW)}
