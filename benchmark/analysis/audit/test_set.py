"""Whether the images of a result are those of the published test set, as far as that is known without the data."""

from __future__ import annotations

from benchmark.protocol import test_sets
from benchmark.protocol.benchmarks import Benchmark
from benchmark.records.predictions import Predictions

# A result on a part of the test set, or on other images, is none of these but a row that says so.
_CONTRADICT = ('repeated', 'subsets', 'distances')


def published_faults(predictions: Predictions, benchmark: Benchmark) -> list[str]:
    """What of subsets and normalizing distances contradicts the list of the published test set, where one ships.

    Synthetic test sets are as their user draws them; that of seed 0 is not the only one.
    """
    if benchmark.synthetic:
        return []
    found = test_sets.faults(
        benchmark.name,
        predictions.image_ids,
        predictions.subset_names,
        predictions.subsets,
        predictions.inter_ocular,
        predictions.inter_pupil,
    )
    return [fault.text for fault in found if fault.kind in _CONTRADICT]
