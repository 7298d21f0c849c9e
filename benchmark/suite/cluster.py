"""What is asked of a cluster: options of the command line, or of one YAML file, or of both."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PositiveFloat, PositiveInt, ValidationError

from benchmark.errors import UsageError

MOST_WORKERS = 16
_TIME = re.compile(r'(?:(?:(?P<days>\d+)-)?(?P<hours>\d+):(?P<minutes>[0-5]\d):(?P<seconds>[0-5]\d))')
# Workers are one array, which is requeued, told by a signal when its time ends, and has its logs in one place.
_OURS = frozenset({'array', 'error', 'no-requeue', 'open-mode', 'output', 'signal'})


def _minutes(text: object) -> object:
    """Whole minutes of '90', '1:30:00' or '1-00:00:00'."""
    match = _TIME.fullmatch(str(text))
    if match is None:
        if str(text).isdecimal():
            return int(str(text))
        raise ValueError('expected minutes, or HH:MM:SS')
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return (days * 24 + hours) * 60 + minutes + math.ceil(seconds / 60)


def _not_ours(given: dict[str, str]) -> dict[str, str]:
    """Refuse options of sbatch that the workers rely on."""
    for key in given:
        if key.lstrip('-') in _OURS or not re.fullmatch('[a-z][a-z0-9-]*', key):
            raise ValueError(f'{key} cannot be given (it is set already, or is no long option without its dashes)')
    return given


class Resources(BaseModel):
    """What each worker gets of a cluster, and how many workers there are.

    Attributes:
        workers: number of workers; None: as many as there is work for, 16 at most.
        partition: partition of the cluster; None leaves it to the cluster.
        account: account that is charged; None leaves it to the cluster.
        time: limit of each stay of a worker, minutes; a worker with work left is queued again.
        gpus_per_worker: GPUs of each worker; None: none.
        cpus_per_worker: cores of each worker; None leaves it to the cluster, which mostly gives one.
        memory: memory of each worker, GB; None leaves it to the cluster.
        setup: lines of shell that come before each worker.
        sbatch: other long options of sbatch, without their dashes; an empty value is a switch.
    """

    model_config = ConfigDict(frozen=True, extra='forbid', alias_generator=lambda name: name.replace('_', '-'))

    workers: PositiveInt | None = None
    partition: str | None = None
    account: str | None = None
    time: Annotated[PositiveInt, BeforeValidator(_minutes)] = 60
    gpus_per_worker: PositiveInt | None = None
    cpus_per_worker: PositiveInt | None = None
    memory: PositiveFloat | None = None
    setup: Annotated[tuple[str, ...], BeforeValidator(lambda given: [given] if isinstance(given, str) else given)] = ()
    sbatch: Annotated[dict[str, str], AfterValidator(_not_ours)] = {}

    def trainings(self, options: argparse.Namespace) -> int:
        """Trainings that each worker runs at once.

        Args:
            options: of the command line; 'jobs', 'processes', 'per_gpu' and 'threads' count.
        """
        if options.jobs is not None:
            return options.jobs
        if self.gpus_per_worker:
            return max(1, self.gpus_per_worker // options.processes) * options.per_gpu
        return max(1, (self.cpus_per_worker or 1) // (options.processes * (options.threads or 1)))

    def workers_for(self, jobs: int, options: argparse.Namespace) -> int:
        """Number of workers for so many jobs."""
        return self.workers or min(MOST_WORKERS, math.ceil(jobs / self.trainings(options)))

    def describe(self, workers: int) -> str:
        """For a terminal."""
        each = [
            self.gpus_per_worker and _counted(self.gpus_per_worker, 'GPU'),
            self.cpus_per_worker and _counted(self.cpus_per_worker, 'core'),
            self.memory and f'{self.memory:g} GB',
            f'{self.time} min at a time',
            self.partition and f'partition {self.partition}',
            self.account and f'account {self.account}',
            *(f'--{key}{value and f"={value}"}' for key, value in self.sbatch.items()),
        ]
        return f'{_counted(workers, "worker")}, each with {", ".join(filter(None, each))}'


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a cluster to a command."""
    group = parser.add_argument_group('on a cluster (docs/clusters.md)')
    group.add_argument(
        '--executor',
        choices=('slurm', 'local'),
        metavar='slurm',
        help='submit workers to Slurm, which do the work together, and return at once',
    )
    group.add_argument(
        '--workers', metavar='N', help=f'workers (default: as there is work for, at most {MOST_WORKERS})'
    )
    group.add_argument('--partition', metavar='NAME', help="partition (default: the cluster's)")
    group.add_argument('--account', metavar='NAME', help="account (default: the cluster's)")
    group.add_argument(
        '--time',
        metavar='MINUTES',
        help='limit of each stay of a worker, or HH:MM:SS; it is queued again where work is left (default: 60)',
    )
    group.add_argument('--gpus-per-worker', metavar='N', help='GPUs of each worker (default: none, trains on CPUs)')
    group.add_argument('--cpus-per-worker', metavar='N', help="cores of each worker (default: the cluster's)")
    group.add_argument('--memory', metavar='GB', help="memory of each worker (default: the cluster's)")
    group.add_argument('--setup', nargs='+', metavar='LINE', help="lines of shell before each, e.g. 'module load cuda'")
    group.add_argument('--cluster', type=Path, metavar='FILE', help='all of these in YAML; what is given here wins')


def given_flags(options: argparse.Namespace) -> dict[str, object]:
    """What the command line asks of a cluster, by the names of the options without their dashes."""
    flags = {name.replace('_', '-'): getattr(options, name, None) for name in Resources.model_fields}
    return {name: value for name, value in flags.items() if value is not None}


def read_resources(options: argparse.Namespace) -> Resources:
    """What is asked of the cluster.

    Raises:
        UsageError: an option, or the file, is not usable.
    """
    asked = _read_file(options.cluster) if options.cluster else {}
    flags = given_flags(options)
    for name, value in flags.items():
        _check({name: value}, f'--{name} {value}', named=False)
    return _check({**asked, **flags}, str(options.cluster))


def for_workers(options: argparse.Namespace, folders: dict[str, Path], resources: Resources) -> argparse.Namespace:
    """The command line with nothing left open that this machine and folder would decide.

    Args:
        options: the command line.
        folders: folders of the command, by the names of their options.
        resources: what each worker gets.
    """
    device = ('cuda' if resources.gpus_per_worker else 'cpu') if options.device == 'auto' else options.device
    # A machine that does not divide its cores between jobs shows a worker all of them.
    jobs = resources.trainings(options) if device == 'cpu' else options.jobs
    others = {name: getattr(options, name) for name in ('pretrained', 'plan')}
    paths = {name: path and path.absolute() for name, path in {**folders, **others}.items()}
    return argparse.Namespace(**{**vars(options), **paths, 'device': device, 'jobs': jobs})


def without_cluster(options: argparse.Namespace) -> argparse.Namespace:
    """The command line that a worker carries out."""
    ours = dict.fromkeys(('executor', 'cluster', *Resources.model_fields))
    return argparse.Namespace(**{**vars(options), **ours})


def _counted(number: int, what: str) -> str:
    return f'{number} {what}{"" if number == 1 else "s"}'


def _read_file(path: Path) -> dict[str, object]:
    try:
        # Every value as it is written: YAML would take 1:30:00 for a number of seconds.
        content = yaml.load(path.read_text(encoding='utf-8'), Loader=yaml.BaseLoader)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else 'it is no text'
        raise UsageError(f'--cluster {path}: {why} (name a YAML file)') from error
    except yaml.YAMLError as error:
        what = ' '.join(str(error).split())
        raise UsageError(f'--cluster {path}: {what} (write NAME: VALUE in each line)') from error
    if not isinstance(content, dict):
        raise UsageError(f'--cluster {path}: no options in it (write NAME: VALUE in each line)')
    _check(content, str(path))
    return content


def _check(values: dict[str, object], where: str, named: bool = True) -> Resources:
    try:
        return Resources.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = '.'.join(str(part) for part in first['loc'])
        if first['type'] == 'extra_forbidden':
            there = ', '.join(name.replace('_', '-') for name in Resources.model_fields)
            raise UsageError(f'{where}: {key}: no such option (there are: {there})') from error
        what = first['msg'].removeprefix('Value error, ')
        raise UsageError(f'{where}: {f"{key}: " if named else ""}{what}{_got(first) if named else ""}') from error


def _got(error: dict) -> str:
    return f', got {error["input"]!r}' if isinstance(error['input'], str) else ''
