"""Plans: what will be trained and compared, frozen before the first training.

A plan is one JSON file, ``<results>/plans/<name>-<sha256[:8]>.json``. Records of runs that were made under it name it
and hold the hash of its file, so that it cannot be changed afterwards without being noticed. That it was there before
the trainings, only its time and theirs say; a plan that has been published, in a commit or elsewhere, proves it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import Field

from benchmark.errors import BenchmarkError
from benchmark.files import write_atomically
from benchmark.records.parts import Registration
from benchmark.records.record import Record
from benchmark.records.schema import Schema, Time, read_json
from benchmark.records.times import as_time

FOLDER = 'plans'


class PlannedRun(Schema):
    """One training."""

    name: str = Field(description='name of the configuration')
    seed: int = Field(description='its seed')
    benchmark: str = Field(description='the benchmark')
    experiment: str = Field(description='as in the record: all that identifies the result but the seed')
    fingerprint: str = Field(description='as in the record')


class PlannedComparison(Schema):
    """Two configurations that will be compared over the planned seeds."""

    benchmark: str = Field(description='the benchmark')
    row: str = Field(description='name of a configuration')
    reference: str = Field(description='name of the one that it is compared with')
    measure: str = Field(description="what is compared, e.g. 'NME, full, inter-ocular'")


class Plan(Schema):
    """What will be trained and compared."""

    schema_version: Literal[1] = Field(description='version of this schema')
    name: str = Field(description='name of the plan', pattern=r'^[\w.-]{1,80}$')
    created: Time = Field(description='UTC time at which it was frozen, ISO 8601')
    results_version: int = Field(description='version of the code that makes numbers', ge=1)
    git_commit: str | None = Field(
        description='commit of the benchmark, null outside a git checkout', pattern='^[0-9a-f]{40,64}$'
    )
    runs: tuple[PlannedRun, ...] = Field(description='every training', min_length=1)
    comparisons: tuple[PlannedComparison, ...] = Field(description='every comparison that will be stated')


def freeze(plan: Plan, path: Path) -> Registration:
    """Write a plan that is not there yet.

    Returns:
        What records of its runs hold.

    Raises:
        BenchmarkError: there is such a file, or it cannot be written.
    """
    content = plan.model_dump_json(indent=1).encode() + b'\n'
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open('xb') as file:
            file.write(content)
    except FileExistsError as error:
        raise BenchmarkError(f'{path}: is there already; a plan is not changed (choose another name)') from error
    except OSError as error:
        raise BenchmarkError(f'{path}: cannot write the plan: {error.strerror} (choose another place)') from error
    return Registration(name=plan.name, sha256=hashlib.sha256(content).hexdigest())


def read_plan(path: Path) -> tuple[Plan, Registration]:
    """Read a plan, and what records of its runs hold.

    Raises:
        BenchmarkError: the file is no plan.
    """
    plan = read_json(Plan, path, 'plan')
    return plan, Registration(name=plan.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def file_plan(path: Path, folder: Path) -> Path:
    """Put a copy of a plan where its records will be looked up.

    Args:
        path: the plan.
        folder: folder of results or reports.

    Raises:
        BenchmarkError: the file is no plan, or the copy cannot be written.
    """
    _, registration = read_plan(path)
    target = plan_path(registration, folder)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, path.read_bytes())
    except OSError as error:
        raise BenchmarkError(f'{target}: cannot write the plan: {error.strerror}') from error
    return target


def plan_path(registration: Registration, folder: Path) -> Path:
    """Where the plan of a record lies in a folder of results or reports."""
    return folder / FOLDER / f'{registration.name}-{registration.sha256[:8]}.json'


def registration_fault(record: Record, folder: Path) -> str | None:
    """Why a record is not one that was registered beforehand, though it says so; None: nothing speaks against it.

    Args:
        record: a record that names a plan.
        folder: folder of results or reports, which holds the plan.
    """
    path = plan_path(record.plan, folder)
    if not path.is_file():
        return f'the plan {record.plan.name} is not in {path} (put it there)'
    try:
        plan, registration = read_plan(path)
    except BenchmarkError as error:
        return str(error)
    if registration != record.plan:
        return f'{path} is not the plan that the record was made under (restore it)'
    if not any((run.fingerprint, run.seed) == (record.fingerprint, record.seed) for run in plan.runs):
        return f'{path} does not name this run'
    if record.started is None:
        return 'it does not say when its training began'
    early = as_time(record.started) < as_time(plan.created)
    return f'the training began before the plan was frozen, {plan.created}' if early else None
