"""Errors of records with their direction, measured where the data are at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.records.residuals import LEAST_IMAGES, Residuals, residuals_path, write_residuals
from benchmark.verification.moments import measure
from benchmark.verification.records import Verified
from benchmark.verification.truth import Truth, match_faces


def store_residuals(
    verified: Sequence[Verified], data_root: Path, folder: Path, say: Callable[[str], None]
) -> list[str]:
    """Measure the errors of records that no check refuses, and write each to a file.

    Args:
        verified: the records, checked against the data.
        data_root: folder of all prepared benchmarks.
        folder: where the files are put, made if absent.
        say: called with a line for each file that was written.

    Returns:
        A line for each record that was not measured, and why.
    """
    truth, failed, written = Truth(data_root), [], set()
    for one in verified:
        path = residuals_path(folder, one.path)
        try:
            if path in written:
                raise BenchmarkError(f'{one.path}: not measured: {path} is of another one (name them one at a time)')
            write_residuals(measure_record(one, truth), path)
        except BenchmarkError as error:
            failed.append(str(error))
            continue
        written.add(path)
        say(f'{one.path}: wrote {path}')
    return failed


def measure_record(verified: Verified, truth: Truth) -> Residuals:
    """Errors of a record with their direction.

    Args:
        verified: the record, checked against the data.
        truth: the same data.

    Raises:
        BenchmarkError: the record is refused or has no result, its images are not at hand, or they are too few.
    """
    fault = _not_measured(verified, truth)
    if fault:
        raise BenchmarkError(f'{verified.path}: not measured: {fault}')
    run = verified.run
    predictions, faces = run.read_predictions(), truth.test_faces(run.benchmark.name)
    _, found = match_faces(predictions, faces, run.benchmark.name)
    groups, omitted = measure(predictions, faces.keypoints[found], run.benchmark)
    if not groups:
        raise BenchmarkError(
            f'{verified.path}: not measured: it has {len(found)} images, and means over fewer than {LEAST_IMAGES} are '
            'not published'
        )
    return Residuals(
        **{key: getattr(run.record, key) for key in ('name', 'seed', 'fingerprint', 'benchmark')},
        predictions_sha256=run.digest.file_sha256,
        dataset_fingerprint=faces.fingerprint,
        groups=tuple(groups),
        omitted=tuple(omitted),
    )


def _not_measured(verified: Verified, truth: Truth) -> str | None:
    if verified.refused:
        return 'it is refused'
    if verified.run is None:
        return 'it has no result'
    name = verified.run.benchmark.name
    if not (truth.data_root / name / 'manifest.json').exists():
        return f'no prepared {name} in {truth.data_root} (prepare it, or name its folder with --data-root)'
    findings = verified.checks['truth']
    if any(finding.code == 'other-truth' for finding in findings):
        return f'{truth.data_root / name} holds other faces than it was tested on (name its own with --data-root)'
    return findings[0].text.removeprefix(f'{verified.run.predictions_path}: ') if findings else None
