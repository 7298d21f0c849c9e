"""What the pictures and landmarks of a drawn benchmark follow from, besides its name and its sizes."""

from __future__ import annotations

from pydantic import ConfigDict, NonNegativeInt, PositiveInt
from pydantic.dataclasses import dataclass

# Of benchmark.datasets.synthetic; to be raised with every change that alters a picture or a landmark. The lists in
# benchmark/protocol/test_sets are made anew then.
GENERATOR_VERSION = 2


@dataclass(frozen=True, config=ConfigDict(extra='forbid'))
class Drawing:
    """How a benchmark was drawn.

    Attributes:
        seed: seed of the whole benchmark.
        generator: version of the generator.
    """

    seed: NonNegativeInt
    generator: PositiveInt = GENERATOR_VERSION
