"""All checks of one record: what holds, and what does not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.analysis.audit.arithmetic import arithmetic_findings
from benchmark.analysis.audit.continuation import part_findings
from benchmark.analysis.audit.curve import curve_findings
from benchmark.analysis.audit.figures import data_findings, metric_findings
from benchmark.analysis.audit.finding import Finding
from benchmark.analysis.audit.given_boxes import box_findings
from benchmark.analysis.audit.registration import plan_findings
from benchmark.analysis.audit.sealing import fingerprint_findings, hash_findings, seal_findings
from benchmark.analysis.audit.texts import file_name_findings, path_findings
from benchmark.records.record import SEALED_SINCE, Record

if TYPE_CHECKING:
    from benchmark.analysis.digest import Digest

_WHAT_TO_DO = 'write it anew as docs/submitting.md says, or run the experiment again'


def check_record(path: Path, content: bytes, record: Record, digest: Digest | None) -> dict[str, list[Finding]]:
    """Check a record by itself.

    Args:
        path: its file.
        content: the bytes of the file.
        record: what was read of it.
        digest: its predictions, reduced; None unless it is done.

    Returns:
        What each check has to say, by the name of the check in the order in which they are shown; a check without
        findings holds.
    """
    checks = {
        'seal': seal_findings(path, content, record),
        'file name': file_name_findings(path, record),
        'fingerprint': fingerprint_findings(path, record),
        'no paths': path_findings(path, record),
    }
    if digest is None:
        return checks
    if record.plan is not None:
        checks['plan'] = plan_findings(path, record)
    if record.boxes is not None:
        checks['face boxes'] = box_findings(path, record)
    predictions = path.with_name(record.predictions)
    if record.schema_version >= SEALED_SINCE:
        checks['predictions unchanged'] = hash_findings(path, record, digest.file_sha256)
    checks['predictions'] = [
        Finding(code, f'{predictions}: {fault} ({_WHAT_TO_DO})') for code, fault in digest.faults.items()
    ]
    checks['numbers of images'] = data_findings(path, record, digest)
    checks['metrics'] = [] if checks['numbers of images'] else metric_findings(path, record, digest)
    checks['arithmetic'] = arithmetic_findings(path, record)
    checks['curve and times'] = curve_findings(path, record, digest)
    if record.parts:
        checks['parts'] = part_findings(path, record)
    return checks


def first_fault(checks: Mapping[str, list[Finding]]) -> Finding | None:
    """The first finding that is refused."""
    return next((one for found in checks.values() for one in found if one.severity == 'fault'), None)
