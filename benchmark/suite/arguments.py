"""The command line of benchmark.run, and what is wrong with one."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.console import positive
from benchmark.errors import UsageError, check_folder
from benchmark.records.packs import is_pack
from benchmark.suite.cluster import add_options, given_flags
from benchmark.suite.conditions import FOLDERS

if TYPE_CHECKING:
    from benchmark.suite.planning import Job


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
    given.add_argument(
        '--evaluate',
        type=Path,
        metavar='CHECKPOINT',
        help='test these weights, or those of a pack, and make a row of them',
    )
    given.add_argument('--config', metavar='CONFIG', help='their configuration: a file, or its name without .py')
    given.add_argument(
        '--boxes',
        type=Path,
        metavar='FILE',
        help='test in the face boxes of FILE, a table of the official code or a list of WFLW: a protocol of its own',
    )
    given.add_argument(
        '--perturb', action='store_true', help="measure NME against size and place of the landmarks' box as well"
    )
    how = parser.add_argument_group('how')
    how.add_argument('--list', action='store_true', help='list the selected experiments and what is known of them')
    how.add_argument(
        '--dry-run', action='store_true', help='say what would be done, how long it would take and what it would cost'
    )
    how.add_argument(
        '--complete',
        action='store_true',
        help='with --dry-run: count everything that is selected, done or not, made for a GPU or not, on the complete '
        'published data sets, whatever is prepared',
    )
    how.add_argument(
        '--price', type=_price, metavar='PER_HOUR', help='with --dry-run: money for an hour of one core, or of one GPU'
    )
    how.add_argument('--json', action='store_true', help='print machine-readable results on stdout')
    how.add_argument('--device', choices=('auto', 'cpu', 'cuda'), default='auto', help='default: cuda if there is one')
    how.add_argument(
        '--jobs', type=positive, metavar='N', help='trainings at once (default: as many as there is room for)'
    )
    how.add_argument(
        '--threads',
        type=positive,
        metavar='N',
        help='threads of each (default: 1 on a CPU; other numbers, other rounding)',
    )
    how.add_argument('--gpus', type=_gpus, metavar='N,...', help='numbers of the GPUs to use (default: all)')
    how.add_argument('--per-gpu', type=positive, default=1, metavar='N', help='trainings that share a GPU (default: 1)')
    how.add_argument(
        '--processes', type=positive, default=1, metavar='N', help='share each training between N (default: 1)'
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
    where.add_argument('--configs', type=Path, help='configurations (default: mmpose_configs, here or as installed)')
    return parser


def _gpus(text: str) -> tuple[int, ...]:
    numbers = tuple(int(one) for one in text.split(','))
    if len(set(numbers)) < len(numbers) or min(numbers) < 0:
        raise argparse.ArgumentTypeError(f'{text}: expected different, non-negative numbers, as in 0,1')
    return numbers


def _price(text: str) -> float:
    price = float(text)
    if not 0 <= price < math.inf:
        raise argparse.ArgumentTypeError(f'{text}: expected a number that is not negative')
    return price


def check_usage(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Leave with a usage error where options do not go together; without seeds, 0 is the one."""
    selected = options.all or options.dataset or options.loss or options.name
    planned = options.plan is not None and options.plan.exists()
    if planned and options.plan.is_file() and (selected or options.seeds is not None):
        parser.error(f'--plan {options.plan}: is there already, and says what is run (give it alone)')
    options.seeds = options.seeds or [0]
    if options.config and not options.evaluate:
        parser.error('--config goes with --evaluate (add that)')
    if options.evaluate and not options.config and not is_pack(options.evaluate):
        parser.error('--evaluate CHECKPOINT goes with --config (add that, or name a pack)')
    for flag, is_given in (('--boxes', options.boxes is not None), ('--perturb', options.perturb)):
        if is_given and not options.evaluate:
            parser.error(f'{flag} goes with --evaluate CHECKPOINT --config CONFIG (add that)')
    if options.boxes and options.perturb:
        parser.error("--perturb goes without --boxes: it perturbs the landmarks' boxes (leave one out)")
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
    for flag, given in (('--complete', options.complete), ('--price', options.price is not None)):
        if given and not options.dry_run:
            parser.error(f'{flag} goes with --dry-run (add that)')
        if given and (options.list or options.executor or (options.plan and not planned)):
            unfit = '--list' if options.list else '--executor' if options.executor else 'a --plan that is to be frozen'
            parser.error(f'{flag} goes without {unfit} (leave that out)')
    if not (selected or options.list or options.evaluate or planned):
        parser.error('nothing selected: give --all, --dataset, --loss or --name (--list shows what there is)')
    if len(set(options.seeds)) < len(options.seeds) or min(options.seeds) < 0 or max(options.seeds) >= 2**31:
        parser.error('--seeds: expected different numbers from 0 to 2147483647')


def check_paths(options: argparse.Namespace) -> None:
    """Refuse files and folders that are named and not there.

    Raises:
        UsageError: one line naming the first.
    """
    if options.data_root and not options.data_root.is_dir():
        raise UsageError(f'--data-root {options.data_root}: no such folder (make it, or prepare data into it)')
    if options.configs:
        check_folder('--configs', options.configs, 'configurations')
    if options.pretrained and not options.pretrained.exists():
        raise UsageError(f'--pretrained {options.pretrained}: no such file or folder (name weights, or their folder)')
    if options.plan and options.plan.exists() and not options.plan.is_file():
        raise UsageError(f'--plan {options.plan}: is no file (name the file of a plan, there or to be written)')
    if options.evaluate and not (options.evaluate.is_file() or is_pack(options.evaluate)):
        raise UsageError(f'--evaluate {options.evaluate}: no such file or pack (name a file of weights, or a pack)')
    if options.boxes and not options.boxes.is_file():
        raise UsageError(f'--boxes {options.boxes}: no such file (name a file of face boxes)')


def repeat_job(job: Job, options: argparse.Namespace) -> list[str]:
    """The command that does one job of a command line once more."""
    folders = [(f'--{name.replace("_", "-")}', getattr(options, name)) for name in FOLDERS]
    given = [text for flag, folder in folders if folder for text in (flag, str(folder))]
    what = ['--name', job.name, '--seeds', str(job.seed)]
    if options.evaluate:
        what = ['--evaluate', str(options.evaluate), *(['--config', options.config] if options.config else [])]
        what += ['--boxes', str(options.boxes)] if options.boxes else []
        what += ['--perturb'] if options.perturb else []
    how = [
        *(['--device', options.device] if options.device != 'auto' else []),
        *(['--processes', str(options.processes)] if options.processes != 1 else []),
        *(['--pretrained', str(options.pretrained)] if options.pretrained else []),
        *(['--without-pretrained'] if options.without_pretrained else []),
        *(['--threads', str(options.threads)] if options.threads else []),
        *(['--cache', str(options.cache)] if options.cache else []),
    ]
    return ['python', '-m', 'benchmark.run', *what, *how, *given]
