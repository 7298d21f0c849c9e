"""What a face box is made from: each kind of box is a protocol of its own, whose numbers stand in tables of their own.

Published figures take the box from the true landmarks, which no user has. A network that is given another box gets
another crop, and its errors are those of box and network together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

LANDMARKS = 'landmarks'
OFFICIAL_TABLE = 'official table'
WFLW_RECTANGLES = 'WFLW rectangles'

# Sides of perturbed boxes, as factors of the landmarks' box, each at its place; and how far their centres are moved, in
# longer sides of the landmarks' box, each at its size.
SCALES = (0.8, 0.9, 1.0, 1.1, 1.2, 1.3)
SHIFTS = (0.0, 0.05, 0.1, 0.15, 0.2)
# Radians. Face number i is moved in the direction i x this, clockwise in the image from the right: no direction comes
# twice, and any number of faces that follow each other spread over the circle.
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


@dataclass(frozen=True)
class BoxKind:
    """One kind of face boxes.

    Attributes:
        name: as records have it.
        suffix: what it adds to the name of a benchmark, which pages and exported files are called by.
        title: what it adds to the title of a benchmark; empty for the usual kind.
        box: one such box in words, before it is padded.
        about: what it is, for a reader.
        claimed: which of the boxes that published figures name (see :mod:`benchmark.protocol.claims`) are of its kind.
    """

    name: str
    suffix: str
    title: str
    box: str
    about: str
    claimed: frozenset[str]


# The tables of the official code are made from landmarks as well: their figures are those that are published.
BOX_KINDS: Mapping[str, BoxKind] = {
    kind.name: kind
    for kind in (
        BoxKind(
            LANDMARKS,
            '',
            '',
            'landmark bounding box',
            'the tight box of the true landmarks',
            frozenset({'landmarks', 'detector', ''}),
        ),
        BoxKind(
            OFFICIAL_TABLE,
            '-official-boxes',
            'official boxes',
            'official box',
            'scale and centre of the face in a table of the official STAR and ADNet code',
            frozenset({'landmarks', ''}),
        ),
        BoxKind(
            WFLW_RECTANGLES,
            '-rectangles',
            'boxes of a detector',
            'WFLW rectangle',
            "the rectangle that WFLW's lists hold, which a detector has found",
            frozenset({'detector'}),
        ),
    )
}
