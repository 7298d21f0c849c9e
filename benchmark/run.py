"""Train, evaluate, report: python -m benchmark.run --all."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.console import end, exit_status
from benchmark.errors import BenchmarkError, UsageError, require_posix

if TYPE_CHECKING:
    from benchmark.suite.campaign import Outcome
    from benchmark.suite.conditions import Places, Setup
    from benchmark.suite.experiments import Experiment
    from benchmark.suite.planning import Job
    from benchmark.suite.shift import Shift


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ['status']:
        from benchmark.suite.status import main as tell

        return tell(arguments[1:])
    from benchmark.suite.arguments import build_parser, check_usage

    parser = build_parser()
    options = parser.parse_args(arguments)
    check_usage(parser, options)
    return carry_out(options)


def carry_out(options: argparse.Namespace, shift: Shift | None = None) -> int:
    """Do what a command line says; returns the exit status.

    Args:
        options: the command line.
        shift: the time of the worker on a cluster that does it (see :mod:`benchmark.suite.submission`).
    """
    from benchmark.suite.arguments import check_paths
    from benchmark.suite.conditions import FOLDERS, usual_folder

    folders = {name: getattr(options, name) or usual_folder(name) for name in FOLDERS}
    try:
        check_paths(options)
        require_posix('training')
        return _run(options, folders, shift)
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt as stop:
        print('stopped; the same command goes on from here', file=sys.stderr)
        return exit_status(stop)


def _run(options: argparse.Namespace, folders: dict[str, Path], shift: Shift | None) -> int:
    from benchmark.suite.cluster import for_workers, read_resources

    if options.executor:
        resources = read_resources(options)
        options = for_workers(options, folders, resources)
    # Imported here: PyTorch and MMEngine take seconds, a usage error should not.
    from benchmark.suite.starting import warm_up

    if options.device != 'cuda' and not (options.list or options.dry_run or options.executor):
        warm_up(options.threads)
    from benchmark.suite.conditions import Places, Setup
    from benchmark.suite.launcher import check_processes, pick_device, pick_gpus

    places = Places(folders['data_root'], folders['work_dir'], folders['results'] / 'records', options.cache)
    named = bool(options.name or options.evaluate)
    # A list is for any device, also for one that is not here.
    elsewhere = options.executor or (options.list and options.device != 'auto')
    device = options.device if elsewhere else pick_device(options.device)
    if options.executor:
        gpus = tuple(range(resources.gpus_per_worker or 1)) if device == 'cuda' else ()
    else:
        gpus = pick_gpus(options.gpus, device) if not options.list else ()
    setup = Setup(
        device,
        options.processes,
        options.pretrained,
        options.without_pretrained,
        named,
        jobs=options.jobs,
        threads=options.threads,
        gpus=gpus,
        per_gpu=options.per_gpu,
        stalled_after=options.stalled_after,
        shift=shift,
    )
    if not options.list:
        check_processes(setup)
    if options.evaluate:
        return _evaluate(options, folders, places, setup)
    return _train(options, folders, places, setup)


def _train(options: argparse.Namespace, folders: dict[str, Path], places: Places, setup: Setup) -> int:
    from benchmark.suite.campaign import prepare_drawn, run_jobs
    from benchmark.suite.conclusion import say_jobs, say_problems
    from benchmark.suite.display import Display
    from benchmark.suite.experiments import find_experiments
    from benchmark.suite.planning import plan_jobs, select_experiments

    experiments, problems = find_experiments(folders['configs'])
    try:
        experiments = select_experiments(experiments, options.dataset, options.loss, options.name)
    except BenchmarkError:
        say_problems(problems)  # the one that was meant may be among them
        raise
    if not (options.all or options.list):
        problems = []
    if options.plan:
        return _follow(options, experiments, folders, places, setup)
    if options.list or options.dry_run:
        say_jobs(plan_jobs(experiments, options.seeds, places, setup), options, folders, places, setup)
        say_problems(problems)
        return 1 if problems else 0
    display = Display()
    prepare_drawn(experiments, folders['data_root'], display)
    if options.executor:
        return _hand_over(plan_jobs(experiments, options.seeds, places, setup), options, places, setup, problems)
    return _report(run_jobs(experiments, options.seeds, places, setup, display), options, folders, places, problems)


def _follow(
    options: argparse.Namespace,
    experiments: list[Experiment],
    folders: dict[str, Path],
    places: Places,
    setup: Setup,
) -> int:
    """Freeze a plan, or run one that is there."""
    from benchmark.records.plans import read_plan
    from benchmark.suite.campaign import prepare_drawn, run_jobs
    from benchmark.suite.conclusion import say_jobs
    from benchmark.suite.display import Display
    from benchmark.suite.planning import plan_jobs
    from benchmark.suite.registration import check_planned, planned_experiments

    display, only_said = Display(), options.list or options.dry_run
    there = options.plan.exists()
    if there:
        plan, _ = read_plan(options.plan)
        experiments = planned_experiments(plan, options.plan, experiments)
        options.seeds = sorted({run.seed for run in plan.runs})
        setup = replace(setup, plan=options.plan.resolve(), named=True)
    if not only_said:
        prepare_drawn(experiments, folders['data_root'], display)
    jobs = plan_jobs(experiments, options.seeds, places, setup)
    if not there:
        _freeze(options, jobs, places)
        return 0
    check_planned(plan, options.plan, jobs)
    if only_said:
        say_jobs(jobs, options, folders, places, setup)
        return 0
    if options.executor:
        return _hand_over(jobs, options, places, setup, [])
    return _report(run_jobs(experiments, options.seeds, places, setup, display), options, folders, places, [])


def _hand_over(
    jobs: Sequence[Job], options: argparse.Namespace, places: Places, setup: Setup, problems: list[str]
) -> int:
    from benchmark.run import carry_out as command  # by the name that workers find it by, which is not __main__
    from benchmark.suite.handing_over import hand_over

    return hand_over(jobs, options, places, setup, problems, command)


def _freeze(options: argparse.Namespace, jobs: Sequence[Job], places: Places) -> None:
    """Freeze what would be run here; with --dry-run or --list say so, and write nothing."""
    from benchmark.records.plans import freeze
    from benchmark.suite.listing import print_jobs
    from benchmark.suite.registration import describe_plan, draft_plan, plannable

    only_said = options.list or options.dry_run
    jobs, left_out = plannable(jobs, options.plan)
    plan = draft_plan(options.plan, jobs, places)
    if only_said:
        print_jobs(jobs, options.list, options.json)
    else:
        freeze(plan, options.plan)
    for line in (*left_out, *describe_plan(plan, options.plan, frozen=not only_said)):
        print(line, file=sys.stderr)


def _evaluate(options: argparse.Namespace, folders: dict[str, Path], places: Places, setup: Setup) -> int:
    from benchmark.records.packs import is_pack, open_pack
    from benchmark.suite.campaign import prepare_drawn, run_evaluation
    from benchmark.suite.display import Display
    from benchmark.suite.experiments import find_experiment
    from benchmark.suite.planning import plan_evaluation

    config, checkpoint = options.config, options.evaluate
    if is_pack(checkpoint):
        found = open_pack(checkpoint)
        config, checkpoint = config or str(found.config), found.weights
    experiment = find_experiment(config, folders['configs'])
    display = Display()
    prepare_drawn([experiment], folders['data_root'], display)
    job = plan_evaluation(experiment, checkpoint, places, setup.device, options.boxes, options.perturb)
    return _report(run_evaluation(job, places, setup, display), options, folders, places, [])


def _report(
    outcome: Outcome, options: argparse.Namespace, folders: dict[str, Path], places: Places, problems: list[str]
) -> int:
    from benchmark.suite.conclusion import conclude

    if outcome.interrupted is not None or outcome.unfinished:
        # Whoever ends a command does not wait for pages; where others go on, the last of them builds them.
        return conclude(outcome, options, problems)
    from benchmark.site.build import build_reports
    from benchmark.site.terminal import print_sections
    from benchmark.suite.listing import results_of

    try:
        built = build_reports(folders['results'], [folders['results'], folders['reports']])
        if options.json:
            print(json.dumps(results_of(outcome, places.records), indent=1))
        else:
            print_sections(built.sections)
        print(f'open {folders["results"] / "index.html"} in a browser', file=sys.stderr)
    except BenchmarkError as error:
        problems.append(str(error))
    return conclude(outcome, options, problems)


if __name__ == '__main__':
    end(main)
