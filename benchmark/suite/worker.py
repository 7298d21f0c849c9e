"""A process of one experiment: ``python -m benchmark.suite.worker``, started by :mod:`benchmark.suite.launcher`.

Several share an experiment where the variables of PyTorch's launcher (RANK, WORLD_SIZE and so on) say so.

Progress goes as JSON lines to a file descriptor inherited from the scheduler; everything that MMEngine prints goes to
the experiment's log. The last line is ``{"done": ...}`` or ``{"failed": reason}``.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import sys
import traceback
from contextlib import nullcontext
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.suite.memory import keep_freed_memory


def main() -> int:
    """Run one experiment; returns the exit status, 0 or 1."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--config', type=Path, required=True)
    parser.add_argument('--seed', type=int, help='missing where given weights are tested')
    parser.add_argument('--fingerprint', required=True, help='what was planned')
    parser.add_argument('--device', choices=('cpu', 'cuda'), required=True)
    parser.add_argument('--data-root', type=Path, required=True)
    parser.add_argument('--work', type=Path, required=True)
    parser.add_argument('--records', type=Path, required=True)
    parser.add_argument('--progress', type=int, required=True, help='file descriptor')
    parser.add_argument('--plan', type=Path)
    parser.add_argument('--weights-role', choices=('initial', 'random', 'final'))
    parser.add_argument('--weights', type=Path)
    options = parser.parse_args()
    if options.device == 'cpu':
        keep_freed_memory()
    with os.fdopen(options.progress, 'w', buffering=1) as pipe:

        def report(message: dict) -> None:
            pipe.write(json.dumps(message) + '\n')

        try:
            _run(options, report)
        except BrokenPipeError:
            print('The scheduler has gone; this training stops. The same command continues it.', file=sys.stderr)
            os.dup2(os.open(os.devnull, os.O_WRONLY), options.progress)
            return 1
        except BenchmarkError as error:
            report({'failed': str(error)})
            return 1
        except Exception as error:  # the boundary of the process: nothing above could still handle it
            # The report comes first: the log may lie on the disk that is full.
            report({'failed': _one_line(options, error)})
            traceback.print_exc()
            return 1
        report({'done': True})
    return 0


def _run(options: argparse.Namespace, report) -> None:
    # Imported late: a broken installation is then reported like any other failure.
    from benchmark.suite.conditions import Places
    from benchmark.suite.execution import evaluate_weights, run_experiment
    from benchmark.suite.experiments import load_experiment
    from benchmark.suite.weights import Weights, file_sha256

    experiment = load_experiment(options.config)
    places = Places(options.data_root, options.work, options.records)
    weights = None
    if options.weights_role:
        digest = file_sha256(options.weights) if options.weights else None
        weights = Weights(options.weights_role, options.weights, digest)
    if options.seed is None:
        evaluate_weights(experiment, options.fingerprint, weights, options.device, places)
        return
    first = int(os.environ.get('RANK', 0)) == 0
    with _only_process(places.work, f'{experiment.name}-seed{options.seed}') if first else nullcontext():
        run_experiment(
            experiment,
            options.seed,
            options.fingerprint,
            weights,
            options.device,
            places,
            report if first else _silent,
            options.plan,
        )


def _silent(message: dict) -> None:
    """What the first process reports holds for all."""


class _only_process:
    """Holds a lock on one experiment, so that two commands never train into the same folder."""

    def __init__(self, work: Path, name: str) -> None:
        self.path = work / f'.{name}.lock'

    def __enter__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = self.path.open('w')
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BenchmarkError(f'{self.path}: another process runs this experiment (wait for it to end)') from error

    def __exit__(self, *_) -> None:
        self.file.close()


def _one_line(options: argparse.Namespace, error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = error.filename or options.work
        return f'{where}: {error.strerror} (free space, or choose other folders with --work-dir and --results)'
    text = ' '.join(str(error).split())
    return f'{options.config}: {type(error).__name__}: {text[:300]}'


if __name__ == '__main__':
    sys.exit(main())
