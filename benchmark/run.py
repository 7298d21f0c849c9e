"""Train, evaluate, report: python -m benchmark.run --all."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.console import end, exit_status
from benchmark.errors import BenchmarkError, UsageError, check_folder
from benchmark.suite.cluster import add_options, for_workers, given_flags, read_resources, without_cluster

if TYPE_CHECKING:
    from benchmark.suite.campaign import Outcome
    from benchmark.suite.conditions import Places, Setup
    from benchmark.suite.experiments import Experiment
    from benchmark.suite.planning import Job
    from benchmark.suite.shift import Shift

FOLDERS = {
    'data_root': 'data',
    'results': 'results',
    'reports': 'reports',
    'work_dir': 'work_dirs',
    'configs': 'mmpose_configs',
}


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmark.run',
        description='Train and evaluate experiments that have no result yet, then build pages of all results. What is '
        'published stays as it is; python -m benchmark.report publish adds to it.',
        epilog='Exit status: 0 everything asked for is done, 1 something failed, 2 usage error, 130 stopped by Ctrl-C, '
        '143 by another signal. How far everything is: python -m benchmark.run status.',
    )
    what = parser.add_argument_group('which experiments (criteria are combined)')
    what.add_argument('--all', action='store_true', help='every configuration; benchmarks without data are passed over')
    what.add_argument('--dataset', nargs='+', default=[], metavar='NAME', help='benchmarks, e.g. 300w synthetic-68')
    what.add_argument('--loss', nargs='+', default=[], metavar='NAME', help='losses, e.g. star smooth-l1')
    what.add_argument('--name', nargs='+', default=[], metavar='PATTERN', help='configurations, shell patterns allowed')
    what.add_argument('--seeds', nargs='+', type=int, metavar='N', help='default: 0')
    what.add_argument(
        '--plan',
        type=Path,
        metavar='FILE',
        help='freeze what is selected into FILE, before the first training; or, where FILE is there, run what it says',
    )
    given = parser.add_argument_group('or weights that were trained elsewhere')
    given.add_argument('--evaluate', type=Path, metavar='CHECKPOINT', help='test these weights and make a row of them')
    given.add_argument('--config', metavar='CONFIG', help='their configuration: a file, or its name without .py')
    how = parser.add_argument_group('how')
    how.add_argument('--list', action='store_true', help='list the selected experiments and what is known of them')
    how.add_argument('--dry-run', action='store_true', help='say what would be done')
    how.add_argument('--json', action='store_true', help='print machine-readable results on stdout')
    how.add_argument('--device', choices=('auto', 'cpu', 'cuda'), default='auto', help='default: cuda if there is one')
    how.add_argument(
        '--jobs', type=_positive, metavar='N', help='trainings at once (default: as many as there is room for)'
    )
    how.add_argument(
        '--threads',
        type=_positive,
        metavar='N',
        help='threads of each (default: 1 on a CPU; other numbers, other rounding)',
    )
    how.add_argument('--gpus', type=_gpus, metavar='N,...', help='numbers of the GPUs to use (default: all)')
    how.add_argument(
        '--per-gpu', type=_positive, default=1, metavar='N', help='trainings that share a GPU (default: 1)'
    )
    how.add_argument(
        '--processes', type=_positive, default=1, metavar='N', help='share each training between N (default: 1)'
    )
    how.add_argument(
        '--stalled-after',
        type=float,
        default=1800.0,
        metavar='SECONDS',
        help='end a training that makes no progress for so long, and try it once more (default: 1800)',
    )
    how.add_argument(
        '--pretrained', type=Path, metavar='FILE', help="ImageNet weights, or their folder (default: torch's cache)"
    )
    how.add_argument(
        '--without-pretrained',
        action='store_true',
        help='start from random weights where there are no ImageNet weights',
    )
    add_options(parser)
    where = parser.add_argument_group('where')
    where.add_argument('--data-root', type=Path, help='prepared data (default: data)')
    where.add_argument('--results', type=Path, help='records and pages of your own (default: results)')
    where.add_argument('--reports', type=Path, help='published records, shown beside them (default: reports)')
    where.add_argument('--work-dir', type=Path, help='checkpoints and logs (default: work_dirs)')
    where.add_argument(
        '--cache',
        type=Path,
        metavar='DIR',
        help='face crops (default: beside the data, or where these are read-only among your caches)',
    )
    where.add_argument('--configs', type=Path, help='configurations (default: mmpose_configs)')
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f'{number} is not a positive number')
    return number


def _gpus(text: str) -> tuple[int, ...]:
    numbers = tuple(int(one) for one in text.split(','))
    if len(set(numbers)) < len(numbers) or min(numbers) < 0:
        raise argparse.ArgumentTypeError(f'{text}: expected different, non-negative numbers, as in 0,1')
    return numbers


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ['status']:
        return _status(arguments[1:])
    parser = build_parser()
    options = parser.parse_args(arguments)
    _check_usage(parser, options)
    return carry_out(options)


def carry_out(options: argparse.Namespace, shift: Shift | None = None) -> int:
    """Do what a command line says; returns the exit status.

    Args:
        options: the command line.
        shift: the time of the worker on a cluster that does it (see :mod:`benchmark.suite.submission`).
    """
    folders = {name: getattr(options, name) or Path(default) for name, default in FOLDERS.items()}
    try:
        _check_paths(options)
        return _run(options, folders, shift)
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt as stop:
        print('stopped; the same command goes on from here', file=sys.stderr)
        return exit_status(stop)


def _status(arguments: Sequence[str]) -> int:
    """Say how far everything is."""
    from benchmark.suite.conditions import Places
    from benchmark.suite.status import read_standings, summary

    parser = argparse.ArgumentParser(
        prog='python -m benchmark.run status',
        description='How far everything is that was begun or asked for: by this machine, others that see the folders, '
        'or a cluster.',
    )
    parser.add_argument('--results', type=Path, default=Path(FOLDERS['results']), help='default: results')
    parser.add_argument('--work-dir', type=Path, default=Path(FOLDERS['work_dir']), help='default: work_dirs')
    parser.add_argument('--done', action='store_true', help='list what is done, too')
    parser.add_argument('--json', action='store_true', help='print JSON with everything')
    options = parser.parse_args(arguments)
    standings = read_standings(Places(Path(), options.work_dir, options.results / 'records'))
    if options.json:
        print(json.dumps([one.row() for one in standings], indent=1))
        return 0
    for one in standings:
        if one.state != 'done' or options.done:
            print(one.line())
    print(summary(standings))
    return 0


def _check_usage(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    selected = options.all or options.dataset or options.loss or options.name
    planned = options.plan is not None and options.plan.exists()
    if planned and options.plan.is_file() and (selected or options.seeds is not None):
        parser.error(f'--plan {options.plan}: is there already, and says what is run (give it alone)')
    options.seeds = options.seeds or [0]
    if (options.evaluate is None) != (options.config is None):
        parser.error('--evaluate and --config go together')
    others = {
        **{f'--{name}': getattr(options, name) for name in ('all', 'dataset', 'loss', 'name', 'plan', 'list')},
        '--dry-run': options.dry_run,
        '--processes': options.processes != 1,
        '--executor': options.executor,
    }
    unfit = [flag for flag, given in others.items() if given]
    if options.evaluate and unfit:
        parser.error(f'--evaluate CHECKPOINT --config CONFIG goes without {", ".join(unfit)} (leave that out)')
    of_cluster = [f'--{name}' for name in given_flags(options)] + ['--cluster'] * (options.cluster is not None)
    if of_cluster and not options.executor:
        parser.error(f'{of_cluster[0]} goes with --executor slurm (add that)')
    if options.executor and (options.list or (options.plan and not planned)):
        unfit = '--list' if options.list else f'a --plan that is to be frozen (freeze {options.plan} first)'
        parser.error(f'--executor {options.executor} goes without {unfit}')
    if not (selected or options.list or options.evaluate or planned):
        parser.error('nothing selected: give --all, --dataset, --loss or --name (--list shows what there is)')
    if len(set(options.seeds)) < len(options.seeds) or min(options.seeds) < 0 or max(options.seeds) >= 2**31:
        parser.error('--seeds: expected different numbers from 0 to 2147483647')


def _check_paths(options: argparse.Namespace) -> None:
    if options.data_root and not options.data_root.is_dir():
        raise UsageError(f'--data-root {options.data_root}: no such folder (make it, or prepare data into it)')
    if options.configs:
        check_folder('--configs', options.configs, 'configurations')
    if options.pretrained and not options.pretrained.exists():
        raise UsageError(f'--pretrained {options.pretrained}: no such file or folder (name weights, or their folder)')
    if options.plan and options.plan.exists() and not options.plan.is_file():
        raise UsageError(f'--plan {options.plan}: is no file (name the file of a plan, there or to be written)')
    if options.evaluate and not options.evaluate.is_file():
        raise UsageError(f'--evaluate {options.evaluate}: no such file (name a file of weights)')


def _run(options: argparse.Namespace, folders: dict[str, Path], shift: Shift | None) -> int:
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
        until=shift and shift.until,
        waits=shift is None,
        shift=shift,
    )
    if not options.list:
        check_processes(setup)
    if options.evaluate:
        return _evaluate(options, folders, places, setup)
    return _train(options, folders, places, setup)


def _train(options: argparse.Namespace, folders: dict[str, Path], places: Places, setup: Setup) -> int:
    from benchmark.suite.campaign import prepare_drawn, run_jobs
    from benchmark.suite.display import Display
    from benchmark.suite.experiments import find_experiments
    from benchmark.suite.planning import plan_jobs, select_experiments

    experiments, problems = find_experiments(folders['configs'])
    try:
        experiments = select_experiments(experiments, options.dataset, options.loss, options.name)
    except BenchmarkError:
        _say_problems(problems)  # the one that was meant may be among them
        raise
    if not (options.all or options.list):
        problems = []
    if options.plan:
        return _follow(options, experiments, folders, places, setup)
    if options.list or options.dry_run:
        _say_jobs(plan_jobs(experiments, options.seeds, places, setup), options, folders, places, setup)
        _say_problems(problems)
        return 1 if problems else 0
    display = Display()
    prepare_drawn(experiments, folders['data_root'], display)
    if options.executor:
        return _submit(plan_jobs(experiments, options.seeds, places, setup), options, places, setup, problems)
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
        _say_jobs(jobs, options, folders, places, setup)
        return 0
    if options.executor:
        return _submit(jobs, options, places, setup, [])
    return _report(run_jobs(experiments, options.seeds, places, setup, display), options, folders, places, [])


def _say_jobs(
    jobs: Sequence[Job], options: argparse.Namespace, folders: dict[str, Path], places: Places, setup: Setup
) -> None:
    """List jobs, or say what would be done and how long it would take."""
    from benchmark.suite.estimate import describe, estimate
    from benchmark.suite.launcher import check_processes
    from benchmark.suite.listing import print_jobs
    from benchmark.suite.planning import in_order
    from benchmark.suite.room import Room

    if options.list:
        print_jobs(jobs, True, options.json)
        return
    check_processes(setup, jobs)

    def say(line: str) -> None:
        print(line, file=sys.stderr)

    jobs, room = in_order(jobs), Room(setup)
    if options.executor:  # how fast the machines of the cluster are, nobody knows here
        print_jobs(jobs, False, options.json)
        resources, count = read_resources(options), sum(job.state == 'to-run' or job.drawable for job in jobs)
        workers = resources.workers_for(count, options)
        say(f'would submit {resources.describe(workers)}' if count else 'nothing is to be run, or submitted')
        return
    stored = [places.records, folders['reports'] / 'records']
    times = estimate(jobs, stored, room.most, room.threads, setup.processes, say)
    print_jobs(jobs, False, options.json, times.seconds)
    for line in describe(times):
        say(line)


def _submit(jobs: Sequence[Job], options: argparse.Namespace, places: Places, setup: Setup, problems: list[str]) -> int:
    """Submit workers for what is to be run, and say where to look."""
    from benchmark.run import carry_out as command  # by the name that workers find it by, which is not __main__
    from benchmark.suite.launcher import check_processes
    from benchmark.suite.queue import submit_to
    from benchmark.suite.submission import submit

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    resources, to_run = read_resources(options), [job for job in jobs if job.state == 'to-run']
    check_processes(setup, to_run)
    submitted = None
    if to_run:
        workers = resources.workers_for(len(to_run), options)
        theirs = without_cluster(options)
        submitted = submit(command, theirs, resources, workers, options.work_dir / 'cluster', options.executor)
        if options.executor == 'slurm':
            submit_to(submitted.name, to_run, places)
        status = [
            'python',
            '-m',
            'benchmark.run',
            'status',
            '--results',
            options.results,
            '--work-dir',
            options.work_dir,
        ]
        say(f'{submitted.name}: {len(to_run)} to run by {resources.describe(workers)}')
        say(f'logs: {submitted.logs}')
        say(f'how far they are: {shlex.join(map(str, status))}')
    else:
        say('nothing is to be run, so nothing is submitted')
    if options.json:
        print(json.dumps(submitted and asdict(submitted), indent=1))
    left_out = Counter((job.experiment.benchmark, job.state, job.obstacle) for job in jobs if job.obstacle)
    for (benchmark, _, obstacle), number in left_out.items():
        say(f'{benchmark}: {number} not run: {obstacle}')
    _say_problems(problems)
    asked_in_vain = any(state != 'needs-gpu' for _, state, _ in left_out) and not options.all
    return 1 if problems or asked_in_vain else 0


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
    from benchmark.suite.campaign import prepare_drawn, run_evaluation
    from benchmark.suite.display import Display
    from benchmark.suite.experiments import find_experiment
    from benchmark.suite.planning import plan_evaluation

    experiment = find_experiment(options.config, folders['configs'])
    display = Display()
    prepare_drawn([experiment], folders['data_root'], display)
    job = plan_evaluation(experiment, options.evaluate, places, setup.device)
    return _report(run_evaluation(job, places, setup, display), options, folders, places, [])


def _report(
    outcome: Outcome, options: argparse.Namespace, folders: dict[str, Path], places: Places, problems: list[str]
) -> int:
    from benchmark.site.build import build_reports
    from benchmark.site.terminal import print_sections
    from benchmark.suite.listing import results_of

    if outcome.interrupted is not None or outcome.unfinished:
        # Whoever ends a command does not wait for pages; where others go on, the last of them builds them.
        return _conclude(outcome, options, problems)
    try:
        built = build_reports(folders['results'], [folders['results'], folders['reports']])
        if options.json:
            print(json.dumps(results_of(outcome, places.records), indent=1))
        else:
            print_sections(built.sections)
        print(f'open {folders["results"] / "index.html"} in a browser', file=sys.stderr)
    except BenchmarkError as error:
        problems.append(str(error))
    return _conclude(outcome, options, problems)


def _say_problems(problems: list[str]) -> None:
    for problem in problems:
        print(f'error: {problem}', file=sys.stderr)


def _conclude(outcome: Outcome, options: argparse.Namespace, problems: list[str]) -> int:
    """Say on stderr what was and was not done, and choose the exit status."""

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    others = f'{len(outcome.by_others)} done by other commands, ' if outcome.by_others else ''
    say(f'{len(outcome.done)} done, {others}{len(outcome.skipped)} done before, {len(outcome.failed)} failed')
    for benchmark, obstacle in {job.experiment.benchmark: job.obstacle for job in outcome.no_data}.items():
        say(f'{benchmark}: not run: {obstacle}')
    left_out = Counter((job.experiment.benchmark, job.obstacle) for job in outcome.needs_gpu + outcome.no_weights)
    for (benchmark, obstacle), count in left_out.items():
        say(f'{benchmark}: {count} not run: {obstacle}')
    if outcome.unfinished:
        say(f'{len(outcome.unfinished)} not finished; the same command goes on from here')
    for job, why in outcome.failed:
        say(f'error: {job.title}: {why}')
        say(f'  repeat it with: {shlex.join(_repeat(job, options))}')
    _say_problems(problems)
    if outcome.interrupted is not None:
        say('stopped; the same command goes on from here')
        return outcome.interrupted
    asked_in_vain = (outcome.no_data or outcome.no_weights) and not options.all
    return 1 if outcome.failed or problems or asked_in_vain else 0


def _repeat(job: Job, options: argparse.Namespace) -> list[str]:
    folders = [(f'--{name.replace("_", "-")}', getattr(options, name)) for name in FOLDERS]
    given = [text for flag, folder in folders if folder for text in (flag, str(folder))]
    what = ['--name', job.name, '--seeds', str(job.seed)]
    if options.evaluate:
        what = ['--evaluate', str(options.evaluate), '--config', options.config]
    how = [
        *(['--device', options.device] if options.device != 'auto' else []),
        *(['--processes', str(options.processes)] if options.processes != 1 else []),
        *(['--pretrained', str(options.pretrained)] if options.pretrained else []),
        *(['--without-pretrained'] if options.without_pretrained else []),
        *(['--threads', str(options.threads)] if options.threads else []),
        *(['--cache', str(options.cache)] if options.cache else []),
    ]
    return ['python', '-m', 'benchmark.run', *what, *how, *given]


if __name__ == '__main__':
    end(main)
