"""Handing what is to be run over to a cluster."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from benchmark.suite.cluster import read_resources, without_cluster
from benchmark.suite.conclusion import say, say_problems
from benchmark.suite.conditions import Places, Setup
from benchmark.suite.launcher import check_processes
from benchmark.suite.planning import Job
from benchmark.suite.queue import submit_to
from benchmark.suite.submission import Command, submit


def hand_over(
    jobs: Sequence[Job],
    options: argparse.Namespace,
    places: Places,
    setup: Setup,
    problems: list[str],
    command: Command,
) -> int:
    """Submit workers for what is to be run, and say where to look."""
    resources, to_run = read_resources(options), [job for job in jobs if job.state == 'to-run']
    check_processes(setup, to_run)
    submitted = None
    if to_run:
        workers = resources.workers_for(len(to_run), options)
        theirs = without_cluster(options)
        submitted = submit(command, theirs, resources, workers, options.work_dir / 'cluster', options.executor)
        if options.executor == 'slurm':
            submit_to(submitted.name, to_run, places)
        status = f'python -m benchmark.run status --results {options.results} --work-dir {options.work_dir}'
        say(f'{submitted.name}: {len(to_run)} to run by {resources.describe(workers)}')
        say(f'logs: {submitted.logs}')
        say(f'how far they are: {status}')
    else:
        say('nothing is to be run, so nothing is submitted')
    if options.json:
        print(json.dumps(submitted and asdict(submitted), indent=1))
    left_out = Counter((job.experiment.benchmark, job.state, job.obstacle) for job in jobs if job.obstacle)
    for (benchmark, _, obstacle), number in left_out.items():
        say(f'{benchmark}: {number} not run: {obstacle}')
    say_problems(problems)
    asked_in_vain = any(state != 'needs-gpu' for _, state, _ in left_out) and not options.all
    return 1 if problems or asked_in_vain else 0
