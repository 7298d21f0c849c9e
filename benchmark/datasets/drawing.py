"""What the pictures and landmarks of a drawn benchmark follow from, besides its name and its sizes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, NonNegativeInt, PositiveInt
from pydantic.dataclasses import dataclass

# Of benchmark.datasets.synthetic; to be raised with every change that alters a picture or a landmark. The lists in
# benchmark/protocol/test_sets are made anew then.
GENERATOR_VERSION = 2
MOST_NOISE = 20  # percent


@dataclass(frozen=True, config=ConfigDict(extra='forbid'))
class Noise:
    """Annotation noise of one size, in place of that of real annotators, which differs from contour to contour.

    It moves the landmarks that slide along a contour; corners and pupils have none of it. All landmarks keep the small
    noise that is equal in all directions.

    Attributes:
        kind: 'along' the contour, or the same root mean square displacement 'around' the landmark, in all directions.
        percent: root mean square displacement in percent of the inter-ocular distance.
    """

    kind: Literal['along', 'around']
    percent: Annotated[float, Field(ge=0, le=MOST_NOISE)]

    def __str__(self) -> str:
        where = 'along contours' if self.kind == 'along' else 'in all directions'
        return f'annotation noise of {self.percent:g} % {where}'


@dataclass(frozen=True, config=ConfigDict(extra='forbid'))
class Drawing:
    """How a benchmark was drawn.

    Attributes:
        seed: seed of the whole benchmark.
        generator: version of the generator.
        noise: annotation noise; None: that of real annotators.
    """

    seed: NonNegativeInt
    generator: PositiveInt = GENERATOR_VERSION
    noise: Noise | None = None
