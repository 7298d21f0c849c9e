import json

import pytest

from benchmark.errors import BenchmarkError
from benchmark.records.parts import Registration
from benchmark.records.plans import Plan, PlannedRun, file_plan, freeze, plan_path, read_plan, registration_fault


@pytest.fixture
def plan(record):
    run = PlannedRun(
        name=record.name, seed=0, benchmark=record.benchmark, experiment='e' * 64, fingerprint=record.fingerprint
    )
    return Plan(
        schema_version=1,
        name='study',
        created='2026-11-01T00:00:00+00:00',
        results_version=2,
        git_commit=None,
        runs=(run,),
        comparisons=(),
    )


@pytest.fixture
def registered(record, plan, tmp_path):
    """A record that was made under a plan, which lies beside it."""
    registration = freeze(plan, tmp_path / 'study.json')
    file_plan(tmp_path / 'study.json', tmp_path / 'results')
    return record.model_copy(update={'plan': registration, 'started': '2026-11-01T00:00:01+00:00'})


def test_plan_survives_writing_and_reading(plan, tmp_path):
    registration = freeze(plan, tmp_path / 'study.json')
    assert read_plan(tmp_path / 'study.json') == (plan, registration)


def test_frozen_plan_is_not_overwritten(plan, tmp_path):
    freeze(plan, tmp_path / 'study.json')
    before = (tmp_path / 'study.json').read_bytes()
    with pytest.raises(BenchmarkError, match='a plan is not changed'):
        freeze(plan.model_copy(update={'created': '2027-01-01'}), tmp_path / 'study.json')
    assert (tmp_path / 'study.json').read_bytes() == before


@pytest.mark.parametrize('name', ['../study', 'a/b', '', 'x' * 81])
def test_name_that_would_leave_the_folder_is_refused(plan, tmp_path, name):
    (tmp_path / 'p.json').write_text(json.dumps(json.loads(plan.model_dump_json()) | {'name': name}))
    with pytest.raises(BenchmarkError, match=r'p\.json: not a valid plan: name'):
        read_plan(tmp_path / 'p.json')


@pytest.mark.parametrize(
    'change',
    [
        {'created': ''},
        {'created': 'yesterday'},
        {'git_commit': ''},
        {'git_commit': 'main'},
        {'results_version': -1},
        {'results_version': 0},
        {'schema_version': 2},
        {'schema_version': None},
    ],
)
def test_plan_that_no_code_can_have_frozen_is_refused(plan, tmp_path, change):
    (name,) = change
    content = json.loads(plan.model_dump_json()) | change
    (tmp_path / 'p.json').write_text(
        json.dumps({key: one for key, one in content.items() if (key, one) != (name, None)})
    )
    with pytest.raises(BenchmarkError, match=rf'p\.json: not a valid plan: {name}: ') as refused:
        read_plan(tmp_path / 'p.json')
    assert '\n' not in str(refused.value)


def test_run_that_was_planned_passes(registered, tmp_path):
    assert registration_fault(registered, tmp_path / 'results') is None


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'seed': 1}, 'does not name this run'),
        ({'fingerprint': 'f' * 64}, 'does not name this run'),
        ({'started': '2026-10-31T23:59:59+00:00'}, 'began before the plan'),
        ({'started': None}, 'does not say when'),
        ({'plan': Registration(name='study', sha256='0' * 64)}, 'put it there'),
    ],
)
def test_run_that_was_not_planned_is_told(registered, tmp_path, change, said):
    assert said in registration_fault(registered.model_copy(update=change), tmp_path / 'results')


def test_plan_that_was_changed_afterwards_is_told(registered, tmp_path):
    path = plan_path(registered.plan, tmp_path / 'results')
    path.write_text(path.read_text().replace('2026-11-01', '2026-10-01'))
    assert 'restore it' in registration_fault(registered, tmp_path / 'results')
