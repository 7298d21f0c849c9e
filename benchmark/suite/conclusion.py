"""What a command says before and after: what would be done and how long it takes, and what was and was not done."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmark.suite.arguments import repeat_job
from benchmark.suite.campaign import Outcome
from benchmark.suite.cluster import read_resources
from benchmark.suite.conditions import Places, Setup
from benchmark.suite.cost import cost_lines, cost_table, numbers_of
from benchmark.suite.estimate import describe, estimate
from benchmark.suite.launcher import check_processes
from benchmark.suite.listing import print_jobs
from benchmark.suite.planning import Job, in_order
from benchmark.suite.room import Room


def say(text: str) -> None:
    """Print a line on stderr."""
    print(text, file=sys.stderr)


def say_problems(problems: Sequence[str]) -> None:
    """Print errors on stderr."""
    for problem in problems:
        say(f'error: {problem}')


def say_jobs(
    jobs: Sequence[Job], options: argparse.Namespace, folders: dict[str, Path], places: Places, setup: Setup
) -> None:
    """List jobs, or say what would be done, how long it would take and what it would cost."""
    if options.list:
        print_jobs(jobs, True, options.json)
        return
    check_processes(setup, jobs)

    jobs, room = in_order(jobs), Room(setup)
    if options.executor:  # how fast the machines of the cluster are, nobody knows here
        print_jobs(jobs, False, options.json)
        resources, count = read_resources(options), sum(job.state == 'to-run' or job.drawable for job in jobs)
        workers = resources.workers_for(count, options)
        say(f'would submit {resources.describe(workers)}' if count else 'nothing is to be run, or submitted')
        return
    records, speeds = ([folders[one] / kind for one in ('results', 'reports')] for kind in ('records', 'speed'))
    times = estimate(jobs, records, room.most, room.threads, setup.processes, say, speeds, options.complete)
    if options.json or not options.complete:
        print_jobs(jobs, options.complete, options.json, numbers_of(times, options.price))
    lines = cost_lines(jobs, times)
    if lines and not options.json:
        for line in (*([] if options.complete else ['']), *cost_table(lines, setup.device, options.price)):
            print(line)
    for line in describe(times):
        say(line)


def conclude(outcome: Outcome, options: argparse.Namespace, problems: list[str]) -> int:
    """Say on stderr what was and was not done, and choose the exit status."""
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
        say(f'  repeat it with: {shlex.join(repeat_job(job, options))}')
    say_problems(problems)
    if outcome.interrupted is not None:
        say('stopped; the same command goes on from here')
        return outcome.interrupted
    asked_in_vain = (outcome.no_data or outcome.no_weights) and not options.all
    return 1 if outcome.failed or problems or asked_in_vain else 0
