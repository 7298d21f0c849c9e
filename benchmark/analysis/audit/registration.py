"""Whether a record that says it was planned is one of its plan."""

from __future__ import annotations

from pathlib import Path

from benchmark.analysis.audit.finding import Finding
from benchmark.records.plans import registration_fault
from benchmark.records.record import Record


def plan_findings(path: Path, record: Record) -> list[Finding]:
    """What speaks against the plan of a record, which lies in ``plans/`` beside its folder.

    Args:
        path: file of the record.
        record: a record that names a plan.
    """
    fault = registration_fault(record, path.parent.parent)
    return [Finding('plan', f'{path}: plan: {fault}')] if fault else []
