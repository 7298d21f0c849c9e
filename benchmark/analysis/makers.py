"""Whose results are whose: which runs count, which of them make one row, and which rows may be compared.

A row has one maker: one folder of records and one kind of device. Somebody else's training of the same configuration is
a row of its own, since where a seed was trained may change its number as much as another seed does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.analysis.runs import Run

_WAITING = ('no-data', 'not-run')


def newest(attempts: Sequence[Run]) -> list[Run]:
    """Of all runs of one name and seed in one folder those that count.

    The newest done one of each experiment counts. One that does not say of which experiment it is, as before version 3
    of the records, gives way to any newer one of its kind of device. Where none is done, the newest of the others
    counts.

    Returns:
        At least one run; the newest done one knows of a later attempt that failed.
    """
    ordered = sorted(attempts, key=lambda run: (run.created, run.path))
    done = [run for run in ordered if run.record.status == 'done']
    if not done:
        return ordered[-1:]
    latest: dict[object, Run] = {(run.device, run.record.experiment): run for run in done}
    devices = {run.device: run for run in done}
    counting = [run for run in latest.values() if run.record.experiment or run is devices[run.device]]
    # That somebody has no data, or has not come to it, says nothing about a result that is there.
    failed = ordered[-1].record if ordered[-1].record.status == 'failed' else None
    return [replace(run, later=failed) if run is done[-1] and failed else run for run in counting]


def settle(folders: Sequence[Sequence[Run]]) -> list[Run]:
    """Which runs of several folders stand beside each other.

    Nobody's result takes the place of another's, with two exceptions. Own results that have been published, to the
    byte, are the published ones. And who waits for data or for a turn says nothing where somebody else has come further
    under the same name, or has waited more recently.

    Args:
        folders: for each folder its runs that count; the published ones come last.

    Returns:
        The runs. Those of other folders than the last are marked as own ones where published ones of their benchmark
        stand beside them.
    """
    *others, published = map(tuple, folders)
    copies = {run.sha256 for run in published}
    own = [run for runs in others for row in group_rows(runs) if not _is_copied(row, copies) for run in row]
    runs = _without_idle([*own, *published])
    by_others = frozenset(published)
    with_published = {run.benchmark.name for run in runs if run in by_others}
    return [
        replace(run, own=True) if run not in by_others and run.benchmark.name in with_published else run for run in runs
    ]


def _is_copied(row: Iterable[Run], copies: set[str]) -> bool:
    """Whether all that a row has to say is published."""
    said = [run for run in row if run.record.status not in _WAITING]
    return bool(said) and all(run.sha256 in copies for run in said)


def _without_idle(runs: Sequence[Run]) -> list[Run]:
    """Without the runs of whoever only waits under a name under which somebody else has more, or newer, to say."""
    makers: dict[object, dict[Path, list[Run]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        makers[run.benchmark.name, run.name][run.folder].append(run)
    kept = []
    for by_folder in makers.values():
        active = [some for some in by_folder.values() if any(run.record.status not in _WAITING for run in some)]
        waiting = max(by_folder.values(), key=lambda some: max(run.created for run in some))
        kept += [run for some in active or [waiting] for run in some]
    return kept


def group_rows(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs that make one row each: of one folder, one name and one experiment.

    Of runs that do not say of which experiment they are, name, recipe, configuration and kind of device tell. A run
    without a result, whose device is not known, joins the newest row of its folder, name, recipe and configuration.
    """
    rows: dict[object, list[Run]] = {}
    for run in sorted(runs, key=lambda run: (run.record.status != 'done', run.created)):
        record = run.record
        alike = run.folder, run.benchmark.name, run.name, record.recipe, record.config
        key: object = (run.folder, run.benchmark.name, run.name, record.experiment)
        if record.experiment is None:
            key = (*alike, run.device)
        if record.status != 'done' and key not in rows:
            key = next((other for other in reversed(rows) if _joins(run, rows[other][0])), key)
        rows.setdefault(key, []).append(run)
    return list(rows.values())


def _joins(run: Run, other: Run) -> bool:
    """Whether a run without a result is of the configuration of a row; where both name an experiment, that tells."""
    if run.record.experiment and other.record.experiment:
        return False
    ours, theirs = ((one.folder, one.name, one.record.recipe, one.record.config) for one in (run, other))
    return ours == theirs and run.benchmark is other.benchmark


def is_outdated(row: Sequence[Run], others: Iterable[Sequence[Run]]) -> bool:
    """Whether the maker of a row has a newer row of another configuration with the same name.

    Args:
        row: runs of the row.
        others: runs of all rows of the benchmark.
    """
    return any(_is_newer(other, row) and _replaces(other[0], row[0]) for other in others)


def _is_newer(row: Sequence[Run], other: Sequence[Run]) -> bool:
    return max(run.created for run in row) > max(run.created for run in other)


def _replaces(run: Run, other: Run) -> bool:
    if (run.folder, run.name) != (other.folder, other.name):
        return False
    if run.device is not None and other.device is not None:
        return run.device == other.device
    # Of a run without a result it is not known whether it was meant for another device, or for other data.
    return run.record.config != other.record.config


def is_same_but_device(run: Run, other: Run) -> bool:
    """Whether two runs with a result are of one folder and name, and of different kinds of device."""
    alike = (run.folder, run.name) == (other.folder, other.name)
    return alike and run.device != other.device and run.record.status == other.record.status == 'done'
