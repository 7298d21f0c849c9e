"""From one's own results to the published ones."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from benchmark.errors import BenchmarkError, UsageError
from benchmark.files import visible, write_atomically
from benchmark.records.perturbations import perturbations_path
from benchmark.records.plans import plan_path
from benchmark.records.record import Record, records_in

RECORDS, SPEED = 'records', 'speed'


def publish(results: Path, reports: Path, names: Sequence[str] = ()) -> list[Path]:
    """Copy finished results into the published folder, whose pages are then to be built anew.

    A published record of the same fingerprint is replaced, and one of the same configuration and seed that has no
    result gives way. Any other with a result stays, and the newer of the two counts.

    Args:
        results: folder of one's own ``records/``, what was measured of these, and ``speed/``.
        reports: folder of the published ones; made if absent.
        names: shell patterns of configurations; none: every finished result, and the measured speeds.

    Returns:
        The files that are new or have changed, sorted.

    Raises:
        UsageError: a pattern fits no finished result.
        BenchmarkError: a record is damaged, or a file cannot be read or written.
    """
    done = {path: record for path, record in _read(results).items() if record.status == 'done'}
    for pattern in names:
        if not any(fnmatch(record.name, pattern) for record in done.values()):
            known = ', '.join(sorted({record.name for record in done.values()})) or 'none'
            raise UsageError(f"'{pattern}' fits no finished result in {results} (there are: {known})")
    chosen = {p: r for p, r in done.items() if not names or any(fnmatch(r.name, pattern) for pattern in names)}
    sources = [file for path, record in chosen.items() for file in (path.with_name(record.predictions), path)]
    sources += [file for path in chosen if (file := perturbations_path(path)).is_file()]
    plans = {plan_path(record.plan, results) for record in chosen.values() if record.plan}
    sources += sorted(path for path in plans if path.is_file())
    if not names:
        sources += visible(results / SPEED, '*.json')
    try:
        copied = [target for source in sources if (target := _copy(source, results, reports))]
        with_result = {(record.name, record.seed) for record in chosen.values()}
        for path, record in _read(reports).items():
            if record.status != 'done' and (record.name, record.seed) in with_result:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise BenchmarkError(f'{error.filename or reports}: cannot publish: {error.strerror}') from error
    return sorted(copied)


def _read(folder: Path) -> dict[Path, Record]:
    return dict(records_in(folder / RECORDS))


def _copy(source: Path, results: Path, reports: Path) -> Path | None:
    """Where a file was copied to; None where it was there already."""
    target, content = reports / source.relative_to(results), source.read_bytes()
    if target.exists() and target.read_bytes() == content:
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, content)
    return target
