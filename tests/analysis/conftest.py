from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmark.analysis.comparison import compare, pair
from benchmark.analysis.difference import Difference
from benchmark.protocol.measures import Measure
from benchmark.records.parts import GivenWeights
from benchmark.records.record import Record, write_record
from tests.results import boxes_from


@pytest.fixture
def give_weights(factory) -> Callable[..., Record]:
    """Adds a row of official weights, in ``boxes`` of a file of that kind; the other options are the factory's."""

    def add(benchmark: str, loss: str = 'STAR', boxes: str | None = None, **options) -> Record:
        record = factory.add(benchmark, loss, 99, **options)
        (factory.reports / 'records' / record.file_name).unlink()
        weights = GivenWeights(
            origin='official weights', file='star.pth', sha256='ab' * 32, converted_from=None, converted_part=None
        )
        changes = {'seed': None, 'weights': weights, **(boxes_from(boxes) if boxes else {})}
        given = record.model_copy(update=changes)
        write_record(given, factory.reports / 'records')
        return given

    return add


@pytest.fixture
def compared(sections) -> Callable[..., Difference | None]:
    """STAR against the baseline of the first recipe, alone."""

    def found(normalizer='inter-ocular', subset='full', metric='nme', threshold=None) -> Difference | None:
        baseline, star = sections()[0].recipes[0]
        paired = pair(star, baseline)
        return compare([(paired, Measure(subset, normalizer, metric, threshold))])[0] if paired else None

    return found
