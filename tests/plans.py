"""Plans that records were made under."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from benchmark.records.plans import Plan, PlannedRun, file_plan, freeze
from benchmark.records.record import Record
from tests.results import edit_record


@pytest.fixture
def register(factory) -> Callable[..., Path]:
    """Puts records that are there under a plan that was frozen before they were made; returns the plan's file.

    They are in the factory's folder, or in another one.
    """

    def put(name: str, records: Sequence[Record], reports: Path = factory.reports) -> Path:
        runs = [
            PlannedRun(
                name=one.name, seed=one.seed, benchmark=one.benchmark, experiment='e' * 64, fingerprint=one.fingerprint
            )
            for one in records
        ]
        plan = Plan(
            schema_version=1,
            name=name,
            created='2026-11-01',
            results_version=2,
            git_commit=None,
            runs=tuple(runs),
            comparisons=(),
        )
        draft = reports.with_name(f'{name}.json')
        registration = freeze(plan, draft)
        for one in records:
            path = reports / 'records' / one.file_name
            edit_record(path, plan=registration.model_dump(), started='2026-11-02T00:00:00Z')
        return file_plan(draft, reports)

    return put
