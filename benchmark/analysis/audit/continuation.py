"""Whether the parts of a continued training make up the training, and whether they were made alike."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from benchmark.analysis.audit.finding import Finding
from benchmark.records.record import Record


def part_findings(path: Path, record: Record) -> list[Finding]:
    """Parts that are not those of the training; and, as a note, that they were trained on different devices.

    Args:
        path: the record.
        record: what was read of it; done.
    """
    problems = [
        Finding('parts', f'{path}: {one} (write the record anew from what made it)') for one in _problems(record)
    ]
    return problems + [Finding('mixed', f'{path}: parts: {one}') for one in _mixtures(record)]


def _problems(record: Record) -> Iterator[str]:
    parts, cost = record.parts, record.cost
    if not parts:
        return
    if parts[0].first_epoch != 1:
        yield f'parts: the first one begins with epoch {parts[0].first_epoch}'
    for part in parts:
        if part.last_epoch < part.first_epoch:
            yield f'parts: one ends with epoch {part.last_epoch} and begins with epoch {part.first_epoch}'
    for part, following in pairwise(parts):
        if following.first_epoch != part.last_epoch + 1:
            yield f'parts: epoch {following.first_epoch} begins the part after that which ends with {part.last_epoch}'
    if cost and parts[-1].last_epoch != cost.epochs:
        yield f'parts: the last one ends with epoch {parts[-1].last_epoch}, cost.epochs is {cost.epochs}'
    largest = max((part.peak_memory_mib or 0.0 for part in parts), default=0.0)
    if cost and cost.peak_memory_mib < largest:
        yield f'cost.peak_memory_mib is {cost.peak_memory_mib:g}, that of a part is {largest:g}'


def _mixtures(record: Record) -> Iterator[str]:
    """What no single training elsewhere repeats to the bit."""
    made = record.environments if record.parts else ()
    for what, values in (
        ('devices', [one.device_name for one in made]),
        ('vector kernels', [one.kernels for one in made if one.kernels]),
    ):
        different = list(dict.fromkeys(values))
        if len(different) > 1:
            yield f'trained or tested with different {what} ({", ".join(different)}): training again gives other bits'
    for part in record.parts:
        if part.environment is None:
            yield f'nobody noted where epochs {part.first_epoch} to {part.last_epoch} were trained'
