"""What was tried on held-out training faces before the study."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.analysis.findings.finding import Finding
from benchmark.analysis.rows import count_seeds, size_text
from benchmark.records.record import Record, read_records

FOLDER = 'tuning'
_RATE = re.compile(r'-lr([\d.e-]+)_')
_QUESTION = 'What was tried on held-out training faces before?'


def tried(reports: Path) -> Finding:
    """The trials by which recipes were chosen, from ``<reports>/tuning/records``: those whose name has a learning rate.

    Raises:
        BenchmarkError: a record is damaged.
    """
    records = [one for one in read_records(reports / FOLDER / 'records') if one.status == 'done']
    records = [one for one in records if _RATE.search(one.name)]
    networks = dict.fromkeys(_network(one) for one in records)
    if not networks:
        return Finding('Tuning', _QUESTION, 'not run', ('No trial is published.',))
    claims = [_sentence(name, [one for one in records if _network(one) == name]) for name in networks]
    return Finding('Tuning', _QUESTION, 'described', tuple(claims))


def _network(record: Record) -> str:
    return f'{record.backbone}, {size_text(record.input_size)}'


def _sentence(network: str, records: Sequence[Record]) -> str:
    """NME of each loss at each learning rate, and the rate at which smooth-L1 and STAR have the lowest mean."""
    errors = defaultdict(list)
    for one in records:
        errors[one.loss, float(_RATE.search(one.name)[1])].append(_error(one))
    trials = {trial: float(np.mean(values)) for trial, values in errors.items()}
    told = []
    for loss in sorted({one.loss for one in records}, key=str.lower):
        own = sorted((rate, error) for (name, rate), error in trials.items() if name == loss)
        told.append(f'{loss} {", ".join(f"{error:.2f} at {rate:g}" for rate, error in own)}')
    rates = sorted({rate for _, rate in trials})
    means = {
        rate: np.mean([trials['smooth-L1', rate], trials['STAR', rate]])
        for rate in rates
        if {('smooth-L1', rate), ('STAR', rate)} <= trials.keys()
    }
    best = f'; taken: {min(means, key=means.get):g}' if means else ''
    images = ' or '.join(sorted({str(one.dataset.test_images) for one in records}))
    epochs = ' or '.join(sorted({str(one.cost.epochs) for one in records}))
    seeds = count_seeds(len({one.seed for one in records}))
    trial = f'{epochs} epochs, {seeds}, {images} held-out faces'
    return f'{network}: NME at learning rates ({trial}): {"; ".join(told)}{best}.'


def _error(record: Record) -> float:
    (found,) = (
        one.value
        for one in record.metrics
        if (one.metric, one.subset, one.normalizer) == ('nme', 'full', 'inter-ocular')
    )
    return found
