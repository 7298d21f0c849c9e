"""Plans of runs: frozen before the first training, and held to when they are run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from itertools import product
from pathlib import Path

from benchmark.errors import BenchmarkError, UsageError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.measures import Measure
from benchmark.records.plans import Plan, PlannedComparison, PlannedRun
from benchmark.suite.checkout import describe_checkout
from benchmark.suite.conditions import Places
from benchmark.suite.experiments import Experiment
from benchmark.suite.identity import RESULTS_VERSION
from benchmark.suite.planning import BASELINE_LOSS, Job

PASSED_OVER = ('no-data', 'needs-gpu')  # what a run leaves out, and does not count as a failure
_NAMED = 12  # configurations in a line


def plannable(jobs: Sequence[Job], path: Path) -> tuple[list[Job], list[str]]:
    """What a run without a plan would not pass over here, and a line on each reason why it passes over the rest.

    Args:
        jobs: what was selected.
        path: file of the plan, for the message.

    Raises:
        BenchmarkError: nothing is left.
    """
    left_out = defaultdict(dict)
    for job in jobs:
        if job.state in PASSED_OVER and not job.drawable:
            left_out[job.obstacle][job.name] = None
    left = [job for job in jobs if job.drawable or job.state not in PASSED_OVER]
    if not left:
        raise BenchmarkError(f'{path}: nothing of what is selected can be planned: {"; ".join(left_out)}')
    return left, [f'left out: {_listed(list(names))}: {why}' for why, names in left_out.items()]


def draft_plan(path: Path, jobs: Sequence[Job], places: Places) -> Plan:
    """A plan of jobs none of which has begun; nothing is written.

    Args:
        path: file that it is for; its stem is the plan's name.
        jobs: what will be run. Of data that are still to be drawn, the fingerprints are not known yet.
        places: folders.

    Raises:
        UsageError: the file's name is none of a plan.
        BenchmarkError: a job has its result already, has begun to train or cannot be run.
    """
    for job in jobs:
        fault = _not_to_be_planned(job, places)
        if fault:
            raise BenchmarkError(f'{path}: {job.title} cannot be planned: {fault}')
    runs = tuple(
        PlannedRun(
            name=job.name,
            seed=job.seed,
            benchmark=job.experiment.benchmark,
            experiment=job.identity.experiment,
            fingerprint=job.fingerprint,
        )
        for job in jobs
    )
    commit, _ = describe_checkout()
    try:
        return Plan(
            schema_version=1,
            name=path.stem,
            created=datetime.now(timezone.utc).isoformat(timespec='seconds'),
            results_version=RESULTS_VERSION,
            git_commit=commit,
            runs=runs,
            comparisons=tuple(_comparisons(jobs)),
        )
    except ValueError as error:
        raise UsageError(f'--plan {path}: {path.stem!r} is no name of a plan (letters, digits, . _ -)') from error


def planned_experiments(plan: Plan, path: Path, experiments: Sequence[Experiment]) -> list[Experiment]:
    """The experiments that a plan names, in its order.

    Args:
        plan: the plan.
        path: its file, for the message.
        experiments: all that there are.

    Raises:
        BenchmarkError: one of them is not there, or has not the seeds of the others.
    """
    seeds = {run.seed for run in plan.runs}
    known = {one.name: one for one in experiments}
    names = dict.fromkeys(run.name for run in plan.runs)
    missing = [name for name in names if name not in known]
    if missing:
        raise BenchmarkError(f'{path}: {missing[0]}: no such configuration (put it back, or make another plan)')
    if Counter((run.name, run.seed) for run in plan.runs) != Counter(product(names, seeds)):
        raise BenchmarkError(f'{path}: does not name each configuration once with each seed (make another plan)')
    return [known[name] for name in names]


def check_planned(plan: Plan, path: Path, jobs: Sequence[Job]) -> None:
    """Refuse to run what is not what was planned.

    Args:
        plan: the plan.
        path: its file, for the message.
        jobs: what would be run, one for each of the plan's runs; not compared where its data are still to be drawn.

    Raises:
        BenchmarkError: a job is another one than the plan's; one line naming it.
    """
    planned = {(run.name, run.seed): run.fingerprint for run in plan.runs}
    for job in jobs:
        if not job.drawable and planned[job.name, job.seed] != job.fingerprint:
            raise BenchmarkError(
                f'{path}: {job.title} is not what was planned: its configuration, code, data or device are others '
                '(restore them, or make another plan)'
            )


def describe_plan(plan: Plan, path: Path, frozen: bool) -> Iterator[str]:
    """What a plan says, as lines for a terminal; ``frozen``: whether it has been written."""
    seeds = ' '.join(map(str, sorted({run.seed for run in plan.runs})))
    comparisons = f'{len(plan.comparisons)} comparisons{":" if plan.comparisons else ""}'
    state = 'frozen' if frozen else 'would be frozen'
    yield f'{path}: {state}: {len(plan.runs)} trainings (seeds {seeds}), {comparisons}'
    for one in plan.comparisons:
        yield f'  {one.benchmark}: {one.row} against {one.reference}: {one.measure}'
    if frozen:
        yield f'publish it, e.g. in a commit, before you run it: python -m benchmark.run --plan {path}'


def _listed(names: Sequence[str]) -> str:
    more = f' and {len(names) - _NAMED} more' if len(names) > _NAMED else ''
    return ', '.join(names[:_NAMED]) + more


def _not_to_be_planned(job: Job, places: Places) -> str | None:
    if job.state == 'done':
        return 'it has its result already'
    if job.drawable:
        return None
    if job.state != 'to-run':
        return job.obstacle
    work = places.checkpoints(job.name, job.seed, job.fingerprint)
    return f'it has begun to train in {work}' if work.exists() else None


def _comparisons(jobs: Sequence[Job]) -> Iterator[PlannedComparison]:
    """Every loss against the baseline of its recipe, in the headline NME."""
    recipes = defaultdict(dict)
    for job in jobs:
        recipes[job.identity.recipe][job.name] = job.experiment
    for experiments in recipes.values():
        baseline = next((one for one in experiments.values() if one.loss == BASELINE_LOSS), None)
        for one in experiments.values():
            if baseline is not None and one is not baseline:
                normalizer = get_benchmark(one.benchmark).headline_normalizer
                measure = Measure('full', normalizer, 'nme')
                yield PlannedComparison(
                    benchmark=one.benchmark, row=one.name, reference=baseline.name, measure=measure.key
                )
